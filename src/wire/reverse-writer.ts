/**
 * Writes protobuf from its end to its beginning, so that the length of a message within another is known when it is
 * needed, and nothing is measured first or moved afterwards. Fields come out in the order opposite to the calls.
 *
 * Bytes that are not to be copied may follow what is written: they count in the lengths around them. For the hot messages; the
 * generated code writes all others.
 */
import { assert } from '../base/assert.ts';

const bytesAtFirst = 128;
const varintWireType = 0;
const lengthWireType = 2;
const twoTo28 = 2 ** 28;

export class ReverseWriter {
  #bytes = new Uint8Array(bytesAtFirst);
  #at = bytesAtFirst;
  readonly #followingBytes: number;

  constructor(followingBytes = 0) {
    this.#followingBytes = followingBytes;
  }

  /** Of everything so far, with what follows. */
  get length(): number {
    return this.#bytes.length - this.#at + this.#followingBytes;
  }

  /** A whole number from 0 to 2^53-1, of any integer type but the zig-zag ones. 0 is what an absent field means. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.#varint(value);
    this.#varint(field * 8 + varintWireType);
  }

  bytes(field: number, borrowedBytes: Uint8Array): void {
    this.#reserve(borrowedBytes.length);
    this.#bytes.set(borrowedBytes, this.#at);
    this.close(field, this.length - borrowedBytes.length);
  }

  /** Everything that was written since `length` was `lengthBefore` is the content of this field. */
  close(field: number, lengthBefore: number): void {
    this.#varint(this.length - lengthBefore);
    this.#varint(field * 8 + lengthWireType);
  }

  finishOwned(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  #varint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'a varint is a whole number from 0 to 2^53-1', () => ({ value }));
    let rest = value;
    let sizeBytes = 1;
    for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) sizeBytes += 1;
    this.#reserve(sizeBytes);
    let at = this.#at;
    // Bitwise operators know 32 bits only, and take the sign with them.
    for (; rest >= twoTo28; rest = Math.floor(rest / 0x80)) this.#bytes[at++] = 0x80 | (rest % 0x80);
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[at++] = 0x80 | (rest & 0x7f);
    this.#bytes[at] = rest;
  }

  #reserve(sizeBytes: number): void {
    if (this.#at < sizeBytes) {
      const larger = new Uint8Array(2 * this.#bytes.length + sizeBytes);
      const moved = larger.length - this.#bytes.length;
      larger.set(this.#bytes, moved);
      this.#bytes = larger;
      this.#at += moved;
    }
    this.#at -= sizeBytes;
  }
}
