/**
 * How far a log is: assigned >= written >= durable (S7). All three only grow, but for a truncation, which begins a new
 * generation: whatever was under way before it says nothing about what comes after it.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';

/** What the owner of a log hears whenever `written` or `durable` moves. */
export interface LogPosition {
  /** A truncation ago it meant another log: older ones are to be dropped. */
  readonly generation: number;
  /** Below it the bytes are in the file. */
  readonly written: Offset;
  /** Below it they survive a power cut. */
  readonly durable: Offset;
}

export class LogProgress {
  #generation: number;
  #assigned: Offset;
  #written: Offset;
  #durable: Offset;

  /** A log that was just opened: all that it holds is durable. */
  constructor(generation: number, end: Offset) {
    this.#generation = generation;
    this.#assigned = end;
    this.#written = end;
    this.#durable = end;
  }

  get generation(): number {
    return this.#generation;
  }

  /** The log end: what the next record gets. */
  get assigned(): Offset {
    return this.#assigned;
  }

  get written(): Offset {
    return this.#written;
  }

  get durable(): Offset {
    return this.#durable;
  }

  get position(): LogPosition {
    return { generation: this.#generation, written: this.#written, durable: this.#durable };
  }

  assign(batch: { readonly baseOffset: Offset; readonly nextOffset: Offset }): void {
    assert(batch.baseOffset >= this.#assigned, 'S13: offsets only increase', () => ({
      baseOffset: batch.baseOffset,
      logEnd: this.#assigned,
    }));
    assert(batch.nextOffset > batch.baseOffset, 'a batch has at least one record', () => ({ ...batch }));
    this.#assigned = batch.nextOffset;
  }

  wrote(upTo: Offset): void {
    assert(upTo >= this.#written && upTo <= this.#assigned, 'S7: what is written was assigned before', () => ({
      upTo,
      ...this.position,
      assigned: this.#assigned,
    }));
    this.#written = upTo;
  }

  /** `upTo` was written when the flush was issued; true when that moves the durable offset. */
  flushed(generation: number, upTo: Offset): boolean {
    if (generation !== this.#generation) return false;
    assert(upTo <= this.#written, 'S7: what is durable was written before', () => ({ upTo, ...this.position }));
    const moves = upTo > this.#durable;
    if (moves) this.#durable = upTo;
    return moves;
  }

  /** Nothing is under way. What is left is durable, because the truncation was synced. */
  truncated(end: Offset): void {
    assert(end <= this.#assigned, 'a truncation shortens', { end, assigned: this.#assigned });
    this.#begin(end);
  }

  /** Nothing is under way, and nothing is left. */
  restarted(start: Offset): void {
    assert(start >= this.#assigned, 'S13: a log that restarts does so further on', { start, assigned: this.#assigned });
    this.#begin(start);
  }

  #begin(end: Offset): void {
    assert(this.#written === this.#assigned, 'a cut waits for what is under way', () => ({ ...this.position }));
    this.#generation += 1;
    this.#assigned = end;
    this.#written = end;
    this.#durable = end;
  }
}
