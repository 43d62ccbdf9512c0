/**
 * Where the partition begins. It never goes back, over any change of the leader (P15), so it is agreed on like a
 * watermark: the leader wants it somewhere, every in-sync replica writes that down durably, and only then is it so:
 * shown to consumers, and taken as leave to drop segments. A later leader has written it down as well, and begins by
 * having the others write it down too.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';

export class PartitionStart {
  #written: Offset;
  #wanted: Offset;
  #agreed: Offset;
  #writing: Offset | undefined;

  /** What was dropped from the log had been agreed on. */
  constructor({ start, localStart }: { readonly start: Offset; readonly localStart: Offset }) {
    this.#written = start;
    this.#wanted = start;
    this.#agreed = localStart < start ? localStart : start;
  }

  /** Durable here. */
  get written(): Offset {
    return this.#written;
  }

  get wanted(): Offset {
    return this.#wanted;
  }

  /** Below it nobody reads, now and later. */
  get agreed(): Offset {
    return this.#agreed;
  }

  want(start: Offset): void {
    if (start > this.#wanted) this.#wanted = start;
  }

  /** What to write down now, if anything. */
  nextToWrite(): Offset | undefined {
    if (this.#writing !== undefined || this.#wanted === this.#written) return undefined;
    this.#writing = this.#wanted;
    return this.#writing;
  }

  onWritten(start: Offset): void {
    // The log was reset meanwhile, and begins elsewhere.
    if (start !== this.#writing) return;
    assert(start > this.#written, 'P15: the start does not go back', () => ({ start, written: this.#written }));
    this.#writing = undefined;
    this.#written = start;
  }

  /** True when it moved. */
  agree(start: Offset): boolean {
    if (start <= this.#agreed) return false;
    assert(start <= this.#written, 'P15: a start is written down before it is agreed on', () => ({
      start,
      written: this.#written,
    }));
    this.#agreed = start;
    return true;
  }

  /** The log was emptied and begins again. Lower only after an unclean election, which is asserted by who resets. */
  reset(start: Offset): void {
    this.#written = start;
    this.#wanted = start;
    this.#agreed = start;
    this.#writing = undefined;
  }
}
