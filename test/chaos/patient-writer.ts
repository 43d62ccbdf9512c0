/**
 * Asks for commands until they are answered: through whoever it believes to lead, else through the next voter, always
 * with the same request id. So a write is answered once it is committed, however often it was sent.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { brokerEpoch } from '../../src/base/epochs.ts';
import type { ClusterId, VoterId } from '../../src/base/ids.ts';
import type { LogIndex } from '../../src/base/raft-position.ts';
import type { ControlReply } from '../../src/metadata/control-call.ts';
import type { MetadataRequest } from '../../src/metadata/metadata-command.ts';
import type { LeaderAnswer, LeaderCall } from '../../src/raft/leader-call.ts';
import { controlCall, controlReply, countOne, countReply, registerCounter } from '../quorum/producer-id-counter.ts';
import type { CountReply } from '../quorum/producer-id-counter.ts';
import type { VoterCalls } from './voter-calls.ts';

/** One voter is not waited for longer than that. */
const attemptMsMax = 400;
/** Between attempts, doubling from min to max, so that waiting writers leave the voters room to elect. */
const retryMsMin = 10;
const retryMsMax = 160;
const giveUpMs = 30_000;

export interface Answered<Reply> {
  readonly reply: Reply;
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
  #registration: Promise<Answered<ControlReply> | undefined> | undefined;

  constructor(clusterId: ClusterId, voters: () => readonly VoterCalls[]) {
    this.#clusterId = clusterId;
    this.#voters = voters;
  }

  /** Adds one to the counter. Undefined when nobody answered for so long that something is wrong. */
  async count(requestId: string): Promise<Answered<CountReply> | undefined> {
    const registered = await this.#registered();
    if (registered === undefined) return undefined;
    const answered = await this.write(countOne(requestId, brokerEpoch(registered.index)));
    return answered === undefined ? undefined : { ...answered, reply: countReply(answered.reply) };
  }

  /** Undefined when nobody answered for so long that something is wrong: the outcome is then unknown. */
  async write(request: MetadataRequest): Promise<Answered<ControlReply> | undefined> {
    const call = controlCall(request);
    const endMs = performance.now() + giveUpMs;
    for (let attempts = 1; performance.now() < endMs; attempts += 1) {
      const sentMs = performance.now();
      const answer = await this.#attempt(call);
      if (answer?.type === 'done') {
        const { index } = answer;
        return { reply: controlReply(answer.reply), index, attempts, sentMs, answeredMs: performance.now() };
      }
      await delay(Math.min(retryMsMin * 2 ** (attempts - 1), retryMsMax));
    }
    return undefined;
  }

  #registered(): Promise<Answered<ControlReply> | undefined> {
    this.#registration ??= this.write(registerCounter(this.#clusterId));
    return this.#registration;
  }

  async #attempt(call: LeaderCall): Promise<LeaderAnswer | undefined> {
    const voters = this.#voters();
    const believed = voters.find(({ addresses }) => addresses.voterId === this.#leader);
    const asked = believed ?? voters[this.#turn++ % voters.length];
    if (asked === undefined) return undefined;
    const answer = await asked.ask(this.#clusterId, call, attemptMsMax);
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
