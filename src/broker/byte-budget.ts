/**
 * So many bytes a second, for all who share it. Bytes are spent before they are counted, and waited for afterwards: nobody knows how
 * large a message is before it is read. A rest that was not used lasts for a moment, so that a pause is no reason for a burst.
 */
import { assert } from '../base/assert.ts';
import type { Clock } from '../ports/clock.ts';

/** What may be saved up. */
const burstMs = 100;

export class ByteBudget {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #bytesPerSecond: () => number;
  /** When everything that was spent so far will have been paid. */
  #paidAtMs = Number.NEGATIVE_INFINITY;

  /** Infinity: whatever is asked for. */
  constructor(clock: Pick<Clock, 'monotonicMs'>, bytesPerSecond: () => number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** 0: now. */
  get waitMs(): number {
    return Math.max(0, Math.ceil(this.#paidAtMs - this.#clock.monotonicMs()));
  }

  spend(bytes: number): void {
    const nowMs = this.#clock.monotonicMs();
    const bytesPerSecond = this.#bytesPerSecond();
    assert(bytesPerSecond > 0, 'a budget lets something through', { bytesPerSecond });
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs - burstMs) + (1000 * bytes) / bytesPerSecond;
  }
}
