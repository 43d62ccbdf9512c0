/**
 * How a call ends: the gRPC status codes by name, and the value that travels with them.
 */
import { assert } from './assert.ts';

export const statusCodes = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  'invalid-argument': 3,
  'deadline-exceeded': 4,
  'not-found': 5,
  'already-exists': 6,
  'permission-denied': 7,
  'resource-exhausted': 8,
  'failed-precondition': 9,
  aborted: 10,
  'out-of-range': 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  'data-loss': 15,
  unauthenticated: 16,
} as const satisfies Record<string, number>;

export type StatusName = keyof typeof statusCodes;

export interface Status {
  readonly name: StatusName;
  /** What, where, what next. Empty when ok. */
  readonly message: string;
  /** Encoded google.rpc.Status with typed details, or undefined. */
  readonly details: Uint8Array | undefined;
}

export const statusOk: Status = { name: 'ok', message: '', details: undefined };

export function statusOf(name: Exclude<StatusName, 'ok'>, message: string, details?: Uint8Array): Status {
  assert(message !== '', 'a failed call says why', { name });
  return { name, message, details };
}

const names = new Map<number, StatusName>(
  Object.entries(statusCodes).map(([name, code]) => [code, name as StatusName]),
);

/** Codes outside the standard's table mean unknown, as the standard asks. */
export function statusNameOf(code: number): StatusName {
  return names.get(code) ?? 'unknown';
}
