/** A wait, and the tick that ends it. */
import { expect, test } from 'vitest';
import { Patience } from '../../src/partition/patience.ts';

test('a wait is over at the very moment for which it wanted a tick, whatever the fractions of a millisecond', () => {
  for (let at = 0; at < 5000; at += 1) {
    const patience = new Patience();
    patience.begin();
    patience.onTick(67.352_082_234_000_2 + at * 0.731);
    const dueMs = patience.dueMs(0, 500) ?? Number.NaN;
    expect(patience.isOver(dueMs, 500), `due at ${dueMs}`).toBe(true);
  }
});

test('a wait that just began wants a tick at once, which does not end it', () => {
  const patience = new Patience();
  patience.begin();
  expect(patience.dueMs(10, 500)).toBe(10);
  patience.onTick(10);
  expect(patience.isOver(10, 500)).toBe(false);
  expect(patience.dueMs(10, 500)).toBe(510);
  patience.end();
  expect(patience.dueMs(600, 500)).toBe(undefined);
});
