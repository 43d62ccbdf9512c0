/** Batches that Kafka's own client wrote or has read: golden/README.md says how they came about and what they hold. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import type { NewRecord } from '../../src/record/new-record.ts';
import { batchOf, expectedRecords, readBatch } from './batch-fixture.ts';

const firstTimeMs = 1_700_000_000_000;

const records: readonly NewRecord[] = Array.from({ length: 60 }, (_, n) => ({
  timestampMs: firstTimeMs + 37 * n - (n % 2) * 1000,
  key: [null, '', `key-${n}`][n % 3] as string | null,
  value: [null, '', `value-${'é'.repeat(n)}`, `value-${'é'.repeat(n)}`][n % 4] as string | null,
  headers:
    n % 5 === 0
      ? []
      : [
          { name: 'again', value: null },
          { name: 'again', value: '' },
          { name: 'é', value: Uint8Array.of(n) },
        ],
}));

function golden(name: string): Uint8Array {
  return readFileSync(new URL(`golden/${name}.batch`, import.meta.url));
}

/** As the leader of those batches stamped them. */
function stamped(batch: Uint8Array): Uint8Array {
  new BatchHeader(batch).stamp({ baseOffset: offset(100), leaderEpoch: leaderEpoch(7) });
  return batch;
}

for (const [codecNumber, codec] of ['none', 'gzip', 'snappy', 'lz4', 'zstd'].entries()) {
  test(`what Kafka’s client wrote with codec ${codec} is read to the same records`, () => {
    const batch = golden(`kafka-${codec}`);
    const header = new BatchHeader(batch);
    expect(header).toMatchObject({ codecNumber, baseOffset: 100, lastOffset: 159, leaderEpoch: 7, producerId: -1 });
    expect(header.checksumMatches()).toBe(true);
    expect(readBatch(batch)).toEqual({ seen: expectedRecords(records, 100), problem: undefined });
  });
}

test('uncompressed, our encoder writes the same bytes as Kafka’s client', () => {
  expect(stamped(batchOf(records))).toEqual(Uint8Array.from(golden('kafka-none')));
  const producer = { id: 4711, epoch: 5, baseSequence: 900 };
  const transactional = stamped(batchOf(records, { producer, isTransactional: true }));
  expect(transactional).toEqual(Uint8Array.from(golden('kafka-transactional')));
});

test('the broker’s time comes out as Kafka’s client wrote it, and as we stamp it', () => {
  const appendTimeMs = 1_700_000_999_999;
  const { seen } = readBatch(golden('kafka-append-time'));
  expect(seen).toEqual(expectedRecords(records, 100).map((record) => ({ ...record, timestampMs: appendTimeMs })));
  const batch = golden('kafka-none');
  new BatchHeader(batch).stampAppendTime(appendTimeMs);
  expect(readBatch(batch).seen).toEqual(seen);
});

test('a marker of Kafka’s is a control record that says commit and who coordinated it', () => {
  const batch = golden('kafka-commit-marker');
  expect(new BatchHeader(batch)).toMatchObject({
    isControl: true,
    isTransactional: true,
    producerId: 4711,
    producerEpoch: 5,
  });
  const [marker] = readBatch(batch).seen;
  expect(marker).toMatchObject({ offset: 100, key: '\0\0\0\u0001', value: '\0\0\0\0\0\u0003' });
});

for (const codec of ['snappy', 'lz4'] as const)
  test(`what we write with codec ${codec} is to the byte what Kafka’s client has read`, () => {
    expect(stamped(batchOf(records, {}, codec))).toEqual(Uint8Array.from(golden(`ours-${codec}`)));
  });
