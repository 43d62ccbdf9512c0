/**
 * The sidecar of a segment, `.stamps`: what the checksums of its batches do not cover, and how far it was durable.
 *
 *   0         4          8             16            20           24
 *   +---------+----------+-------------+-------------+------------+-----------------
 *   | crc32c  | position | base offset | checksum of | durable    | durable offset
 *   | 4       | 4        | 8           | prefix 4    | position 4 | 8
 *   +---------+----------+-------------+-------------+------------+-----------------
 *
 * One entry per batch, in their order, and in between marks (position ffffffff) that say only the last two fields.
 * Those hold what of the segment was durable when the entry was made: below it a start may find damage, never the torn
 * end of a write. An entry that is missing is made again from the batch where that follows on from the one before; one
 * that would leave a gap or opens an epoch must be there, so it is made durable with its batch (stamp-file.ts).
 */
import { assert } from '../base/assert.ts';
import { offsetFromOutside, type Offset } from '../base/offsets.ts';
import { stampedPrefixBytes } from '../record/batch-layout.ts';
import { crc32c } from '../record/crc32c.ts';
import { ByteReader, ByteWriter } from './raft-bytes.ts';

export const stampBytes = 32;
const checksummedFrom = 4;
const markPosition = 0xffff_ffff;
/** Four bytes hold the positions of a segment. */
export const segmentBytesLimit = 2 ** 32 - 2;

/** A place in a segment that is the end of a batch. */
export interface SegmentPoint {
  readonly position: number;
  readonly offset: Offset;
}

export interface Stamp {
  readonly position: number;
  readonly baseOffset: Offset;
  readonly prefixChecksum: number;
}

export interface StampEntry {
  /** Undefined in a mark. */
  readonly stamp: Stamp | undefined;
  readonly durable: SegmentPoint;
}

export function prefixChecksum(borrowedBytes: Uint8Array, at = 0): number {
  return crc32c(borrowedBytes.subarray(at, at + stampedPrefixBytes));
}

export function encodeStampEntry({ stamp, durable }: StampEntry): Uint8Array {
  assert(durable.position <= segmentBytesLimit, 'positions of a segment fit into four bytes');
  assert(stamp === undefined || stamp.position >= durable.position, 'a batch is stamped before it is durable', () => ({
    stamp,
    durable,
  }));
  const bytes = new ByteWriter(stampBytes)
    .uint32(0)
    .uint32(stamp?.position ?? markPosition)
    .position(stamp?.baseOffset ?? 0)
    .uint32(stamp?.prefixChecksum ?? 0)
    .uint32(durable.position)
    .position(durable.offset)
    .finish();
  new DataView(bytes.buffer).setUint32(0, crc32c(bytes.subarray(checksummedFrom)));
  return bytes;
}

/** Undefined for what is no entry, or a damaged one. The checksum of nothing but zeros is not zero. */
export function decodeStampEntry(borrowedBytes: Uint8Array, at: number): StampEntry | undefined {
  if (borrowedBytes.length - at < stampBytes) return undefined;
  const reader = new ByteReader(borrowedBytes, at);
  const checksum = reader.uint32();
  if (checksum !== crc32c(borrowedBytes.subarray(at + checksummedFrom, at + stampBytes))) return undefined;
  const position = reader.uint32();
  const baseOffset = offsetFromOutside(reader.position());
  const prefix = reader.uint32();
  const durablePosition = reader.uint32();
  const durableOffset = offsetFromOutside(reader.position());
  if (!reader.sound || !baseOffset.ok || !durableOffset.ok) return undefined;
  const durable = { position: durablePosition, offset: durableOffset.value };
  if (position === markPosition) return { stamp: undefined, durable };
  return { stamp: { position, baseOffset: baseOffset.value, prefixChecksum: prefix }, durable };
}

/** The stamps of one segment as its file has them, damaged ones left out; asked for with growing positions. */
export class StampTable {
  readonly #bytes: Uint8Array;
  #at = 0;
  #entry: StampEntry | undefined;

  constructor(ownedBytes: Uint8Array) {
    this.#bytes = ownedBytes;
    this.#skipToStamp();
  }

  /** The most that any entry calls durable. */
  durable(atLeast: SegmentPoint): SegmentPoint {
    let most = atLeast;
    for (let at = 0; at + stampBytes <= this.#bytes.length; at += stampBytes) {
      const durable = decodeStampEntry(this.#bytes, at)?.durable;
      if (durable !== undefined && durable.position > most.position) most = durable;
    }
    return most;
  }

  /** The entries of batches before a position end there in the file; the first is at 0. */
  bytesBefore(position: number): number {
    let end = 0;
    for (let at = 0; at + stampBytes <= this.#bytes.length; at += stampBytes) {
      const stamp = decodeStampEntry(this.#bytes, at)?.stamp;
      if (stamp === undefined) continue;
      if (stamp.position >= position) break;
      end = at + stampBytes;
    }
    return end;
  }

  between(from: number, below: number): readonly Stamp[] {
    const found: Stamp[] = [];
    for (let at = 0; at + stampBytes <= this.#bytes.length; at += stampBytes) {
      const stamp = decodeStampEntry(this.#bytes, at)?.stamp;
      if (stamp !== undefined && stamp.position >= from && stamp.position < below) found.push(stamp);
    }
    return found;
  }

  /** The first stamp at or after a position. Positions that are asked for never go back. */
  from(position: number): Stamp | undefined {
    while (this.#entry?.stamp !== undefined && this.#entry.stamp.position < position) {
      this.#at += stampBytes;
      this.#skipToStamp();
    }
    return this.#entry?.stamp;
  }

  at(position: number): Stamp | undefined {
    const stamp = this.from(position);
    return stamp?.position === position ? stamp : undefined;
  }

  #skipToStamp(): void {
    for (; this.#at + stampBytes <= this.#bytes.length; this.#at += stampBytes) {
      this.#entry = decodeStampEntry(this.#bytes, this.#at);
      if (this.#entry?.stamp !== undefined) return;
    }
    this.#entry = undefined;
  }
}
