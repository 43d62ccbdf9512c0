/**
 * Where decompressed bytes go: a buffer that grows with what really comes out, and never beyond a bound.
 *
 * The bound is in the allocation, not in a check of the result, so that a small bomb costs at most the bound.
 */

/** Why bytes cannot be decompressed: they are not what the codec writes, or they would come to more than is allowed. */
export type DecompressProblem = 'garbage' | 'too-large';

export class DecompressedBytes {
  readonly #bytesMax: number;
  #bytes: Uint8Array;
  #end = 0;

  constructor(bytesMax: number, firstBytes: number) {
    this.#bytesMax = bytesMax;
    this.#bytes = new Uint8Array(Math.min(firstBytes, bytesMax));
  }

  /** Replaced by `makeRoom`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get end(): number {
    return this.#end;
  }

  /** Returns where the room ends: after `count` bytes, or at the bound if that comes first. */
  makeRoom(count: number): number {
    const wanted = Math.min(this.#end + count, this.#bytesMax);
    if (wanted > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(Math.max(wanted, this.#bytes.length * 2), this.#bytesMax));
      grown.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = grown;
    }
    return wanted;
  }

  /** Up to here the bytes have been written. */
  moveTo(end: number): void {
    this.#end = end;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#end);
  }
}
