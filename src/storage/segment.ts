/**
 * What is known of a segment without looking at its files: sealed ones as plain facts, the active one as it grows.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { IndexedBatch, SparseIndex } from './sparse-index.ts';
import { segmentBytesLimit, type SegmentPoint } from './stamp.ts';

export interface SegmentFacts {
  /** Its name. Its first batch begins there or later. */
  readonly base: Offset;
  /** One after its last record; the next segment's base, or before it where records were removed. */
  readonly next: Offset;
  readonly sizeBytes: number;
  /** -1 when no batch has one. */
  readonly maxTimestampMs: number;
}

/** A batch in a segment, by what the segment keeps of it. */
export interface PlacedBatch extends IndexedBatch {
  readonly nextOffset: Offset;
  readonly sizeBytes: number;
}

interface RestoredEnd extends SegmentPoint {
  readonly firstTimestampMs: number;
}

export class ActiveSegment {
  readonly base: Offset;
  readonly index: SparseIndex;
  #next: Offset;
  #sizeBytes = 0;
  /** Of its first batch, which says how old what it holds is; survives a restart because the batch does. */
  #firstTimestampMs = -1;

  constructor(base: Offset, index: SparseIndex) {
    this.base = base;
    this.#next = base;
    this.index = index;
  }

  get end(): SegmentPoint {
    return { position: this.#sizeBytes, offset: this.#next };
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get firstTimestampMs(): number {
    return this.#firstTimestampMs;
  }

  get facts(): SegmentFacts {
    const { base, index } = this;
    return { base, next: this.#next, sizeBytes: this.#sizeBytes, maxTimestampMs: index.maxTimestampMs };
  }

  /** One that is on the disk already. */
  static restore(base: Offset, index: SparseIndex, { position, offset, firstTimestampMs }: RestoredEnd): ActiveSegment {
    const segment = new ActiveSegment(base, index);
    segment.#firstTimestampMs = firstTimestampMs;
    segment.#moveTo({ position, offset });
    return segment;
  }

  /** The batch is in the file. */
  add(batch: PlacedBatch): void {
    assert(batch.position === this.#sizeBytes, 'a batch follows on the one before it in the file', () => ({
      ...batch,
    }));
    assert(batch.baseOffset >= this.#next, 'S13: offsets only increase', () => ({ ...batch, next: this.#next }));
    this.index.add(batch);
    if (this.#firstTimestampMs < 0) this.#firstTimestampMs = batch.maxTimestampMs;
    this.#moveTo({ position: batch.position + batch.sizeBytes, offset: batch.nextOffset });
  }

  /** Past bytes that hold no batch that could be read. */
  skipTo(point: SegmentPoint): void {
    assert(
      point.position > this.#sizeBytes && point.offset >= this.#next,
      'a damaged range ends after it begins',
      () => ({
        ...point,
      }),
    );
    this.#moveTo(point);
  }

  #moveTo({ position, offset }: SegmentPoint): void {
    assert(position <= segmentBytesLimit, 'positions of a segment fit into four bytes', { position });
    this.#sizeBytes = position;
    this.#next = offset;
  }
}
