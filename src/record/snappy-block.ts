/**
 * One block of Snappy: its decompressed length as a varint, then literals and copies, told by the lowest bits of a tag.
 *
 *   00  literal: length - 1 in the six upper bits; 60 to 63 there say that it stands in the next 1 to 4 bytes
 *   01  copy: length - 4 in three bits, distance in the three above and the next byte
 *   10  copy: length - 1 in the six upper bits, distance in the next 2 bytes
 *   11  copy: likewise, distance in the next 4 bytes
 *
 * All integers have their low byte first.
 */
import type { DecompressedBytes, DecompressProblem } from './decompressed-bytes.ts';
import { copyLiterals, copyMatch, findMatches, matchBytesMin, type MatchSink } from './lz-matcher.ts';

const tag = { literal: 0, nearCopy: 1, copy: 2 };
/** Lengths of literals from here on stand in bytes of their own. */
const longLiteral = 60;
const copyBytesMax = 64;
const nearBytesMax = 11;
const nearDistanceMax = 0x7ff;
const lengthBytesMax = 5;
/** How far one byte of a block can reach: three bytes copy 64. */
const blockRatioMax = 64;
const unsound = -1;

/** No block grows beyond this, whatever its bytes are. */
export function snappyBlockBytesMax(sourceBytes: number): number {
  return sourceBytes + Math.ceil(sourceBytes / 6) + 32;
}

export class SnappyBlockWriter implements MatchSink {
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;
  #at = 0;
  #literalsFrom = 0;

  constructor(borrowedSource: Uint8Array, target: Uint8Array) {
    this.#source = borrowedSource;
    this.#target = target;
  }

  /** Compresses the source from `start` to `end` into the target from `at` on, and returns the place after it. */
  write(start: number, end: number, at: number): number {
    this.#at = at;
    this.#literalsFrom = start;
    this.#putLength(end - start);
    findMatches(this.#source, { start, end, freeTailBytes: matchBytesMin, literalTailBytes: 0 }, this);
    this.#writeLiterals(end);
    return this.#at;
  }

  onMatch(start: number, distance: number, bytes: number): void {
    this.#writeLiterals(start);
    this.#literalsFrom = start + bytes;
    let left = bytes;
    for (; left > copyBytesMax; left -= copyBytesMax) this.#writeCopy(distance, copyBytesMax);
    this.#writeCopy(distance, left);
  }

  #writeCopy(distance: number, bytes: number): void {
    const target = this.#target;
    const at = this.#at;
    if (bytes >= matchBytesMin && bytes <= nearBytesMax && distance <= nearDistanceMax) {
      target[at] = tag.nearCopy | ((bytes - matchBytesMin) << 2) | ((distance >>> 8) << 5);
      target[at + 1] = distance & 0xff;
      this.#at = at + 2;
      return;
    }
    target[at] = tag.copy | ((bytes - 1) << 2);
    target[at + 1] = distance & 0xff;
    target[at + 2] = distance >>> 8;
    this.#at = at + 3;
  }

  #writeLiterals(literalsEnd: number): void {
    const literals = literalsEnd - this.#literalsFrom;
    if (literals === 0) return;
    const length = literals - 1;
    const lengthBytes = length < longLiteral ? 0 : length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 3;
    this.#put(tag.literal | ((lengthBytes === 0 ? length : longLiteral - 1 + lengthBytes) << 2));
    for (let byte = 0; byte < lengthBytes; byte += 1) this.#put((length >>> (8 * byte)) & 0xff);
    copyLiterals(this.#target, this.#at, this.#source, this.#literalsFrom, literals);
    this.#at += literals;
  }

  #putLength(length: number): void {
    let rest = length;
    for (; rest > 0x7f; rest >>>= 7) this.#put((rest & 0x7f) | 0x80);
    this.#put(rest);
  }

  #put(byte: number): void {
    this.#target[this.#at] = byte;
    this.#at += 1;
  }
}

/** Decompresses a block to the end of the output. */
export function readSnappyBlock(borrowedBlock: Uint8Array, output: DecompressedBytes): DecompressProblem | undefined {
  const head = readLength(borrowedBlock);
  if (head === undefined || head.length > (borrowedBlock.length - head.bytes) * blockRatioMax) return 'garbage';
  const start = output.end;
  const end = output.makeRoom(head.length);
  if (end - start < head.length) return 'too-large';
  const to = readElements(borrowedBlock, head.bytes, { target: output.bytes, start, end });
  if (to !== end) return 'garbage';
  output.moveTo(end);
  return undefined;
}

interface Room {
  readonly target: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** Returns where it came to; that is the end of the room if the block was sound. */
function readElements(block: Uint8Array, headBytes: number, { target, start, end }: Room): number {
  const fields = new DataView(block.buffer, block.byteOffset, block.byteLength);
  let to = start;
  for (let from = headBytes; from < block.length;) {
    const first = block[from] as number;
    const kind = first & 0x03;
    from += 1;
    if (kind === tag.literal) {
      const lengthBytes = Math.max(0, (first >>> 2) - longLiteral + 1);
      if (lengthBytes > block.length - from) return unsound;
      const bytes = 1 + (lengthBytes === 0 ? first >>> 2 : readLow(fields, from, lengthBytes));
      from += lengthBytes;
      if (bytes > block.length - from || bytes > end - to) return unsound;
      copyLiterals(target, to, block, from, bytes);
      from += bytes;
      to += bytes;
      continue;
    }
    const distanceBytes = kind === tag.nearCopy ? 1 : kind === tag.copy ? 2 : 4;
    if (distanceBytes > block.length - from) return unsound;
    const high = kind === tag.nearCopy ? (first >>> 5) << 8 : 0;
    const bytes = kind === tag.nearCopy ? ((first >>> 2) & 0x07) + matchBytesMin : (first >>> 2) + 1;
    const distance = high + readLow(fields, from, distanceBytes);
    from += distanceBytes;
    if (distance === 0 || distance > to - start || bytes > end - to) return unsound;
    copyMatch(target, to, distance, bytes);
    to += bytes;
  }
  return to;
}

/** A number of one to four bytes, low byte first. */
function readLow(fields: DataView, at: number, bytes: number): number {
  if (bytes === 1) return fields.getUint8(at);
  if (bytes === 2) return fields.getUint16(at, true);
  if (bytes === 3) return fields.getUint16(at, true) + fields.getUint8(at + 2) * 0x1_0000;
  return fields.getUint32(at, true);
}

function readLength(block: Uint8Array): { readonly length: number; readonly bytes: number } | undefined {
  let length = 0;
  for (let at = 0; at < lengthBytesMax; at += 1) {
    const byte = block[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length < 2 ** 32 ? { length, bytes: at + 1 } : undefined;
  }
  return undefined;
}
