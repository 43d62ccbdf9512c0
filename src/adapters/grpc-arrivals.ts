/**
 * The bytes of one accepted stream between the network and its handler: counted against the listener's budget,
 * and watched, so that a message which began also ends.
 */
import type { ReceiveBudget } from './grpc-receive-budget.ts';

/** In front of each gRPC message. */
const prefixBytes = 5;

export class Arrivals {
  readonly #budget: ReceiveBudget;
  readonly #peer: string;
  #bytes = 0;
  #waitingSinceMs = 0;

  constructor(budget: ReceiveBudget, peer: string) {
    this.#budget = budget;
    this.#peer = peer;
  }

  /** False when that was more than the budget has. */
  arrived(bytes: number, nowMs: number): boolean {
    if (this.#bytes === 0) this.#waitingSinceMs = nowMs;
    this.#bytes += bytes;
    return this.#budget.take(this.#peer, bytes);
  }

  delivered(messageBytes: number, nowMs: number): void {
    this.#waitingSinceMs = nowMs;
    this.#giveBack(Math.min(this.#bytes, messageBytes + prefixBytes));
  }

  /** The handler does not read now: whatever waits, waits for it and not for the caller. */
  heldBack(nowMs: number): void {
    this.#waitingSinceMs = nowMs;
  }

  /** How long the caller has owed the rest of a message. */
  owedForMs(nowMs: number): number {
    return this.#bytes === 0 ? 0 : nowMs - this.#waitingSinceMs;
  }

  forget(): void {
    this.#giveBack(this.#bytes);
  }

  #giveBack(bytes: number): void {
    this.#bytes -= bytes;
    this.#budget.giveBack(this.#peer, bytes);
  }
}
