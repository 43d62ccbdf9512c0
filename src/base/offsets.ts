/**
 * Positions of a partition: offset (where in the log) and leader epoch (who wrote there).
 *
 * Offsets of one log increase and need not be dense: compaction and control batches leave holes.
 */
import { assert } from './assert.ts';
import { isPosition, positionFromOutside, type Branded, type OutOfRange } from './brand.ts';
import { ok, refused, type Result } from './result.ts';

/** Place of a record in its partition, from 0. Never given to another record, whatever happens to the first. */
export type Offset = Branded<number, 'Offset'>;
/** A partition's logical clock: goes up by at least one with every leadership. Four bytes on disk, so up to 2^31-1. */
export type LeaderEpoch = Branded<number, 'LeaderEpoch'>;

const leaderEpochMax = 2 ** 31 - 1;

export function offset(value: number): Offset {
  assert(isPosition(value), 'an offset is a whole number from 0 to 2^53-1', () => ({ value }));
  return value as Offset;
}

export function offsetFromOutside(value: unknown): Result<Offset, OutOfRange> {
  return positionFromOutside<Offset>('offset', value);
}

/** The offset `count` places on: of the log end after a batch, or of a record within one. */
export function offsetAfter(start: Offset, count: number): Offset {
  return offset(start + count);
}

export function leaderEpoch(value: number): LeaderEpoch {
  assert(isLeaderEpoch(value), 'a leader epoch is a whole number from 0 to 2^31-1', () => ({ value }));
  return value as LeaderEpoch;
}

export function leaderEpochFromOutside(value: unknown): Result<LeaderEpoch, OutOfRange> {
  return isLeaderEpoch(value)
    ? ok(value as LeaderEpoch)
    : refused({ type: 'out-of-range', what: 'leader epoch', value });
}

function isLeaderEpoch(value: unknown): value is number {
  return isPosition(value) && value <= leaderEpochMax;
}
