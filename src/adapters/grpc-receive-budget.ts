/**
 * How many bytes may have arrived and not yet reached a handler: per connection, and for the whole listener.
 *
 * A window bounds what a handler holds, but grpc-js reads on until a message is complete. Callers that begin large
 * messages on many streams and finish none would fill the memory; the stream that goes beyond the budget ends.
 */
import { assert } from '../base/assert.ts';

export interface ReceiveBudgetLimits {
  readonly connectionBytesMax: number;
  readonly listenerBytesMax: number;
}

export class ReceiveBudget {
  readonly #limits: ReceiveBudgetLimits;
  readonly #bytesByPeer = new Map<string, number>();
  #bytes = 0;

  constructor(limits: ReceiveBudgetLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that have arrived; false when that was too many. They are to be given back in either case. */
  take(peer: string, bytes: number): boolean {
    const ofPeer = (this.#bytesByPeer.get(peer) ?? 0) + bytes;
    this.#bytesByPeer.set(peer, ofPeer);
    this.#bytes += bytes;
    return ofPeer <= this.#limits.connectionBytesMax && this.#bytes <= this.#limits.listenerBytesMax;
  }

  giveBack(peer: string, bytes: number): void {
    const ofPeer = (this.#bytesByPeer.get(peer) ?? 0) - bytes;
    assert(ofPeer >= 0, 'no more is given back than was taken', { peer, bytes });
    if (ofPeer === 0) this.#bytesByPeer.delete(peer);
    else this.#bytesByPeer.set(peer, ofPeer);
    this.#bytes -= bytes;
  }
}
