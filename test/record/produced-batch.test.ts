import { describe, expect, test } from 'vitest';
import { position } from '../../src/record/batch-layout.ts';
import { checkProducedBatch, type BatchRefusal, type ProduceRules } from '../../src/record/produced-batch.ts';
import { batchOf, plainRecords, resealed, someTimeMs, withBitFlipped } from './batch-fixture.ts';

const rules: ProduceRules = {
  batchBytesMax: 1024 * 1024,
  mayBeTransactional: false,
  mayBeControl: false,
  producerTimes: { nowMs: someTimeMs, aheadMsMax: 3_600_000, behindMsMax: Infinity },
};
const producer = { id: 12, epoch: 0, baseSequence: 0 };
const good = batchOf(plainRecords(3), { producer });

function refusalOf(batch: Uint8Array, changes: Partial<ProduceRules> = {}): BatchRefusal | undefined {
  const checked = checkProducedBatch(batch, { ...rules, ...changes });
  return checked.ok ? undefined : checked.problem;
}

/** A good batch with fields of its header overwritten, under a checksum that matches. */
function liar(lie: (fields: DataView) => void, from = good): Uint8Array {
  const batch = Uint8Array.from(from);
  lie(new DataView(batch.buffer));
  return resealed(batch);
}

test('a good batch passes, compressed or not, idempotent or not', () => {
  expect(checkProducedBatch(good, rules)).toMatchObject({ ok: true, value: { recordCount: 3 } });
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)
    expect(refusalOf(batchOf(plainRecords(30), {}, codec))).toBeUndefined();
});

describe('refused by name is', () => {
  test('a batch that is not exactly as long as it says', () => {
    expect(refusalOf(good.subarray(0, 60))).toEqual({ type: 'batch-cut-short', givenBytes: 60 });
    expect(refusalOf(new Uint8Array(0))).toEqual({ type: 'batch-cut-short', givenBytes: 0 });
    const sizes = { sizeBytes: good.length, givenBytes: good.length - 1 };
    expect(refusalOf(good.subarray(0, good.length - 1))).toEqual({ type: 'wrong-length', ...sizes });
    expect(refusalOf(Uint8Array.from([...good, 0]))).toMatchObject({ type: 'wrong-length' });
    expect(refusalOf(Uint8Array.from([...good, ...good]))).toMatchObject({ type: 'wrong-length' });
    expect(refusalOf(good, { batchBytesMax: good.length - 1 })).toMatchObject({ type: 'batch-too-large' });
    expect(refusalOf(good, { batchBytesMax: good.length })).toBeUndefined();
  });

  test('a batch of another format', () => {
    expect(refusalOf(liar((fields) => fields.setInt8(position.magic, 1)))).toEqual({ type: 'unknown-magic', magic: 1 });
    expect(refusalOf(new Uint8Array(100))).toEqual({ type: 'unknown-magic', magic: 0 });
  });

  test('a batch that was damaged on its way', () => {
    expect(refusalOf(withBitFlipped(good, good.length * 8 - 1))).toEqual({ type: 'checksum-mismatch' });
    expect(refusalOf(withBitFlipped(good, position.checksum * 8))).toEqual({ type: 'checksum-mismatch' });
  });

  test('an attribute that means nothing, or that only brokers set', () => {
    const withAttributes = (attributes: number): unknown =>
      refusalOf(liar((fields) => fields.setUint16(position.attributes, attributes)));
    for (let bit = 7; bit < 16; bit += 1)
      expect(withAttributes(1 << bit)).toMatchObject({ type: 'reserved-attributes' });
    expect(withAttributes(0x08)).toEqual({ type: 'broker-attributes', attributes: 0x08 });
    expect(withAttributes(0x40)).toEqual({ type: 'broker-attributes', attributes: 0x40 });
    for (const codecNumber of [5, 6, 7])
      expect(withAttributes(codecNumber)).toEqual({ type: 'unknown-codec', codecNumber });
  });

  test('a transaction or a marker from somebody who is not entitled to it', () => {
    const transactional = batchOf(plainRecords(1), { producer, isTransactional: true });
    const marker = batchOf(plainRecords(1), { producer, isTransactional: true, isControl: true });
    expect(refusalOf(transactional)).toEqual({ type: 'transaction-not-allowed' });
    expect(refusalOf(transactional, { mayBeTransactional: true })).toBeUndefined();
    expect(refusalOf(marker, { mayBeTransactional: true })).toEqual({ type: 'control-not-allowed' });
    expect(refusalOf(marker, { mayBeTransactional: true, mayBeControl: true })).toBeUndefined();
  });

  test('a count that is not that of its offsets, is nothing, or is more than its bytes can hold', () => {
    const withCount = (recordCount: number, lastOffsetDelta: number, from = good): unknown =>
      refusalOf(
        liar((fields) => {
          fields.setInt32(position.recordCount, recordCount);
          fields.setInt32(position.lastOffsetDelta, lastOffsetDelta);
        }, from),
      );
    expect(withCount(3, 3)).toEqual({ type: 'wrong-count', recordCount: 3, lastOffsetDelta: 3 });
    expect(withCount(4, 2)).toMatchObject({ type: 'wrong-count' });
    expect(withCount(0, -1)).toMatchObject({ type: 'wrong-count' });
    expect(withCount(-1, -2)).toMatchObject({ type: 'wrong-count' });
    expect(withCount(1000, 999)).toMatchObject({ type: 'wrong-count' });
    expect(withCount(2 ** 31 - 1, 2 ** 31 - 2, batchOf(plainRecords(9), {}, 'lz4'))).toMatchObject({
      type: 'wrong-count',
    });
  });

  test('times that no producer has', () => {
    const withTimes = (base: bigint, max: bigint, changes?: Partial<ProduceRules>): unknown =>
      refusalOf(
        liar((fields) => {
          fields.setBigInt64(position.baseTimestamp, base);
          fields.setBigInt64(position.maxTimestamp, max);
        }),
        changes,
      );
    const now = BigInt(someTimeMs);
    expect(withTimes(now, now - 1n)).toMatchObject({ type: 'wrong-times' });
    expect(withTimes(-1n, now)).toMatchObject({ type: 'wrong-times' });
    expect(withTimes(-1n, -1n)).toMatchObject({ type: 'wrong-times' });
    expect(withTimes(now, 2n ** 62n)).toMatchObject({ type: 'wrong-times' });
    expect(withTimes(now, now + 3_600_000n)).toBeUndefined();
    expect(withTimes(now, now + 3_600_001n)).toMatchObject({ type: 'time-out-of-bounds', nowMs: someTimeMs });
    expect(withTimes(0n, 0n)).toBeUndefined();
    const producerTimes = { nowMs: someTimeMs, aheadMsMax: 0, behindMsMax: 1000 };
    expect(withTimes(0n, now - 1000n, { producerTimes })).toBeUndefined();
    expect(withTimes(0n, now - 1001n, { producerTimes })).toMatchObject({ type: 'time-out-of-bounds' });
    expect(withTimes(now, now + 2n ** 50n, { producerTimes: undefined })).toBeUndefined();
  });

  test('a producer that is none, or a transaction of nobody', () => {
    const withProducer = (id: bigint, epoch: number, sequence: number): unknown =>
      refusalOf(
        liar((fields) => {
          fields.setBigInt64(position.producerId, id);
          fields.setInt16(position.producerEpoch, epoch);
          fields.setInt32(position.baseSequence, sequence);
        }),
      );
    expect(withProducer(5n, 0, 2 ** 31 - 1)).toBeUndefined();
    expect(withProducer(-1n, -1, -1)).toBeUndefined();
    // Clients without idempotence leave zeros there.
    expect(withProducer(-1n, 0, 0)).toBeUndefined();
    expect(withProducer(-2n, 0, 0)).toMatchObject({ type: 'wrong-producer' });
    expect(withProducer(5n, -1, 0)).toMatchObject({ type: 'wrong-producer' });
    expect(withProducer(5n, 0, -1)).toMatchObject({ type: 'wrong-producer' });
    expect(withProducer(2n ** 60n, 0, 0)).toMatchObject({ type: 'wrong-producer' });
    const nobodys = batchOf(plainRecords(1), { isTransactional: true });
    expect(refusalOf(nobodys, { mayBeTransactional: true })).toMatchObject({ type: 'wrong-producer' });
  });
});

test('every flipped bit of a batch is refused, but in the prefix that the leader overwrites', () => {
  for (let bit = 0; bit < good.length * 8; bit += 1) {
    const at = bit >> 3;
    const refusal = refusalOf(withBitFlipped(good, bit))?.type;
    if (at < position.length || (at >= position.leaderEpoch && at < position.magic)) expect(refusal).toBeUndefined();
    else if (at < position.leaderEpoch) expect(refusal).toBe('wrong-length');
    else if (at === position.magic) expect(refusal).toBe('unknown-magic');
    else expect(refusal).toBe('checksum-mismatch');
  }
});
