/**
 * One block of LZ4: sequences of literals and a match each.
 *
 *   +------------------------+---------------+----------+--------------+-------------+
 *   | literals | match - 4   | more literals | literals | distance     | more match  |
 *   | 4 bits   | 4 bits      | 0-n if 15     | 0-n      | 2, low first | 0-n if 15   |
 *   +------------------------+---------------+----------+--------------+-------------+
 *
 * The last sequence ends with its literals: five at least, and no match begins within the last twelve bytes.
 */
import { ok, refused, type Result } from '../base/result.ts';
import type { DecompressProblem } from './decompressed-bytes.ts';
import { copyLiterals, copyMatch, findMatches, matchBytesMin, type MatchSink } from './lz-matcher.ts';

const literalTailBytes = 5;
const freeTailBytes = 12;
const nibbleMax = 15;

/** No block grows beyond this, whatever its bytes are. */
export function lz4BlockBytesMax(sourceBytes: number): number {
  return sourceBytes + Math.ceil(sourceBytes / 255) + 16;
}

/** Writes blocks into a target that has room for them. */
export class Lz4BlockWriter implements MatchSink {
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
    findMatches(this.#source, { start, end, freeTailBytes, literalTailBytes }, this);
    return this.#writeLiterals(end, 0);
  }

  onMatch(start: number, distance: number, bytes: number): void {
    const more = bytes - matchBytesMin;
    const at = this.#writeLiterals(start, Math.min(more, nibbleMax));
    this.#literalsFrom = start + bytes;
    this.#target[at] = distance & 0xff;
    this.#target[at + 1] = distance >>> 8;
    this.#at = more < nibbleMax ? at + 2 : writeMore(this.#target, at + 2, more - nibbleMax);
  }

  #writeLiterals(literalsEnd: number, matchNibble: number): number {
    const literals = literalsEnd - this.#literalsFrom;
    let at = this.#at;
    this.#target[at] = (Math.min(literals, nibbleMax) << 4) | matchNibble;
    at = literals < nibbleMax ? at + 1 : writeMore(this.#target, at + 1, literals - nibbleMax);
    copyLiterals(this.#target, at, this.#source, this.#literalsFrom, literals);
    return at + literals;
  }
}

function writeMore(target: Uint8Array, start: number, more: number): number {
  let at = start;
  for (let left = more; left >= 255; left -= 255) {
    target[at] = 255;
    at += 1;
  }
  target[at] = more % 255;
  return at + 1;
}

export interface Lz4BlockRoom {
  readonly at: number;
  readonly end: number;
  /** Matches reach back no further: linked blocks share a window. */
  readonly windowStart: number;
}

export class Lz4BlockReader {
  readonly #block: Uint8Array;
  #from = 0;

  constructor(borrowedBlock: Uint8Array) {
    this.#block = borrowedBlock;
  }

  /** Decompresses into the target, never beyond the room, and returns the place after it. */
  read(target: Uint8Array, { at, end, windowStart }: Lz4BlockRoom): Result<number, DecompressProblem> {
    const block = this.#block;
    let to = at;
    while (this.#from < block.length) {
      const token = block[this.#from] as number;
      this.#from += 1;
      const literals = this.#readCount(token >>> 4);
      if (literals > block.length - this.#from) return refused('garbage');
      if (literals > end - to) return refused('too-large');
      copyLiterals(target, to, block, this.#from, literals);
      this.#from += literals;
      to += literals;
      if (this.#from === block.length) return ok(to);
      const distance = (block[this.#from] as number) | ((block[this.#from + 1] ?? 0) << 8);
      this.#from += 2;
      const bytes = this.#readCount(token & nibbleMax) + matchBytesMin;
      if (distance === 0 || distance > to - windowStart) return refused('garbage');
      if (bytes > end - to) return refused('too-large');
      copyMatch(target, to, distance, bytes);
      to += bytes;
    }
    return refused('garbage');
  }

  /** Beyond the end it reads zeros: a block that is cut short does not end with literals, and is found by that. */
  #readCount(nibble: number): number {
    let count = nibble;
    for (let more = nibble < nibbleMax ? 0 : 255; more === 255;) {
      more = this.#block[this.#from] ?? 0;
      this.#from += 1;
      count += more;
    }
    return count;
  }
}
