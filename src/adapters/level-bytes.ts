/**
 * The integers of LevelDB's files: little-endian, of variable width, with masked checksums.
 */
import { crc32c } from '../record/crc32c.ts';

/** Reads forward through checked bytes; `sound` turns false beyond the end, and what was read then means nothing. */
export class LevelBytes {
  readonly #bytes: Buffer;
  #at: number;
  #sound = true;

  constructor(borrowedBytes: Uint8Array, at = 0) {
    this.#bytes = Buffer.from(borrowedBytes.buffer, borrowedBytes.byteOffset, borrowedBytes.byteLength);
    this.#at = at;
  }

  get sound(): boolean {
    return this.#sound;
  }

  get atEnd(): boolean {
    return !this.#sound || this.#at >= this.#bytes.length;
  }

  /** Seven bits a byte, the lowest first. Exact up to 2^53, far beyond the size of any file. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = this.#bytes[this.#at];
      this.#at += 1;
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    this.#sound = false;
    return 0;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) this.#sound = false;
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  takePrefixed(): Buffer {
    return this.take(this.varint());
  }
}

/** LevelDB stores checksums rotated and shifted, so that a checksum over data with checksums in it stays good. */
export function maskedCrc(crc: number): number {
  return ((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) >>> 0;
}

export function maskedCrcOf(bytes: Uint8Array): number {
  return maskedCrc(crc32c(bytes));
}
