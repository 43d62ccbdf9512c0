/**
 * Who wrote a batch, for telling a retry from a new one: the id that the cluster gave out, and its owner's epoch.
 */
import { assert } from './assert.ts';
import { isPosition, type Branded } from './brand.ts';

/** Given out by the cluster, never twice. */
export type ProducerId = Branded<number, 'ProducerId'>;

export function producerId(value: number): ProducerId {
  assert(isPosition(value), 'a producer id is a whole number from 0 to 2^53-1', () => ({ value }));
  return value as ProducerId;
}
