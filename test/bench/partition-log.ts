/**
 * What a partition log costs above the disk: appends and reads beside raw calls on the same disk, at the same depth and in
 * the same state of memory, turn by turn within one run; and whether any of it grows with what the log holds.
 *
 * Every turn writes to pages that nobody touched before, raw and ours alike. Figures are medians of the turns.
 * `LARGE_MB=0` leaves out the part that stores gigabytes. Run: node --expose-gc --import tsx test/bench/partition-log.ts
 */
import { promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offset } from '../../src/base/offsets.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import { logSettingsDefault, type LogSettings } from '../../src/storage/log-settings.ts';
import { BenchDisk, LogTarget, RawTarget, type AppendTarget } from './log-targets.ts';
import { at, median } from './percentile.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;
const underWayBytes = 4 * mebibyte;
const turnBytes = 192 * mebibyte;
const turns = 11;
const timeMs = 1_700_000_000_000;
const smallBytes = 50_000_000;
const largeBytes = Number(process.env['LARGE_MB'] ?? 5_000) * 1_000_000;
const latencyRounds = 2_000;
const unflushed: LogSettings = { ...logSettingsDefault, flush: { type: 'never' } };

const root = await fs.mkdtemp(join(process.env['ODRADEK_BENCH_FOLDER'] ?? tmpdir(), 'odradek-log-'));
const disk = new BenchDisk(root);
try {
  console.log('what'.padEnd(58) + 'raw'.padStart(11) + 'ours'.padStart(11) + 'ratio'.padStart(8) + '   goal');
  for (const size of [64 * kibibyte, 256 * kibibyte, mebibyte]) await appends(size, unflushed, 0.8);
  await appends(256 * kibibyte, logSettingsDefault, 0.9);
  await sharedFlushes();
  await cachedReads();
  await recordSizes();
  await manySegments();
  if (largeBytes > 0) await growth();
} finally {
  await fs.rm(root, { recursive: true, force: true });
}

async function appends(sizeBytes: number, settings: LogSettings, goal: number): Promise<void> {
  const isFlushed = settings.flush.type === 'each-append';
  const raw: number[] = [];
  const ours: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    raw.push(await megabytesPerSecond(await RawTarget.open(disk, { isFlushed }), sizeBytes));
    ours.push(await megabytesPerSecond(await LogTarget.open(disk, settings), sizeBytes));
  }
  const what = `${isFlushed ? 'flushed' : 'unflushed'} appends of ${sizeBytes / kibibyte} KiB, MB/s`;
  compare(what, median(raw), median(ours), `>= ${goal}`);
}

async function megabytesPerSecond(target: AppendTarget, sizeBytes: number): Promise<number> {
  const startMs = performance.now();
  await appendAll(target, sizeBytes, turnBytes);
  const seconds = (performance.now() - startMs) / 1000;
  await target.end();
  return turnBytes / 1e6 / seconds;
}

async function appendAll(target: AppendTarget, sizeBytes: number, totalBytes: number): Promise<void> {
  const writers = Math.max(1, underWayBytes / sizeBytes);
  await appendFrom(target, {
    writers,
    batches: Math.ceil(totalBytes / sizeBytes),
    batch: () => batchOf(sizeBytes, 1000),
  });
}

/** Each of the writers has a batch of its own, and waits for it before it appends it again. */
async function appendFrom(
  target: AppendTarget,
  { writers, batches, batch }: { readonly writers: number; readonly batches: number; readonly batch: () => Uint8Array },
): Promise<void> {
  let left = batches;
  const writer = async (): Promise<void> => {
    const ownedBytes = batch();
    while (left > 0) {
      left -= 1;
      await target.append(ownedBytes);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

/** Sixty-four writers that wait for the disk, each with a small batch. */
async function sharedFlushes(): Promise<void> {
  const target = await LogTarget.open(disk, logSettingsDefault);
  const before = disk.fileSyncs;
  const batches = 64 * 200;
  await appendFrom(target, { writers: 64, batches, batch: () => batchOf(kibibyte, 100) });
  const perSync = batches / (disk.fileSyncs - before);
  await target.end();
  tell('batches of 1 KiB from 64 writers that share one flush', perSync.toFixed(1), '>= 20');
}

async function cachedReads(): Promise<void> {
  const target = await LogTarget.open(disk, unflushed);
  const rawFile = await RawTarget.open(disk, { isFlushed: false });
  await appendAll(target, 64 * kibibyte, turnBytes);
  await appendAll(rawFile, 64 * kibibyte, turnBytes);
  const raw: number[] = [];
  const ours: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    let startMs = performance.now();
    for (let position = 0; position < turnBytes; position += mebibyte) await rawFile.file.read(position, mebibyte);
    raw.push(turnBytes / 1e3 / (performance.now() - startMs));
    startMs = performance.now();
    let bytes = 0;
    for (let from = offset(0); from < target.log.logEnd;) {
      const read = await target.log.read({ from, bytesMax: mebibyte, check: 'stamps' });
      if (!read.ok) throw new Error(read.problem.type);
      bytes += read.value.ownedBytes.length;
      from = read.value.nextOffset;
    }
    ours.push(bytes / 1e3 / (performance.now() - startMs));
  }
  compare('reads of 1 MiB from the page cache, MB/s', median(raw), median(ours), '>= 0.7');
  await target.end();
  await rawFile.end();
}

/** What a megabyte costs must not depend on how many records are in it. */
async function recordSizes(): Promise<void> {
  const cost = { small: [] as number[], large: [] as number[] };
  for (let turn = 0; turn < turns; turn += 1) {
    cost.small.push(await cpuMsPerMegabyte(100));
    cost.large.push(await cpuMsPerMegabyte(10_000));
  }
  const ratio = median(cost.small) / median(cost.large);
  const text = `${median(cost.small).toFixed(2)} / ${median(cost.large).toFixed(2)} = ${ratio.toFixed(2)}`;
  tell('CPU ms per MB, records of 100 B / of 10 KB', text, '<= 1.2');
}

async function cpuMsPerMegabyte(recordBytes: number): Promise<number> {
  const target = await LogTarget.open(disk, unflushed);
  const batches = Array.from({ length: 16 }, () => batchOf(64 * kibibyte, recordBytes));
  const before = process.cpuUsage();
  let bytes = 0;
  while (bytes < turnBytes) {
    await Promise.all(batches.map((batch) => target.append(batch)));
    bytes += batches.reduce((sum, { length }) => sum + length, 0);
  }
  const { user, system } = process.cpuUsage(before);
  await target.end();
  return (user + system) / 1e3 / (bytes / 1e6);
}

async function manySegments(): Promise<void> {
  const settings: LogSettings = { ...unflushed, segmentBytesMax: 4 * kibibyte };
  const target = await LogTarget.open(disk, settings);
  const batch = batchOf(3 * kibibyte, 100);
  for (let segment = 0; segment <= 1_000; segment += 1) await target.append(batch);
  await target.log.close();
  const startMs = performance.now();
  const again = await LogTarget.open(disk, settings, target.name);
  const openMs = performance.now() - startMs;
  if (again.log.report.scannedBytes > 0) throw new Error('a log that was closed in order is not looked at');
  await again.end();
  tell('opening 1,000 segments after a clean stop', `${openMs.toFixed(0)} ms`, '< 2000 ms');
}

interface Latencies {
  readonly appendMs: number;
  readonly fetchMs: number;
}

/** Whatever the log holds, an append and a fetch take as long. */
async function growth(): Promise<void> {
  const target = await LogTarget.open(disk, unflushed);
  await appendAll(target, 256 * kibibyte, smallBytes);
  const small = await p99s(target);
  const heapBefore = heapBytes();
  let heapMost = 0;
  for (let stored = smallBytes; stored < largeBytes; stored += 500_000_000) {
    await appendAll(target, 256 * kibibyte, 500_000_000);
    heapMost = Math.max(heapMost, heapBytes() - heapBefore);
  }
  const large = await p99s(target);
  const gigabytes = (largeBytes / 1e9).toFixed(1);
  const growthOf = (before: number, after: number): string =>
    `${before.toFixed(2)} -> ${after.toFixed(2)} ms = ${(after / before).toFixed(2)}`;
  tell(`p99 of an append, at 50 MB -> at ${gigabytes} GB`, growthOf(small.appendMs, large.appendMs), '<= 1.3');
  tell(`p99 of a fetch, at 50 MB -> at ${gigabytes} GB`, growthOf(small.fetchMs, large.fetchMs), '<= 1.3');
  tell(`heap that ${gigabytes} GB took at most`, `${(heapMost / 1e6).toFixed(1)} MB`, '<= 20 MB');
  await target.end();
}

/** The middle of three. What the disk still writes behind is waited for first: it would be measured instead. */
async function p99s(target: LogTarget): Promise<Latencies> {
  const seen: Latencies[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    await target.log.flush();
    seen.push(await p99sOfOneTurn(target));
  }
  return {
    appendMs: median(seen.map(({ appendMs }) => appendMs)),
    fetchMs: median(seen.map(({ fetchMs }) => fetchMs)),
  };
}

/** One at a time: batches at the end, and fetches from anywhere within the last 50 MB. */
async function p99sOfOneTurn(target: LogTarget): Promise<Latencies> {
  const batch = batchOf(64 * kibibyte, 1000);
  const appendMs: number[] = [];
  const fetchMs: number[] = [];
  for (let round = 0; round < latencyRounds; round += 1) {
    const startMs = performance.now();
    await target.append(batch);
    appendMs.push(performance.now() - startMs);
  }
  const { logEnd } = target.log;
  const recordsBack = Math.floor(smallBytes / 1012);
  for (let round = 0; round < latencyRounds; round += 1) {
    const from = offset(Math.max(0, logEnd - 1 - ((round * 7919) % recordsBack)));
    const startMs = performance.now();
    const read = await target.log.read({ from, bytesMax: 64 * kibibyte, check: 'stamps' });
    fetchMs.push(performance.now() - startMs);
    if (!read.ok) throw new Error(read.problem.type);
  }
  return { appendMs: at(appendMs, 0.99), fetchMs: at(fetchMs, 0.99) };
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function batchOf(sizeBytes: number, recordBytes: number): Uint8Array {
  const encoder = new BatchEncoder({ batchBytesTarget: sizeBytes, batchBytesMax: 2 * sizeBytes });
  const value = 'x'.repeat(Math.min(recordBytes, sizeBytes - 100));
  for (let bytes = 0; bytes <= sizeBytes - value.length - 100; bytes += value.length + 12)
    encoder.append({ key: null, value, timestampMs: timeMs });
  return encoder.finishOwned();
}

function compare(what: string, raw: number, ours: number, goal: string): void {
  const figures = [raw.toFixed(0), ours.toFixed(0)].map((figure) => figure.padStart(11)).join('');
  console.log(what.padEnd(58) + figures + (ours / raw).toFixed(2).padStart(8) + `   ${goal}`);
}

function tell(what: string, figure: string, goal: string): void {
  console.log(what.padEnd(58) + figure.padStart(30) + `   ${goal}`);
}
