/**
 * Positions of the metadata quorum: term (who may lead) and index (where in the log).
 */
// tidy: file-name: a position is a term and an index, and both live here
import { assert } from './assert.ts';
import { isPosition, positionFromOutside, type Branded, type OutOfRange } from './brand.ts';
import type { Result } from './result.ts';

/** Raft's logical clock. 0 only before the first election. Never goes back on one directory. */
export type Term = Branded<number, 'Term'>;
/** Place in the Raft log; the first entry has index 1, so 0 means "before everything". */
export type LogIndex = Branded<number, 'LogIndex'>;

export function term(value: number): Term {
  assert(isPosition(value), 'a term is a whole number from 0 to 2^53-1', () => ({ value }));
  return value as Term;
}

export function termFromOutside(value: unknown): Result<Term, OutOfRange> {
  return positionFromOutside<Term>('term', value);
}

export function logIndex(value: number): LogIndex {
  assert(isPosition(value), 'a log index is a whole number from 0 to 2^53-1', () => ({ value }));
  return value as LogIndex;
}

export function logIndexFromOutside(value: unknown): Result<LogIndex, OutOfRange> {
  return positionFromOutside<LogIndex>('log index', value);
}

export function nextTerm(current: Term): Term {
  return term(current + 1);
}

export function nextIndex(index: LogIndex): LogIndex {
  return logIndex(index + 1);
}

export function previousIndex(index: LogIndex): LogIndex {
  assert(index > 0, 'nothing comes before index 0');
  return logIndex(index - 1);
}

export const termZero = term(0);
export const indexZero = logIndex(0);
