import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { onGridMs, SimulatedScheduler } from '../../src/simulation/simulated-scheduler.ts';

const scheduler = (seed = 1): SimulatedScheduler => new SimulatedScheduler(new SimulatedRandom(seed));

function runAll(virtual: SimulatedScheduler): void {
  while (virtual.runNext());
}

test('actions run in the order of their times, whatever the order of scheduling', () => {
  const virtual = scheduler();
  const random = new SimulatedRandom(2);
  const ranAt: number[] = [];
  for (let round = 0; round < 500; round += 1) virtual.after(random.exponential(100), () => ranAt.push(virtual.nowMs));
  runAll(virtual);
  expect(ranAt).toHaveLength(500);
  expect(ranAt).toEqual([...ranAt].sort((a, b) => a - b));
});

test('the seed decides the order of what happens at one instant', () => {
  const orderOf = (seed: number): string => {
    const virtual = scheduler(seed);
    let order = '';
    for (const name of 'abcdefgh') virtual.after(5, () => (order += name));
    runAll(virtual);
    return order;
  };
  expect(orderOf(1)).toBe(orderOf(1));
  expect(new Set([1, 2, 3, 4].map(orderOf)).size).toBeGreaterThan(1);
});

test('what shall happen soon keeps its order and comes before other things of the instant', () => {
  const virtual = scheduler();
  let order = '';
  virtual.after(0, () => (order += '!'));
  for (const name of 'abcdef') virtual.soon(() => (order += name));
  runAll(virtual);
  expect(order).toBe('abcdef!');
});

test('a cancelled action neither runs nor moves the time', () => {
  const virtual = scheduler();
  const cancelled = virtual.after(10, () => expect.unreachable());
  cancelled.cancel();
  cancelled.cancel();
  expect(virtual.nextMs).toBeUndefined();
  expect(virtual.runNext()).toBe(false);
  expect(virtual.nowMs).toBe(0);
});

test('times are rounded up to a grid on which sums are exact', () => {
  expect(onGridMs(0.0001)).toBe(1 / 1024);
  const virtual = scheduler();
  virtual.after(0.1, () => virtual.after(0.2, () => {}));
  runAll(virtual);
  expect(virtual.nowMs).toBeGreaterThanOrEqual(0.3);
  expect(Number.isInteger(virtual.nowMs * 1024)).toBe(true);
});

test('a loop without a delay is named instead of running for ever', () => {
  const virtual = scheduler();
  const again = (): void => void virtual.soon(again);
  again();
  expect(() => runAll(virtual)).toThrow(InvariantError);
});

test('nothing can be scheduled into the past', () => {
  expect(() => scheduler().after(-1, () => {})).toThrow(InvariantError);
});
