/**
 * Where things are in the raft store's key-value store, and the writes that carry it from one state to the next.
 *
 *   e/0000000000000042   the entry at index 42 (16 digits hold 2^53-1, and sort)
 *   state                the state record
 */
import { assert } from '../base/assert.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { KeyValueWrite } from '../ports/key-value-store.ts';
import type { EncodedState } from './raft-state-record.ts';

export const stateKey = 'state';
/** From here up to there are all keys that a store may hold. */
export const keysBegin = ' ';
export const keysEnd = '~';

export function entryKey(index: number): string {
  return `e/${String(index).padStart(16, '0')}`;
}

/** One entry's record under the index it belongs to. */
export interface PlacedRecord {
  readonly index: LogIndex;
  readonly record: Uint8Array;
}

/**
 * Everything that changes at once. Entries beyond the new end go in the same batch, so that no power cut leaves
 * one behind that a later append would seem to follow on; entries before the new start are dropped later.
 */
export function writesForState({
  lastBefore,
  next,
  records,
}: {
  lastBefore: LogIndex;
  next: EncodedState;
  records: readonly PlacedRecord[];
}): readonly KeyValueWrite[] {
  const last = next.state.logLast.index;
  assert(
    records.every(({ index }, at) => index === last - records.length + 1 + at),
    'the records of a batch end the log without a gap',
    { last, records: records.length },
  );
  assert(
    records.every(({ index }) => index > next.state.logStart.index),
    'no entry is written before the start of the log',
    { logStart: next.state.logStart.index },
  );
  const writes: KeyValueWrite[] = records.map(({ index, record }) => ({
    type: 'put',
    key: entryKey(index),
    value: record,
  }));
  for (let index = last + 1; index <= lastBefore; index += 1) writes.push({ type: 'remove', key: entryKey(index) });
  writes.push({ type: 'put', key: stateKey, value: next.bytes });
  return writes;
}
