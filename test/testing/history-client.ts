/**
 * What clients that write histories have in common: how their lines end, and what they find in what they fetched.
 */
import { assert } from '../../src/base/assert.ts';
import type { Offset } from '../../src/base/offsets.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { openRecords } from '../../src/record/open-records.ts';
import { splitBatches } from '../../src/record/split-batches.ts';
import type { HistoryAcks, LocatedValue } from '../../src/testing/log-history.ts';

export type SendEnding =
  | { readonly type: 'invoke'; readonly value: string; readonly acks: HistoryAcks; readonly idempotent: boolean }
  | { readonly type: 'ok'; readonly value: string | LocatedValue }
  | { readonly type: 'fail' | 'info'; readonly value: string; readonly error: string };

export type PollEnding =
  | { readonly type: 'invoke' | 'fail' }
  | {
      readonly type: 'ok';
      readonly topic: string;
      readonly partition: number;
      readonly value: readonly LocatedValue[];
    };

/** The values of whole batches, from an offset on. */
export function valuesOf(ownedBytes: Uint8Array, from: Offset): readonly LocatedValue[] {
  const values: LocatedValue[] = [];
  for (const batch of splitBatches(ownedBytes)) {
    const opened = openRecords(new BatchHeader(batch));
    assert(opened.ok, 'what is read is a batch');
    const cursor = opened.value;
    while (cursor.next())
      if (cursor.offset >= from) values.push([cursor.offset, Buffer.from(cursor.borrowedValue ?? []).toString()]);
  }
  return values;
}
