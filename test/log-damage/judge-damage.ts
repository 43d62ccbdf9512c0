/**
 * What became of one damage: the log is opened, read, asked for times, written to and opened again, and every batch of
 * it is served as it was, or said to be lost by the one who may say so.
 */
import type { PartitionLog } from '../../src/storage/partition-log.ts';
import type { StampedBatch } from '../../src/storage/stamped-batch.ts';
import type { VerifiedLog } from '../../src/storage/verify-log.ts';
import { makeBatch } from '../storage/partition-log-model.ts';
import {
  inflict,
  openDamaged,
  readPastDamage,
  textOf,
  verifyDamaged,
  type Damage,
  type DamageTemplate,
  type Read,
  type Verified,
} from './damaged-log.ts';
import type { MemoryDisk } from './memory-disk.ts';

/**
 * `reported`: batches are refused, by ranges that hold them. `dropped`: an end that was not flushed is cut off, and said
 * to be. `repaired`: the file was made again. `wrong`: anything else.
 */
export type DamageOutcome = 'refused' | 'carried nothing' | 'repaired' | 'reported' | 'dropped' | 'wrong';

export interface Judgement {
  readonly outcome: DamageOutcome;
  /** Why it is wrong. */
  readonly message: string;
}

export async function judgeDamage(template: DamageTemplate, damage: Damage): Promise<Judgement> {
  try {
    const verified = await verifyDamaged(inflict(template, damage));
    return { outcome: await lookAt(template, inflict(template, damage), { path: damage.path, verified }), message: '' };
  } catch (fault) {
    return { outcome: 'wrong', message: String(fault) };
  }
}

async function lookAt(
  template: DamageTemplate,
  disk: MemoryDisk,
  { path, verified }: { readonly path: string; readonly verified: Verified },
): Promise<DamageOutcome> {
  const damagedText = textOf(disk.files.get(path) ?? new Uint8Array(0));
  const log = await openDamaged(disk);
  must(verified.ok === (log !== 'refused'), 'a log that a start refuses cannot be verified');
  if (log === 'refused') return 'refused';
  const read = await readPastDamage(log, 1);
  const lost = judgeBatches(template, log, read);
  await judgeTimes(template, log, lost);
  const isDamaged = log.damaged.length > 0;
  for (const range of read.refused)
    must(
      log.damaged.some((known) => known.from <= range.from && range.to <= known.to),
      'what is refused is known to be damaged',
    );
  const { dropped, rebuilt } = log.report;
  const isMended = rebuilt.length > 0 || textOf(disk.files.get(path) ?? new Uint8Array(0)) !== damagedText;
  await judgeNextLife(template, log, { disk, lost });
  if (verified.ok) judgeVerification(verified.value, { isDamaged, isDropped: dropped !== undefined });
  if (isDamaged) return 'reported';
  if (lost.length > 0 || dropped !== undefined) return 'dropped';
  return isMended ? 'repaired' : 'carried nothing';
}

/** Whoever only looks says what a start will: damage where records are refused, and nowhere else. */
function judgeVerification(
  { findings }: VerifiedLog,
  { isDamaged, isDropped }: { readonly isDamaged: boolean; readonly isDropped: boolean },
): void {
  const saysSo = findings.some(({ isDamage }) => isDamage);
  must(saysSo === isDamaged, `a verification says ${saysSo ? 'damage' : 'whole'}`);
  must(!isDropped || findings.length > 0, 'a verification says what will be dropped');
}

/** The batches that are not served. */
function judgeBatches(
  { batches, flushed }: DamageTemplate,
  { report, logEnd }: PartitionLog,
  { served, refused }: Read,
): readonly StampedBatch[] {
  const texts = new Set(batches.map(({ ownedBytes }) => textOf(ownedBytes)));
  for (const text of served) must(texts.has(text), 'S2: what is served was appended');
  const lost = batches.filter(({ ownedBytes }) => !served.has(textOf(ownedBytes)));
  for (const batch of lost) {
    const isRefused = refused.some(({ from, to }) => from < batch.nextOffset && batch.baseOffset < to);
    const isDropped = batch.baseOffset >= (report.dropped?.from ?? Infinity) && batches.indexOf(batch) >= flushed;
    // Cut right behind a batch, what was not flushed leaves no trace.
    const isForgotten = batch.baseOffset >= logEnd && batches.indexOf(batch) >= flushed;
    must(isRefused || isDropped || isForgotten, `S3: batch ${batch.baseOffset} is lost and nobody says so`);
  }
  if (report.dropped !== undefined) {
    const durableEnd = batches[flushed - 1]?.nextOffset ?? 0;
    must(report.dropped.from >= durableEnd, 'S3: nothing below the durable offset is dropped');
  }
  return lost;
}

async function judgeTimes(
  { batches }: DamageTemplate,
  log: PartitionLog,
  lost: readonly StampedBatch[],
): Promise<void> {
  for (const { maxTimestampMs } of batches.filter((_, at) => at % 5 === 0)) {
    const wanted = batches.find((batch) => batch.maxTimestampMs >= maxTimestampMs && !lost.includes(batch));
    const found = await log.findByTime(maxTimestampMs);
    const answer = found.ok ? found.value?.baseOffset : undefined;
    must(answer === wanted?.baseOffset, `a lookup finds ${answer}, not ${wanted?.baseOffset}`);
  }
}

/** It takes what comes next, at offsets that were never given out below the durable point, and remembers what it said. */
async function judgeNextLife(
  { batches, flushed }: DamageTemplate,
  log: PartitionLog,
  { disk, lost }: { readonly disk: MemoryDisk; readonly lost: readonly StampedBatch[] },
): Promise<void> {
  const durableEnd = batches[flushed - 1]?.nextOffset ?? 0;
  must(log.logEnd >= durableEnd, 'S3: offsets below the durable point are not given out again');
  const next = makeBatch({ at: log.logEnd, epoch: 9 });
  await log.append([next]);
  const { damaged } = log;
  await log.close();
  const again = await openDamaged(disk);
  if (again === 'refused') throw new Error('the second start is refused');
  const { served } = await readPastDamage(again, 2);
  const wanted = [...batches.filter((batch) => !lost.includes(batch)), next].map(({ ownedBytes }) =>
    textOf(ownedBytes),
  );
  must(served.size === wanted.length && wanted.every((text) => served.has(text)), 'the second start serves the same');
  must(JSON.stringify(again.damaged) === JSON.stringify(damaged), 'the second start knows of the same damage');
}

function must(condition: boolean, promise: string): void {
  if (!condition) throw new Error(promise);
}
