import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import type { NewRecord } from '../../src/record/new-record.ts';
import {
  anyRecord,
  anyRecords,
  batchOf,
  expectedRecords,
  plainRecords,
  readBatch,
  someTimeMs,
} from './batch-fixture.ts';

const usual = { batchBytesTarget: 4096, batchBytesMax: 16_384 };

function record(value: Uint8Array | string): NewRecord {
  return { key: null, value, timestampMs: someTimeMs };
}

test('the size says before the end how many bytes the batch will have', () => {
  const property = fc.property(anyRecords, (records) => {
    const encoder = new BatchEncoder({ batchBytesTarget: 2 ** 20, batchBytesMax: 2 ** 20 });
    for (const record of records) encoder.append(record);
    const { sizeBytes, recordCount } = encoder;
    const batch = encoder.finishOwned();
    expect(batch.length).toBe(sizeBytes);
    expect(new BatchHeader(batch)).toMatchObject({ sizeBytes, recordCount });
  });
  fc.assert(property);
});

test('a record is taken exactly when the batch stays within its bound, whatever its letters take', () => {
  const property = fc.property(anyRecord, anyRecord, fc.integer({ min: -3, max: 3 }), (first, second, slack) => {
    const bytes = batchOf([first, second]).length + slack;
    fc.pre(bytes > batchOf([first]).length);
    const encoder = new BatchEncoder({ batchBytesTarget: bytes, batchBytesMax: 2 ** 20 });
    expect(encoder.append(first)).toBe('appended');
    expect(encoder.append(second)).toBe(slack >= 0 ? 'appended' : 'batch-full');
    const expected = slack >= 0 ? [first, second] : [first];
    expect(readBatch(encoder.finishOwned()).seen).toEqual(expectedRecords(expected));
  });
  fc.assert(property, { numRuns: 300 });
});

test('a record larger than the usual batch has one to itself, up to the largest', () => {
  const encoder = new BatchEncoder(usual);
  const room = usual.batchBytesMax - batchOf([record('')]).length - 4; // Two lengths of three bytes instead of one.
  expect(encoder.append(record('x'.repeat(room)))).toBe('appended');
  expect(encoder.sizeBytes).toBe(usual.batchBytesMax);
  expect(encoder.append(record('y'))).toBe('batch-full');
  expect(encoder.finishOwned().length).toBe(usual.batchBytesMax);
  expect(encoder.append(record('x'.repeat(room + 1)))).toBe('record-too-large');
  expect(encoder.append(record('€'.repeat(room)))).toBe('record-too-large');
  expect(encoder.recordCount).toBe(0);
  expect(encoder.append(record('y'))).toBe('appended');
});

test('one encoder makes batch after batch, and only owned ones stay what they were', () => {
  const encoder = new BatchEncoder(usual);
  encoder.append(record('first'));
  const owned = encoder.finishOwned();
  encoder.append(record('again'));
  const borrowed = encoder.finishBorrowed();
  encoder.append(record('other'));
  expect(readBatch(borrowed).seen).toEqual(expectedRecords([record('other')]));
  expect(readBatch(owned).seen).toEqual(expectedRecords([record('first')]));
});

test('what is handed in is copied: the caller may change it at once', () => {
  const encoder = new BatchEncoder(usual);
  const value = Uint8Array.of(1, 2, 3);
  encoder.append(record(value));
  value.fill(9);
  expect(readBatch(encoder.finishOwned()).seen[0]?.value).toBe('\u0001\u0002\u0003');
});

test('times may go back within a batch; the header says the first and the latest', () => {
  const records = [5, 2, 9, 0].map((timestampMs) => ({ key: null, value: null, timestampMs }));
  const batch = batchOf(records);
  expect(new BatchHeader(batch)).toMatchObject({ baseTimestampMs: 5, maxTimestampMs: 9 });
  expect(readBatch(batch).seen.map(({ timestampMs }) => timestampMs)).toEqual([5, 2, 9, 0]);
});

test('a batch that a codec would not make smaller is left as it is', () => {
  const batch = batchOf([record('a')], {}, 'gzip');
  expect(new BatchHeader(batch).codecNumber).toBe(0);
  expect(readBatch(batch).seen).toEqual(expectedRecords([record('a')]));
  expect(new BatchHeader(batchOf(plainRecords(50), {}, 'gzip')).codecNumber).toBe(1);
});

test('an empty batch and a time that is none are bugs of the caller', () => {
  expect(() => new BatchEncoder(usual).finishOwned()).toThrow(InvariantError);
  for (const timestampMs of [-1, 0.5, Number.NaN, 2 ** 52])
    expect(() => new BatchEncoder(usual).append({ key: null, value: null, timestampMs })).toThrow(InvariantError);
});
