/**
 * The stamps of the active segment on their way to its sidecar.
 *
 * They are collected and written with a flush, or when many wait, so that an append costs one write and not two. Those
 * of batches that leave a gap or open an epoch are written with their batch and synced with its flush: without them a
 * start would not believe the batch.
 */
import { assert } from '../base/assert.ts';
import { encodeStampEntry, stampBytes, type SegmentPoint, type Stamp } from './stamp.ts';

export interface StampWrite {
  readonly position: number;
  readonly ownedBytes: Uint8Array;
  readonly isEssential: boolean;
}

/** A page of them. */
const waitingMany = 128;

export class StampFile {
  #endBytes: number;
  #waiting: Uint8Array[] = [];
  #essentialWaits = false;
  #durable: SegmentPoint;
  /** What the entries say that were made so far. */
  #durableSaid: SegmentPoint;
  /** Essential entries end there: those that were written, and those that were synced. */
  #essentialWritten = 0;
  #essentialSynced = 0;

  /** The first `endBytes` of the file are entries, durable as they are, and all before `durable` is stamped by them. */
  constructor(endBytes: number, durable: SegmentPoint) {
    assert(endBytes % stampBytes === 0, 'stamps follow on each other', { endBytes });
    this.#endBytes = endBytes;
    this.#durable = durable;
    this.#durableSaid = durable;
  }

  /** A batch is placed. Essential is one that does not just follow on the one before it. */
  add(stamp: Stamp, isEssential: boolean): void {
    this.#waiting.push(encodeStampEntry({ stamp, durable: this.#durable }));
    this.#durableSaid = this.#durable;
    this.#essentialWaits ||= isEssential;
  }

  /** Everything before this point of the segment is durable. */
  noteDurable(point: SegmentPoint): void {
    assert(point.position >= this.#durable.position, 'S7: the durable point only grows', () => ({ ...point }));
    this.#durable = point;
  }

  get hasMany(): boolean {
    return this.#waiting.length >= waitingMany;
  }

  get hasEssential(): boolean {
    return this.#essentialWaits;
  }

  /** What waits, and a mark where the last entry does not say how far the segment is durable by now. */
  take(): StampWrite | undefined {
    if (this.#durableSaid.position !== this.#durable.position) {
      this.#waiting.push(encodeStampEntry({ stamp: undefined, durable: this.#durable }));
      this.#durableSaid = this.#durable;
    }
    if (this.#waiting.length === 0) return undefined;
    const ownedBytes = new Uint8Array(this.#waiting.length * stampBytes);
    for (const [at, entry] of this.#waiting.entries()) ownedBytes.set(entry, at * stampBytes);
    const write = { position: this.#endBytes, ownedBytes, isEssential: this.#essentialWaits };
    this.#endBytes += ownedBytes.length;
    this.#waiting = [];
    this.#essentialWaits = false;
    return write;
  }

  /** It is in the file. */
  wrote({ position, ownedBytes, isEssential }: StampWrite): void {
    if (isEssential) this.#essentialWritten = Math.max(this.#essentialWritten, position + ownedBytes.length);
  }

  /** What a sync that is issued now covers; undefined when none is needed for what is written so far. */
  syncMark(): number | undefined {
    return this.#essentialWritten > this.#essentialSynced ? this.#essentialWritten : undefined;
  }

  synced(mark: number): void {
    assert(mark <= this.#essentialWritten, 'S7: a sync covers only what was written before it', { mark });
    this.#essentialSynced = Math.max(this.#essentialSynced, mark);
  }
}
