/**
 * A wait whose clock starts with the first tick after it began, because no other event knows the time. So it may last
 * a tick longer than it should, and never ends too early after a long silence.
 */

export class Patience {
  /** Undefined while nobody waits; 'begun' until a tick says when. */
  #since: number | 'begun' | undefined;

  get isWaiting(): boolean {
    return this.#since !== undefined;
  }

  /** From now, also when it was waiting before. */
  begin(): void {
    this.#since = 'begun';
  }

  end(): void {
    this.#since = undefined;
  }

  onTick(nowMs: number): void {
    if (this.#since === 'begun') this.#since = nowMs;
  }

  isOver(nowMs: number, patienceMs: number): boolean {
    // The same sum as below: a difference may round to less, and then ticks would come without an end.
    return typeof this.#since === 'number' && nowMs >= this.#since + patienceMs;
  }

  /** When a tick has something to do here; a wait that just began wants one at once. */
  dueMs(nowMs: number, patienceMs: number): number | undefined {
    if (this.#since === undefined) return undefined;
    return this.#since === 'begun' ? nowMs : this.#since + patienceMs;
  }
}
