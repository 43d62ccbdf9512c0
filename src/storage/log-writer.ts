/**
 * The way of batches to the disk: one gathered write at a time, one flush beside it, barriers alone.
 *
 * What is appended while a write is under way joins the next one, and what is written while a flush is under way shares
 * the next flush: group commit, with nothing to tune. A flush covers what was written when it was issued and no more. A
 * failure of any kind is the last thing that happens (S5, S6): a failed sync may have dropped bytes that reads go on to
 * show, and after a failed write nobody knows what of it is in the file.
 * Read next: log-progress.ts, log-lanes.ts, stamp-file.ts, log-roll.ts.
 */
import { assert, InvariantError } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import type { Offset } from '../base/offsets.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import { ranOutOfSpace } from './out-of-space.ts';
import type { DiskFlusher } from './disk-flusher.ts';
import { takeGather, type Gather, type WaitingAppend } from './append-gather.ts';
import { LostSyncError } from './file-handles.ts';
import { saveIndex } from './index-files.ts';
import type { LogFolder } from './log-folder.ts';
import { LogLanes } from './log-lanes.ts';
import type { LogPosition, LogProgress } from './log-progress.ts';
import { flushIsDue, rollIsDue, type LogSettings } from './log-settings.ts';
import { recoveryPointAt, type LogShape } from './log-shape.ts';
import { rollSegment } from './log-roll.ts';
import type { StampFile } from './stamp-file.ts';
import type { StampedBatch } from './stamped-batch.ts';

export interface LogWriterOptions {
  readonly folder: LogFolder;
  readonly shape: LogShape;
  readonly progress: LogProgress;
  readonly stamps: StampFile;
  readonly settings: LogSettings;
  readonly clock: Pick<Clock, 'monotonicMs' | 'callAfterMs'>;
  readonly flusher: DiskFlusher;
  readonly onProgress: (position: LogPosition) => void;
  readonly onFault: (fault: FaultError) => void;
}

interface Waiter {
  readonly upTo: Offset;
  readonly resolve: () => void;
  readonly reject: (fault: FaultError) => void;
}

/** Appends, not records: one per message of a producer or a leader. */
const appendsWaitingMax = 1 << 20;

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #lanes: LogLanes;
  readonly #waiting = new RingQueue<WaitingAppend>(appendsWaitingMax);
  #waitingBytes = 0;
  #stamps: StampFile;
  #settings: LogSettings;
  #flushWaiters: Waiter[] = [];
  #writeWaiters: Waiter[] = [];
  /** Of the active segment: below it everything is durable. */
  #durablePosition: number;
  #unflushedSinceMs = 0;
  #flushTimer: Timer | undefined;
  #failure: FaultError | undefined;
  /** Reads may not trust what is beyond; undefined while all that was written can be read. */
  #trustedEnd: Offset | undefined;
  #isRollWanted = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#stamps = options.stamps;
    this.#settings = options.settings;
    this.#durablePosition = options.shape.active.sizeBytes;
    this.#lanes = new LogLanes(() => this.#goOn());
  }

  get failure(): FaultError | undefined {
    return this.#failure;
  }

  /** Reads end here. */
  get readableEnd(): Offset {
    return this.#trustedEnd ?? this.#options.progress.written;
  }

  get settings(): LogSettings {
    return this.#settings;
  }

  changeSettings(settings: LogSettings): void {
    this.#settings = settings;
    this.#goOn();
  }

  /** Assigned at once; resolves when the batches are written. */
  append(batches: readonly StampedBatch[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    assert(batches.length > 0, 'an append has at least one batch');
    const { progress, shape } = this.#options;
    let sizeBytes = 0;
    for (const batch of batches) {
      progress.assign(batch);
      shape.epochs.append(batch.leaderEpoch, batch.baseOffset);
      sizeBytes += batch.ownedBytes.length;
    }
    this.#waitingBytes += sizeBytes;
    assert(this.#waitingBytes <= this.#settings.waitingBytesMax, 'appends do not pile up without bound', () => ({
      waitingBytes: this.#waitingBytes,
    }));
    return new Promise((resolve, reject) => {
      const queued = this.#waiting.push({ batches, taken: 0, resolve, reject });
      assert(queued.ok, 'appends do not pile up without bound', { appendsWaitingMax });
      this.#goOn();
    });
  }

  /** Resolves when everything that is assigned now is durable, whatever the policy. */
  flush(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { progress } = this.#options;
    if (progress.durable === progress.assigned) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#flushWaiters.push({ upTo: progress.assigned, resolve, reject });
      this.#goOn();
    });
  }

  /**
   * Runs `act` with the log to itself, after everything that was appended before is written. A rejection of `act` is a
   * failure of the log, unless the log had failed before.
   */
  async barrier<Value>(act: () => Promise<Value>): Promise<Value> {
    await this.#written();
    return this.#lanes.barrier(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        return await act();
      } catch (cause) {
        throw this.#fail(cause);
      }
    });
  }

  /** Within a barrier: everything written becomes durable, by its own syncs. */
  async flushWithinBarrier(): Promise<void> {
    const { folder, shape, progress } = this.#options;
    const { active } = shape;
    await this.#writeStamps();
    await folder.use(active.base, 'log', (file) => file.sync());
    await folder.use(active.base, 'stamps', (file) => file.sync());
    this.#durablePosition = active.sizeBytes;
    // Not before: a mark that outlives the stamps before it makes damage of batches that nothing vouches for.
    this.#stamps.noteDurable(active.end);
    this.#noteFlushed(progress.generation, progress.written);
    await this.#writeStamps();
  }

  /** Within a barrier: another segment is the active one, or it is shorter; all of it is durable. */
  restartWith(stamps: StampFile): void {
    this.#stamps = stamps;
    this.#durablePosition = this.#options.shape.active.sizeBytes;
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
  }

  /** Nothing is appended, flushed or changed from here on; what is under way is waited for. */
  async end(fault: FaultError): Promise<void> {
    this.#failure ??= fault;
    this.#flushTimer?.cancel();
    await this.#lanes.barrier(async () => {});
  }

  /** Starts whatever may start now. */
  #goOn(): void {
    if (this.#failure !== undefined) return;
    this.#startWrite();
    this.#startFlush();
  }

  #startWrite(): void {
    const next = this.#waiting.peek();
    if (next === undefined) return;
    const { active, epochs } = this.#options.shape;
    const batch = next.batches[next.taken];
    assert(batch !== undefined, 'an append that waits has a batch that waits');
    const size = { sizeBytes: batch.ownedBytes.length, maxTimestampMs: batch.maxTimestampMs };
    if (rollIsDue(this.#settings, active, size)) return this.#startRoll();
    if (!this.#lanes.tryEnter('write')) return;
    const { end, firstTimestampMs } = active;
    const place = { end, firstTimestampMs, epoch: epochs.epochBefore(end.offset) };
    const gather = takeGather(this.#waiting, place, this.#settings);
    void this.#inLane('write', () => this.#write(gather));
  }

  async #write(gather: Gather): Promise<void> {
    try {
      await this.#writeGather(gather);
      for (const append of gather.appends) append.resolve();
    } catch (cause) {
      const fault = this.#fail(cause, 'write');
      for (const append of gather.appends) append.reject(fault);
    }
    this.#options.onProgress(this.#options.progress.position);
  }

  async #writeGather(gather: Gather): Promise<void> {
    const { folder, shape, progress, clock } = this.#options;
    const { active } = shape;
    const { position } = active.end;
    const writesStamps = gather.batches.some(({ isEssential }) => isEssential);
    if (writesStamps) this.#addStamps(gather);
    await Promise.all([
      folder.use(active.base, 'log', (file) => file.write(position, gather.parts)),
      writesStamps ? this.#writeStamps() : undefined,
    ]);
    // A failed sync beside it may have dropped these bytes as well.
    if (this.#failure !== undefined) throw this.#failure;
    if (!writesStamps) this.#addStamps(gather);
    for (const batch of gather.batches) active.add(batch);
    assert(active.sizeBytes === position + gather.sizeBytes, 'a segment grows by what was written', () => ({
      position,
    }));
    this.#waitingBytes -= gather.sizeBytes;
    if (progress.durable === progress.written) this.#unflushedSinceMs = clock.monotonicMs();
    progress.wrote(active.end.offset);
    this.#writeWaiters = resolveUpTo(this.#writeWaiters, progress.written);
  }

  #addStamps(gather: Gather): void {
    for (const batch of gather.batches) this.#stamps.add(batch.stamp, batch.isEssential);
  }

  async #writeStamps(): Promise<void> {
    const write = this.#stamps.take();
    if (write === undefined) return;
    const { folder, shape } = this.#options;
    await folder.use(shape.active.base, 'stamps', (file) => file.write(write.position, [write.ownedBytes]));
    this.#stamps.wrote(write);
  }

  #startFlush(): void {
    if (!this.#flushIsDue()) {
      if (this.#stamps.hasMany && this.#lanes.tryEnter('flush')) void this.#inLane('flush', () => this.#writeStamps());
      return;
    }
    if (!this.#lanes.tryEnter('flush')) return;
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    void this.#inLane('flush', async () => {
      await this.#options.flusher.run(() => this.#flushOnce());
      await this.#settleFlush();
    });
  }

  #flushIsDue(): boolean {
    const { progress, shape, clock } = this.#options;
    if (progress.durable === progress.written) return false;
    if (this.#flushWaiters.length > 0) return true;
    const waitedMs = clock.monotonicMs() - this.#unflushedSinceMs;
    const bytes = shape.active.sizeBytes - this.#durablePosition;
    const toRecoverBytes = shape.active.sizeBytes - shape.recoveryPoint.position;
    const isDue = flushIsDue(this.#settings, { bytes, waitedMs, toRecoverBytes });
    if (!isDue && this.#settings.flush.type === 'every') this.#wakeIn(this.#settings.flush.ms - waitedMs);
    return isDue;
  }

  #wakeIn(delayMs: number): void {
    this.#flushTimer ??= this.#options.clock.callAfterMs(delayMs, () => {
      this.#flushTimer = undefined;
      this.#goOn();
    });
  }

  /** What it covers is decided here, when the sync is issued. */
  async #flushOnce(): Promise<void> {
    const { folder, shape, progress, clock } = this.#options;
    const { active } = shape;
    const { generation } = progress;
    const covered = active.end;
    const stampMark = this.#stamps.syncMark();
    this.#unflushedSinceMs = clock.monotonicMs();
    await Promise.all([
      folder.use(active.base, 'log', (file) => file.sync()),
      this.#writeStamps(),
      stampMark === undefined ? undefined : folder.use(active.base, 'stamps', (file) => file.sync()),
    ]);
    if (stampMark !== undefined) this.#stamps.synced(stampMark);
    this.#durablePosition = covered.position;
    this.#stamps.noteDurable(covered);
    this.#noteFlushed(generation, covered.offset);
  }

  #noteFlushed(generation: number, upTo: Offset): void {
    const { progress, onProgress } = this.#options;
    if (!progress.flushed(generation, upTo)) return;
    this.#flushWaiters = resolveUpTo(this.#flushWaiters, progress.durable);
    onProgress(progress.position);
  }

  /** Off the path of any acknowledgement: the mark that says how far it is durable, and now and then a recovery point. */
  async #settleFlush(): Promise<void> {
    const { progress, shape } = this.#options;
    const isIdle = progress.durable === progress.written;
    const isFar = shape.active.sizeBytes - shape.recoveryPoint.position >= this.#settings.recoverBytesMax;
    if (isIdle || isFar) await this.#writeStamps();
    if (isFar) await this.#moveRecoveryPoint();
  }

  async #moveRecoveryPoint(): Promise<void> {
    const { folder, shape, progress } = this.#options;
    const { active } = shape;
    const point = { ...recoveryPointAt(active), position: this.#durablePosition, offset: progress.durable };
    await Promise.all([folder.use(active.base, 'stamps', (file) => file.sync()), saveIndex(folder, active, point)]);
    shape.moveRecoveryPoint(point);
    await folder.saveCheckpoint((sequence) => shape.checkpoint(sequence, progress.generation));
  }

  #startRoll(): void {
    if (this.#isRollWanted) return;
    this.#isRollWanted = true;
    void this.#lanes.barrier(async () => {
      try {
        if (this.#failure === undefined) await this.#roll();
      } catch (cause) {
        // Within the barrier: a write that begins after it must know.
        this.#fail(cause);
      }
      this.#isRollWanted = false;
    });
  }

  /** Unless the owner has rolled while it was waited for. */
  async #roll(): Promise<void> {
    const { folder, shape, progress } = this.#options;
    await this.flushWithinBarrier();
    if (shape.active.sizeBytes === 0) return;
    const stamps = await rollSegment({ folder, shape, settings: this.#settings, generation: progress.generation });
    this.restartWith(stamps);
  }

  async #inLane(lane: 'write' | 'flush', act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (cause) {
      this.#fail(cause, lane);
    } finally {
      this.#lanes.leave(lane);
    }
  }

  /** Resolves when everything that is assigned now is written. */
  #written(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { written, assigned } = this.#options.progress;
    if (written === assigned) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#writeWaiters.push({ upTo: assigned, resolve, reject });
    });
  }

  /** Remembers the first fault, and tells everybody who waits. Bugs are thrown on. */
  #fail(cause: unknown, lane?: 'write' | 'flush'): FaultError {
    if (cause instanceof InvariantError) throw cause;
    if (this.#failure !== undefined) return this.#failure;
    const { progress, folder, onFault } = this.#options;
    const fault = new FaultError(
      'the log failed, and takes nothing more until it is opened again',
      { folder: folder.path },
      cause,
    );
    this.#failure = fault;
    const isWrite = lane === 'write' && !(cause instanceof LostSyncError);
    this.#trustedEnd = isWrite || ranOutOfSpace(cause) ? progress.written : progress.durable;
    this.#flushTimer?.cancel();
    for (let append = this.#waiting.shift(); append !== undefined; append = this.#waiting.shift()) append.reject(fault);
    for (const { reject } of [...this.#writeWaiters, ...this.#flushWaiters]) reject(fault);
    this.#writeWaiters = [];
    this.#flushWaiters = [];
    onFault(fault);
    return fault;
  }
}

/** Those that still wait. */
function resolveUpTo(waiters: readonly Waiter[], reached: Offset): Waiter[] {
  for (const { upTo, resolve } of waiters) if (upTo <= reached) resolve();
  return waiters.filter(({ upTo }) => upTo > reached);
}
