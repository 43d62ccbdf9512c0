/** An outside oracle: what another client of Kafka encodes is read here as the same records, and the other way round. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BatchIdentity } from '../../src/record/batch-encoder.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { codecNames } from '../../src/record/batch-codec.ts';
import type { NewRecord } from '../../src/record/new-record.ts';
import { checkProducedBatch } from '../../src/record/produced-batch.ts';
import { batchOf, expectedRecords, readBatch } from './batch-fixture.ts';
import { decodeByKafkajs, encodeByKafkajs, type DecodedBatch, type KafkajsRecord } from './kafkajs-batch.ts';

const field = fc.oneof(
  fc.constantFrom(null, '', Buffer.alloc(0)),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);
const headerValue = fc.oneof(
  fc.string({ maxLength: 9 }),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
);
const headers = fc.dictionary(
  fc.stringMatching(/^x-[a-z0-9€-]{0,70}$/),
  fc.oneof(headerValue, fc.array(headerValue, { minLength: 2, maxLength: 3 })),
  { maxKeys: 4 },
);
const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
const record = fc.record({ key: field, value: field, timestampMs: time, headers });
const records = fc.array(record, { minLength: 1, maxLength: 20 });
const producer = fc.record({
  id: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
  epoch: fc.nat(2 ** 15 - 1),
  baseSequence: fc.nat(2 ** 31 - 1),
});
const identity: fc.Arbitrary<BatchIdentity> = fc.oneof(
  fc.constant({}),
  fc.record({ producer, isTransactional: fc.boolean(), isControl: fc.boolean() }),
);
const codec = fc.constantFrom(...codecNames);

type AnyRecord = typeof record extends fc.Arbitrary<infer Value> ? Value : never;

/** Headers as a list, in the order in which kafkajs writes them: all of a name where it first stands. */
function listed(map: AnyRecord['headers']): NewRecord['headers'] {
  return Object.entries(map).flatMap(([name, values]) => [values].flat().map((value) => ({ name, value })));
}

function ours({ key, value, timestampMs, headers }: AnyRecord): NewRecord {
  return { key, value, timestampMs, headers: listed(headers) };
}

test('records of kafkajs are read as they were written', async () => {
  const property = fc.asyncProperty(
    records,
    producer,
    fc.boolean(),
    codec,
    async (written, producer, transactional, codec) => {
      const times = written.map(({ timestampMs }) => timestampMs);
      const firstTimestamp = times[0] as number;
      const theirs = written.map(({ timestampMs, ...rest }, offsetDelta): KafkajsRecord => {
        return { ...rest, offsetDelta, timestampDelta: timestampMs - firstTimestamp };
      });
      const batch = {
        firstTimestamp,
        maxTimestamp: Math.max(...times),
        lastOffsetDelta: written.length - 1,
        partitionLeaderEpoch: 0,
        transactional,
        producerId: producer.id,
        producerEpoch: producer.epoch,
        firstSequence: producer.baseSequence,
      };
      const bytes = await encodeByKafkajs(batch, theirs, codec);
      const rules = { batchBytesMax: 2 ** 20, mayBeTransactional: true, mayBeControl: false, producerTimes: undefined };
      expect(checkProducedBatch(bytes, rules)).toMatchObject({ ok: true });
      expect(new BatchHeader(bytes)).toMatchObject({
        isTransactional: transactional,
        producerId: producer.id,
        producerEpoch: producer.epoch,
        baseSequence: producer.baseSequence,
        maxTimestampMs: batch.maxTimestamp,
      });
      expect(readBatch(bytes)).toEqual({ seen: expectedRecords(written.map(ours)), problem: undefined });
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test('kafkajs reads our records as they were written', async () => {
  const property = fc.asyncProperty(records, identity, codec, async (written, identity, codec) => {
    const decoded = await decodeByKafkajs(batchOf(written.map(ours), identity, codec));
    expect(decoded).toMatchObject({
      firstOffset: '0',
      lastOffsetDelta: written.length - 1,
      partitionLeaderEpoch: -1,
      inTransaction: identity.isTransactional ?? false,
      isControlBatch: identity.isControl ?? false,
      producerId: String(identity.producer?.id ?? -1),
      producerEpoch: identity.producer?.epoch ?? -1,
      firstSequence: identity.producer?.baseSequence ?? -1,
      firstTimestamp: String(written[0]?.timestampMs),
      maxTimestamp: String(Math.max(...written.map(({ timestampMs }) => timestampMs))),
    });
    expect(decoded.records.map(seenByKafkajs)).toEqual(written.map(toBeSeenByKafkajs));
  });
  await fc.assert(property, { numRuns: 200 });
});

function seenByKafkajs({ offset, timestamp, key, value, headers }: DecodedBatch['records'][number]): unknown {
  const values = Object.entries(headers).map(([name, value]) => [name, [value].flat().map(hex)]);
  return { offset, timestamp, key: hex(key), value: hex(value), headers: values };
}

function toBeSeenByKafkajs({ key, value, timestampMs, headers }: AnyRecord, at: number): unknown {
  const values = Object.entries(headers).map(([name, values]) => [name, [values].flat().map(hex)]);
  return { offset: String(at), timestamp: String(timestampMs), key: hex(key), value: hex(value), headers: values };
}

function hex(field: Buffer | string | null): string | null {
  return field === null ? null : Buffer.from(field as string).toString('hex');
}

test('kafkajs reads a header without a value, and one name twice, from us', async () => {
  const headers = [
    { name: 'h', value: null },
    { name: 'h', value: '' },
  ];
  const decoded = await decodeByKafkajs(batchOf([{ key: null, value: '', timestampMs: 1, headers }]));
  expect(decoded.records[0]?.headers).toEqual({ h: [null, Buffer.alloc(0)] });
});
