import { expect, test } from 'vitest';
import { Arrivals } from '../../src/adapters/grpc-arrivals.ts';
import { ReceiveBudget } from '../../src/adapters/grpc-receive-budget.ts';
import { InvariantError } from '../../src/base/assert.ts';

test('a budget counts each connection and all together, and forgets what is given back', () => {
  const budget = new ReceiveBudget({ connectionBytesMax: 100, listenerBytesMax: 250 });
  expect(budget.take('a', 100)).toBe(true);
  expect(budget.take('a', 1)).toBe(false);
  expect(budget.take('b', 100)).toBe(true);
  expect(budget.take('c', 50)).toBe(false);
  budget.giveBack('a', 101);
  expect(budget.take('c', 50)).toBe(true);
  budget.giveBack('b', 100);
  budget.giveBack('c', 100);
  expect(budget.bytes).toBe(0);
  expect(() => {
    budget.giveBack('a', 1);
  }).toThrow(InvariantError);
});

test('what arrived is held until its message is delivered, prefix included', () => {
  const budget = new ReceiveBudget({ connectionBytesMax: 100, listenerBytesMax: 100 });
  const arrivals = new Arrivals(budget, 'a');
  arrivals.arrived(40, 0);
  arrivals.delivered(20, 0);
  expect(budget.bytes).toBe(15);
  arrivals.delivered(10, 0);
  expect(budget.bytes).toBe(0);
  arrivals.arrived(7, 0);
  arrivals.forget();
  expect(budget.bytes).toBe(0);
});

test('a caller owes a message from its first bytes on, not while the handler does not read', () => {
  const arrivals = new Arrivals(new ReceiveBudget({ connectionBytesMax: 100, listenerBytesMax: 100 }), 'a');
  expect(arrivals.owedForMs(1000)).toBe(0);
  arrivals.arrived(10, 1000);
  arrivals.arrived(10, 1500);
  expect(arrivals.owedForMs(1600)).toBe(600);
  arrivals.heldBack(1700);
  expect(arrivals.owedForMs(1800)).toBe(100);
  arrivals.delivered(10, 1900);
  expect(arrivals.owedForMs(2000)).toBe(100);
  arrivals.delivered(0, 2000);
  expect(arrivals.owedForMs(3000)).toBe(0);
});
