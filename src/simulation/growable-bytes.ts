/**
 * The bytes of a simulated file: written anywhere, zeros where nothing was written.
 */
import { assert } from '../base/assert.ts';

export class GrowableBytes {
  /** Always zero from `#length` on. */
  #room: Uint8Array;
  #length: number;

  constructor(contents: Uint8Array = new Uint8Array(0)) {
    this.#room = Uint8Array.from(contents);
    this.#length = contents.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Valid until the next write. */
  borrowedView(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  ownedCopy(from: number, below: number): Uint8Array {
    return this.#room.slice(Math.min(from, this.#length), Math.min(below, this.#length));
  }

  write(position: number, borrowedBytes: Uint8Array): void {
    // Like the system call: writing nothing far beyond the end does not extend the file.
    if (borrowedBytes.length === 0) return;
    this.#growTo(position + borrowedBytes.length);
    this.#room.set(borrowedBytes, position);
  }

  truncate(length: number): void {
    if (length < this.#length) this.#room.fill(0, length, this.#length);
    else this.#growTo(length);
    this.#length = length;
  }

  flipBit(position: number, bit: number): void {
    assert(position < this.#length && bit >= 0 && bit < 8, 'a bit that flips exists', { position, bit });
    this.#room[position] = (this.#room[position] as number) ^ (1 << bit);
  }

  #growTo(length: number): void {
    if (length > this.#room.length) {
      const larger = new Uint8Array(Math.max(length, this.#room.length * 2, 64));
      larger.set(this.#room.subarray(0, this.#length));
      this.#room = larger;
    }
    this.#length = Math.max(this.#length, length);
  }
}
