/**
 * How should many logs on one disk be flushed? Three ways, over plain files, without any of our code between:
 *
 *   per log         each log appends and flushes its own file; at most `flushesMax` flushes at once on the disk
 *   preallocated    the same, over files that were filled with zeros before, so that no flush has to move an end
 *   one journal     all logs append to one file that is flushed; the logs' own files are written behind, unflushed
 *
 * Every writer appends a batch, waits for it, and appends the next; a reader reads blocks that no cache holds.
 * What the table decided: src/README.md. Run: node --import tsx test/bench/flush-strategies.ts
 */
import { spawnSync } from 'node:child_process';
import { promises as fs, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ColdReader } from './cold-reader.ts';
import { Journal, LogPerFile, type FlushStrategy } from './flush-strategy-files.ts';

const batchBytes = 4096;
const writersMin = 64;
const roundMs = 3_000;
const rounds = 3;
const logCounts = [1, 10, 100, 1_000];
/** Of all logs together: files are written over again, because the first touch of a page is slow on many machines. */
const filesBytes = 256 * 1024 * 1024;
const threads = 16;

interface Figures {
  readonly acksPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly coldReadP99Ms: number;
  readonly deviceBytesPerByte: number;
  readonly batchesPerFlush: number;
}

const strategies: Readonly<Record<string, (root: string, logs: number) => Promise<FlushStrategy>>> = {
  'per log': (root, logs) => LogPerFile.open({ root, logs, bytesPerLog: filesBytes / logs, preallocated: false }),
  preallocated: (root, logs) => LogPerFile.open({ root, logs, bytesPerLog: filesBytes / logs, preallocated: true }),
  'one journal': (root, logs) => Journal.open({ root, logs, bytesPerLog: filesBytes / logs, preallocated: false }),
};

if (process.env['UV_THREADPOOL_SIZE'] === undefined) {
  const env = { ...process.env, UV_THREADPOOL_SIZE: String(threads) };
  const script = process.argv[1] ?? '';
  const ran = spawnSync(process.execPath, [...process.execArgv, script], { stdio: 'inherit', env });
  process.exitCode = ran.status ?? 1;
} else await main();

async function main(): Promise<void> {
  const root = await fs.mkdtemp(join(process.env['ODRADEK_BENCH_FOLDER'] ?? tmpdir(), 'odradek-flush-'));
  try {
    const cold = await ColdReader.open(join(root, 'cold'));
    console.log('logs  way            acks/s    p50 ms    p99 ms  cold read p99 ms  device B/B  batches/flush');
    for (const logs of logCounts) {
      const seen = new Map<string, Figures[]>();
      for (let round = 0; round < rounds; round += 1) {
        for (const [name, open] of Object.entries(strategies)) {
          const folder = await fs.mkdtemp(join(root, 'logs-'));
          const figures = await measure(await open(folder, logs), logs, cold);
          seen.set(name, [...(seen.get(name) ?? []), figures]);
          await fs.rm(folder, { recursive: true });
        }
      }
      for (const [name, figures] of seen) console.log(row(logs, name, figures));
    }
    await cold.close();
  } finally {
    await fs.rm(root, { recursive: true, force: true });
  }
}

async function measure(strategy: FlushStrategy, logs: number, cold: ColdReader): Promise<Figures> {
  const latencies: number[] = [];
  const before = deviceBytesWritten();
  const untilMs = performance.now() + roundMs;
  const write = async (log: number): Promise<void> => {
    const batch = Buffer.alloc(batchBytes, log);
    for (let startedMs = performance.now(); startedMs < untilMs;) {
      await strategy.append(log, batch);
      const endedMs = performance.now();
      latencies.push(endedMs - startedMs);
      startedMs = endedMs;
    }
  };
  const writers = Array.from({ length: Math.max(writersMin, logs) }, (_, at) => write(at % logs));
  const reads = cold.readUntil(untilMs);
  await Promise.all(writers);
  const readsMs = await reads;
  await strategy.close();
  const sorted = latencies.sort((a, b) => a - b);
  return {
    acksPerSecond: (sorted.length * 1000) / roundMs,
    p50Ms: at(sorted, 0.5),
    p99Ms: at(sorted, 0.99),
    coldReadP99Ms: at(
      readsMs.sort((a, b) => a - b),
      0.99,
    ),
    deviceBytesPerByte: (deviceBytesWritten() - before) / (sorted.length * batchBytes),
    batchesPerFlush: sorted.length / strategy.flushes,
  };
}

function at(sorted: readonly number[], fraction: number): number {
  return sorted[Math.floor(sorted.length * fraction)] ?? Number.NaN;
}

/** Of all block devices together: on a busy machine this counts others as well. */
function deviceBytesWritten(): number {
  const lines = readFileSync('/proc/diskstats', 'utf8').trim().split('\n');
  const sectors = lines.map((line) => line.trim().split(/\s+/)).filter(([, , name = '']) => !/\d$|^loop/.test(name));
  return sectors.reduce((sum, fields) => sum + Number(fields[9]) * 512, 0);
}

function row(logs: number, name: string, figures: readonly Figures[]): string {
  const middle = (pick: (each: Figures) => number): number => {
    const sorted = figures.map(pick).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  return [
    String(logs).padStart(4),
    ` ${name.padEnd(13)}`,
    middle(({ acksPerSecond }) => acksPerSecond)
      .toFixed(0)
      .padStart(7),
    middle(({ p50Ms }) => p50Ms)
      .toFixed(2)
      .padStart(9),
    middle(({ p99Ms }) => p99Ms)
      .toFixed(2)
      .padStart(9),
    middle(({ coldReadP99Ms }) => coldReadP99Ms)
      .toFixed(2)
      .padStart(17),
    middle(({ deviceBytesPerByte }) => deviceBytesPerByte)
      .toFixed(2)
      .padStart(11),
    middle(({ batchesPerFlush }) => batchesPerFlush)
      .toFixed(1)
      .padStart(14),
  ].join(' ');
}
