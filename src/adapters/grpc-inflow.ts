/**
 * What one side of a stream has received and its handler not yet released.
 *
 * Asks the transport for one message at a time and stops asking while the handler holds a window of bytes; the
 * transport's own window then fills and stops the sender (grpc-outflow.ts).
 */
import { assert } from '../base/assert.ts';

export class Inflow {
  readonly #windowBytes: number;
  /** Asks for one message. The transport may deliver it before this returns. */
  readonly #startRead: () => void;
  #unreleasedBytes = 0;
  #reading = false;
  #pulling = false;
  #delivering = false;
  #pullIsDue = false;
  #stopped = false;

  constructor(windowBytes: number, startRead: () => void) {
    this.#windowBytes = windowBytes;
    this.#startRead = startRead;
  }

  /** Whether the transport has been asked for a message that has not come. */
  get isReading(): boolean {
    return this.#reading;
  }

  /** A loop, not a recursion: a peer may pack thousands of tiny messages into one frame. */
  pull(): void {
    if (this.#pulling) return;
    this.#pulling = true;
    while (!this.#reading && !this.#stopped && this.#unreleasedBytes < this.#windowBytes) {
      this.#reading = true;
      this.#startRead();
    }
    this.#pulling = false;
  }

  /** One message arrived: `deliver` hands it to the handler. */
  received(bytes: number, deliver: () => void): void {
    if (this.#stopped) return;
    this.#reading = false;
    this.#unreleasedBytes += bytes;
    this.#delivering = true;
    deliver();
    this.#delivering = false;
    this.pull();
  }

  released(bytes: number): void {
    assert(bytes <= this.#unreleasedBytes, 'no more is released than was received', () => ({
      bytes,
      unreleasedBytes: this.#unreleasedBytes,
    }));
    this.#unreleasedBytes -= bytes;
    if (this.#delivering || this.#reading || this.#pullIsDue) return;
    // Later, because reading may deliver at once, and nobody expects to be called from within their own release.
    this.#pullIsDue = true;
    process.nextTick(() => {
      this.#pullIsDue = false;
      this.pull();
    });
  }

  stop(): void {
    this.#stopped = true;
  }
}
