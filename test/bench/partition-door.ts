/**
 * What a replica costs above its log: batches produced through the door of a partition with one replica, acknowledged when they
 * are durable, beside the same batches appended to a log of the same settings. Both keep as many bytes under way.
 *
 * The two take turns within one run; each turn has a log of its own, so that both write to pages that nobody touched before.
 * Then the steps of the core alone, one by one.
 *
 * Run: node --import tsx test/bench/partition-door.ts
 */
import { promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeClock } from '../../src/adapters/node-clock.ts';
import { NodeDisk } from '../../src/adapters/node-disk.ts';
import { brokerEpoch, partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId, directoryId, topicId } from '../../src/base/ids.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { PartitionRunner } from '../../src/broker/partition-runner.ts';
import { newBatch } from '../../src/partition/partition-batch.ts';
import type { RequestId } from '../../src/partition/partition-event.ts';
import type { PartitionMetadata } from '../../src/partition/partition-metadata.ts';
import { defaultPartitionLimits } from '../../src/partition/partition-options.ts';
import { Partition } from '../../src/partition/partition.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { LogDisk } from '../../src/storage/log-disk.ts';
import { logSettingsDefault } from '../../src/storage/log-settings.ts';
import { Slots } from '../../src/storage/slots.ts';
import { PartitionLog } from '../../src/storage/partition-log.ts';
import { stampedBatch } from '../../src/storage/stamped-batch.ts';

const kibibyte = 1024;
const batchSizes = [64 * kibibyte, 256 * kibibyte];
const underWayBytes = 2048 * kibibyte;
const turnBytes = 64 * 1024 * kibibyte;
const turns = 5;
const recordBytes = 1000;
const timeMs = 1_700_000_000_000;

const root = await fs.mkdtemp(join(process.env['ODRADEK_BENCH_FOLDER'] ?? tmpdir(), 'odradek-door-'));
const clock = new NodeClock();
const on = new LogDisk(new NodeDisk(root));
const silent: EventLog = { emit() {}, with: () => silent };
const directory = directoryId('d0'.repeat(16));
const metadata: PartitionMetadata = {
  revision: logIndex(2),
  replicas: [{ brokerId: brokerId(1), directory, brokerEpoch: brokerEpoch(1), isActive: true }],
  inSync: [brokerId(1)],
  leader: brokerId(1),
  leaderEpoch: leaderEpoch(1),
  partitionEpoch: partitionEpoch(1),
  recovery: 'recovered',
  uncleanEpoch: undefined,
  uncleanEpochBefore: undefined,
  inSyncMin: 1,
  durability: 'flushed',
};
let logsMade = 0;

/** Takes a batch, and calls back when it is acknowledged. */
interface Target {
  take(ownedBytes: Uint8Array, onEnd: () => void): void;
  close(): Promise<void>;
}

function batchOf(sizeBytes: number): Uint8Array {
  const encoder = new BatchEncoder({ batchBytesTarget: sizeBytes, batchBytesMax: 2 * sizeBytes });
  const value = 'x'.repeat(recordBytes);
  for (let bytes = 0; bytes < sizeBytes - recordBytes; bytes += recordBytes + 10)
    encoder.append({ key: null, value, timestampMs: timeMs });
  return encoder.finishOwned();
}

async function openLog(): Promise<Target> {
  let next = offset(0);
  const waiting: { readonly upTo: number; readonly onEnd: () => void }[] = [];
  const opened = await PartitionLog.open({
    on,
    path: `log-${(logsMade += 1)}`,
    clock,
    settings: logSettingsDefault,
    onProgress: ({ durable }) => {
      while ((waiting[0]?.upTo ?? Infinity) <= durable) waiting.shift()?.onEnd();
    },
  });
  if (!opened.ok) throw new Error('the log is refused');
  const log = opened.value;
  return {
    take(ownedBytes, onEnd) {
      new BatchHeader(ownedBytes).stamp({ baseOffset: next, leaderEpoch: leaderEpoch(1) });
      const batch = stampedBatch(ownedBytes);
      next = batch.nextOffset;
      waiting.push({ upTo: next, onEnd });
      void log.append([batch]);
    },
    close: () => log.close(),
  };
}

async function openDoor(): Promise<Target> {
  const opened = await PartitionRunner.open({
    key: { topicId: topicId('ab'.repeat(16)), partition: 0 },
    brokerId: brokerId(1),
    brokerEpoch: brokerEpoch(1),
    directory,
    limits: defaultPartitionLimits,
    knownWatermark: offset(0),
    wasStoppedCleanly: true,
    on,
    path: `log-${(logsMade += 1)}`,
    settings: logSettingsDefault,
    clock,
    eventLog: silent,
    repairSlots: new Slots(1),
    onAppended: () => {},
    held: undefined,
    links: { send() {}, push: () => Promise.resolve(false), readBatches: () => Promise.resolve(undefined) },
    controller: { proposeInSync: () => Promise.resolve('unknown'), stepAside() {} },
    onLogFailed: () => {
      throw new Error('the log failed');
    },
    onBug: (bug) => {
      throw bug;
    },
  });
  if (!opened.ok) throw new Error('the log is refused');
  const runner = opened.value;
  runner.onMetadata(metadata);
  return {
    take(ownedBatch, onEnd) {
      const deadlineMs = clock.monotonicMs() + 60_000;
      const asked = { acks: 'all', ownedBatch, leaderEpoch: undefined, deadlineMs } as const;
      runner.requests.produce(asked, ({ type }) => {
        if (type !== 'done') throw new Error(`a batch ended ${type}`);
        onEnd();
      });
    },
    close: () => runner.stop(),
  };
}

/** Megabytes per second, from the first batch to the last acknowledgement. */
async function throughput(target: Target, batches: readonly Uint8Array[]): Promise<number> {
  const sizeBytes = batches[0]?.length ?? 1;
  const count = Math.ceil(turnBytes / sizeBytes);
  const startMs = performance.now();
  await new Promise<void>((resolve) => {
    let taken = 0;
    let ended = 0;
    const next = (ownedBytes: Uint8Array): void => {
      if (taken === count) return;
      taken += 1;
      target.take(ownedBytes, () => {
        ended += 1;
        if (ended === count) resolve();
        else next(ownedBytes);
      });
    };
    for (const batch of batches) next(batch);
  });
  const seconds = (performance.now() - startMs) / 1000;
  await target.close();
  return (count * sizeBytes) / seconds / 1e6;
}

function at(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

async function compare(sizeBytes: number): Promise<string> {
  const template = batchOf(sizeBytes);
  const batches = Array.from({ length: underWayBytes / sizeBytes }, () => Uint8Array.from(template));
  const seen: { readonly log: number; readonly door: number }[] = [];
  // The first turn warms both.
  for (let turn = 0; turn <= turns; turn += 1) {
    const log = await throughput(await openLog(), batches);
    const door = await throughput(await openDoor(), batches);
    if (turn > 0) seen.push({ log, door });
    for (const folder of await fs.readdir(root)) await fs.rm(join(root, folder), { recursive: true, force: true });
  }
  const median = (pick: (one: { log: number; door: number }) => number): number => at(seen.map(pick), 0.5);
  return [
    String(sizeBytes / kibibyte).padStart(9),
    median(({ log }) => log)
      .toFixed(0)
      .padStart(9),
    median(({ door }) => door)
      .toFixed(0)
      .padStart(10),
    median(({ log, door }) => door / log)
      .toFixed(2)
      .padStart(6),
  ].join(' ');
}

/** Microseconds of each step while batches come in, are written, and are acknowledged. */
function stepTimes(ownedBytes: Uint8Array, count: number): readonly number[] {
  const log = {
    directory,
    generation: 0,
    localStart: offset(0),
    start: offset(0),
    end: offset(0),
    epochs: [],
    producers: [],
    watermark: offset(0),
    mayLack: false,
    isDamaged: false,
  };
  const self = { brokerId: brokerId(1), brokerEpoch: brokerEpoch(1), reopened: undefined };
  const core = new Partition({ ...self, limits: defaultPartitionLimits, log, nowMs: 0 });
  core.step({ type: 'metadata', metadata });
  const times: number[] = [];
  const timed = (event: Parameters<Partition['step']>[0]): void => {
    const startMs = performance.now();
    core.step(event);
    times.push((performance.now() - startMs) * 1000);
  };
  for (let made = 1; made <= count; made += 1) {
    const requestId = made as RequestId;
    const batch = newBatch(ownedBytes);
    timed({ type: 'produce', requestId, acks: 'all', batch, leaderEpoch: undefined, deadlineMs: 1e9 });
    const end = core.view.assigned;
    if (made % 8 === 0) timed({ type: 'log-moved', generation: 0, written: end, durable: end });
  }
  return times;
}

try {
  console.log('batch KiB  log MB/s  door MB/s  ratio (medians of the turns)');
  for (const sizeBytes of batchSizes) console.log(await compare(sizeBytes));
  const template = batchOf(64 * kibibyte);
  stepTimes(template, 50_000);
  const times = stepTimes(template, 100_000);
  const figures = [0.5, 0.99, 0.999].map((fraction) => `p${fraction * 100} ${at(times, fraction).toFixed(1)} us`);
  console.log(`steps of the core, one replica: ${figures.join(', ')}`);
} finally {
  await fs.rm(root, { recursive: true, force: true });
}
