/**
 * How fast this broker gives followers that are behind what they lack.
 *
 * As fast as it could, a follower that is gigabytes behind would take the disk and the processor from everybody who
 * writes. But who is given less than what comes meanwhile never catches up: so it is a rate that is set, or twice what is
 * appended here, whichever is more.
 */
import type { Clock } from '../ports/clock.ts';

const lookMs = 1000;
const overAppended = 2;

export interface CatchUpPaceOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly bytesPerSecondMin: number;
  /** By all logs here, since whenever. */
  readonly appendedBytes: () => number;
}

export class CatchUpPace {
  readonly #options: CatchUpPaceOptions;
  #lookedAtMs: number;
  #lookedBytes: number;
  #appendedPerSecond = 0;

  constructor(options: CatchUpPaceOptions) {
    this.#options = options;
    this.#lookedAtMs = options.clock.monotonicMs();
    this.#lookedBytes = options.appendedBytes();
  }

  get bytesPerSecond(): number {
    const { clock, bytesPerSecondMin, appendedBytes } = this.#options;
    const nowMs = clock.monotonicMs();
    const passedMs = nowMs - this.#lookedAtMs;
    if (passedMs >= lookMs) {
      const bytes = appendedBytes();
      this.#appendedPerSecond = (1000 * (bytes - this.#lookedBytes)) / passedMs;
      this.#lookedAtMs = nowMs;
      this.#lookedBytes = bytes;
    }
    return Math.max(bytesPerSecondMin, overAppended * this.#appendedPerSecond);
  }
}
