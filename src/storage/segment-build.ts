/**
 * A segment as a scan finds it: its index and its stamps, made again batch by batch.
 *
 * What the stamps file held of a part that is not looked at is kept as it is, and so are the stamps of damaged batches:
 * they say where the batches were that have to come back.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { ScannedBatch } from './segment-scan.ts';
import type { ActiveSegment } from './segment.ts';
import { encodeStampEntry, stampBytes, type SegmentPoint, type Stamp } from './stamp.ts';

export class SegmentBuild {
  readonly active: ActiveSegment;
  /** Of the file that was scanned: where this segment begins in it. */
  readonly shift: number;
  #stamps: Uint8Array;
  #stampsEnd: number;
  readonly #start: SegmentPoint;

  /** `keptStamps` are the entries of what `active` has already. */
  constructor(
    active: ActiveSegment,
    { shift, keptStamps }: { readonly shift: number; readonly keptStamps: Uint8Array },
  ) {
    assert(keptStamps.length % stampBytes === 0, 'stamps follow on each other', { bytes: keptStamps.length });
    this.active = active;
    this.shift = shift;
    this.#start = active.end;
    this.#stamps = Uint8Array.from(keptStamps);
    this.#stampsEnd = keptStamps.length;
  }

  get base(): Offset {
    return this.active.base;
  }

  add(batch: ScannedBatch): void {
    const position = batch.position - this.shift;
    this.active.add({ ...batch, position });
    this.#push({ position, baseOffset: batch.baseOffset, prefixChecksum: batch.prefixChecksum });
  }

  skip(end: SegmentPoint, stamps: readonly Stamp[]): void {
    for (const stamp of stamps) this.#push({ ...stamp, position: stamp.position - this.shift });
    this.active.skipTo({ position: end.position - this.shift, offset: end.offset });
  }

  /** For a segment that is not durable yet: nothing is said of how far it is. */
  takeStamps(): Uint8Array {
    return this.#stamps.slice(0, this.#stampsEnd);
  }

  /** All entries, and a mark that says that the whole segment is durable: for when it is. */
  finishStamps(): Uint8Array {
    const mark = encodeStampEntry({ stamp: undefined, durable: this.active.end });
    const bytes = new Uint8Array(this.#stampsEnd + mark.length);
    bytes.set(this.#stamps.subarray(0, this.#stampsEnd));
    bytes.set(mark, this.#stampsEnd);
    return bytes;
  }

  #push(stamp: Stamp): void {
    const entry = encodeStampEntry({ stamp, durable: this.#start });
    if (this.#stampsEnd + entry.length > this.#stamps.length) {
      const larger = new Uint8Array(Math.max(4096, this.#stamps.length * 2));
      larger.set(this.#stamps.subarray(0, this.#stampsEnd));
      this.#stamps = larger;
    }
    this.#stamps.set(entry, this.#stampsEnd);
    this.#stampsEnd += entry.length;
  }
}
