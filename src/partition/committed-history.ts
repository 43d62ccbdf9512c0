/**
 * What was ever committed and acknowledged in a partition: part of the outside memory of
 * partition-cluster-invariants.ts.
 */
import { assert, type Facts } from '../base/assert.ts';
import { offset, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import type { AssignedBatch } from './partition-batch.ts';

export class CommittedHistory {
  #batches: AssignedBatch[] = [];
  /** Beside each: the epoch of the leader that made it so. Never goes down. */
  #epochs: LeaderEpoch[] = [];
  #acknowledged: AssignedBatch[] = [];
  #end: Offset = offset(0);
  /** By producer, epoch and first sequence. */
  readonly #sequences = new Map<string, Offset>();
  #givenUpIn: LeaderEpoch | undefined;

  get batches(): readonly AssignedBatch[] {
    return this.#batches;
  }

  get acknowledged(): readonly AssignedBatch[] {
    return this.#acknowledged;
  }

  get end(): Offset {
    return this.#end;
  }

  /** What leaders of earlier epochs committed. Whoever leads in an epoch has to hold that, and need not know of the rest. */
  before(epoch: LeaderEpoch): readonly AssignedBatch[] {
    const count = this.#epochs.findIndex((committedIn) => committedIn >= epoch);
    return count < 0 ? this.#batches : this.#batches.slice(0, count);
  }

  extend(batches: readonly AssignedBatch[], end: Offset, epoch: LeaderEpoch): void {
    assert(batches.at(-1)?.nextOffset === end, 'P2: a watermark stands between two batches', () => ({ end }));
    for (const batch of batches) {
      assert(batch.baseOffset === this.#end, 'P13: what is committed has no gaps', () => ({
        base: batch.baseOffset,
        end: this.#end,
      }));
      this.#noteSequence(batch);
      this.#batches.push(batch);
      this.#epochs.push(epoch);
      this.#end = batch.nextOffset;
    }
  }

  acknowledge(batch: AssignedBatch, facts: () => Facts): void {
    const committed = this.find(batch.baseOffset);
    assert(committed !== undefined && isSameBatch(committed, batch), 'P1: what is acknowledged is committed', facts);
    this.#acknowledged.push(batch);
  }

  find(baseOffset: Offset): AssignedBatch | undefined {
    const found = this.#batches[this.#countUpTo(baseOffset) - 1];
    return found?.baseOffset === baseOffset ? found : undefined;
  }

  /** Whoever still follows in an earlier epoch than the one that committed it may yet cut it, and counts for nothing. */
  isCommittedUpTo(epoch: LeaderEpoch | undefined, batch: AssignedBatch): boolean {
    const found = this.find(batch.baseOffset);
    if (found === undefined || !isSameBatch(found, batch)) return false;
    return (this.#epochs[this.#countUpTo(batch.baseOffset) - 1] ?? 0) <= (epoch ?? 0);
  }

  /** The last one that ends at or below. */
  lastUpTo(end: Offset): AssignedBatch | undefined {
    let at = this.#countUpTo(end) - 1;
    while (at >= 0 && (this.#batches[at]?.nextOffset ?? 0) > end) at -= 1;
    return this.#batches[at];
  }

  /** P12: an unclean election was reported; what lies from there on may be lost or become something else. */
  giveUp(from: Offset, leaderEpoch: LeaderEpoch): void {
    this.#givenUpIn = leaderEpoch;
    // A start that was written down may lie within a batch, and so may what is known by it to be committed.
    this.#batches = this.#batches.filter(({ baseOffset }) => baseOffset < from);
    this.#epochs.length = this.#batches.length;
    this.#acknowledged = this.#acknowledged.filter(({ baseOffset }) => baseOffset < from);
    this.#end = this.#batches.at(-1)?.nextOffset ?? offset(Math.min(from, this.#end));
    for (const [key, base] of this.#sequences) if (base >= this.#end) this.#sequences.delete(key);
  }

  /** Whoever learned before an unclean election what is committed may believe what was given up. */
  isOutdated(watermarkEpoch: LeaderEpoch | undefined): boolean {
    return this.#givenUpIn !== undefined && (watermarkEpoch ?? -1) < this.#givenUpIn;
  }

  #noteSequence({ producer, baseOffset }: AssignedBatch): void {
    if (producer === undefined) return;
    const key = `${producer.producerId}/${producer.producerEpoch}/${producer.baseSequence}`;
    assert(!this.#sequences.has(key), 'I1: a batch of a producer is in the log once', () => ({
      key,
      first: this.#sequences.get(key),
      again: baseOffset,
    }));
    this.#sequences.set(key, baseOffset);
  }

  /** How many begin at or below an offset. */
  #countUpTo(baseOffset: Offset): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#batches[middle]?.baseOffset ?? baseOffset) <= baseOffset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function isSameBatch(one: AssignedBatch, other: AssignedBatch): boolean {
  if (one === other) return true;
  if (one.baseOffset !== other.baseOffset || one.leaderEpoch !== other.leaderEpoch) return false;
  const { ownedBytes } = one;
  if (ownedBytes === other.ownedBytes) return true;
  return ownedBytes.length === other.ownedBytes.length && ownedBytes.every((byte, at) => byte === other.ownedBytes[at]);
}
