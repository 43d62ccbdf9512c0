/**
 * Time as one process sees it.
 *
 * The monotonic clock is sane and only starts at an arbitrary number, so that comparing it between processes
 * fails at once. The wall clock is wrong in every way that wall clocks are: off by an amount, drifting, and
 * jumping when somebody sets it. Timers of a dead incarnation never fire; those of a paused one fire when it resumes.
 */
import { assert } from '../base/assert.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Incarnation } from './incarnation.ts';
import { onGridMs } from './simulated-scheduler.ts';

/** 2026-01-01, as good as any. */
const wallAtStartMs = 1_767_225_600_000;

/** The wall clock of a machine; it outlives the processes on it. */
export class SimulatedWallClock {
  #offsetMs: number;
  #driftPerMs = 0;
  #driftSinceMs = 0;

  constructor(offsetMs: number) {
    this.#offsetMs = offsetMs;
  }

  readMs(nowMs: number): number {
    return Math.floor(wallAtStartMs + nowMs + this.#offsetMs + (nowMs - this.#driftSinceMs) * this.#driftPerMs);
  }

  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }

  /** 0.001 gains a millisecond each second, from now on. */
  drift(nowMs: number, gainPerMs: number): void {
    this.#offsetMs += (nowMs - this.#driftSinceMs) * this.#driftPerMs;
    this.#driftSinceMs = nowMs;
    this.#driftPerMs = gainPerMs;
  }
}

const noTimer: Timer = { cancel() {} };

export class SimulatedClock implements Clock {
  readonly #incarnation: Incarnation;
  readonly #wall: SimulatedWallClock;
  readonly #monotonicOffsetMs: number;

  constructor(incarnation: Incarnation, wall: SimulatedWallClock, monotonicOffsetMs: number) {
    assert(onGridMs(monotonicOffsetMs) === monotonicOffsetMs, 'sums of times stay exact', { monotonicOffsetMs });
    this.#incarnation = incarnation;
    this.#wall = wall;
    this.#monotonicOffsetMs = monotonicOffsetMs;
  }

  monotonicMs(): number {
    return this.#incarnation.world.nowMs + this.#monotonicOffsetMs;
  }

  wallMs(): number {
    return this.#wall.readMs(this.#incarnation.world.nowMs);
  }

  callAfterMs(delayMs: number, action: () => void): Timer {
    assert(delayMs >= 0 && delayMs < Infinity, 'a timer has a finite delay', () => ({ delayMs }));
    const incarnation = this.#incarnation;
    if (!incarnation.mayAct('set a timer')) return noTimer;
    // Cancelled while the process is paused, the action is already on its way; so the check is made again at the end.
    let isCancelled = false;
    const scheduled = incarnation.world.scheduler.after(delayMs, () =>
      incarnation.enter(() => {
        if (!isCancelled) action();
      }),
    );
    return {
      cancel() {
        isCancelled = true;
        scheduled.cancel();
      },
    };
  }

  callSoon(action: () => void): void {
    const incarnation = this.#incarnation;
    if (incarnation.mayAct('call soon')) incarnation.world.scheduler.soon(() => incarnation.enter(action));
  }
}
