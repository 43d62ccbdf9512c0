/** Damage and garbage: whatever the bytes are, the answer is a value, in bounded time and memory. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameBatch } from '../../src/record/batch-frame.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { position, stampedPrefixBytes } from '../../src/record/batch-layout.ts';
import { codecNames } from '../../src/record/batch-codec.ts';
import { openRecords } from '../../src/record/open-records.ts';
import { checkProducedBatch } from '../../src/record/produced-batch.ts';
import { plainRecords, readBatch, resealed, seenRecord, stampedBatchOf, withBitFlipped } from './batch-fixture.ts';

const batchBytesMax = 100_000;
const limits = { freeBytes: 20_000, ratioMax: 100, bytesMax: 50_000 };
const rules = { batchBytesMax, mayBeTransactional: true, mayBeControl: true, producerTimes: undefined };

/** What a reader of a log makes of it: the name of the first thing in the way, or undefined. */
function findDamage(bytes: Uint8Array): string | undefined {
  const framed = frameBatch(bytes, 0, batchBytesMax);
  if (!framed.ok) return framed.problem.type;
  return framed.value.checksumMatches() ? undefined : 'checksum-mismatch';
}

test('every flipped bit of a batch is found, or changes only what the leader stamps', () => {
  for (const codec of codecNames) {
    const batch = stampedBatchOf(plainRecords(8), codec);
    for (let bit = 0; bit < batch.length * 8; bit += 1) {
      const damaged = withBitFlipped(batch, bit);
      const at = bit >> 3;
      const damage = findDamage(damaged);
      if (at >= stampedPrefixBytes) expect(['checksum-mismatch', 'bad-offsets']).toContain(damage);
      else if (at === position.magic) expect(damage).toBe('unknown-magic');
      // A shorter batch ends within this one, and its checksum is that of other bytes.
      else if (at >= position.length && at < position.leaderEpoch)
        expect(['bad-length', 'incomplete', 'checksum-mismatch']).toContain(damage);
      else if (damage === undefined)
        expect(readBatch(damaged).seen.map(valueOf)).toEqual(readBatch(batch).seen.map(valueOf));
      else expect(damage).toBe('bad-offsets');
    }
  }
});

function valueOf({ value }: { value: string | null }): string | null {
  return value;
}

/** Reads all it can of a batch that may hold anything, and holds what it gets against what was promised. */
function readAnything(batch: Uint8Array): void {
  const header = new BatchHeader(batch);
  const opened = openRecords(header, limits);
  let problem = opened.ok ? undefined : opened.problem;
  let before = header.baseOffset - 1;
  if (opened.ok) {
    while (opened.value.next()) {
      const { offset } = seenRecord(opened.value);
      expect(offset).toBeGreaterThan(before);
      before = offset;
    }
    problem = opened.value.problem;
  }
  expect(before).toBeLessThanOrEqual(header.lastOffset);
  if (problem === undefined) return;
  expect(problem.firstOffset).toBe(before + 1);
  expect(problem.lastOffset).toBe(header.lastOffset);
  expect(problem.firstOffset).toBeLessThanOrEqual(problem.lastOffset);
}

test('every flipped bit under a checksum that matches is read as records or told as a range to skip', () => {
  for (const codec of codecNames) {
    const batch = stampedBatchOf(plainRecords(8), codec);
    for (let bit = position.attributes * 8; bit < batch.length * 8; bit += 1) {
      const damaged = resealed(withBitFlipped(batch, bit));
      if (findDamage(damaged) === undefined) readAnything(damaged);
    }
  }
});

test('any bytes under a checksum that matches are read as records or told as a range to skip', () => {
  const header = stampedBatchOf(plainRecords(1)).slice(0, 61);
  const payloads = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(12), { maxLength: 400 }));
  const property = fc.property(payloads, fc.nat(7), fc.nat(40), fc.nat(40), (payload, codec, count, delta) => {
    const batch = Uint8Array.from([...header, ...payload]);
    const fields = new DataView(batch.buffer);
    fields.setInt32(position.length, batch.length - 12);
    fields.setUint16(position.attributes, codec);
    fields.setInt32(position.recordCount, count);
    fields.setInt32(position.lastOffsetDelta, delta);
    readAnything(resealed(batch));
  });
  fc.assert(property, { numRuns: 2000 });
});

test('any bytes at all are framed and checked without a fault', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(199), (bytes, at) => {
    if (at <= bytes.length) expect(frameBatch(bytes, at, batchBytesMax)).toHaveProperty('ok');
    expect(checkProducedBatch(bytes, rules).ok).toBe(false);
  });
  fc.assert(property, { numRuns: 1000 });
});

test('a small batch that decompresses far is given up at the bound, and says so', () => {
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const batch = stampedBatchOf([{ key: null, value: new Uint8Array(200_000), timestampMs: 0 }], codec);
    const opened = openRecords(new BatchHeader(batch), limits);
    expect(opened).toMatchObject({
      ok: false,
      problem: { type: 'decompressed-too-large', firstOffset: 100, lastOffset: 100 },
    });
    expect(openRecords(new BatchHeader(batch))).toMatchObject({ ok: true });
  }
});
