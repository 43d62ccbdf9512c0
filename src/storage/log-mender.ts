/**
 * Puts a damaged range back with bytes from elsewhere, piece by piece, and at last looks at all of the segment, which
 * alone says what is whole. Until then the range is damaged as before, so an interruption at any point costs nothing
 * but the work.
 *
 * Pieces come from outside and take their time; each is written within a barrier, in which the range is still what it
 * was, so a truncation meanwhile never finds bytes behind its cut. The end of a log is sealed first: the stamps of
 * a sealed segment are nobody's but ours to write anew.
 * Read next: range-mend.ts, which judges what comes.
 */
import { EpochHistory, type EpochStart } from '../base/epoch-history.ts';
import { offset, type Offset } from '../base/offsets.ts';
import { DiskError } from '../ports/disk.ts';
import { replaceFiles } from './atomic-file.ts';
import type { DamagedRange } from './damaged-range.ts';
import type { IndexCache } from './index-cache.ts';
import { writeIndex } from './index-files.ts';
import type { LogFolder } from './log-folder.ts';
import { inspectSegment, type Inspection } from './log-inspection.ts';
import type { LogReader } from './log-reader.ts';
import { rollSegment } from './log-roll.ts';
import type { LogShape } from './log-shape.ts';
import type { LogWriter } from './log-writer.ts';
import { RangeMend, type MendingPiece, type MendProblem } from './range-mend.ts';
import { segmentFileName } from './segment-names.ts';
import type { SegmentFacts } from './segment.ts';
import { encodeStampEntry, StampTable, type Stamp } from './stamp.ts';

export type MendEnd =
  /** The range is whole again. */
  | { readonly type: 'mended' }
  /** It is no part of the log any more, or has become another range. */
  | { readonly type: 'changed' }
  | { readonly type: 'no-answer' }
  /** The other log ends before it. */
  | { readonly type: 'no-bytes'; readonly at: Offset }
  | { readonly type: 'refused'; readonly problem: MendProblem | { readonly type: 'other-batch-beside' } }
  /** What was written does not read back whole: the disk does not keep it. */
  | { readonly type: 'still-damaged' }
  | { readonly type: 'disk-refused'; readonly cause: DiskError };

/**
 * Whole batches of another replica: the first holds that offset, or is the first after it; none where its log ends.
 * Undefined: it did not answer.
 */
export type FetchBatches = (from: Offset) => Promise<Uint8Array | undefined>;

export interface LogMenderOptions {
  readonly folder: LogFolder;
  readonly shape: LogShape;
  readonly writer: LogWriter;
  readonly reader: LogReader;
  readonly indexes: IndexCache;
  readonly generation: () => number;
}

export class LogMender {
  readonly #options: LogMenderOptions;

  constructor(options: LogMenderOptions) {
    this.#options = options;
  }

  async mend(range: DamagedRange, fetch: FetchBatches): Promise<MendEnd> {
    const { shape, writer } = this.#options;
    const isAtEnd = range.to === shape.active.end.offset;
    const mend = new RangeMend(range, shape.epochs, isAtEnd);
    while (!mend.isFull) {
      const ownedBytes = await fetch(mend.next);
      if (!shape.damaged.includes(range)) return { type: 'changed' };
      if (ownedBytes === undefined) return { type: 'no-answer' };
      if (ownedBytes.length === 0) return { type: 'no-bytes', at: mend.next };
      const piece = mend.take(ownedBytes);
      if (!piece.ok) return { type: 'refused', problem: piece.problem };
      const end = await writer.barrier(() => this.#write(range, piece.value));
      if (end !== undefined) return end;
    }
    if (mend.needsWitness && !(await this.#agreesBeside(range, isAtEnd, fetch)))
      return { type: 'refused', problem: { type: 'other-batch-beside' } };
    return writer.barrier(() => this.#finish(mend));
  }

  /** Undefined: it is in the file. What the disk refuses harms nothing but the mending. */
  async #write(range: DamagedRange, { position, ownedBytes }: MendingPiece): Promise<MendEnd | undefined> {
    const { shape, folder } = this.#options;
    if (!shape.damaged.includes(range)) return { type: 'changed' };
    try {
      await folder.useOrCreate(range.segment, 'log', (file) => file.write(position, [ownedBytes]));
      return undefined;
    } catch (cause) {
      if (cause instanceof DiskError) return { type: 'disk-refused', cause };
      throw cause;
    }
  }

  /** Two logs that hold the same batch hold the same before it. */
  async #agreesBeside({ from, to }: DamagedRange, isAtEnd: boolean, fetch: FetchBatches): Promise<boolean> {
    const { reader, shape } = this.#options;
    if (isAtEnd && from <= shape.localStart) return true;
    const beside = isAtEnd ? offset(from - 1) : to;
    const ours = await reader.read({ from: beside, bytesMax: 1, check: 'whole' });
    if (!ours.ok || ours.value.ownedBytes.length === 0) return false;
    const theirs = await fetch(beside);
    const { ownedBytes } = ours.value;
    return theirs !== undefined && Buffer.compare(ownedBytes, theirs.subarray(0, ownedBytes.length)) === 0;
  }

  async #finish(mend: RangeMend): Promise<MendEnd> {
    const { folder, shape, reader, indexes, generation } = this.#options;
    const { range } = mend;
    if (!shape.damaged.includes(range)) return { type: 'changed' };
    if (range.segment === shape.active.base) await this.#seal();
    const segment = shape.sealed.find(({ base }) => base === range.segment);
    if (segment === undefined) return { type: 'changed' };
    await folder.useOrCreate(segment.base, 'log', (file) => file.sync());
    const inspection = await this.#look(mend, segment);
    if (inspection instanceof DiskError) return { type: 'disk-refused', cause: inspection };
    const { damaged, found, epochs } = inspection;
    const { maxTimestampMs } = found.facts;
    const { sizeBytes: bytes, next } = segment;
    await writeIndex(folder, segment.base, found.index, { bytes, next, maxTimestampMs });
    reader.forgetSegment(segment.base);
    indexes.put(folder, segment.base, found.index);
    // Of what is still damaged the log may know epochs that its bytes do not show.
    if (damaged.length === 0) shape.epochs.replace(epochsWith(shape.epochs.starts, segment, epochs));
    shape.replaceSealed({ ...segment, maxTimestampMs }, damaged);
    await folder.saveCheckpoint((sequence) => shape.checkpoint(sequence, generation()));
    const isLeft = damaged.some(({ from, to }) => from < range.to && range.from < to);
    return { type: isLeft ? 'still-damaged' : 'mended' };
  }

  /** What the disk does not give here harms the mending and not the log. */
  async #look(mend: RangeMend, segment: SegmentFacts): Promise<Inspection | DiskError> {
    const { folder, shape, writer } = this.#options;
    const { indexEveryBytes } = writer.settings;
    try {
      await this.#replaceStamps(mend, segment);
      return await inspectSegment({ folder, segment, epochs: shape.epochs.starts, indexEveryBytes });
    } catch (cause) {
      if (cause instanceof DiskError) return cause;
      throw cause;
    }
  }

  async #seal(): Promise<void> {
    const { folder, shape, writer, generation } = this.#options;
    await writer.flushWithinBarrier();
    const { settings } = writer;
    writer.restartWith(await rollSegment({ folder, shape, settings, generation: generation() }));
  }

  async #replaceStamps({ range, stamps }: RangeMend, { base, sizeBytes, next }: SegmentFacts): Promise<void> {
    const { folder } = this.#options;
    const known = await folder.useOrCreate(base, 'stamps', async (file) => file.read(0, await file.sizeBytes()));
    const table = new StampTable(known);
    const all: readonly Stamp[] = [
      ...table.between(0, range.position),
      ...stamps,
      ...table.between(range.endPosition, Infinity),
    ];
    const start = { position: 0, offset: base };
    const ownedBytes = Buffer.concat([
      ...all.map((stamp) => encodeStampEntry({ stamp, durable: start })),
      encodeStampEntry({ stamp: undefined, durable: { position: sizeBytes, offset: next } }),
    ]);
    await folder.handles.forget(folder.pathOf(base, 'stamps'));
    await replaceFiles(folder.disk, folder.path, [{ name: segmentFileName(base, 'stamps'), ownedBytes }]);
  }
}

/** The epochs of a log of which one segment was looked at again. */
function epochsWith(
  known: readonly EpochStart[],
  { base, next }: SegmentFacts,
  found: readonly EpochStart[],
): readonly EpochStart[] {
  const history = new EpochHistory(known.filter(({ start }) => start < base));
  const later = known.filter(({ start }) => start >= next);
  for (const { epoch, start } of [...found, ...later]) history.append(epoch, start);
  return history.starts;
}
