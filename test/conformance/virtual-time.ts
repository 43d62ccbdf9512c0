/**
 * Lets code that waits run on a scheduler of virtual time until it is done.
 */
import type { SimulatedScheduler } from '../../src/simulation/simulated-scheduler.ts';

/** Runs what is scheduled, one action a turn, while `waiting` has not settled. Fails when nothing is left to wait for. */
export async function passTimeUntilDone(scheduler: SimulatedScheduler, waiting: Promise<void>): Promise<void> {
  const state = { isOver: false };
  const over = (): void => {
    state.isOver = true;
  };
  waiting.then(over, over);
  for (;;) {
    // All promise callbacks of the last action run before the next one.
    await new Promise((resolve) => setImmediate(resolve));
    if (state.isOver) return waiting;
    if (!scheduler.runNext()) throw new Error('the code waits for something that will never happen');
  }
}

/** The clock of a machine without processes. */
export function machineClock(scheduler: SimulatedScheduler): {
  monotonicMs: () => number;
  callAfterMs: (delayMs: number, action: () => void) => { cancel(): void };
} {
  return {
    monotonicMs: () => scheduler.nowMs,
    callAfterMs: (delayMs, action) => scheduler.after(delayMs, action),
  };
}
