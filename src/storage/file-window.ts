/**
 * Reads a file from front to back in large pieces, and shows what is at hand without copying.
 */
import { assert } from '../base/assert.ts';
import type { PooledFile } from './file-handles.ts';

const windowBytes = 1024 * 1024;

export class FileWindow {
  readonly #read: (position: number, length: number) => Promise<Uint8Array>;
  readonly #sizeBytes: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;

  /** What of the file comes after `sizeBytes` is not looked at. */
  constructor(file: Pick<PooledFile, 'read'>, sizeBytes: number) {
    this.#read = (position, length) => file.read(position, length);
    this.#sizeBytes = sizeBytes;
  }

  /** All that is at hand; `at` is the place of `position` in it. Valid until the next call of `show`. */
  borrowed(position: number): { readonly bytes: Uint8Array; readonly at: number } {
    assert(position >= this.#start, 'a window moves forward', () => ({ position, start: this.#start }));
    return { bytes: this.#bytes, at: Math.min(position - this.#start, this.#bytes.length) };
  }

  /** Reads on, so that at least so many bytes from `position` are at hand, as far as the file has them. */
  async show(position: number, length: number): Promise<void> {
    const end = Math.min(position + Math.max(length, windowBytes), this.#sizeBytes);
    this.#start = position;
    this.#bytes = position < end ? await this.#read(position, end - position) : new Uint8Array(0);
  }

  /** Whether `show` could bring more of what begins at `position` than is at hand. */
  hasMoreThan(position: number, length: number): boolean {
    return position + length < this.#sizeBytes;
  }
}
