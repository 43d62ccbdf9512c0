/**
 * Clocks of the metadata: which registration of a broker, and which state of a partition.
 */
import { assert } from './assert.ts';
import { isPosition, positionFromOutside, type Branded, type OutOfRange } from './brand.ts';
import type { Result } from './result.ts';

/** One registration of a broker: the index of the entry that made it, so no two are ever alike. */
export type BrokerEpoch = Branded<number, 'BrokerEpoch'>;
/** Goes up by one with every change of a partition's state; what a change is compared against. */
export type PartitionEpoch = Branded<number, 'PartitionEpoch'>;

export function brokerEpoch(value: number): BrokerEpoch {
  assert(isPosition(value), 'a broker epoch is a whole number from 0 to 2^53-1', () => ({ value }));
  return value as BrokerEpoch;
}

export function brokerEpochFromOutside(value: unknown): Result<BrokerEpoch, OutOfRange> {
  return positionFromOutside<BrokerEpoch>('broker epoch', value);
}

export function partitionEpoch(value: number): PartitionEpoch {
  assert(isPosition(value), 'a partition epoch is a whole number from 0 to 2^53-1', () => ({ value }));
  return value as PartitionEpoch;
}

export function partitionEpochFromOutside(value: unknown): Result<PartitionEpoch, OutOfRange> {
  return positionFromOutside<PartitionEpoch>('partition epoch', value);
}
