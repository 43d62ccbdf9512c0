/**
 * Whoever waits for something that an event may bring, in no order, each until its deadline. Bounded: who does not get
 * in is told so by its owner.
 */
import type { RequestId } from './partition-event.ts';

export interface WaitingGuest {
  readonly requestId: RequestId;
  readonly deadlineMs: number;
}

export class WaitingRoom<Guest extends WaitingGuest> {
  readonly #guests = new Map<RequestId, Guest>();
  readonly #guestsMax: number;
  /** Not after the first deadline of those that wait; some wait without one. */
  #firstDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(guestsMax: number) {
    this.#guestsMax = guestsMax;
  }

  get count(): number {
    return this.#guests.size;
  }

  get isFull(): boolean {
    return this.#guests.size >= this.#guestsMax;
  }

  get firstDeadlineMs(): number | undefined {
    const isAny = this.#guests.size > 0 && this.#firstDeadlineMs < Number.POSITIVE_INFINITY;
    return isAny ? this.#firstDeadlineMs : undefined;
  }

  enter(guest: Guest): boolean {
    if (this.isFull) return false;
    this.#firstDeadlineMs = Math.min(this.firstDeadlineMs ?? guest.deadlineMs, guest.deadlineMs);
    this.#guests.set(guest.requestId, guest);
    return true;
  }

  leave(requestId: RequestId): void {
    this.#guests.delete(requestId);
  }

  /** Those for whom it is true go. */
  release(isDone: (guest: Guest) => boolean): void {
    for (const guest of this.#guests.values()) if (isDone(guest)) this.#guests.delete(guest.requestId);
  }

  expire(nowMs: number, answer: (guest: Guest) => void): void {
    if (nowMs < this.#firstDeadlineMs || this.#guests.size === 0) return;
    this.#firstDeadlineMs = Number.POSITIVE_INFINITY;
    for (const guest of this.#guests.values()) {
      if (guest.deadlineMs <= nowMs) {
        this.#guests.delete(guest.requestId);
        answer(guest);
      } else this.#firstDeadlineMs = Math.min(this.#firstDeadlineMs, guest.deadlineMs);
    }
  }
}
