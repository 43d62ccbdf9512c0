/**
 * What of a log may go on beside what: one write, one flush, and barriers, which have the log to themselves.
 *
 * A barrier (a roll, a truncation, the end) waits for the write and the flush that are under way and holds back those
 * that would follow, so that none of it has to be thought of together with a change of the log's shape.
 */
import { assert } from '../base/assert.ts';

export type Lane = 'write' | 'flush';

/** A log has a handful of reasons for a barrier; more at once come from an owner that has lost its own order. */
const barriersWaitingMax = 1024;

export class LogLanes {
  readonly #onFree: () => void;
  readonly #busy = { write: false, flush: false };
  #barriers: (() => void)[] = [];
  #barrierRuns = false;

  /** `onFree` is called when a lane or a barrier has ended, so that what waits can try again. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  /** False while the lane is busy, or a barrier waits or runs. */
  tryEnter(lane: Lane): boolean {
    if (this.#busy[lane] || this.#barrierRuns || this.#barriers.length > 0) return false;
    this.#busy[lane] = true;
    return true;
  }

  leave(lane: Lane): void {
    assert(this.#busy[lane] && !this.#barrierRuns, 'no write and no flush runs beside a barrier', { lane });
    this.#busy[lane] = false;
    this.#next();
  }

  /** Runs alone, after those that were asked for before. */
  async barrier<Value>(act: () => Promise<Value>): Promise<Value> {
    assert(this.#barriers.length < barriersWaitingMax, 'barriers of a log do not pile up', { barriersWaitingMax });
    const turn = new Promise<void>((resolve) => this.#barriers.push(resolve));
    this.#startBarrier();
    await turn;
    try {
      return await act();
    } finally {
      assert(this.#barrierRuns && !this.#busy.write && !this.#busy.flush, 'a barrier has the log to itself');
      this.#barrierRuns = false;
      this.#next();
    }
  }

  #next(): void {
    if (this.#startBarrier()) return;
    this.#onFree();
  }

  #startBarrier(): boolean {
    if (this.#barrierRuns || this.#busy.write || this.#busy.flush) return false;
    const start = this.#barriers.shift();
    if (start === undefined) return false;
    this.#barrierRuns = true;
    start();
    return true;
  }
}
