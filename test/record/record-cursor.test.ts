import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { position } from '../../src/record/batch-layout.ts';
import { codecNames } from '../../src/record/batch-codec.ts';
import { openRecords } from '../../src/record/open-records.ts';
import type { NewRecord } from '../../src/record/new-record.ts';
import {
  anyRecords,
  batchOf,
  expectedRecords,
  plainRecords,
  readBatch,
  resealed,
  someTimeMs,
  stampedBatchOf,
} from './batch-fixture.ts';

test('null, empty, and the text null stay different in keys, values and headers', () => {
  const fields = [null, '', 'null', new Uint8Array(0)] as const;
  const records: NewRecord[] = fields.flatMap((key) =>
    fields.map((value) => ({ key, value, timestampMs: someTimeMs, headers: [{ name: 'h', value: key }] })),
  );
  const { seen } = readBatch(batchOf(records));
  expect(seen).toEqual(expectedRecords(records));
  expect(new Set(seen.map(({ key, value }) => JSON.stringify([key, value]))).size).toBe(9);
});

test('what a producer wrote is what a consumer reads, in every codec', () => {
  const property = fc.property(anyRecords, fc.constantFrom(...codecNames), (records, codec) => {
    expect(readBatch(batchOf(records, {}, codec))).toEqual({ seen: expectedRecords(records), problem: undefined });
  });
  fc.assert(property, { numRuns: 300 });
});

test('headers keep their order, and their names may repeat', () => {
  const headers = ['trace', 'again', 'again', 'trace'].map((name, at) => ({ name, value: at === 2 ? null : `${at}` }));
  const { seen } = readBatch(batchOf([{ key: null, value: null, timestampMs: 1, headers }]));
  expect(seen[0]?.headers).toEqual([
    ['trace', '0'],
    ['again', '1'],
    ['again', null],
    ['trace', '3'],
  ]);
});

test('offsets count from the base that the leader stamped', () => {
  expect(readBatch(stampedBatchOf(plainRecords(3))).seen.map(({ offset }) => offset)).toEqual([100, 101, 102]);
});

test('the time of the append holds for every record', () => {
  const batch = batchOf(plainRecords(3));
  new BatchHeader(batch).stampAppendTime(someTimeMs + 999);
  expect(readBatch(batch).seen.map(({ timestampMs }) => timestampMs)).toEqual(new Array(3).fill(someTimeMs + 999));
});

test('offsets may have holes, as compaction leaves them', () => {
  const batch = stampedBatchOf(plainRecords(3));
  const [, second] = recordStarts(batch);
  batch[(second as number) + 3] = 4; // Offset delta 2 as a zig-zag; the third record's is then in the way.
  const third = recordStarts(batch)[2] as number;
  batch[third + 3] = 20;
  new DataView(batch.buffer).setInt32(position.lastOffsetDelta, 12);
  expect(readBatch(resealed(batch))).toMatchObject({
    seen: [{ offset: 100 }, { offset: 102 }, { offset: 110 }],
    problem: undefined,
  });
});

/** Where each record begins: its length is one byte in these batches. */
function recordStarts(batch: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 61; at < batch.length; at += 1 + (batch[at] as number) / 2) starts.push(at);
  return starts;
}

test('garbage inside a valid checksum costs the records from there on, told by their range', () => {
  const batch = stampedBatchOf(plainRecords(4));
  const third = recordStarts(batch)[2] as number;
  const damages: Record<string, (bytes: Uint8Array) => void> = {
    'a record does not end within the batch': (bytes) => bytes.fill(0x7e, third, third + 1),
    'offsets do not increase to the last': (bytes) => bytes.fill(2, third + 3, third + 4),
    'a key does not end within its record': (bytes) => bytes.fill(0x7e, third + 4, third + 5),
    'a value does not end within its record': (bytes) => bytes.fill(0x7e, third + 10, third + 11),
    'more headers than bytes for them': (bytes) => bytes.fill(2, third + 18, third + 19),
  };
  for (const [why, damage] of Object.entries(damages)) {
    const damaged = Uint8Array.from(batch);
    damage(damaged);
    const { seen, problem } = readBatch(resealed(damaged));
    expect(seen).toEqual(expectedRecords(plainRecords(2), 100));
    expect(problem).toEqual({ type: 'garbage-records', firstOffset: 102, lastOffset: 103, why });
  }
});

test('a batch whose count does not fit its records is garbage as far as it is not read', () => {
  const withCount = (recordCount: number, lastOffsetDelta: number): unknown => {
    const batch = stampedBatchOf(plainRecords(2));
    const fields = new DataView(batch.buffer);
    fields.setInt32(position.recordCount, recordCount);
    fields.setInt32(position.lastOffsetDelta, lastOffsetDelta);
    const { seen, problem } = readBatch(resealed(batch));
    return { read: seen.length, problem };
  };
  const range = { type: 'garbage-records', firstOffset: 100 };
  expect(withCount(-1, 1)).toMatchObject({ read: 0, problem: { ...range, lastOffset: 101 } });
  expect(withCount(3, 1)).toMatchObject({ read: 0, problem: { ...range, lastOffset: 101 } });
  expect(withCount(0, 1)).toMatchObject({ read: 0, problem: { ...range, lastOffset: 101 } });
  expect(withCount(1, 1)).toMatchObject({ read: 0, problem: { ...range, lastOffset: 101 } });
  expect(withCount(3, 2)).toMatchObject({ read: 2, problem: { firstOffset: 102, lastOffset: 102 } });
  expect(withCount(2 ** 31 - 1, 2 ** 31 - 2)).toMatchObject({ read: 0, problem: { ...range } });
});

test('a batch that compaction has emptied is read as nothing', () => {
  const batch = stampedBatchOf(plainRecords(1)).slice(0, 61);
  const fields = new DataView(batch.buffer);
  fields.setInt32(position.length, 49);
  fields.setInt32(position.recordCount, 0);
  expect(readBatch(resealed(batch))).toEqual({ seen: [], problem: undefined });
});

test('a cursor hands out views, not copies', () => {
  const batch = batchOf(plainRecords(1));
  const opened = openRecords(new BatchHeader(batch));
  expect(opened.ok && opened.value.next() && opened.value.borrowedValue?.buffer).toBe(batch.buffer);
});
