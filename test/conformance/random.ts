/**
 * Every promise of ports/random.ts as a case that runs on the real and on the simulated chance.
 *
 * Where a case counts, a good source fails it less than once in a million runs.
 */
import { describe, expect, test } from 'vitest';
import type { Random } from '../../src/ports/random.ts';

/** A promise of the port, and the play that shows it. */
export interface RandomCase {
  readonly promise: string;
  play(random: Random): void;
}

const drawsPerValue = 1_000;

/** Sum of the squared deviations over the expectation; its mean is one less than the number of values. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((total, count) => total + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Nine standard deviations above the mean, roughly, for so many values. */
function expectEven(counts: readonly number[]): void {
  const freedom = counts.length - 1;
  expect(chiSquare(counts)).toBeLessThan(freedom + 9 * Math.sqrt(2 * freedom) + 12);
}

function countsOf(values: number, draws: number, draw: () => number): number[] {
  const counts = new Array<number>(values).fill(0);
  for (let at = 0; at < draws; at += 1) {
    const drawn = draw();
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  return counts;
}

export const randomCases: readonly RandomCase[] = [
  {
    promise: 'every number drawn is whole, at least 0 and below its bound',
    play(random) {
      for (const bound of [1, 2, 3, 7, 255, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 48, 2 ** 53 - 1])
        for (let draw = 0; draw < 200; draw += 1) {
          const drawn = random.integerBelow(bound);
          expect(Number.isSafeInteger(drawn) && drawn >= 0 && drawn < bound, `${drawn} below ${bound}`).toBe(true);
        }
    },
  },
  {
    promise: 'every number below a small bound is drawn as often as any other',
    play(random) {
      for (const bound of [2, 3, 10, 37])
        expectEven(countsOf(bound, bound * drawsPerValue, () => random.integerBelow(bound)));
    },
  },
  {
    promise: 'numbers below a large bound are spread over all of it, its highest and lowest bits included',
    play(random) {
      // With 3/4 of a power of two as the bound, a plain remainder would favour the lower third.
      for (const bound of [3 * 2 ** 30, 2 ** 32 * 3, 3 * 2 ** 46, 3 * 2 ** 51]) {
        const thirds = countsOf(3, 6_000, () => Math.floor(random.integerBelow(bound) / (bound / 3)));
        expectEven(thirds);
        expectEven(countsOf(8, 8_000, () => random.integerBelow(bound) % 8));
      }
    },
  },
  {
    promise: 'one draw tells nothing of the next',
    play(random) {
      let before = random.integerBelow(6);
      const pairs = countsOf(36, 36 * drawsPerValue, () => {
        const pair = before * 6;
        before = random.integerBelow(6);
        return pair + before;
      });
      expectEven(pairs);
    },
  },
  {
    promise: 'bytes come in the length asked for, fresh each time, with every value as often as any other',
    play(random) {
      for (const length of [0, 1, 16, 1_000, 100_000]) expect(random.bytes(length)).toHaveLength(length);
      const ids = new Set(Array.from({ length: 1_000 }, () => random.bytes(16).join()));
      expect(ids.size).toBe(1_000);
      const counts = new Array<number>(256).fill(0);
      for (const byte of random.bytes(256 * drawsPerValue)) counts[byte] = (counts[byte] ?? 0) + 1;
      expectEven(counts);
    },
  },
  {
    promise: 'bytes that were handed out are the caller\u2019s and stay as they are',
    play(random) {
      const first = random.bytes(16);
      const copy = Uint8Array.from(first);
      random.bytes(16).fill(0);
      expect(first).toEqual(copy);
    },
  },
  {
    promise: 'a bound that leaves nothing to draw is a bug of the caller',
    play(random) {
      for (const bound of [0, -1, 0.5, Number.NaN, Infinity, 2 ** 53])
        expect(() => random.integerBelow(bound), `${bound}`).toThrow();
    },
  },
];

export function randomConformance(name: string, makeRandom: () => Random): void {
  describe(`the ${name} chance`, () => {
    for (const randomCase of randomCases) test(randomCase.promise, () => randomCase.play(makeRandom()));
  });
}
