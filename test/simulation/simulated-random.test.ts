import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';

const drawn = (random: SimulatedRandom): number[] => Array.from({ length: 20 }, () => random.integerBelow(1_000_000));

test('one seed gives one row of numbers and another seed another', () => {
  expect(drawn(new SimulatedRandom(7))).toEqual(drawn(new SimulatedRandom(7)));
  expect(drawn(new SimulatedRandom(7))).not.toEqual(drawn(new SimulatedRandom(8)));
});

test('the numbers of a seed never change between versions', () => {
  expect(drawn(new SimulatedRandom(4711)).slice(0, 4)).toMatchInlineSnapshot(`
    [
      968675,
      894161,
      742950,
      591214,
    ]
  `);
});

test('a fork does not depend on how many numbers were drawn before it', () => {
  const untouched = new SimulatedRandom(7).fork('disk');
  const parent = new SimulatedRandom(7);
  drawn(parent);
  expect(drawn(parent.fork('disk'))).toEqual(drawn(untouched));
});

test('forks with different labels have nothing to do with each other', () => {
  const parent = new SimulatedRandom(7);
  const rows = ['disk', 'network', 'disk/1', 'process n1', 'process n2'].map((label) => drawn(parent.fork(label)));
  expect(new Set(rows.map((row) => row.join())).size).toBe(rows.length);
});

test('whole numbers below a bound are about equally likely', () => {
  for (const bound of [2, 3, 10]) {
    const random = new SimulatedRandom(bound);
    const counts = new Array<number>(bound).fill(0);
    for (let round = 0; round < 30_000; round += 1) {
      const at = random.integerBelow(bound);
      counts[at] = (counts[at] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count / (30_000 / bound) - 1)).toBeLessThan(0.06);
  }
});

test('a bound beyond 32 bits reaches the high half of its range', () => {
  const random = new SimulatedRandom(3);
  const many = Array.from({ length: 100 }, () => random.integerBelow(2 ** 53 - 1));
  expect(Math.max(...many)).toBeGreaterThan(2 ** 52);
  expect(many.every((value) => Number.isSafeInteger(value))).toBe(true);
  expect(() => random.integerBelow(0)).toThrow(InvariantError);
});

test('exponential draws have their mean, are never negative, and have a tail', () => {
  const random = new SimulatedRandom(5);
  const many = Array.from({ length: 50_000 }, () => random.exponential(10));
  const mean = many.reduce((sum, value) => sum + value, 0) / many.length;
  expect(mean).toBeGreaterThan(9.7);
  expect(mean).toBeLessThan(10.3);
  expect(Math.min(...many)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...many)).toBeGreaterThan(60);
});

test('draws across magnitudes stay in their range and reach each order of magnitude', () => {
  const random = new SimulatedRandom(5);
  const many = Array.from({ length: 2_000 }, () => random.acrossMagnitudes(0.001, 1));
  expect(Math.min(...many)).toBeGreaterThanOrEqual(0.001);
  expect(Math.max(...many)).toBeLessThanOrEqual(1);
  for (const below of [0.01, 0.1, 1])
    expect(many.filter((value) => value < below && value >= below / 10).length).toBeGreaterThan(200);
});

test('shuffling keeps every thing and does not touch the original', () => {
  const original = [1, 2, 3, 4, 5, 6, 7, 8];
  const shuffled = new SimulatedRandom(9).shuffled(original);
  expect(shuffled).not.toEqual(original);
  expect([...shuffled].sort((a, b) => a - b)).toEqual(original);
  expect(original[0]).toBe(1);
});
