/**
 * Who wrote a batch, for telling a retry from a new one: the id that the cluster gave out, and its owner's epoch.
 */
import { assert } from './assert.ts';
import { isPosition, positionFromOutside, type Branded, type OutOfRange } from './brand.ts';
import type { Result } from './result.ts';

/** Given out by the cluster, never twice. */
export type ProducerId = Branded<number, 'ProducerId'>;

export function producerId(value: number): ProducerId {
  assert(isPosition(value), 'a producer id is a whole number from 0 to 2^53-1', () => ({ value }));
  return value as ProducerId;
}

export function producerIdFromOutside(value: unknown): Result<ProducerId, OutOfRange> {
  return positionFromOutside<ProducerId>('producer id', value);
}
