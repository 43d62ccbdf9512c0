/**
 * What one side of a stream has sent and the transport has not yet written: its credit.
 *
 * When the other side stops reading, the transport's window fills, writes stay unfinished, and credit runs out.
 */
import { assert } from '../base/assert.ts';

export class Outflow {
  readonly #windowBytes: number;
  #unwrittenBytes = 0;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
  }

  get creditBytes(): number {
    return this.#windowBytes - this.#unwrittenBytes;
  }

  sent(bytes: number): void {
    this.#unwrittenBytes += bytes;
  }

  /** Whether credit is positive again after it was used up. */
  written(bytes: number): boolean {
    assert(bytes <= this.#unwrittenBytes, 'no more is written than was sent', () => ({
      bytes,
      unwrittenBytes: this.#unwrittenBytes,
    }));
    const wasUsedUp = this.creditBytes <= 0;
    this.#unwrittenBytes -= bytes;
    return wasUsedUp && this.creditBytes > 0;
  }
}
