/**
 * Reads batches as they lie on the disk: from the one that holds an offset, as many as fit a budget, in one piece.
 *
 * Every batch that is handed out was looked at: its form, its place in the order of offsets, and that its stamped
 * prefix is the one that was written, because no receiver can find that out. Its checksum is looked at as well unless
 * the receiver does so anyway (`check`). Where something is wrong the whole segment is looked at (log-inspection.ts):
 * either a range of it is damaged from then on, or it was the hint that was wrong.
 */
import { assert } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import { offset, type Offset } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { DiskError } from '../ports/disk.ts';
import { batchHeaderBytes } from '../record/batch-layout.ts';
import type { DamagedRange } from './damaged-range.ts';
import type { IndexCache } from './index-cache.ts';
import type { LogFolder } from './log-folder.ts';
import type { ReadProblem } from './log-problem.ts';
import type { LogShape } from './log-shape.ts';
import { ReadGuards, type ReadGuard } from './read-guards.ts';
import { pickBatches, type PickedRun } from './read-run.ts';
import type { SegmentFacts } from './segment.ts';
import type { SparseIndex } from './sparse-index.ts';
import { StampTable, type SegmentPoint } from './stamp.ts';

export interface ReadRequest {
  readonly from: Offset;
  /** At least one batch is returned however large it is, then none that goes beyond this. */
  readonly bytesMax: number;
  /** Nothing from here on: the watermark, for a consumer. */
  readonly below?: Offset;
  /**
   * `whole` looks at the checksum of every batch. `stamps` leaves that to the receiver, who must not believe a batch
   * without it: a consumer, a follower.
   */
  readonly check: 'stamps' | 'whole';
}

export interface ReadBatches {
  /** Whole batches; the first holds `from`, or is the first after it. Of the caller from now on. */
  readonly ownedBytes: Uint8Array;
  /** Where the next read goes on. */
  readonly nextOffset: Offset;
}

export interface LogReaderOptions {
  readonly folder: LogFolder;
  readonly shape: LogShape;
  readonly indexes: IndexCache;
  readonly readableEnd: () => Offset;
  /** Looks at all of a segment: afterwards its index is right, and what is damaged is known. */
  readonly inspect: (segment: SegmentFacts) => Promise<void>;
}

/** Ends of the last reads: whoever reads on from one needs no index. */
const cursorsMax = 64;
const nothing = new Uint8Array(0);
/** A hint may be wrong once and the segment damaged once; more is a disk that does not answer the same twice. */
const inspectionsMax = 3;

export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #guards = new ReadGuards();
  /** By offset: where in which segment. The oldest is the first. */
  readonly #cursors = new Map<Offset, { readonly segment: Offset; readonly position: number }>();

  constructor(options: LogReaderOptions) {
    this.#options = options;
  }

  async read(request: ReadRequest): Promise<Result<ReadBatches, ReadProblem>> {
    const { shape, readableEnd } = this.#options;
    const end = readableEnd();
    const { from } = request;
    if (from < shape.localStart || from > end) return this.#outOfRange();
    const below = offset(Math.min(end, request.below ?? end));
    return this.#guards.during(below, (guard) => this.#readWhileItIsThere(request, guard));
  }

  /** Nothing that is read from now on, or is being read, reaches beyond. */
  truncatingTo(end: Offset): void {
    this.#guards.truncatingTo(end);
    this.#cursors.clear();
  }

  /** The offset of a batch with nothing before it in its segment that is as new; undefined when there is no hint. */
  async floorByTime(segment: SegmentFacts, timestampMs: number): Promise<Offset | undefined> {
    const index = await this.#indexOf(segment);
    return index?.floorByTime(timestampMs)?.baseOffset;
  }

  forgetSegment(base: Offset): void {
    for (const [at, { segment }] of this.#cursors) if (segment === base) this.#cursors.delete(at);
    this.#options.indexes.forget(this.#options.folder, base);
  }

  /** Files that are set aside meanwhile are missing: of what is gone the answer is the one of a later read. */
  async #readWhileItIsThere(request: ReadRequest, guard: ReadGuard): Promise<Result<ReadBatches, ReadProblem>> {
    const { shape } = this.#options;
    const { from } = request;
    try {
      return await this.#readGuarded(request, guard);
    } catch (cause) {
      if (!(cause instanceof DiskError)) throw cause;
      if (from < shape.localStart) return this.#outOfRange();
      if (from >= guard.below) return ok({ ownedBytes: nothing, nextOffset: from });
      throw cause;
    }
  }

  async #readGuarded(request: ReadRequest, guard: ReadGuard): Promise<Result<ReadBatches, ReadProblem>> {
    const { shape, inspect } = this.#options;
    let inspections = 0;
    let segment = shape.segmentAt(request.from);
    while (segment !== undefined && request.from < guard.below && request.from >= shape.localStart) {
      const range = damageAt(shape.damaged, request.from);
      if (range !== undefined) return refused({ type: 'damaged', range });
      const run = await this.#readFrom(segment, request, guard);
      if (run.ownedBytes.length > 0) return ok(this.#handOut(segment.base, run));
      if (run.flaw === undefined) {
        segment = shape.segmentAfter(segment.base);
        continue;
      }
      // What a truncation has overtaken is allowed to be anything.
      if (request.from >= guard.below) break;
      inspections += 1;
      if (inspections > inspectionsMax)
        throw new FaultError('a segment that is whole reads differently', { segment: segment.base, flaw: run.flaw });
      await inspect(segment);
      this.#cursors.clear();
      segment = shape.segmentAt(request.from);
    }
    if (request.from < shape.localStart) return this.#outOfRange();
    return ok({ ownedBytes: nothing, nextOffset: request.from });
  }

  #outOfRange(): Result<ReadBatches, ReadProblem> {
    const { shape, readableEnd } = this.#options;
    return refused({ type: 'offset-out-of-range', localStart: shape.localStart, logEnd: readableEnd() });
  }

  #handOut(segment: Offset, run: PickedRun): ReadBatches {
    const { ownedBytes, end } = run;
    assert(end.offset > 0, 'a read of batches goes on after them');
    const oldest = this.#cursors.keys().next();
    if (this.#cursors.size >= cursorsMax && oldest.done !== true) this.#cursors.delete(oldest.value);
    this.#cursors.set(end.offset, { segment, position: end.position });
    return { ownedBytes, nextOffset: end.offset };
  }

  /** What a segment has from an offset on; nothing, if it ends before. */
  async #readFrom(segment: SegmentFacts, request: ReadRequest, guard: ReadGuard): Promise<PickedRun> {
    const { folder, shape } = this.#options;
    let place = await this.#startIn(segment, request.from);
    let length = place.skipBytes + Math.max(request.bytesMax, batchHeaderBytes);
    let stamps: StampTable | undefined;
    for (;;) {
      const { position } = place;
      const room = wholeUpTo(shape.damaged, segment, position) - position;
      if (room <= 0) return { ownedBytes: nothing, end: place, flaw: undefined, bytesNeeded: undefined };
      const wanted = Math.min(room, length);
      const ownedBytes = await folder.use(segment.base, 'log', (file) => file.read(position, wanted));
      const run = pickBatches({
        ...request,
        ownedBytes,
        start: place,
        startIsExact: place.isExact,
        isAll: wanted === room || ownedBytes.length < wanted,
        isShort: ownedBytes.length < wanted,
        below: guard.below,
        epochs: shape.epochs,
        stamps,
      });
      if (run.flaw?.type === 'unvouched' && stamps === undefined && this.#cursors.delete(request.from)) {
        // The read that ended there may have believed a batch that its receiver did not.
        place = await this.#startIn(segment, request.from);
        continue;
      }
      if (run.flaw?.type === 'unvouched' && stamps === undefined) {
        stamps = await this.#stampsOf(segment);
        continue;
      }
      if (run.bytesNeeded === undefined) return run;
      assert(run.end.position > position || run.bytesNeeded > wanted, 'a read gets on', () => ({ ...run.end }));
      length = Math.max(length, run.bytesNeeded);
      place = { ...run.end, skipBytes: 0, isExact: place.isExact && run.end.position === position };
    }
  }

  async #stampsOf({ base }: SegmentFacts): Promise<StampTable> {
    const { folder } = this.#options;
    return new StampTable(await folder.use(base, 'stamps', async (file) => file.read(0, await file.sizeBytes())));
  }

  /** A batch at or before the wanted one: the nearest that anything knows of. */
  async #startIn(segment: SegmentFacts, from: Offset): Promise<StartPlace> {
    const { shape } = this.#options;
    const cursor = this.#cursors.get(from);
    if (cursor?.segment === segment.base)
      return { position: cursor.position, offset: from, skipBytes: 0, isExact: false };
    const index = await this.#indexOf(segment);
    const hint = index?.floor(from);
    const everyBytes = index?.everyBytes ?? 0;
    const first = { position: 0, offset: segment.base, skipBytes: everyBytes, isExact: false };
    const indexed =
      hint === undefined
        ? first
        : {
            position: hint.position,
            offset: hint.baseOffset,
            skipBytes: hint.baseOffset === from ? 0 : everyBytes,
            isExact: true,
          };
    // Behind a damaged range there is a whole batch, or the end of the segment.
    const mended = shape.damaged.findLast(
      (range) => range.segment === segment.base && range.to <= from && range.endPosition > indexed.position,
    );
    if (mended === undefined) return indexed;
    return { position: mended.endPosition, offset: mended.to, skipBytes: everyBytes, isExact: false };
  }

  async #indexOf(segment: SegmentFacts): Promise<SparseIndex | undefined> {
    const { shape, folder, indexes, inspect } = this.#options;
    if (segment.base === shape.active.base) return shape.active.index;
    const found = await indexes.find(folder, segment.base, segment.sizeBytes);
    if (found !== undefined) return found;
    await inspect(segment);
    return indexes.find(folder, segment.base, segment.sizeBytes);
  }
}

interface StartPlace extends SegmentPoint {
  /** How far behind it the wanted batch may begin. */
  readonly skipBytes: number;
  /** A batch with just this offset must be there. */
  readonly isExact: boolean;
}

function damageAt(damaged: readonly DamagedRange[], wanted: Offset): DamagedRange | undefined {
  return damaged.find(({ from, to }) => from <= wanted && wanted < to);
}

/** The end of the segment, or of what of it can be read in one piece from a position on. */
function wholeUpTo(damaged: readonly DamagedRange[], segment: SegmentFacts, position: number): number {
  let end = segment.sizeBytes;
  for (const range of damaged)
    if (range.segment === segment.base && range.endPosition > position) end = Math.min(end, range.position);
  return end;
}
