import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { stampedPrefixBytes } from '../../src/record/batch-layout.ts';
import { batchOf, plainRecords, withBitFlipped } from './batch-fixture.ts';

const producer = { id: 2 ** 40 + 7, epoch: 3, baseSequence: 900 };

test('a header says what the encoder was told', () => {
  const batch = batchOf(plainRecords(3), { producer, isTransactional: true });
  expect(new BatchHeader(batch)).toMatchObject({
    baseOffset: 0,
    lastOffset: 2,
    nextOffset: 3,
    sizeBytes: batch.length,
    leaderEpoch: -1,
    magic: 2,
    codecNumber: 0,
    hasAppendTime: false,
    isTransactional: true,
    isControl: false,
    hasDeleteHorizon: false,
    lastOffsetDelta: 2,
    baseTimestampMs: 1_700_000_000_000,
    maxTimestampMs: 1_700_000_000_002,
    producerId: producer.id,
    producerEpoch: 3,
    baseSequence: 900,
    recordCount: 3,
  });
});

test('a header is read where it lies, whatever is around it', () => {
  const batch = batchOf(plainRecords(2));
  const between = Uint8Array.from([...new Uint8Array(7).fill(0xff), ...batch, ...new Uint8Array(9).fill(0xff)]);
  const header = new BatchHeader(between.subarray(3), 4);
  expect(header.recordCount).toBe(2);
  expect(header.checksumMatches()).toBe(true);
});

test('stamping an offset and an epoch leaves the checksum right and every other byte alone', () => {
  const offsets = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));
  const property = fc.property(offsets, fc.nat(2 ** 31 - 1), (baseOffset, epoch) => {
    const batch = batchOf(plainRecords(1));
    const before = Uint8Array.from(batch);
    const header = new BatchHeader(batch);
    header.stamp({ baseOffset: offset(baseOffset), leaderEpoch: leaderEpoch(epoch) });
    expect(header).toMatchObject({ baseOffset, leaderEpoch: epoch, sizeBytes: batch.length, magic: 2 });
    expect(header.checksumMatches()).toBe(true);
    expect(batch.subarray(stampedPrefixBytes)).toEqual(before.subarray(stampedPrefixBytes));
  });
  fc.assert(property);
});

test('the time of the append replaces the producer’s under a new checksum', () => {
  const batch = batchOf(plainRecords(2));
  const header = new BatchHeader(batch);
  header.stampAppendTime(1_800_000_000_000);
  expect(header).toMatchObject({ hasAppendTime: true, maxTimestampMs: 1_800_000_000_000, recordCount: 2 });
  expect(header.checksumMatches()).toBe(true);
});

test('a flipped bit behind the stamped prefix does not pass the checksum', () => {
  const batch = batchOf(plainRecords(1));
  for (let bit = stampedPrefixBytes * 8; bit < batch.length * 8; bit += 1)
    expect(new BatchHeader(withBitFlipped(batch, bit)).checksumMatches()).toBe(false);
});

test('an offset beyond 2^53-1 is never rounded', () => {
  const batch = batchOf(plainRecords(1));
  batch[0] = 0x7f;
  expect(new BatchHeader(batch).baseOffset).toBeNaN();
  expect(new BatchHeader(batch).lastOffset).toBeNaN();
});

test('a header is not looked at where there is no room for one', () => {
  expect(() => new BatchHeader(new Uint8Array(60))).toThrow(InvariantError);
  expect(() => new BatchHeader(new Uint8Array(70), 10)).toThrow(InvariantError);
});
