/**
 * What clients of one replicated counter asked and were told, and whether one counter could have told it.
 *
 * Every command adds one under its own request id, so each answer is a place in the order of all additions: no place
 * twice (R17), none at or below what was answered before the command was first asked, and no read below what was
 * answered before the read began (R10).
 */
import type { Finding } from '../../../src/simulation/scenario.ts';

interface Addition {
  /** The highest answer that anybody had when it was first asked. */
  readonly floor: number;
  answer: number | undefined;
}

export class CounterHistory {
  readonly #additions = new Map<string, Addition>();
  readonly #requestAt = new Map<number, string>();
  #highest = 0;
  #flaw: Finding | undefined;

  get flaw(): Finding | undefined {
    return this.#flaw;
  }

  /** The highest answer so far: what a read that begins now must see. */
  get highest(): number {
    return this.#highest;
  }

  get asked(): number {
    return this.#additions.size;
  }

  /** At first or again. */
  onAsked(requestId: string): void {
    if (!this.#additions.has(requestId)) this.#additions.set(requestId, { floor: this.#highest, answer: undefined });
  }

  onAdded(requestId: string, answer: number): void {
    const addition = this.#additions.get(requestId);
    const other = this.#requestAt.get(answer);
    if (addition === undefined) this.#fail('R17: only what was asked is answered', { requestId, answer });
    else if (addition.answer !== undefined && addition.answer !== answer)
      this.#fail('R17: a repeated command gets its first answer', { requestId, answer, first: addition.answer });
    else if (other !== undefined && other !== requestId)
      this.#fail('R17: every command is applied once', { requestId, other, answer });
    else if (answer <= addition.floor || answer > this.asked)
      this.#fail('R10: an acknowledged command is followed by later ones', {
        requestId,
        answer,
        floor: addition.floor,
      });
    else {
      addition.answer = answer;
      this.#requestAt.set(answer, requestId);
      this.#highest = Math.max(this.#highest, answer);
    }
  }

  onRead(value: number, floor: number): void {
    if (value < floor || value > this.asked)
      this.#fail('R10: a read sees what was acknowledged before it', { value, floor, asked: this.asked });
  }

  #fail(what: string, facts: Readonly<Record<string, unknown>>): void {
    this.#flaw ??= { what, facts };
  }
}
