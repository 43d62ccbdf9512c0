/**
 * Which leader wrote where: the epochs of a log, each with its first offset (KIP-101).
 *
 * Follower and leader find the place where their logs part by it, so it has to say what the batches say: it grows
 * with them, is cut with them (an epoch that outlives its records would be found to reach to the log's end), and
 * begins where the log begins.
 */
import { assert } from '../base/assert.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';

export interface EpochStart {
  readonly epoch: LeaderEpoch;
  /** Of its first record that the log still holds. */
  readonly start: Offset;
}

export interface EpochEnd {
  readonly epoch: LeaderEpoch;
  /** Where the next epoch begins, or the end of the log. */
  readonly end: Offset;
}

export class EpochHistory {
  #starts: EpochStart[];

  constructor(starts: readonly EpochStart[] = []) {
    this.#starts = [...starts];
    for (let at = 1; at < this.#starts.length; at += 1) this.#assertOrdered(at);
  }

  /** Epochs and starts both go up. */
  get starts(): readonly EpochStart[] {
    return this.#starts;
  }

  get latest(): LeaderEpoch | undefined {
    return this.#starts.at(-1)?.epoch;
  }

  /** The epoch of the record at an offset; undefined before the first one. */
  epochAt(offset: Offset): LeaderEpoch | undefined {
    return this.#starts[this.#countUpTo((start) => start.start <= offset) - 1]?.epoch;
  }

  /** Of the batch that ends at an offset; undefined at the beginning of the log. */
  epochBefore(end: Offset): LeaderEpoch | undefined {
    return this.#starts[this.#countUpTo(({ start }) => start < end) - 1]?.epoch;
  }

  /**
   * The largest epoch of this log that is not after the asked one, and where it ends. An epoch that left no record here
   * is answered with the one before it (KIP-279); undefined when all are later.
   */
  endOf(epoch: LeaderEpoch, logEnd: Offset): EpochEnd | undefined {
    const count = this.#countUpTo((start) => start.epoch <= epoch);
    const found = this.#starts[count - 1];
    if (found === undefined) return undefined;
    const end = this.#starts[count]?.start ?? logEnd;
    assert(end >= found.start, 'an epoch ends after it starts', () => ({ ...found, end }));
    return { epoch: found.epoch, end };
  }

  /** A batch of this epoch is appended at `start`. */
  append(epoch: LeaderEpoch, start: Offset): void {
    const { latest } = this;
    assert(latest === undefined || epoch >= latest, 'epochs never go back within a log', () => ({ epoch, latest }));
    if (epoch === latest) return;
    // Of an epoch whose records are all deleted nothing is left to compare.
    if (this.#starts.at(-1)?.start === start) this.#starts.pop();
    this.#starts.push({ epoch, start });
    this.#assertOrdered(this.#starts.length - 1);
  }

  /** The records from `end` on are gone. */
  truncateTo(end: Offset): void {
    this.#starts.length = this.#countUpTo(({ start }) => start < end);
    assert((this.#starts.at(-1)?.start ?? -1) < end, 'a cut log keeps no epoch that starts after its end', { end });
  }

  /** The records before `start` are gone. */
  startAt(start: Offset): void {
    const gone = this.#countUpTo((epochStart) => epochStart.start <= start) - 1;
    if (gone < 0) return;
    const first = this.#starts[gone];
    assert(first !== undefined, 'the epoch at the start of the log is known', { start });
    this.#starts.splice(0, gone + 1, { epoch: first.epoch, start });
  }

  /** What the records say after another look at them. */
  replace(starts: readonly EpochStart[]): void {
    this.#starts = [...starts];
    for (let at = 1; at < this.#starts.length; at += 1) this.#assertOrdered(at);
  }

  /** How many, from the first, fit a condition that later ones fail. */
  #countUpTo(fits: (start: EpochStart) => boolean): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const start = this.#starts[middle];
      if (start !== undefined && fits(start)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #assertOrdered(at: number): void {
    const before = this.#starts[at - 1];
    const after = this.#starts[at];
    assert(
      before === undefined || after === undefined || (before.epoch < after.epoch && before.start < after.start),
      'a later epoch starts at a later offset',
      () => ({ before, after }),
    );
  }
}
