/**
 * A small partition log as a set of files, every way of damaging it that is looked at, and what a start made of one.
 *
 * Three segments with gaps and epochs. It was closed in order, or its process was killed after three batches that had
 * not been flushed: those may be lost, and nothing else may be without being said.
 */
import { offset, type Offset } from '../../src/base/offsets.ts';
import { FileHandles } from '../../src/storage/file-handles.ts';
import { LogDisk } from '../../src/storage/log-disk.ts';
import { LogFolder } from '../../src/storage/log-folder.ts';
import { logSettingsDefault, type LogSettings } from '../../src/storage/log-settings.ts';
import { PartitionLog } from '../../src/storage/partition-log.ts';
import { verifyLog } from '../../src/storage/verify-log.ts';
import type { StampedBatch } from '../../src/storage/stamped-batch.ts';
import { someTimeMs } from '../record/batch-fixture.ts';
import { makeBatch } from '../storage/partition-log-model.ts';
import { MemoryDisk, type Files } from './memory-disk.ts';

export type LastEnd = 'closed' | 'killed';

/** One way of damaging one file. */
export interface Damage {
  readonly how: 'bit flipped' | 'cut short' | 'torn, zeros after' | 'torn, zeros before' | 'torn, noise after';
  readonly path: string;
  /** A bit, or a length in bytes. */
  readonly at: number;
}

export interface DamageTemplate {
  readonly lastEnd: LastEnd;
  readonly files: Files;
  readonly batches: readonly StampedBatch[];
  /** So many of them were flushed. */
  readonly flushed: number;
  /** The file that was written last and where the last append began in it. */
  readonly lastAppend: { readonly path: string; readonly from: number };
}

export const damagedFolder = 'log';
const batchCount = 26;
const unflushedCount = 3;
const settings: LogSettings = {
  ...logSettingsDefault,
  flush: { type: 'never' },
  segmentBytesMax: 1000,
  indexEveryBytes: 250,
  recoverBytesMax: 700,
};
/** Nothing of a log waits for time but removals. */
const stoppedClock = { monotonicMs: () => 0, callAfterMs: () => ({ cancel: () => {} }) };

const batches: readonly StampedBatch[] = Array.from({ length: batchCount }, (_, at) =>
  makeBatch(
    {
      at: at * 2 + (at > 9 ? 3 : 0) + (at > 23 ? 4 : 0),
      epoch: 1 + Math.floor(at / 8),
      records: 2,
      timestampMs: someTimeMs + at,
    },
    `record ${at}`,
  ),
);

export async function openDamaged(disk: MemoryDisk): Promise<PartitionLog | 'refused'> {
  const opened = await PartitionLog.open({ on: new LogDisk(disk), path: damagedFolder, clock: stoppedClock, settings });
  return opened.ok ? opened.value : 'refused';
}

export type Verified = Awaited<ReturnType<typeof verifyLog>>;

/** As `odradek storage verify` looks at it. */
export async function verifyDamaged(disk: MemoryDisk): Promise<Verified> {
  const before = JSON.stringify([...disk.files].map(([path, bytes]) => [path, textOf(bytes)]));
  const verified = await verifyLog(new LogFolder(disk, damagedFolder, new FileHandles(disk, 8)));
  const after = JSON.stringify([...disk.files].map(([path, bytes]) => [path, textOf(bytes)]));
  if (before !== after) throw new Error('a verification changes nothing');
  return verified;
}

async function mustOpen(disk: MemoryDisk): Promise<PartitionLog> {
  const log = await openDamaged(disk);
  if (log === 'refused') throw new Error('the log was refused');
  return log;
}

export async function makeDamageTemplate(lastEnd: LastEnd): Promise<DamageTemplate> {
  const disk = new MemoryDisk();
  const log = await mustOpen(disk);
  await log.append(batches.slice(0, batchCount - unflushedCount));
  await log.flush();
  // The mark that says how far it is durable is written behind the flush.
  await log.retain({ bytesMax: undefined, keepFromMs: undefined, below: offset(0) });
  const path = [...disk.files.keys()].sort().findLast((name) => name.endsWith('.log')) ?? '';
  const from = disk.files.get(path)?.length ?? 0;
  await log.append(batches.slice(batchCount - unflushedCount));
  if (lastEnd === 'closed') await log.close();
  const flushed = lastEnd === 'closed' ? batchCount : batchCount - unflushedCount;
  return { lastEnd, files: new Map(disk.files), batches, flushed, lastAppend: { path, from } };
}

/** Every flipped bit and every shorter length of every file, and every way of tearing the last append. */
export function* allDamage({ files, lastEnd, lastAppend }: DamageTemplate): Iterable<Damage> {
  for (const [path, bytes] of files) {
    for (let at = 0; at < bytes.length * 8; at += 1) yield { how: 'bit flipped', path, at };
    // Within a log file what comes before the last append is the flips' to look at.
    const shortest = path.endsWith('.log') && path === lastAppend.path ? lastAppend.from : 0;
    for (let at = shortest; at < bytes.length; at += 1) yield { how: 'cut short', path, at };
  }
  if (lastEnd === 'closed') return;
  const end = files.get(lastAppend.path)?.length ?? 0;
  for (let at = lastAppend.from; at < end; at += 1) {
    yield { how: 'torn, zeros after', path: lastAppend.path, at };
    yield { how: 'torn, zeros before', path: lastAppend.path, at: at + 1 };
    yield { how: 'torn, noise after', path: lastAppend.path, at };
  }
}

export function inflict({ files, lastAppend }: DamageTemplate, { how, path, at }: Damage): MemoryDisk {
  const before = files.get(path) ?? new Uint8Array(0);
  const bytes = how === 'cut short' ? before.slice(0, at) : Uint8Array.from(before);
  switch (how) {
    case 'bit flipped':
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
      break;
    case 'torn, zeros after':
      bytes.fill(0, at);
      break;
    case 'torn, zeros before':
      bytes.fill(0, lastAppend.from, at);
      break;
    case 'torn, noise after':
      bytes.fill(0xa7, at);
      break;
    case 'cut short':
  }
  return new MemoryDisk(new Map(files).set(path, bytes));
}

export interface Read {
  readonly served: ReadonlySet<string>;
  /** What reads refused, each with the offsets that it said. */
  readonly refused: readonly { readonly from: Offset; readonly to: Offset }[];
}

/** Everything that the log serves, past what it refuses. */
export async function readPastDamage(log: PartitionLog, bytesMax: number): Promise<Read> {
  const served = new Set<string>();
  const refused: { from: Offset; to: Offset }[] = [];
  for (let at: Offset = log.localStart; at < log.logEnd;) {
    const read = await log.read({ from: at, bytesMax, check: 'whole' });
    if (read.ok) {
      if (read.value.ownedBytes.length === 0) break;
      served.add(textOf(read.value.ownedBytes));
      at = read.value.nextOffset;
    } else if (read.problem.type === 'damaged') {
      refused.push(read.problem.range);
      at = read.problem.range.to;
    } else break;
  }
  return { served, refused };
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
