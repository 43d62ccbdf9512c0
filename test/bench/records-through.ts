/**
 * Records through whole brokers: three processes that replicate, and one client with a stream of its own, all on this
 * machine. Produced with acks=all (on the disks of all replicas in sync), then read from the beginning; and how long after
 * an acknowledgement a waiting reader has the record.
 *
 * Beside them what the same run gives raw: the same messages on a stream to a process that answers each of them, and the
 * same batches flushed to a file, one flush in flight. Both at the same depth. The client costs what it costs: it shares
 * the cores. Run: node --import tsx test/bench/records-through.ts
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clientNetwork } from '../../src/cli/real-network.ts';
import type { Channel } from '../../src/ports/stream.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import { LocalQuorum } from '../chaos/local-quorum.ts';
import { RecordPlaces } from '../chaos/record-places.ts';
import { BenchDisk, RawTarget } from './log-targets.ts';
import {
  deliveryMs,
  fetchAll,
  keepUnderWay,
  produceRequests,
  rawRequests,
  type BenchTopic,
  type Flow,
} from './record-flows.ts';
import { at } from './percentile.ts';

const batchBytes = 128 * 1024;
const underWay = 8;
const lastsMs = 5_000;
const warmUpMs = 2_000;
const deliveryRounds = 1_000;
const recordSizes = [100, 1000];
const network = clientNetwork();
const names = ['MB/s', 'records/s', 'p50 ms', 'p99 ms', 'of stream', 'of disk'];

const folder = mkdtempSync(join(tmpdir(), 'odradek-through-'));
const sink = fork(fileURLToPath(new URL('answering-process.ts', import.meta.url)), { execArgv: process.execArgv });
const quorum = await LocalQuorum.start(3, { roles: 'quorum,broker' });
try {
  console.log('what'.padEnd(42) + names.map((name) => name.padStart(11)).join(''));
  const endpoint = await new Promise<string>((resolve) =>
    sink.once('message', (message) => resolve(message as string)),
  );
  const stream = await flowOf(rawRequests(network.channel(endpoint), new Uint8Array(batchBytes)));
  row('128 KiB messages, each answered, raw', stream, {});
  const disk = await rawDisk();
  row('128 KiB batches flushed to a file, raw', disk, {});
  for (const replicas of [1, 3])
    for (const recordBytes of recordSizes) await throughBrokers(replicas, recordBytes, stream, disk);
  const late = await deliveryMs(await makeTopic('delivery', 1), batchOf(1, 100).ownedBytes, deliveryRounds);
  const [p50, p99] = [at(late, 0.5), at(late, 0.99)].map((ms) => ms.toFixed(2));
  console.log(`from acknowledgement to a waiting reader, RF 1, ${deliveryRounds} rounds: p50 ${p50} ms, p99 ${p99} ms`);
  console.log('goal: p99 below 5 ms');
} finally {
  sink.kill('SIGKILL');
  await quorum.end({ keepData: false });
  rmSync(folder, { recursive: true, force: true });
}
// Channels that idle would keep it alive for a while.
process.exit(0);

async function throughBrokers(replicas: number, recordBytes: number, stream: Flow, disk: Flow): Promise<void> {
  const topic = await makeTopic(`rf${replicas}-${recordBytes}`, replicas);
  const { ownedBytes, records } = batchOf(batchBytes, recordBytes);
  const recordsPerMegabyte = records / (ownedBytes.length / 1e6);
  const produced = await flowOf(produceRequests(topic, ownedBytes));
  row(`produced, RF ${replicas}, records of ${recordBytes} B`, produced, { stream, disk, recordsPerMegabyte });
  const fetched = await fetchAll(topic);
  row(`read from the start, RF ${replicas}, ${recordBytes} B`, fetched, { stream, recordsPerMegabyte });
}

async function flowOf(requests: Parameters<typeof keepUnderWay>[0]): Promise<Flow> {
  await keepUnderWay(requests, underWay, warmUpMs);
  const flow = await keepUnderWay(requests, underWay, lastsMs);
  requests.close();
  return flow;
}

async function rawDisk(): Promise<Flow> {
  const target = await RawTarget.open(new BenchDisk(folder), { isFlushed: true });
  const bytes = batchOf(batchBytes, 100).ownedBytes;
  const flow = await keepUnderWay(
    { bytes: bytes.length, send: () => target.append(bytes), close() {} },
    underWay,
    lastsMs,
  );
  await target.end();
  return flow;
}

async function makeTopic(name: string, replicas: number): Promise<BenchTopic> {
  const places = new RecordPlaces(
    quorum.members.map(({ process: each }) => each.addresses.api),
    name,
  );
  const endpoint = await quorum.until(`topic ${name} is led`, async () => {
    const isThere = (await places.createTopic(1, replicas)) && (await places.look());
    const [partition] = places.partitions;
    await delay(50);
    return isThere && partition?.inSync === replicas ? partition.endpoint : undefined;
  });
  const { topicId } = places;
  places.close();
  return { topicId, channel: (): Channel => network.channel(endpoint) };
}

function batchOf(
  sizeBytes: number,
  recordBytes: number,
): { readonly ownedBytes: Uint8Array; readonly records: number } {
  const encoder = new BatchEncoder({ batchBytesTarget: batchBytes, batchBytesMax: 2 * batchBytes });
  const value = 'x'.repeat(recordBytes);
  let records = 0;
  for (let bytes = 0; bytes < sizeBytes - recordBytes || records === 0; bytes += recordBytes + 10) {
    encoder.append({ key: null, value, timestampMs: Date.now() });
    records += 1;
  }
  return { ownedBytes: encoder.finishOwned(), records };
}

interface Compared {
  readonly stream?: Flow;
  readonly disk?: Flow;
  readonly recordsPerMegabyte?: number;
}

function row(what: string, { megabytesPerSecond, latenciesMs }: Flow, compared: Compared): void {
  const { stream, disk, recordsPerMegabyte } = compared;
  const shareOf = (raw: Flow | undefined): string =>
    raw === undefined ? '' : (megabytesPerSecond / raw.megabytesPerSecond).toFixed(2);
  const figures = [
    megabytesPerSecond.toFixed(0),
    recordsPerMegabyte === undefined ? '' : (megabytesPerSecond * recordsPerMegabyte).toFixed(0),
    latenciesMs.length === 0 ? '' : at(latenciesMs, 0.5).toFixed(1),
    latenciesMs.length === 0 ? '' : at(latenciesMs, 0.99).toFixed(1),
    shareOf(stream),
    shareOf(disk),
  ];
  console.log(what.padEnd(42) + figures.map((figure) => figure.padStart(11)).join(''));
}
