import { expect, test } from 'vitest';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { checkKeyedRecords } from '../../src/record/keyed-records.ts';
import type { NewRecord } from '../../src/record/new-record.ts';
import { batchOf, plainRecords, resealed, someTimeMs } from './batch-fixture.ts';

function keyProblemOf(batch: Uint8Array): unknown {
  const checked = checkKeyedRecords(new BatchHeader(batch));
  return checked.ok ? undefined : checked.problem;
}

test('a compacted topic takes records with keys, empty ones among them', () => {
  const records = [...plainRecords(5), { key: '', value: null, timestampMs: someTimeMs }];
  for (const codec of ['none', 'lz4'] as const) expect(keyProblemOf(batchOf(records, {}, codec))).toBeUndefined();
});

test('a compacted topic refuses the first record without a key, compressed or not', () => {
  const keyless: NewRecord = { key: null, value: 'v', timestampMs: someTimeMs };
  for (const codec of ['none', 'gzip', 'zstd'] as const)
    expect(keyProblemOf(batchOf([...plainRecords(40), keyless], {}, codec))).toEqual({
      type: 'record-without-key',
      offset: 40,
    });
});

test('a compacted topic refuses what it cannot look into', () => {
  const garbage = batchOf(plainRecords(2));
  garbage.fill(0xff, 61);
  expect(keyProblemOf(resealed(garbage))).toMatchObject({ type: 'garbage-records', firstOffset: 0, lastOffset: 1 });
});
