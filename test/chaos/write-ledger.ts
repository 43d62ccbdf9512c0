/**
 * What was asked for and what was answered, and the verdict over it. Pure, so that wrong histories can be planted.
 *
 * Every write adds 1 to one counter and is answered with the counter after it. When all are answered, the answers must
 * be 1 to n, each once, in the order of the entries that were answered; then nothing was lost (its number would be
 * given again), nothing was applied twice (a number would be missing), and nothing was undone.
 */
import type { LogIndex } from '../../src/base/raft-position.ts';
import type { CountReply } from '../quorum/producer-id-counter.ts';

export interface LedgerWrite {
  readonly requestId: string;
  readonly reply: CountReply;
  readonly index: LogIndex;
}

/** A committed command in a voter's log, in order. */
export interface LoggedCommand {
  readonly index: LogIndex;
  readonly requestId: string;
}

export class WriteLedger {
  readonly #answered = new Map<string, LedgerWrite>();
  readonly #asked = new Set<string>();

  ask(requestId: string): void {
    this.#asked.add(requestId);
  }

  answer(write: LedgerWrite): void {
    this.#answered.set(write.requestId, write);
  }

  get answered(): readonly LedgerWrite[] {
    return [...this.#answered.values()];
  }

  get answeredCount(): number {
    return this.#answered.size;
  }

  /** Of the entries that were answered. */
  get lastIndex(): number {
    return this.answered.reduce((last, { index }) => Math.max(last, index), 0);
  }

  /** What is wrong with the answers alone. */
  findProblems(): string[] {
    const problems = [...this.#asked]
      .filter((requestId) => !this.#answered.has(requestId))
      .map((requestId) => `write ${requestId} was never answered`);
    const counted = new Map<number, LedgerWrite>();
    for (const write of this.#answered.values()) {
      if (write.reply.type !== 'counted') {
        problems.push(`write ${write.requestId} was answered ${JSON.stringify(write.reply)}`);
        continue;
      }
      const other = counted.get(write.reply.counter);
      if (other !== undefined)
        problems.push(`lost: ${other.requestId} and ${write.requestId} both made the counter ${write.reply.counter}`);
      counted.set(write.reply.counter, write);
    }
    for (let number = 1; number <= this.#answered.size; number += 1)
      if (!counted.has(number)) problems.push(`applied twice: no write made the counter ${number}`);
    return problems;
  }

  /** What is wrong with the counter after all of them, and with what some of the requests are answered again. */
  findProblemsAfter({ counter, again }: { counter: number; again: ReadonlyMap<string, CountReply> }): string[] {
    const problems: string[] = [];
    if (counter !== this.#answered.size)
      problems.push(`the counter is ${counter} after ${this.#answered.size} writes were answered`);
    for (const [requestId, second] of again) {
      const reply = this.#answered.get(requestId)?.reply;
      if (JSON.stringify(second) !== JSON.stringify(reply))
        problems.push(
          `write ${requestId} was answered ${JSON.stringify(reply)}, and asked again ${JSON.stringify(second)}`,
        );
    }
    return problems;
  }

  /**
   * What is wrong with a committed log: every answered request is in it once, at the place in the order that its
   * number says.
   */
  findProblemsInLog(log: readonly LoggedCommand[]): string[] {
    const problems: string[] = [];
    const places = new Map<string, number>();
    const requestAt = new Map(log.map(({ index, requestId }) => [index, requestId]));
    for (const { requestId } of log)
      if (places.has(requestId)) problems.push(`carried out twice: write ${requestId} is in the log again`);
      else if (this.#asked.has(requestId)) places.set(requestId, places.size + 1);
    for (const { requestId, reply, index } of this.#answered.values()) {
      const place = places.get(requestId);
      if (place === undefined) problems.push(`lost: write ${requestId} was answered and is not in the log`);
      else if (reply.type === 'counted' && reply.counter !== place)
        problems.push(`write ${requestId} made the counter ${reply.counter} and is number ${place} in the log`);
      if (requestAt.get(index) !== requestId)
        problems.push(`write ${requestId} was answered for entry ${index}, which holds ${requestAt.get(index)}`);
    }
    return problems;
  }
}
