/**
 * The hints of a segment: for every so many bytes the place of a batch, and the largest timestamp before it.
 *
 * Hints only: whoever follows one looks whether the batch that it names is there. The active segment has its index in
 * memory; that of a sealed one is read when it is needed. On disk it is two files, `.index` and `.timeindex`:
 *
 *   0         4         8         12        20             28           32        36
 *   +---------+---------+---------+---------+--------------+------------+---------+-----------------------------
 *   | crc32c  | magic   | covered | next    | max          | entries    | every   | per entry: offset 8 (or largest
 *   | 4       | 4       | bytes 4 | offset 8| timestamp 8  | 4          | bytes 4 | timestamp before 8), position 4
 *   +---------+---------+---------+---------+--------------+------------+---------+-----------------------------
 *
 * `covered` bytes of the segment were indexed, with an entry for `every` so many; the fields between are of that part.
 */
import { assert } from '../base/assert.ts';
import { offset, offsetFromOutside, type Offset } from '../base/offsets.ts';
import { crc32c } from '../record/crc32c.ts';
import { ByteReader, ByteWriter } from './raft-bytes.ts';

export interface IndexedBatch {
  readonly position: number;
  readonly baseOffset: Offset;
  readonly maxTimestampMs: number;
}

export interface IndexEntry {
  readonly position: number;
  readonly baseOffset: Offset;
}

/** What of the segment an index speaks of. */
export interface IndexCover {
  readonly bytes: number;
  readonly next: Offset;
  readonly maxTimestampMs: number;
}

const magics = { index: 0x4f_44_49_31, timeindex: 0x4f_44_54_31 } as const; // "ODI1", "ODT1"
const headBytes = 36;
const entryBytes = 12;
const checksummedFrom = 4;
/** Batches without any timestamp say -1; the format keeps whole numbers from 0. */
const timestampShift = 1;

export class SparseIndex {
  /** A batch without an entry begins less than so far behind the entry before it. */
  readonly #everyBytes: number;
  #offsets = new Float64Array(16);
  #timestampsBefore = new Float64Array(16);
  #positions = new Uint32Array(16);
  #count = 0;
  #maxTimestampMs = -1;

  constructor(everyBytes: number) {
    assert(everyBytes > 0, 'an index has an entry for every so many bytes', { everyBytes });
    this.#everyBytes = everyBytes;
  }

  get everyBytes(): number {
    return this.#everyBytes;
  }

  get sizeBytes(): number {
    return this.#offsets.byteLength + this.#timestampsBefore.byteLength + this.#positions.byteLength;
  }

  get maxTimestampMs(): number {
    return this.#maxTimestampMs;
  }

  /** In the order of their positions, each batch once. */
  add({ position, baseOffset, maxTimestampMs }: IndexedBatch): void {
    const last = this.#count - 1;
    const lastPosition = last < 0 ? -Infinity : (this.#positions[last] ?? 0);
    assert(position > lastPosition, 'an index grows with its segment', () => ({ position, lastPosition }));
    if (position - lastPosition >= this.#everyBytes) this.#push(position, baseOffset, this.#maxTimestampMs);
    if (maxTimestampMs > this.#maxTimestampMs) this.#maxTimestampMs = maxTimestampMs;
  }

  /** The last entry at or before an offset. */
  floor(wanted: Offset): IndexEntry | undefined {
    return this.#entry(this.#countWhile((at) => (this.#offsets[at] ?? 0) <= wanted) - 1);
  }

  /** The last entry with nothing before it that is as new as this; the first such batch is there or later. */
  floorByTime(timestampMs: number): IndexEntry | undefined {
    return this.#entry(this.#countWhile((at) => (this.#timestampsBefore[at] ?? 0) < timestampMs) - 1);
  }

  /** The first entry after a position: where to look for a whole batch beyond a damaged one. */
  after(position: number): IndexEntry | undefined {
    return this.#entry(this.#countWhile((at) => (this.#positions[at] ?? 0) <= position));
  }

  /** What speaks of the rest of the segment is forgotten. The largest timestamp stays, as a bound. */
  cutTo(bytes: number): void {
    this.#count = this.#countWhile((at) => (this.#positions[at] ?? 0) < bytes);
  }

  /** The part that speaks of the first `bytes` of the segment. */
  encode(kind: keyof typeof magics, { bytes, next, maxTimestampMs }: IndexCover): Uint8Array {
    const count = this.#countWhile((at) => (this.#positions[at] ?? 0) < bytes);
    const writer = new ByteWriter(headBytes + count * entryBytes)
      .uint32(0)
      .uint32(magics[kind])
      .uint32(bytes)
      .position(next)
      .position(maxTimestampMs + timestampShift)
      .uint32(count)
      .uint32(this.#everyBytes);
    const keys = kind === 'index' ? this.#offsets : this.#timestampsBefore;
    const shift = kind === 'index' ? 0 : timestampShift;
    for (let at = 0; at < count; at += 1) writer.position((keys[at] ?? 0) + shift).uint32(this.#positions[at] ?? 0);
    const encoded = writer.finish();
    new DataView(encoded.buffer).setUint32(0, crc32c(encoded.subarray(checksummedFrom)));
    return encoded;
  }

  /** Undefined when either file is not what was written, or the two do not belong together. */
  static decode(
    files: Readonly<Record<keyof typeof magics, Uint8Array>>,
  ): { readonly index: SparseIndex; readonly cover: IndexCover } | undefined {
    const byOffset = decodeFile('index', files.index);
    const byTime = decodeFile('timeindex', files.timeindex);
    if (byOffset === undefined || byTime === undefined) return undefined;
    if (byOffset.count !== byTime.count || byOffset.cover.bytes !== byTime.cover.bytes) return undefined;
    const index = new SparseIndex(byOffset.everyBytes);
    for (let at = 0; at < byOffset.count; at += 1) {
      const baseOffset = offsetFromOutside(byOffset.reader.position());
      const timestampBefore = byTime.reader.position() - timestampShift;
      const position = byOffset.reader.uint32();
      if (!baseOffset.ok || byTime.reader.uint32() !== position) return undefined;
      index.#push(position, baseOffset.value, timestampBefore);
    }
    index.#maxTimestampMs = byOffset.cover.maxTimestampMs;
    return byOffset.reader.sound && byTime.reader.sound ? { index, cover: byOffset.cover } : undefined;
  }

  #push(position: number, baseOffset: number, timestampBefore: number): void {
    if (this.#count === this.#positions.length) {
      this.#offsets = grown(this.#offsets, new Float64Array(this.#count * 2));
      this.#timestampsBefore = grown(this.#timestampsBefore, new Float64Array(this.#count * 2));
      this.#positions = grown(this.#positions, new Uint32Array(this.#count * 2));
    }
    this.#offsets[this.#count] = baseOffset;
    this.#timestampsBefore[this.#count] = timestampBefore;
    this.#positions[this.#count] = position;
    this.#count += 1;
  }

  #entry(at: number): IndexEntry | undefined {
    if (at < 0 || at >= this.#count) return undefined;
    return { position: this.#positions[at] ?? 0, baseOffset: offset(this.#offsets[at] ?? 0) };
  }

  #countWhile(fits: (at: number) => boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (fits(middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function decodeFile(
  kind: keyof typeof magics,
  borrowedBytes: Uint8Array,
):
  | { readonly reader: ByteReader; readonly count: number; readonly everyBytes: number; readonly cover: IndexCover }
  | undefined {
  if (borrowedBytes.length < headBytes) return undefined;
  const reader = new ByteReader(borrowedBytes);
  const checksum = reader.uint32();
  const magic = reader.uint32();
  const bytes = reader.uint32();
  const next = offsetFromOutside(reader.position());
  const maxTimestampMs = reader.position() - timestampShift;
  const count = reader.uint32();
  const everyBytes = reader.uint32();
  if (magic !== magics[kind] || borrowedBytes.length < headBytes + count * entryBytes || !next.ok) return undefined;
  // Bytes after the entries are left from a longer index before it.
  const whole = borrowedBytes.subarray(checksummedFrom, headBytes + count * entryBytes);
  if (checksum !== crc32c(whole)) return undefined;
  return { reader, count, everyBytes, cover: { bytes, next: next.value, maxTimestampMs } };
}

function grown<Numbers extends Float64Array | Uint32Array>(from: Numbers, into: Numbers): Numbers {
  into.set(from);
  return into;
}
