import { status as grpcStatus } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { errorCodes } from '../../src/base/error-codes.ts';
import { statusCodes, statusNameOf, statusOf } from '../../src/base/status.ts';

test('the statuses are those of gRPC, name by name', () => {
  const theirs = Object.entries(grpcStatus)
    .filter(([, code]) => typeof code === 'number')
    .map(([name, code]) => [name.toLowerCase().replaceAll('_', '-'), code] as const);
  expect(statusCodes).toEqual(Object.fromEntries(theirs));
});

test('every code leads to its name, and a code outside the standard means unknown', () => {
  for (const [name, code] of Object.entries(statusCodes)) expect(statusNameOf(code)).toBe(name);
  expect([-1, 17, 999, Number.NaN].map(statusNameOf)).toEqual(['unknown', 'unknown', 'unknown', 'unknown']);
});

test('a call that failed says why', () => {
  const details = Uint8Array.of(1);
  expect(statusOf('aborted', 'try again', details)).toEqual({ name: 'aborted', message: 'try again', details });
  expect(() => statusOf('aborted', '')).toThrow(InvariantError);
});

test('no two errors share a number, and ours start at 1000', () => {
  const codes = Object.values(errorCodes).map(({ code }): number => code);
  expect(new Set(codes).size).toBe(codes.length);
  // Kafka's own numbers end far below.
  expect(codes.filter((code) => code < 1 || (code > 200 && code < 1000))).toEqual([]);
});

test('what a caller is told to do fits the status that generic clients act on', () => {
  // Retrying middleware repeats these whatever the details say, so they must not be the caller's own mistakes.
  const repeated = ['unavailable', 'resource-exhausted', 'aborted'];
  for (const [name, { status, action }] of Object.entries(errorCodes)) {
    const isMistake = ['fix-request', 'report'].includes(action);
    expect([name, repeated.includes(status) && isMistake]).toEqual([name, false]);
  }
});
