/**
 * The log of one replica on one disk: batches that have their offsets go in, and come out again byte for byte.
 *
 * Who writes when is log-writer.ts, what is read is log-reader.ts, how a start finds its way back is log-opening.ts.
 * Here they become one thing, and here are the changes of its shape: each within a barrier, and durable before it is
 * heard of. After a failure it takes nothing more and can still be read (S5, S6).
 */
import { assert, InvariantError } from '../base/assert.ts';
import type { EpochEnd, EpochStart } from '../base/epoch-history.ts';
import { FaultError } from '../base/fault-error.ts';
import { offset, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import { ok, type Result } from '../base/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { DamagedRange } from './damaged-range.ts';
import { saveIndex, writeIndex } from './index-files.ts';
import { findCut } from './log-cut.ts';
import type { LogDisk } from './log-disk.ts';
import { LogFolder } from './log-folder.ts';
import { LogMender, type FetchBatches, type MendEnd } from './log-mender.ts';
import { inspectSegment } from './log-inspection.ts';
import { openLogFiles, type OpenedFiles } from './log-opening.ts';
import type { OpenProblem, OpenReport, ReadProblem } from './log-problem.ts';
import { LogProgress, type LogPosition } from './log-progress.ts';
import { LogReader, type ReadBatches, type ReadRequest } from './log-reader.ts';
import { LogRemoval } from './log-removal.ts';
import { startAfterRetention, type RetentionRule } from './log-retention.ts';
import { rollSegment } from './log-roll.ts';
import { assertSettings, logSettingsDefault, type LogSettings } from './log-settings.ts';
import { recoveryPointAt, type LogShape } from './log-shape.ts';
import { findByTime, type TimedBatch } from './log-time-lookup.ts';
import { finishTruncation } from './log-truncation.ts';
import { LogWriter } from './log-writer.ts';
import { dropProducerStates, findProducerState, saveProducerState, type ProducerState } from './producer-states.ts';
import { ActiveSegment, type SegmentFacts } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import { StampFile } from './stamp-file.ts';
import type { StampedBatch } from './stamped-batch.ts';

export interface PartitionLogOptions {
  readonly on: LogDisk;
  readonly path: string;
  readonly clock: Pick<Clock, 'monotonicMs' | 'callAfterMs'>;
  /** Where the log begins if there is none: 0, or where its leader's begins. */
  readonly startAt?: Offset;
  readonly settings?: LogSettings;
  /** Whenever `written` or `durable` has moved, after it is true. */
  readonly onProgress?: (position: LogPosition) => void;
  /** Once, with the failure that ends the log; and with what could not be removed, which does not. */
  readonly onFault?: (fault: FaultError) => void;
  /** A part of the log is found to be damaged while it is in use. */
  readonly onDamage?: (range: DamagedRange) => void;
}

const nobody = (): void => {};

export class PartitionLog {
  readonly report: OpenReport;
  readonly #options: PartitionLogOptions;
  readonly #folder: LogFolder;
  readonly #shape: LogShape;
  readonly #progress: LogProgress;
  readonly #writer: LogWriter;
  readonly #reader: LogReader;
  readonly #removal: LogRemoval;
  readonly #mender: LogMender;
  #isEnding = false;
  #wasClosedInOrder = false;
  #truncations = 0;

  private constructor(options: PartitionLogOptions, folder: LogFolder, files: OpenedFiles) {
    const { on, clock, settings = logSettingsDefault, onProgress = nobody, onFault = nobody } = options;
    const { shape, stamps } = files;
    this.report = files.report;
    this.#options = options;
    this.#folder = folder;
    this.#shape = shape;
    this.#progress = new LogProgress(files.generation, shape.active.end.offset);
    const { flusher } = on;
    const progress = this.#progress;
    this.#writer = new LogWriter({ folder, shape, progress, stamps, settings, clock, flusher, onProgress, onFault });
    this.#reader = new LogReader({
      folder,
      shape,
      indexes: on.indexes,
      readableEnd: () => this.#writer.readableEnd,
      inspect: (segment) => this.#inspect(segment),
    });
    const { indexes } = on;
    const [writer, reader] = [this.#writer, this.#reader];
    this.#mender = new LogMender({ folder, shape, writer, reader, indexes, generation: () => progress.generation });
    this.#removal = new LogRemoval({ folder, clock, onFault });
    this.#removal.schedule(settings.removalDelayMs);
  }

  /** When it resolves, all that the log holds is durable. */
  static async open(options: PartitionLogOptions): Promise<Result<PartitionLog, OpenProblem>> {
    const { on, path, settings = logSettingsDefault, startAt = offset(0) } = options;
    assertSettings(settings);
    const folder = new LogFolder(on.disk, path, on.handles);
    const files = await openLogFiles({ folder, settings, startAt });
    return files.ok ? ok(new PartitionLog(options, folder, files.value)) : files;
  }

  get position(): LogPosition {
    return this.#progress.position;
  }

  /** What the next record gets at least. */
  get logEnd(): Offset {
    return this.#progress.assigned;
  }

  /** What this disk holds begins there. */
  get localStart(): Offset {
    return this.#shape.localStart;
  }

  /** Consumers may read from there on. */
  get partitionStart(): Offset {
    return this.#shape.partitionStart;
  }

  get latestEpoch(): LeaderEpoch | undefined {
    return this.#shape.epochs.latest;
  }

  get damaged(): readonly DamagedRange[] {
    return this.#shape.damaged;
  }

  /** Oldest first; the last one is the active one. */
  get segments(): readonly SegmentFacts[] {
    return [...this.#shape.sealed, this.#shape.active.facts];
  }

  get failure(): FaultError | undefined {
    return this.#writer.failure;
  }

  get epochs(): readonly EpochStart[] {
    return this.#shape.epochs.starts;
  }

  /** All that it holds is durable, and nothing more is taken. */
  get wasClosedInOrder(): boolean {
    return this.#wasClosedInOrder;
  }

  /** The largest epoch that is not after the asked one, and where it ends; undefined when all are later. */
  endOfEpoch(epoch: LeaderEpoch): EpochEnd | undefined {
    return this.#shape.epochs.endOf(epoch, this.logEnd);
  }

  changeSettings(settings: LogSettings): void {
    assertSettings(settings);
    this.#writer.changeSettings(settings);
  }

  /** Assigned when it returns, written when it resolves; what is durable is said by `onProgress` and `flush`. */
  append(batches: readonly StampedBatch[]): Promise<void> {
    assert(!this.#isEnding, 'nobody appends to a log that was closed');
    assert(this.#truncations === 0, 'nobody appends while the log is cut');
    return this.#writer.append(batches);
  }

  /** Resolves when everything that is assigned now is durable, whatever the policy. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  read(request: ReadRequest): Promise<Result<ReadBatches, ReadProblem>> {
    return this.#reader.read(request);
  }

  /** One of `damaged` is put back with what `fetch` brings of another replica. Durable when it resolves. */
  mend(range: DamagedRange, fetch: FetchBatches): Promise<MendEnd> {
    return this.#mender.mend(range, fetch);
  }

  /** The first batch below `below` with a record as new as that; undefined when all is older. */
  findByTime(timestampMs: number, below = this.logEnd): Promise<Result<TimedBatch | undefined, ReadProblem>> {
    return findByTime({ shape: this.#shape, reader: this.#reader, below }, timestampMs);
  }

  /**
   * Everything from `to` on is cut off, and the batch that it lies within. Resolves with the new end of the log when
   * what is left is durable. A new generation begins; nobody appends meanwhile.
   */
  async truncate(to: Offset): Promise<Offset> {
    assert(to >= this.localStart, 'S13: a log is not truncated below its start', { to, start: this.localStart });
    this.#truncations += 1;
    try {
      return await this.#writer.barrier(async () => {
        if (to < this.logEnd) await this.#truncate(to);
        return this.logEnd;
      });
    } finally {
      this.#truncations -= 1;
    }
  }

  /**
   * Everything is dropped, and the log goes on at `start`, beyond its end, with what is known of producers there. All of it
   * is durable when it resolves, and at any moment before a start finds either the old log or the new one.
   */
  async restartAt(start: Offset, ownedProducers: Uint8Array): Promise<void> {
    assert(start >= this.logEnd, 'S13: a log that restarts does so further on', { start, logEnd: this.logEnd });
    this.#truncations += 1;
    try {
      await this.#writer.barrier(() => this.#restart(start, ownedProducers));
    } finally {
      this.#truncations -= 1;
    }
  }

  /**
   * Keeps what is known of producers at the end of the log, unless that is nothing. The newest two are kept: a truncation drops
   * those beyond it. Durable when it resolves, and so is the log up to there.
   */
  saveProducers(encode: () => Uint8Array | undefined): Promise<void> {
    // Of now: what is appended while this waits for its turn is not durable then.
    const { assigned: at, generation } = this.#progress;
    const ownedBytes = encode();
    return this.#writer.barrier(async () => {
      await this.#writer.flushWithinBarrier();
      if (ownedBytes === undefined || generation !== this.#progress.generation) return;
      assert(at <= this.#progress.durable, 'S7: what is known of producers is of what is durable', { at });
      await saveProducerState(this.#folder, { at, ownedBytes });
    });
  }

  /** The newest state of producers that can be read; what comes after it is in the batches from there on. */
  findProducers(): Promise<ProducerState | undefined> {
    return findProducerState(this.#folder, this.logEnd);
  }

  /** Seals the active segment, unless it is empty. */
  roll(): Promise<void> {
    return this.#writer.barrier(async () => {
      const { active } = this.#shape;
      await this.#writer.flushWithinBarrier();
      if (active.end.offset === active.base) return;
      const { generation } = this.#progress;
      const { settings } = this.#writer;
      this.#writer.restartWith(await rollSegment({ folder: this.#folder, shape: this.#shape, settings, generation }));
    });
  }

  /** Durable when it resolves. An earlier one than now changes nothing. */
  async movePartitionStart(start: Offset): Promise<void> {
    await this.#writer.barrier(async () => {
      if (start <= this.partitionStart) return;
      this.#shape.movePartitionStart(start);
      await this.#saveCheckpoint();
    });
  }

  /** What lies before need not be kept here: segments that hold nothing else are set aside, and removed after a while. */
  async moveLocalStart(start: Offset): Promise<void> {
    await this.#writer.barrier(() => this.#moveLocalStart(start));
  }

  /** Resolves with where the log starts now. */
  retain(rule: RetentionRule): Promise<Offset> {
    return this.#writer.barrier(async () => {
      const { sealed, active, localStart } = this.#shape;
      await this.#moveLocalStart(startAfterRetention(rule, { sealed, active: active.facts, localStart }));
      return this.localStart;
    });
  }

  /** All of it is durable when it resolves, and the next start has nothing to look at. */
  async close(): Promise<void> {
    this.#isEnding = true;
    try {
      if (this.failure === undefined) {
        await this.#writer.barrier(() => this.#settle());
        this.#wasClosedInOrder = true;
      }
    } finally {
      this.#removal.end();
      await this.#writer.end(new FaultError('the log was closed', { path: this.#folder.path }));
      for (const { base } of this.segments) await this.#forgetFiles(base);
    }
  }

  async #settle(): Promise<void> {
    const { active } = this.#shape;
    await this.#writer.flushWithinBarrier();
    await saveIndex(this.#folder, active, active.end);
    this.#shape.moveRecoveryPoint(recoveryPointAt(active));
    await this.#saveCheckpoint();
  }

  /** What stays is durable before the cut is decided: a start that goes on with it looks at nothing before the cut. */
  async #truncate(to: Offset): Promise<void> {
    const folder = this.#folder;
    const shape = this.#shape;
    const { indexEveryBytes, removalDelayMs } = this.#writer.settings;
    await this.#writer.flushWithinBarrier();
    const cut = await findCut({ folder, shape, indexEveryBytes }, to);
    this.#reader.truncatingTo(offset(Math.min(to, cut.end.offset)));
    const dropped = this.segments.filter(({ base }) => base >= cut.base);
    shape.truncate(cut);
    await saveIndex(folder, cut, cut.end);
    // The start of the log has moved beyond: what was known there was known of other records.
    if (to < cut.end.offset) await dropProducerStates(folder, { beyond: to });
    const generation = this.#progress.generation + 1;
    const begun = shape.checkpoint(0, generation, true);
    await folder.saveCheckpoint((sequence) => ({ ...begun, sequence }));
    await finishTruncation(folder, begun);
    const stampBytes = await folder.use(cut.base, 'stamps', (file) => file.sizeBytes());
    for (const { base } of dropped) this.#reader.forgetSegment(base);
    this.#progress.truncated(cut.end.offset);
    this.#writer.restartWith(new StampFile(stampBytes, cut.end));
    this.#removal.schedule(removalDelayMs);
    this.#options.onProgress?.(this.position);
  }

  /** The state of producers is first: without it the new log would know less than its batches say. */
  async #restart(start: Offset, ownedProducers: Uint8Array): Promise<void> {
    const folder = this.#folder;
    const shape = this.#shape;
    const { indexEveryBytes, removalDelayMs } = this.#writer.settings;
    await this.#writer.flushWithinBarrier();
    await saveProducerState(folder, { at: start, ownedBytes: ownedProducers });
    this.#reader.truncatingTo(this.localStart);
    const dropped = this.segments;
    shape.restart(new ActiveSegment(start, new SparseIndex(indexEveryBytes)));
    this.#progress.restarted(start);
    const begun = shape.checkpoint(0, this.#progress.generation, true);
    await folder.saveCheckpoint((sequence) => ({ ...begun, sequence }));
    await finishTruncation(folder, begun);
    for (const { base } of dropped) {
      this.#reader.forgetSegment(base);
      if (base !== start) await folder.setAside(base);
    }
    this.#writer.restartWith(new StampFile(0, shape.active.end));
    this.#removal.schedule(removalDelayMs);
    this.#options.onProgress?.(this.position);
  }

  /** Whole segments go, so the log starts where one begins: never within a batch, and never beyond what is durable. */
  async #moveLocalStart(wanted: Offset): Promise<void> {
    const start = this.#shape.segmentAt(wanted)?.base;
    if (start === undefined || start <= this.localStart) return;
    assert(start <= this.#progress.durable, 'S7: a log starts within what is durable', { start, ...this.position });
    const dropped = this.#shape.moveLocalStart(start);
    await this.#saveCheckpoint();
    for (const { base } of dropped) {
      this.#reader.forgetSegment(base);
      await this.#folder.setAside(base);
    }
    this.#removal.schedule(this.#writer.settings.removalDelayMs);
  }

  async #saveCheckpoint(): Promise<void> {
    const { generation } = this.#progress;
    await this.#folder.saveCheckpoint((sequence) => this.#shape.checkpoint(sequence, generation));
  }

  /** A disk that cannot be read harms whoever reads, not the log: so the barrier hears nothing of it. */
  async #inspect({ base }: SegmentFacts): Promise<void> {
    const failure = await this.#writer.barrier(async (): Promise<FaultError | undefined> => {
      const segment = this.segments.find((other) => other.base === base);
      if (segment === undefined) return undefined;
      try {
        await this.#inspectSegment(segment);
        return undefined;
      } catch (cause) {
        if (cause instanceof InvariantError) throw cause;
        return new FaultError('a segment cannot be looked at', { base }, cause);
      }
    });
    if (failure !== undefined) throw failure;
  }

  async #inspectSegment(segment: SegmentFacts): Promise<void> {
    const folder = this.#folder;
    const epochs = this.#shape.epochs.starts;
    const { indexEveryBytes } = this.#writer.settings;
    const { damaged, found } = await inspectSegment({ folder, segment, epochs, indexEveryBytes });
    const isSealed = segment.base !== this.#shape.active.base;
    if (isSealed) {
      const { sizeBytes: bytes, next, maxTimestampMs } = segment;
      await writeIndex(folder, segment.base, found.index, { bytes, next, maxTimestampMs });
      this.#options.on.indexes.put(folder, segment.base, found.index);
    }
    const fresh = damaged.filter((range) => this.#shape.addDamage(range));
    if (fresh.length === 0) return;
    await this.#saveCheckpoint();
    for (const range of fresh) this.#options.onDamage?.(range);
  }

  async #forgetFiles(base: Offset): Promise<void> {
    this.#reader.forgetSegment(base);
    await this.#folder.handles.forget(this.#folder.pathOf(base, 'log'));
    await this.#folder.handles.forget(this.#folder.pathOf(base, 'stamps'));
  }
}
