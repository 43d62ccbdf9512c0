/**
 * The time of this machine.
 *
 * Timers keep the process alive. The other choice, to let it end while one is waiting, would end a command-line
 * client in the middle of a pause between two attempts; whoever stops cancels the timers it has set.
 */
import { performance } from 'node:perf_hooks';
import { assert } from '../base/assert.ts';
import type { Clock, Timer } from '../ports/clock.ts';

/** Node fires a timer with a longer delay at once. */
const nodeDelayMsMax = 2 ** 31 - 1;

export class NodeClock implements Clock {
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  callAfterMs(delayMs: number, action: () => void): Timer {
    assert(delayMs >= 0 && delayMs < Infinity, 'a timer has a finite delay', () => ({ delayMs }));
    const dueMs = performance.now() + delayMs;
    let timer: NodeJS.Timeout;
    const wait = (remainingMs: number): void => {
      timer = setTimeout(
        () => {
          // Node counts in whole milliseconds of its own loop and can be a fraction early.
          const leftMs = dueMs - performance.now();
          if (leftMs > 0) wait(leftMs);
          else action();
        },
        Math.min(Math.ceil(remainingMs), nodeDelayMsMax),
      );
    };
    wait(delayMs);
    return {
      cancel() {
        clearTimeout(timer);
      },
    };
  }

  callSoon(action: () => void): void {
    setImmediate(action);
  }
}
