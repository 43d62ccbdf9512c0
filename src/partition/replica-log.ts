/**
 * The log of this replica as the core knows it: assigned >= written >= durable, and which leader wrote where.
 *
 * Assigned is the core's own: it is what has been handed to the log. Written and durable are what the log reported.
 * A cut begins another generation, and what an earlier one still reports is dropped: the same offset means another
 * record then. While a cut is under way nothing is appended.
 */
import { assert } from '../base/assert.ts';
import { EpochHistory } from '../base/epoch-history.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import { ByteMarks } from './byte-marks.ts';
import type { AssignedBatch } from './partition-batch.ts';
import type { LogMovedEvent } from './partition-event.ts';
import type { OpenedLog } from './partition-options.ts';

export class ReplicaLog {
  readonly epochs: EpochHistory;
  readonly bytes: ByteMarks;
  #generation: number;
  /** Of the last reset: before it the log began elsewhere. */
  #resetGeneration: number;
  #localStart: Offset;
  #assigned: Offset;
  #written: Offset;
  #durable: Offset;
  #state: 'open' | 'cutting' | 'failed' = 'open';

  constructor({ generation, localStart, end, epochs }: OpenedLog) {
    this.#generation = generation;
    this.#resetGeneration = generation;
    this.#localStart = localStart;
    this.#assigned = end;
    this.#written = end;
    this.#durable = end;
    this.epochs = new EpochHistory(epochs);
    this.bytes = new ByteMarks(end);
  }

  get generation(): number {
    return this.#generation;
  }

  get localStart(): Offset {
    return this.#localStart;
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

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isCutting(): boolean {
    return this.#state === 'cutting';
  }

  get unwrittenBytes(): number {
    return this.bytes.total - this.bytes.below(this.#written);
  }

  append(batch: AssignedBatch): void {
    const { baseOffset, nextOffset, leaderEpoch } = batch;
    assert(this.#state === 'open', 'nothing is appended to a log that is being cut or has failed', { baseOffset });
    assert(baseOffset === this.#assigned, 'P13: a batch begins where the log ends', () => ({
      baseOffset,
      logEnd: this.#assigned,
    }));
    this.epochs.append(leaderEpoch, baseOffset);
    this.bytes.append(nextOffset, batch.ownedBytes.length);
    this.#assigned = nextOffset;
  }

  /** True when anything moved. */
  onMoved({ generation, written, durable }: LogMovedEvent): boolean {
    if (generation !== this.#generation || this.#state !== 'open') return false;
    assert(durable <= written && written <= this.#assigned, 'assigned >= written >= durable', () => ({
      assigned: this.#assigned,
      written,
      durable,
    }));
    // Two reports may overtake each other; each was true when it was made.
    const moves = written > this.#written || durable > this.#durable;
    if (written > this.#written) this.#written = written;
    if (durable > this.#durable) this.#durable = durable;
    return moves;
  }

  /** Everything from `end` on is to go. What is left is durable once that is done. */
  cut(end: Offset): void {
    assert(this.#state === 'open', 'one cut at a time', { end });
    assert(end < this.#assigned && end >= this.#localStart, 'P9: a cut shortens the log', () => ({
      end,
      logEnd: this.#assigned,
    }));
    this.epochs.truncateTo(end);
    this.#change(end);
  }

  /** Everything is to go, and the log begins again at `start`. */
  reset(start: Offset): void {
    assert(this.#state === 'open', 'one cut at a time', { start });
    this.epochs.truncateTo(this.#localStart);
    this.#localStart = start;
    this.#change(start);
    this.#resetGeneration = this.#generation;
  }

  onCut(generation: number): void {
    assert(this.#state === 'cutting' && generation === this.#generation, 'a cut that was asked for ends', {
      generation,
    });
    this.#state = 'open';
  }

  onFailed(): void {
    this.#state = 'failed';
  }

  /** The log has dropped what lies below, in whole segments. A cut that was asked for meanwhile changes nothing about it. */
  onDropped(generation: number, localStart: Offset): void {
    if (generation < this.#resetGeneration || localStart <= this.#localStart) return;
    assert(localStart <= this.#written, 'P15: nothing is deleted before it is there', () => ({ localStart }));
    this.#localStart = localStart;
    this.epochs.startAt(localStart);
  }

  /** Of the batch that ends at or before an offset. */
  epochBefore(end: Offset): LeaderEpoch | undefined {
    return this.epochs.epochBefore(end);
  }

  #change(end: Offset): void {
    this.#generation += 1;
    this.#state = 'cutting';
    this.#assigned = end;
    this.#written = end;
    this.#durable = end;
    this.bytes.cutTo(end);
  }
}
