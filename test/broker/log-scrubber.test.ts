import { expect, test } from 'vitest';
import { offset, type Offset } from '../../src/base/offsets.ts';
import { LogScrubber, type ScrubbedLog } from '../../src/broker/log-scrubber.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { Clock } from '../../src/ports/clock.ts';

const pieceBytes = 1000;

/** A log of so many pieces, and when each was looked at. */
class PacedLog implements ScrubbedLog {
  readonly looks: number[] = [];
  readonly #pieces: number;
  readonly #clock: Clock;

  constructor(pieces: number, clock: Clock) {
    this.#pieces = pieces;
    this.#clock = clock;
  }

  get logEnd(): Offset {
    return offset(this.#pieces);
  }

  look(from = offset(0)): ReturnType<ScrubbedLog['look']> {
    if (from >= this.#pieces) return Promise.resolve(undefined);
    this.looks.push(this.#clock.monotonicMs());
    return Promise.resolve({ next: offset(from + 1), bytes: pieceBytes });
  }
}

async function scrub(pieces: readonly number[], forMs: number, pace = { bytesPerSecond: 10_000, roundMs: 5_000 }) {
  const simulation = new Simulation({ seed: 1 });
  const logs: PacedLog[] = [];
  const process = simulation.addProcess('b1', ({ clock }) => {
    logs.push(...pieces.map((count) => new PacedLog(count, clock)));
    const onBug = (bug: unknown): never => {
      throw bug;
    };
    new LogScrubber({ clock, pace, logs: () => logs, onBug }).start();
  });
  process.start();
  await simulation.run({ untilMs: simulation.world.nowMs + forMs });
  return logs.map(({ looks }) => looks.map((atMs) => atMs - (looks[0] ?? 0)));
}

test('a log is read piece by piece, no faster than the pace', async () => {
  const [looks = []] = await scrub([20], 9_000);
  expect(looks).toHaveLength(20);
  expect(looks.at(-1)).toBeGreaterThanOrEqual(1_900);
});

test('rounds begin no oftener than they should, and go through all logs', async () => {
  const all = await scrub([2, 0, 1], 17_000);
  expect(all.map((looks) => looks.length)).toEqual([6, 0, 3]);
});

test('a round that takes longer than it should is followed by the next at once', async () => {
  const [looks = []] = await scrub([100], 5_000 + 22_000);
  expect(looks.length).toBeGreaterThan(200);
});

test('nothing is read where that is not wanted', async () => {
  expect(await scrub([5], 60_000, { bytesPerSecond: 0, roundMs: 100 })).toEqual([[]]);
});

test('a log that grows faster than it is read keeps no other from being read', async () => {
  const simulation = new Simulation({ seed: 2 });
  let grown = 0;
  let others = 0;
  const process = simulation.addProcess('b1', ({ clock }) => {
    const growing: ScrubbedLog = {
      get logEnd() {
        return offset((grown += 10));
      },
      look: (from = offset(0)) => Promise.resolve({ next: offset(from + 1), bytes: pieceBytes }),
    };
    const other: ScrubbedLog = {
      logEnd: offset(1),
      look: () => {
        others += 1;
        return Promise.resolve({ next: offset(1), bytes: pieceBytes });
      },
    };
    const onBug = (bug: unknown): never => {
      throw bug;
    };
    const pace = { bytesPerSecond: 10_000, roundMs: 5_000 };
    new LogScrubber({ clock, pace, logs: () => [other, growing], onBug }).start();
  });
  process.start();
  await simulation.run({ untilMs: simulation.world.nowMs + 30_000 });
  expect(others).toBeGreaterThan(2);
});
