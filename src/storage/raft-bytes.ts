/**
 * Reading and writing the fixed-width fields of the raft store's disk formats. All integers are big-endian.
 *
 * Positions (terms, indexes, sizes) take eight bytes, of which 2^53-1 is the largest value that is accepted: a
 * larger one is damage, never rounded.
 */
import { assert } from '../base/assert.ts';
import { isPosition } from '../base/brand.ts';

const twoTo32 = 2 ** 32;

export class ByteWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(lengthBytes: number) {
    this.bytes = new Uint8Array(lengthBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  uint8(value: number): this {
    this.#view.setUint8(this.#at, value);
    return this.#moveBy(1);
  }

  /** To write the same bytes again. */
  restart(): this {
    this.#at = 0;
    return this;
  }

  uint32(value: number): this {
    assert(value >>> 0 === value, 'a four-byte field holds its value');
    this.#view.setUint32(this.#at, value);
    return this.#moveBy(4);
  }

  position(value: number): this {
    assert(isPosition(value), 'an eight-byte field holds a whole number up to 2^53-1');
    this.#view.setUint32(this.#at, Math.floor(value / twoTo32));
    this.#view.setUint32(this.#at + 4, value % twoTo32);
    return this.#moveBy(8);
  }

  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at);
    return this.#moveBy(bytes.length);
  }

  /** 32 hex digits as 16 bytes; undefined as 16 zeros. */
  uniqueId(id: string | undefined): this {
    for (let pair = 0; pair < 16; pair += 1) {
      const digits = id?.slice(pair * 2, pair * 2 + 2) ?? '00';
      this.#view.setUint8(this.#at + pair, Number.parseInt(digits, 16));
    }
    return this.#moveBy(16);
  }

  /** Every byte of a format is written on purpose. */
  finish(): Uint8Array {
    assert(this.#at === this.bytes.length, 'a format fills exactly the bytes it reserved');
    return this.bytes;
  }

  #moveBy(count: number): this {
    this.#at += count;
    return this;
  }
}

/** Reads what may be damaged: whoever uses it has checked the length, and checks `sound` at the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  #sound = true;

  constructor(borrowedBytes: Uint8Array, at = 0) {
    this.#bytes = borrowedBytes;
    this.#view = new DataView(borrowedBytes.buffer, borrowedBytes.byteOffset, borrowedBytes.byteLength);
    this.#at = at;
  }

  /** False once a field was out of range or beyond the end; the values read are then meaningless. */
  get sound(): boolean {
    return this.#sound;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.#take(1, (at) => this.#view.getUint8(at));
  }

  uint32(): number {
    return this.#take(4, (at) => this.#view.getUint32(at));
  }

  position(): number {
    const value = this.#take(8, (at) => this.#view.getUint32(at) * twoTo32 + this.#view.getUint32(at + 4));
    if (isPosition(value)) return value;
    this.#sound = false;
    return 0;
  }

  /** A view, not a copy. */
  raw(length: number): Uint8Array {
    if (length > this.remaining) this.#sound = false;
    const end = this.#sound ? this.#at + length : this.#at;
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  uniqueId(): string {
    return Array.from(this.raw(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  #take(width: number, read: (at: number) => number): number {
    if (width > this.remaining) this.#sound = false;
    if (!this.#sound) return 0;
    const value = read(this.#at);
    this.#at += width;
    return value;
  }
}
