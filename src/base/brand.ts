/**
 * Branded primitives: an epoch passed as an offset fails to compile.
 *
 * A branded value is made only by the guarded constructor that lives beside its type; values from outside go
 * through the constructor's Result twin, because an assertion is never about input.
 */
import { refused, ok, type Result } from './result.ts';

declare const brand: unique symbol;

/** Brands add up: a VoterId is a NodeId too. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: { readonly [Key in Name]: true } };

/** A value from outside that is not what its type needs. */
export interface OutOfRange {
  readonly type: 'out-of-range';
  readonly what: string;
  readonly value: unknown;
}

export function isPosition(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The shared half of the Result twins: a whole number from 0 to 2^53-1. */
export function positionFromOutside<Position extends number>(
  what: string,
  value: unknown,
): Result<Position, OutOfRange> {
  return isPosition(value) ? ok(value as Position) : refused({ type: 'out-of-range', what, value });
}
