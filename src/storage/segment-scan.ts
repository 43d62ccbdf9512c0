/**
 * Looks at every byte of a part of a segment, and says what it is: whole batches, damage, or the torn end of a write.
 *
 * What tells damage from a torn end is how far the segment was known to be durable: below that everything was once
 * whole, so whatever is not whole now is damage, is kept and is stepped over (S2, S3). Where to go on is said by the
 * stamps, never by the bytes of the damaged part: those are a stranger's, and may look like a batch on purpose.
 */
import { assert } from '../base/assert.ts';
import { offset, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { BatchHeader } from '../record/batch-header.ts';
import { batchHeaderBytes } from '../record/batch-layout.ts';
import type { DamagedRange } from './damaged-range.ts';
import type { PooledFile } from './file-handles.ts';
import { FileWindow } from './file-window.ts';
import type { PlacedBatch } from './segment.ts';
import { judgeBatch, newestTimestampMs, type BatchFlaw, type LogPoint } from './stamped-batch.ts';
import { prefixChecksum, type SegmentPoint, type StampTable } from './stamp.ts';

export interface ScanOptions {
  readonly segment: Offset;
  readonly file: Pick<PooledFile, 'read'>;
  /** Of the file, or less: nothing beyond is looked at. */
  readonly sizeBytes: number;
  readonly from: SegmentPoint & { readonly epoch: LeaderEpoch | undefined };
  /** Stop where the log has reached this offset: the next segment holds the rest. */
  readonly until: Offset | undefined;
  readonly durable: SegmentPoint;
  readonly stamps: StampTable;
  /** The epoch of the log at an offset, where it is known already: then it vouches for the epoch of a batch. */
  readonly knownEpochAt: (offset: Offset) => LeaderEpoch | undefined;
  /** Nothing is known of the log: the epoch of its first batch is believed, if offset and checksum are right. */
  readonly trustsFirstEpoch: boolean;
  readonly onBatch: (batch: ScannedBatch) => void;
  readonly onDamage: (range: DamagedRange) => void;
}

export interface ScannedBatch extends PlacedBatch {
  readonly leaderEpoch: LeaderEpoch;
  readonly prefixChecksum: number;
}

export interface ScanEnd extends SegmentPoint {
  /** Why it ends before `sizeBytes` and before `until`. */
  readonly flaw: BatchFlaw | undefined;
}

export async function scanSegment(options: ScanOptions): Promise<ScanEnd> {
  return new SegmentScan(options).run();
}

class SegmentScan {
  readonly #options: ScanOptions;
  readonly #window: FileWindow;
  #position: number;
  #point: LogPoint;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#window = new FileWindow(options.file, options.sizeBytes);
    this.#position = options.from.position;
    this.#point = { offset: options.from.offset, epoch: options.from.epoch };
  }

  async run(): Promise<ScanEnd> {
    const { sizeBytes, until, durable } = this.#options;
    for (;;) {
      const hasAll = until !== undefined && this.#point.offset >= until;
      const atEnd = this.#position >= sizeBytes && this.#position >= durable.position;
      if (hasAll || atEnd) return this.#end(undefined);
      const flaw = await this.#takeBatches();
      if (flaw === undefined) continue;
      if (this.#position >= durable.position) return this.#end(flaw);
      await this.#stepOverDamage();
    }
  }

  #end(flaw: BatchFlaw | undefined): ScanEnd {
    return { position: this.#position, offset: this.#point.offset, flaw };
  }

  /** Whole batches, one after the other: the flaw of the first that is not, or undefined where there is a reason to stop. */
  async #takeBatches(): Promise<BatchFlaw | undefined> {
    const { until, sizeBytes } = this.#options;
    for (;;) {
      if (this.#position >= sizeBytes) return cutShort;
      const { bytes, at } = this.#window.borrowed(this.#position);
      const judged = this.#judge(bytes, at, this.#position, this.#point);
      if (judged.ok) {
        this.#take(judged.value, bytes, at);
        if (this.#position >= sizeBytes || (until !== undefined && this.#point.offset >= until)) return undefined;
        continue;
      }
      const { problem } = judged;
      // Zeros too: the window may hold only the first of them, and of a batch with a small offset.
      const isCut = problem.type === 'incomplete' || (problem.type === 'zeros' && bytes.length - at < batchHeaderBytes);
      const needed = problem.type === 'incomplete' ? problem.bytesNeeded : batchHeaderBytes;
      if (!isCut || !this.#window.hasMoreThan(this.#position, bytes.length - at)) return problem;
      await this.#window.show(this.#position, needed);
    }
  }

  #judge(bytes: Uint8Array, at: number, position: number, after: LogPoint): Result<BatchHeader, BatchFlaw> {
    const judged = judgeBatch(bytes, at, after);
    if (!judged.ok) return judged;
    const header = judged.value;
    const stamp = this.#options.stamps.at(position);
    if (stamp === undefined) {
      const { knownEpochAt, trustsFirstEpoch } = this.#options;
      const isFirst = trustsFirstEpoch && after.epoch === undefined;
      const epoch = isFirst ? header.leaderEpoch : (knownEpochAt(offset(header.baseOffset)) ?? after.epoch);
      if (header.baseOffset !== after.offset || header.leaderEpoch !== epoch) return refused({ type: 'unvouched' });
    } else if (stamp.baseOffset !== header.baseOffset || stamp.prefixChecksum !== prefixChecksum(bytes, at)) {
      return refused({ type: 'stamp-differs' });
    }
    return header.checksumMatches() ? ok(header) : refused({ type: 'bad-checksum' });
  }

  #take(header: BatchHeader, bytes: Uint8Array, at: number): void {
    const { sizeBytes } = header;
    const nextOffset = offset(header.nextOffset);
    const epoch = header.leaderEpoch as LeaderEpoch;
    assert(nextOffset > this.#point.offset, 'S13: offsets only increase', { nextOffset });
    this.#options.onBatch({
      position: this.#position,
      sizeBytes,
      baseOffset: offset(header.baseOffset),
      nextOffset,
      maxTimestampMs: newestTimestampMs(header),
      leaderEpoch: epoch,
      prefixChecksum: prefixChecksum(bytes, at),
    });
    this.#point = { offset: nextOffset, epoch };
    this.#position += sizeBytes;
  }

  /** To the next stamped batch that is whole, or to where the segment was durable. */
  async #stepOverDamage(): Promise<void> {
    const { segment, durable, stamps, onDamage } = this.#options;
    const start = this.#position;
    for (let stamp = stamps.from(start + 1); stamp !== undefined; stamp = stamps.from(stamp.position + 1)) {
      if (stamp.position >= durable.position) break;
      await this.#window.show(stamp.position, batchHeaderBytes);
      const after = { offset: stamp.baseOffset, epoch: this.#point.epoch };
      if (stamp.baseOffset > this.#point.offset && (await this.#isWholeAt(stamp.position, after))) {
        onDamage(this.#damage(start, { position: stamp.position, offset: stamp.baseOffset }));
        return;
      }
    }
    assert(
      durable.position > start && durable.offset >= this.#point.offset,
      'S3: damage lies below the durable point',
      () => ({
        segment,
        start,
        ...durable,
      }),
    );
    onDamage(this.#damage(start, durable));
  }

  async #isWholeAt(position: number, after: LogPoint): Promise<boolean> {
    const { bytes, at } = this.#window.borrowed(position);
    const first = this.#judge(bytes, at, position, after);
    if (first.ok || first.problem.type !== 'incomplete') return first.ok;
    await this.#window.show(position, first.problem.bytesNeeded);
    const whole = this.#window.borrowed(position);
    return this.#judge(whole.bytes, whole.at, position, after).ok;
  }

  #damage(position: number, end: SegmentPoint): DamagedRange {
    const range = {
      segment: this.#options.segment,
      position,
      endPosition: end.position,
      from: this.#point.offset,
      to: end.offset,
    };
    this.#position = end.position;
    this.#point = { offset: end.offset, epoch: this.#point.epoch };
    return range;
  }
}

const cutShort: BatchFlaw = { type: 'incomplete', bytesNeeded: batchHeaderBytes };
