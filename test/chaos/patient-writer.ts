/**
 * Proposes commands until they are answered: through whoever it believes to lead, else through the next voter, always
 * with the same request id. So a write is answered once it is committed, however often it was sent.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterId, VoterId } from '../../src/base/ids.ts';
import type { LogIndex } from '../../src/base/raft-position.ts';
import type { FactCommand, FactReply } from '../../src/metadata/cluster-facts.ts';
import type { LeaderAnswer } from '../../src/raft/leader-call.ts';
import { factCommandCodec, factReplyCodec } from '../../src/wire/fact-codec.ts';
import type { VoterCalls } from './voter-calls.ts';

/** One voter is not waited for longer than that. */
const attemptMsMax = 400;
/** Between attempts, doubling from min to max, so that waiting writers leave the voters room to elect. */
const retryMsMin = 10;
const retryMsMax = 160;
const giveUpMs = 30_000;

export interface Answered {
  readonly reply: FactReply;
  /** Of the entry that was answered. */
  readonly index: LogIndex;
  readonly attempts: number;
  /** When the attempt that was answered began; earlier ones may have met a fault. */
  readonly sentMs: number;
  readonly answeredMs: number;
}

export class PatientWriter {
  readonly #clusterId: ClusterId;
  readonly #voters: () => readonly VoterCalls[];
  #leader: VoterId | undefined;
  #turn = 0;

  constructor(clusterId: ClusterId, voters: () => readonly VoterCalls[]) {
    this.#clusterId = clusterId;
    this.#voters = voters;
  }

  /** Undefined when nobody answered for so long that something is wrong: the outcome is then unknown. */
  async write(command: FactCommand): Promise<Answered | undefined> {
    const bytes = factCommandCodec.encode(command);
    const endMs = performance.now() + giveUpMs;
    for (let attempts = 1; performance.now() < endMs; attempts += 1) {
      const sentMs = performance.now();
      const answer = await this.#attempt(bytes);
      if (answer?.type === 'done') {
        const reply = factReplyCodec.decode(answer.reply);
        if (!reply.ok) throw new Error(`a reply cannot be read: ${reply.problem.why}`);
        return { reply: reply.value, index: answer.index, attempts, sentMs, answeredMs: performance.now() };
      }
      await delay(Math.min(retryMsMin * 2 ** (attempts - 1), retryMsMax));
    }
    return undefined;
  }

  async #attempt(command: Uint8Array): Promise<LeaderAnswer | undefined> {
    const voters = this.#voters();
    const believed = voters.find(({ addresses }) => addresses.voterId === this.#leader);
    const asked = believed ?? voters[this.#turn++ % voters.length];
    if (asked === undefined) return undefined;
    const answer = await asked.ask(this.#clusterId, { type: 'propose', command }, attemptMsMax);
    this.#learn(asked.addresses.voterId, answer.ok ? answer.value : undefined);
    return answer.ok ? answer.value : undefined;
  }

  #learn(asked: VoterId, answer: LeaderAnswer | undefined): void {
    if (answer?.type === 'done') this.#leader = asked;
    else if (answer?.type === 'refused' && answer.problem.type === 'not-leader') {
      const { leader } = answer.problem;
      this.#leader = leader === asked ? undefined : leader;
    } else if (this.#leader === asked) this.#leader = undefined;
  }
}
