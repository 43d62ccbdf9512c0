/**
 * Looks at every byte that a log has on the disk and changes nothing: what a start would find, and what nobody would
 * look at before it is read. For a person who wants to know whether a folder is whole.
 *
 * Judged by the same rules as a start (segment-scan.ts): below the point that is known to have been durable, whatever is
 * not whole is damage; beyond it, it is the end of a write that never ended. Hints that cannot be read are told apart
 * from damage, because they are made again.
 */
import { EpochHistory } from '../base/epoch-history.ts';
import { offset, type Offset } from '../base/offsets.ts';
import { refused, ok, type Result } from '../base/result.ts';
import { DiskError } from '../ports/disk.ts';
import type { DamagedRange } from './damaged-range.ts';
import { readIndex } from './index-files.ts';
import {
  checkpointNames,
  logFormat,
  newerCheckpoint,
  type CheckpointReading,
  type LogCheckpoint,
} from './log-checkpoint.ts';
import type { LogFolder } from './log-folder.ts';
import { basesOfLog, checkpointOfNothing, sortNames, takeInventory, type Inventory } from './log-inventory.ts';
import { durableIn } from './log-opening.ts';
import { findProducerState, producersEnding } from './producer-states.ts';
import { scanSegment, type ScanEnd, type ScannedBatch } from './segment-scan.ts';
import { SegmentHints } from './segment-hints.ts';
import { findOffsetInName, segmentFileName } from './segment-names.ts';
import { decodeStampEntry, stampBytes, StampTable, type SegmentPoint } from './stamp.ts';

export interface LogFinding {
  readonly type:
    | 'damaged-records'
    | 'missing-records'
    | 'wrong-epoch'
    | 'unreadable-checkpoint'
    | 'unreadable-hint'
    | 'unfinished-end'
    | 'unfinished-truncation'
    | 'kept-aside';
  /** Not what was written, and not made again by a start. */
  readonly isDamage: boolean;
  /** In the folder of the log. */
  readonly file: string;
  /** The offsets that are concerned; undefined where it is not about records. */
  readonly range: { readonly from: Offset; readonly to: Offset } | undefined;
  readonly what: string;
}

export interface VerifiedLog {
  readonly start: Offset;
  readonly end: Offset;
  readonly segmentCount: number;
  readonly batchCount: number;
  readonly scannedBytes: number;
  readonly findings: readonly LogFinding[];
}

export type VerifyProblem =
  | { readonly type: 'no-log' }
  | { readonly type: 'newer-format'; readonly found: number; readonly known: number };

export function isDamaged({ findings }: Pick<VerifiedLog, 'findings'>): boolean {
  return findings.some(({ isDamage }) => isDamage);
}

/** A broker that goes on meanwhile lets go of segments, cuts them and begins others: then it is looked at anew. */
const attemptsMax = 5;

export async function verifyLog(folder: LogFolder): Promise<Result<VerifiedLog, VerifyProblem>> {
  for (let attempt = 1; ; attempt += 1) {
    const readings = await folder.readCheckpoints();
    const isLast = attempt === attemptsMax;
    try {
      const verified = await verifyOnce(folder, readings);
      const isWhole = verified.ok && !isDamaged(verified.value);
      if (isWhole || isLast || !(await hasGoneOn(folder, readings))) return verified;
    } catch (cause) {
      const isGone = cause instanceof DiskError && cause.problem === 'missing';
      if (!isGone || isLast || !(await hasGoneOn(folder, readings))) throw cause;
    }
    await folder.handles.forgetBelow(folder.path);
  }
}

async function hasGoneOn(folder: LogFolder, before: readonly CheckpointReading[]): Promise<boolean> {
  const now = newerCheckpoint(await folder.readCheckpoints());
  return now?.sequence !== newerCheckpoint(before)?.sequence;
}

async function verifyOnce(
  folder: LogFolder,
  readings: readonly CheckpointReading[],
): Promise<Result<VerifiedLog, VerifyProblem>> {
  const newer = readings.find((reading) => reading.type === 'newer-format');
  if (newer !== undefined) return refused({ type: 'newer-format', found: newer.format, known: logFormat });
  const names = await folder.disk.list(folder.path);
  const [first] = sortNames(names).bases;
  if (first === undefined) return refused({ type: 'no-log' });
  const wholeCopies = readings.filter(({ type }) => type === 'whole').length;
  const checkpoint = newerCheckpoint(readings) ?? checkpointOfNothing(first);
  return ok(await new Verification(folder, names, checkpoint).run(wholeCopies));
}

class Verification {
  readonly #folder: LogFolder;
  readonly #names: ReadonlySet<string>;
  readonly #checkpoint: LogCheckpoint;
  readonly #epochs: EpochHistory;
  readonly #findings: LogFinding[] = [];
  #batchCount = 0;
  #scannedBytes = 0;

  constructor(folder: LogFolder, names: readonly string[], checkpoint: LogCheckpoint) {
    this.#folder = folder;
    this.#names = new Set(names);
    this.#checkpoint = checkpoint;
    this.#epochs = new EpochHistory(checkpoint.epochs);
  }

  async run(wholeCopies: number): Promise<VerifiedLog> {
    this.#judgeCheckpoints(wholeCopies);
    const { bases, dropped } = sortNames([...this.#names]);
    const inventory = takeInventory(this.#checkpoint, basesOfLog(this.#checkpoint, bases));
    this.#judgeBeginning(inventory);
    for (const range of inventory.lost) this.#addMissing(range);
    const segments = [...inventory.sealed.map(({ base }) => base), ...inventory.toScan];
    let end: SegmentPoint = { position: 0, offset: this.#checkpoint.localStart };
    for (const [at, base] of segments.entries()) {
      const sealed = inventory.sealed[at];
      // Of those that are lost everything has been said.
      if (sealed !== undefined && !this.#names.has(segmentFileName(base, 'log'))) continue;
      end = await this.#lookAt(base, sealed?.next ?? segments[at + 1], sealed?.sizeBytes);
    }
    await this.#judgeProducers();
    for (const file of dropped) this.#add({ type: 'kept-aside', isDamage: false, file, what: keptAside });
    return {
      start: offset(Math.max(this.#checkpoint.localStart, inventory.startsAt ?? 0)),
      end: end.offset,
      segmentCount: segments.length,
      batchCount: this.#batchCount,
      scannedBytes: this.#scannedBytes,
      findings: this.#findings,
    };
  }

  #judgeBeginning({ startsAt }: Inventory): void {
    const { isTruncating, active, localStart } = this.#checkpoint;
    if (isTruncating) {
      const what = `a cut at offset ${active.offset} was begun; the next start ends it`;
      this.#add({ type: 'unfinished-truncation', isDamage: false, file: checkpointNames[0], what });
    }
    if (startsAt === undefined) return;
    const file = segmentFileName(localStart, 'log');
    const range = { from: localStart, to: startsAt };
    this.#add({ type: 'missing-records', isDamage: true, file, range, what: 'the first segments are gone' });
  }

  /** `next`: where the segment after it begins; undefined for the last one. `sealedBytes`: of a sealed one. */
  async #lookAt(base: Offset, next: Offset | undefined, sealedBytes: number | undefined): Promise<ScanEnd> {
    const folder = this.#folder;
    const file = segmentFileName(base, 'log');
    const { active, isTruncating } = this.#checkpoint;
    if (!this.#names.has(file)) {
      const what = 'the segment that records are added to is gone';
      this.#add({ type: 'missing-records', isDamage: active.position > 0, file, what });
      return { position: 0, offset: base, flaw: undefined };
    }
    const stampTable = (await this.#readStamps(base)) ?? new Uint8Array(0);
    const sizeBytes = await folder.use(base, 'log', (log) => log.sizeBytes());
    const known: SegmentPoint = base === active.base ? active : { position: 0, offset: base };
    const isCut = isTruncating && base === active.base;
    const fileBytes = isCut ? Math.min(sizeBytes, known.position) : sizeBytes;
    const stamps = new StampTable(stampTable);
    const durable = isCut ? known : durableIn({ known, next, fileBytes, stamps });
    const hints = await this.#openHints(base, { stamps, stampedEnd: sealedBytes ?? known.position });
    const isTold = this.#checkpoint.sequence > 0;
    const found = await folder.use(base, 'log', (log) =>
      scanSegment({
        segment: base,
        file: log,
        sizeBytes: fileBytes,
        from: { position: 0, offset: base, epoch: this.#epochs.epochBefore(base) },
        until: next,
        durable,
        stamps: new StampTable(stampTable),
        knownEpochAt: (at) => (at < active.offset ? this.#epochs.epochAt(at) : undefined),
        trustsFirstEpoch: !isTold,
        onBatch: (batch) => this.#onBatch(file, batch, hints),
        onDamage: (range) => this.#addDamage(range),
      }),
    );
    this.#scannedBytes += fileBytes;
    this.#judgeHints(base, hints);
    if (next !== undefined && found.offset < next) {
      const range = { from: found.offset, to: next };
      this.#add({ type: 'missing-records', isDamage: true, file, range, what: 'the end of the segment is gone' });
    } else if (next === undefined && found.position < fileBytes) {
      const what = `bytes ${found.position} to ${fileBytes} are the end of a write that never ended`;
      this.#add({ type: 'unfinished-end', isDamage: false, file, what });
    }
    return found;
  }

  async #readStamps(base: Offset): Promise<Uint8Array | undefined> {
    const file = segmentFileName(base, 'stamps');
    if (!this.#names.has(file)) return undefined;
    const bytes = await this.#folder.use(base, 'stamps', async (stamps) => stamps.read(0, await stamps.sizeBytes()));
    let unreadable = bytes.length % stampBytes === 0 ? 0 : 1;
    for (let at = 0; at + stampBytes <= bytes.length; at += stampBytes)
      if (decodeStampEntry(bytes, at) === undefined) unreadable += 1;
    if (unreadable > 0) {
      const what = `${unreadable} of its entries cannot be read; the batches are judged without them`;
      this.#add({ type: 'unreadable-hint', isDamage: false, file, what });
    }
    return bytes;
  }

  /** A stamped batch is believed by its stamp, so whether the history of epochs agrees is another question. */
  #onBatch(file: string, batch: ScannedBatch, hints: SegmentHints): void {
    const { baseOffset, nextOffset, leaderEpoch, position } = batch;
    const { active } = this.#checkpoint;
    this.#batchCount += 1;
    hints.onBatch(batch);
    if (baseOffset >= active.offset) return this.#epochs.append(leaderEpoch, baseOffset);
    if (this.#checkpoint.sequence === 0 || this.#epochs.epochAt(baseOffset) === leaderEpoch) return;
    const range = { from: baseOffset, to: nextOffset };
    const what = `the batch at byte ${position} says epoch ${leaderEpoch}, and the history of epochs another one`;
    this.#add({ type: 'wrong-epoch', isDamage: true, file, range, what });
  }

  async #openHints(base: Offset, beside: { stamps: StampTable; stampedEnd: number }): Promise<SegmentHints> {
    const file = segmentFileName(base, 'index');
    const isThere = this.#names.has(file) && this.#names.has(segmentFileName(base, 'timeindex'));
    const found = isThere ? await readIndex(this.#folder, base) : undefined;
    if (isThere && found === undefined)
      this.#add({ type: 'unreadable-hint', isDamage: false, file, what: 'the index cannot be read; it is made again' });
    return new SegmentHints(found?.index, beside);
  }

  #judgeHints(base: Offset, { unstampedCount, misplacedCount }: SegmentHints): void {
    const add = (kind: 'stamps' | 'index', what: string): void =>
      this.#add({ type: 'unreadable-hint', isDamage: false, file: segmentFileName(base, kind), what });
    if (unstampedCount > 0) add('stamps', `${unstampedCount} batches are not in it; they are judged without`);
    if (misplacedCount > 0) add('index', `${misplacedCount} of its entries name no batch; it is made again`);
  }

  async #judgeProducers(): Promise<void> {
    for (const file of this.#names) {
      const at = findOffsetInName(file, producersEnding);
      if (at === undefined) continue;
      const found = await findProducerState(this.#folder, at);
      if (found?.at === at) continue;
      const what = 'what was known of producers cannot be read; an older one, or the records, tell it again';
      this.#add({ type: 'unreadable-hint', isDamage: false, file, what });
    }
  }

  #judgeCheckpoints(wholeCopies: number): void {
    if (wholeCopies === checkpointNames.length) return;
    const [file] = checkpointNames;
    if (wholeCopies > 0) {
      const what = 'one of its two copies cannot be read; the next start makes it again';
      this.#add({ type: 'unreadable-checkpoint', isDamage: false, file, what });
      return;
    }
    const what = 'neither copy can be read: a start finds the log by its batches, and does not know what was durable';
    this.#add({ type: 'unreadable-checkpoint', isDamage: true, file, what });
  }

  #addDamage({ segment, position, endPosition, from, to }: DamagedRange): void {
    const file = segmentFileName(segment, 'log');
    const what = `bytes ${position} to ${endPosition} are not what was written`;
    this.#add({ type: 'damaged-records', isDamage: true, file, range: { from, to }, what });
  }

  #addMissing({ segment, from, to }: DamagedRange): void {
    const file = segmentFileName(segment, 'log');
    this.#add({ type: 'missing-records', isDamage: true, file, range: { from, to }, what: 'the segment is gone' });
  }

  #add(finding: Omit<LogFinding, 'range'> & Partial<Pick<LogFinding, 'range'>>): void {
    this.#findings.push({ range: undefined, ...finding });
  }
}

const keptAside = 'bytes that an earlier start took out of the log; nobody reads them, and they may be removed';
