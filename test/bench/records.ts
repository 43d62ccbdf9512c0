/**
 * What a record costs: encoding it, walking over it, and what a broker's checks add per batch, beside a plain copy of the
 * same bytes and beside the encoder of kafkajs. Then the codecs, beside native ones.
 *
 * All take turns, so that they see the same machine; each figure is the best of its turns, since what disturbs one only
 * adds to it.
 *
 * Run: node --import tsx test/bench/records.ts
 */
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import snappy from 'snappy';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import { codecNames, findCodec } from '../../src/record/batch-codec.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import type { NewRecord } from '../../src/record/new-record.ts';
import { openRecords } from '../../src/record/open-records.ts';
import { checkProducedBatch } from '../../src/record/produced-batch.ts';
import { decodeByKafkajs, encodeByKafkajs } from '../record/kafkajs-batch.ts';

const batchBytes = 256 * 1024;
const keyBytes = 16;
const turns = 40;
const timeMs = 1_700_000_000_000;

type Action = () => unknown;

/** Nanoseconds of one call of each, best of the turns. */
async function bestOf(actions: Readonly<Record<string, Action>>): Promise<Map<string, number>> {
  const best = new Map<string, number>();
  for (let turn = 0; turn < turns; turn += 1)
    for (const [name, action] of Object.entries(actions)) {
      const start = process.hrtime.bigint();
      await action();
      const ns = Number(process.hrtime.bigint() - start);
      best.set(name, Math.min(ns, best.get(name) ?? Infinity));
    }
  return best;
}

function encode(records: readonly NewRecord[], encoder: BatchEncoder): Uint8Array {
  for (const record of records) encoder.append(record);
  return encoder.finishBorrowed();
}

function walk(
  batch: Uint8Array,
  use: (offset: number, key: unknown, value: unknown) => void,
  withViews: boolean,
): void {
  const opened = openRecords(new BatchHeader(batch));
  if (!opened.ok) throw new Error(opened.problem.why);
  const cursor = opened.value;
  while (cursor.next())
    if (withViews) use(cursor.offset, cursor.borrowedKey, cursor.borrowedValue);
    else use(cursor.offset, undefined, undefined);
}

async function measureRecords(valueBytes: number): Promise<void> {
  const count = Math.floor(batchBytes / (keyBytes + valueBytes + 10));
  const texts: NewRecord[] = Array.from({ length: count }, (_, at) => ({
    key: String(at).padStart(keyBytes, 'k'),
    value: String(at).padStart(valueBytes, 'v'),
    timestampMs: timeMs + at,
  }));
  const buffers = texts.map((record) => ({
    ...record,
    key: Buffer.from(String(record.key)),
    value: Buffer.from(String(record.value)),
  }));
  const forKafkajs = buffers.map(({ key, value }, at) => ({
    key,
    value,
    headers: {},
    offsetDelta: at,
    timestampDelta: at,
  }));
  const identity = { producerId: 1, producerEpoch: 0, firstSequence: 0, transactional: false, partitionLeaderEpoch: 0 };
  const kafkajsBatch = {
    ...identity,
    firstTimestamp: timeMs,
    maxTimestamp: timeMs + count,
    lastOffsetDelta: count - 1,
  };
  const encoder = new BatchEncoder({ batchBytesTarget: 2 * batchBytes, batchBytesMax: 2 * batchBytes });
  const batch = Uint8Array.from(encode(buffers, encoder));
  const target = new Uint8Array(batch.length);
  const producerTimes = { nowMs: timeMs, aheadMsMax: 3_600_000, behindMsMax: Infinity };
  const rules = { batchBytesMax: 2 * batchBytes, mayBeTransactional: false, mayBeControl: false, producerTimes };
  let sum = 0;
  const use = (offset: number): void => {
    sum += offset;
  };
  const best = await bestOf({
    'plain copy of the same bytes': () => target.set(batch),
    'encode, from bytes': () => encode(buffers, encoder),
    'encode, from strings': () => encode(texts, encoder),
    'encode, kafkajs, from bytes': () => encodeByKafkajs(kafkajsBatch, forKafkajs, 'none'),
    'walk, offsets only': () => walk(batch, use, false),
    'walk, with views of key and value': () => walk(batch, use, true),
    'decode, kafkajs': () => decodeByKafkajs(batch),
    'the broker’s checks': () => checkProducedBatch(batch, rules),
  });
  console.log(
    `\n${valueBytes} B values, ${keyBytes} B keys, ${count} records a batch of ${batch.length} B (${sum > 0 ? 'read' : ''})`,
  );
  for (const [name, ns] of best) {
    const perRecord = (ns / count).toFixed(1).padStart(9);
    const speed = ((batch.length / ns) * 1000).toFixed(0).padStart(8);
    console.log(
      `  ${name.padEnd(36)}${perRecord} ns/record ${speed} MB/s ${(ns / 1000).toFixed(0).padStart(7)} us/batch`,
    );
  }
}

/** Lines of a log, as JSON. */
function logLines(bytes: number): Buffer {
  let text = '';
  for (let at = 0; text.length < bytes; at += 1) {
    const mixed = Math.imul(at + 1, 0x9e3779b1) >>> 0;
    text += JSON.stringify({
      time: timeMs + at * 37,
      level: ['info', 'warn', 'debug'][mixed % 3],
      user: mixed % 100_000,
    });
    text += JSON.stringify({ path: `/api/v1/orders/${mixed % 977}`, status: 200 + (mixed % 5), tookMs: mixed % 89 });
  }
  return Buffer.from(text).subarray(0, bytes);
}

async function measureCodecs(): Promise<void> {
  const bytes = logLines(batchBytes);
  console.log(`\ncodecs, ${bytes.length} B of log lines: MB/s compressing, decompressing, ratio`);
  const natives: [string, Action, (packed: Buffer) => unknown][] = [
    ['lz4-napi', () => compressFrameSync(bytes), decompressFrameSync],
    ['snappy (native)', () => snappy.compressSync(bytes), (packed) => snappy.uncompressSync(packed)],
  ];
  const ours = codecNames.flatMap((name): [string, Action, (packed: Buffer) => unknown][] => {
    const codec = name === 'none' ? undefined : findCodec(name);
    if (codec === undefined) return [];
    return [[name, () => codec.compress(bytes), (packed) => codec.decompress(packed, bytes.length)]];
  });
  for (const [name, compress, decompress] of [...ours, ...natives]) {
    const packed = Buffer.from(compress() as Uint8Array);
    const best = await bestOf({ compress, decompress: () => decompress(packed) });
    const speeds = [...best.values()].map((ns) => ((bytes.length / ns) * 1000).toFixed(0).padStart(8)).join('');
    console.log(`  ${name.padEnd(20)}${speeds}${(bytes.length / packed.length).toFixed(1).padStart(8)}`);
  }
}

for (const valueBytes of [10, 100, 1024]) await measureRecords(valueBytes);
await measureCodecs();
