import { expect, test } from 'vitest';
import { assert, assertUnreachable, InvariantError } from '../../src/base/assert.ts';
import { FaultError } from '../../src/base/fault-error.ts';

test('a promise that holds costs its facts nothing', () => {
  let asked = 0;
  assert(true, 'the queue is short', () => ({ asked: (asked += 1) }));
  expect(asked).toBe(0);
});

test.each([
  ['as an object', { length: 3 }],
  ['as a function', () => ({ length: 3 })],
])('a broken promise names itself and its facts, given %s', (_how, facts) => {
  let thrown: unknown;
  try {
    assert(false, 'the queue is short', facts);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvariantError);
  expect(thrown).toMatchObject({ name: 'InvariantError', message: 'broken: the queue is short', facts: { length: 3 } });
});

test('a union member that no case handles is a broken promise', () => {
  expect(() => assertUnreachable('new' as never)).toThrow(InvariantError);
});

test('a fault keeps its facts and what caused it', () => {
  const cause = new Error('EIO');
  const fault = new FaultError('the log cannot be read', { segment: 3 }, cause);
  expect(fault).toMatchObject({ name: 'FaultError', message: 'the log cannot be read', facts: { segment: 3 }, cause });
});
