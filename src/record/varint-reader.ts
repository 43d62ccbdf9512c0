/**
 * Reads zig-zag varints (varint.ts) that may be anything: never beyond the bytes, never more than a varint has.
 *
 * What is malformed comes back as a value that no length, count or time passes for, so that the caller, who has to check
 * those anyway, needs no second check.
 */

/** No length, no offset delta and no count is so small. */
export const malformedVarint = -(2 ** 31);

const smallBytesMax = 5;
const largeBytesMax = 10;

export class VarintReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(borrowedBytes: Uint8Array, at = 0) {
    this.#bytes = borrowedBytes;
    this.#at = at;
  }

  /** Where the next read begins. */
  get at(): number {
    return this.#at;
  }

  /** The place after `count` bytes, which the caller knows to be there. */
  skip(count: number): number {
    this.#at += count;
    return this.#at;
  }

  /** A number of 32 bits, or `malformedVarint`. */
  read(): number {
    const first = this.#bytes[this.#at];
    if (first === undefined || first > 0x7f) return this.#readLong();
    this.#at += 1;
    return (first >>> 1) ^ -(first & 1);
  }

  /** A number of 64 bits; NaN if it is malformed or beyond 2^53-1. */
  readLarge(): number {
    const start = this.#at;
    const small = this.read();
    if (small !== malformedVarint) return small;
    this.#at = start;
    return this.#readByteByByte();
  }

  #readByteByByte(): number {
    let zigzag = 0;
    let scale = 1;
    for (let count = 0; count < largeBytesMax; count += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return Number.NaN;
      this.#at += 1;
      zigzag += (byte & 0x7f) * scale;
      if (byte < 0x80) return fromZigzag(zigzag);
      scale *= 0x80;
    }
    return Number.NaN;
  }

  #readLong(): number {
    let zigzag = 0;
    for (let count = 0; count < smallBytesMax; count += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return malformedVarint;
      this.#at += 1;
      zigzag |= (byte & 0x7f) << (count * 7);
      if (byte < 0x80) {
        // The fifth byte holds the last four of 32 bits.
        return count === smallBytesMax - 1 && byte > 0x0f ? malformedVarint : (zigzag >>> 1) ^ -(zigzag & 1);
      }
    }
    return malformedVarint;
  }
}

function fromZigzag(zigzag: number): number {
  if (zigzag > Number.MAX_SAFE_INTEGER) return Number.NaN;
  return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
}
