/**
 * Every promise of ports/clock.ts as a case that runs on the real and on the simulated clock.
 */
import { describe, expect, test } from 'vitest';
import { delay, type Clock } from '../../src/ports/clock.ts';

export interface ClockFixture {
  readonly clock: Clock;
  /** Lets the fixture's own time pass until `waiting` has settled. */
  readonly passTime: (waiting: Promise<void>) => Promise<void>;
}

/** A promise of the port, and the play that shows it. */
export interface ClockCase {
  readonly promise: string;
  play(clock: Clock): Promise<void>;
}

/** Runs everything that waits in this turn and the next ones, without letting time pass for long. */
async function someTurns(clock: Clock): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await delay(clock, 0);
}

export const clockCases: readonly ClockCase[] = [
  {
    promise: 'the monotonic clock never goes back and moves while something waits',
    async play(clock) {
      const readings = [clock.monotonicMs()];
      for (let round = 0; round < 10; round += 1) {
        for (let look = 0; look < 100; look += 1) readings.push(clock.monotonicMs());
        await delay(clock, 1);
      }
      for (const [at, reading] of readings.entries()) expect(reading).toBeGreaterThanOrEqual(readings[at - 1] ?? 0);
      expect((readings.at(-1) ?? 0) - (readings[0] ?? 0)).toBeGreaterThanOrEqual(9);
    },
  },
  {
    promise: 'the wall clock counts milliseconds since 1970 in whole numbers',
    async play(clock) {
      const wallMs = clock.wallMs();
      expect(Number.isSafeInteger(wallMs)).toBe(true);
      expect(new Date(wallMs).getUTCFullYear()).toBeGreaterThanOrEqual(2026);
    },
  },
  {
    promise: 'no timer runs before its delay has passed, down to fractions of a millisecond',
    async play(clock) {
      const delaysMs = [0, 0.25, 0.5, 0.9, 1, 1.5, 2, 3.3, 5, 7.75, 11];
      const earlyMs = await Promise.all(
        [...delaysMs, ...delaysMs, ...delaysMs].map(async (delayMs) => {
          const startMs = clock.monotonicMs();
          await delay(clock, delayMs);
          return startMs + delayMs - clock.monotonicMs();
        }),
      );
      expect(Math.max(...earlyMs)).toBeLessThanOrEqual(0);
    },
  },
  {
    promise: 'timers that are due at clearly different times run in the order of those times, each once',
    async play(clock) {
      const ran: number[] = [];
      for (const delayMs of [25, 1, 13]) clock.callAfterMs(delayMs, () => void ran.push(delayMs));
      await delay(clock, 40);
      expect(ran).toEqual([1, 13, 25]);
    },
  },
  {
    promise: 'a timer without a delay runs in a later turn',
    async play(clock) {
      let hasRun = false;
      clock.callAfterMs(0, () => {
        hasRun = true;
      });
      expect(hasRun).toBe(false);
      await Promise.resolve();
      expect(hasRun).toBe(false);
      await delay(clock, 5);
      expect(hasRun).toBe(true);
    },
  },
  {
    promise: 'a cancelled timer never runs, and cancelling one that ran is harmless',
    async play(clock) {
      const ran: string[] = [];
      const cancelled = clock.callAfterMs(2, () => void ran.push('cancelled'));
      const kept = clock.callAfterMs(2, () => void ran.push('kept'));
      const cancelledInTime = clock.callAfterMs(20, () => void ran.push('cancelled in time'));
      clock.callAfterMs(1, () => cancelledInTime.cancel());
      cancelled.cancel();
      cancelled.cancel();
      await delay(clock, 40);
      kept.cancel();
      await delay(clock, 1);
      expect(ran).toEqual(['kept']);
    },
  },
  {
    promise: 'a timer for years ahead does not run now',
    async play(clock) {
      let hasRun = false;
      const timers = [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 5, 2 ** 40].map((delayMs) =>
        clock.callAfterMs(delayMs, () => {
          hasRun = true;
        }),
      );
      await delay(clock, 10);
      for (const timer of timers) timer.cancel();
      expect(hasRun).toBe(false);
    },
  },
  {
    promise: 'what is called soon runs after the promise callbacks of this turn, in the order in which it was asked',
    async play(clock) {
      const ran: string[] = [];
      clock.callSoon(() => void ran.push('soon 1'));
      clock.callSoon(() => void ran.push('soon 2'));
      void Promise.resolve()
        .then(() => ran.push('callback'))
        .then(() => ran.push('callback of callback'));
      ran.push('this turn');
      await someTurns(clock);
      expect(ran).toEqual(['this turn', 'callback', 'callback of callback', 'soon 1', 'soon 2']);
    },
  },
  {
    promise: 'what is called soon by something called soon runs too, and only once',
    async play(clock) {
      const ran: number[] = [];
      const again = (depth: number): void => {
        ran.push(depth);
        if (depth < 5) clock.callSoon(() => again(depth + 1));
      };
      clock.callSoon(() => again(1));
      await delay(clock, 10);
      expect(ran).toEqual([1, 2, 3, 4, 5]);
    },
  },
];

export function clockConformance(name: string, makeFixture: () => ClockFixture): void {
  describe(`the ${name} clock`, () => {
    for (const clockCase of clockCases)
      test(clockCase.promise, async () => {
        const { clock, passTime } = makeFixture();
        await passTime(clockCase.play(clock));
      });
  });
}
