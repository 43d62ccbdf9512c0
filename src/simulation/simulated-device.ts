/**
 * The hardware below a simulated disk or store: when operations complete, and whether they fail.
 *
 * Each operation completes after a latency of its own, so two that are in flight together complete in any order.
 * Knows nothing of what is stored; simulated-disk.ts and simulated-key-value-stores.ts do.
 */
import { assert } from '../base/assert.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { DiskLatency } from './simulated-disk-knobs.ts';
import type { SimulatedRandom } from './simulated-random.ts';

/** More in flight at once means that a caller has lost its own bound. */
const operationsInFlightMax = 100_000;

export interface DeviceOptions<Fault extends string> {
  readonly clock: Pick<Clock, 'monotonicMs' | 'callAfterMs'>;
  readonly random: SimulatedRandom;
  /** Hears of each fault at the moment at which it really happens. */
  readonly onFault: (fault: Fault) => void;
}

export class SimulatedDevice<Fault extends string> {
  readonly random: SimulatedRandom;
  readonly onFault: (fault: Fault) => void;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'callAfterMs'>;
  #stuckUntilMs = -Infinity;
  #inFlight = 0;

  constructor({ clock, random, onFault }: DeviceOptions<Fault>) {
    this.#clock = clock;
    this.random = random;
    this.onFault = onFault;
  }

  chance(probability: number): boolean {
    // Nothing is drawn for what cannot happen: turning one fault off leaves the draws of the others where they were.
    return probability > 0 && this.random.chance(probability);
  }

  /** Operations that would complete before then complete after it. */
  stickFor(durationMs: number): void {
    this.#stuckUntilMs = Math.max(this.#stuckUntilMs, this.#clock.monotonicMs() + durationMs);
  }

  /** Ends what `stickFor` began. Operations that wait complete at the time they were already given, at the latest. */
  unstick(): void {
    this.#stuckUntilMs = -Infinity;
  }

  /** Calls `onComplete` when the operation has taken its time. */
  start(latency: DiskLatency, onComplete: () => void): { cancel(): void } {
    assert(this.#inFlight < operationsInFlightMax, 'operations in flight are bounded', { operationsInFlightMax });
    this.#inFlight += 1;
    let timer: Timer;
    let isOver = false;
    const over = (): void => {
      assert(!isOver, 'an operation ends once');
      isOver = true;
      this.#inFlight -= 1;
    };
    const waitMs = (delayMs: number): void => {
      timer = this.#clock.callAfterMs(delayMs, () => {
        const stuckForMs = this.#stuckUntilMs - this.#clock.monotonicMs();
        if (stuckForMs > 0) {
          waitMs(stuckForMs);
          return;
        }
        over();
        onComplete();
      });
    };
    waitMs(latency.msMin + this.random.exponential(latency.msMean));
    return {
      cancel() {
        timer.cancel();
        over();
      },
    };
  }
}
