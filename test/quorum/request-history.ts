/**
 * What clients asked of the metadata and were told, judged against the one log that there was.
 *
 * Every answer names a revision, so the order in which everything happened is told, and need not be searched for. It is
 * linearizable when that order does not contradict the clocks of the clients (nobody is told of a revision before
 * one that was told before it asked), and when at each revision the answer is what a single node would have said.
 */
import { clusterId, topicId } from '../../src/base/ids.ts';
import { decideRequest } from '../../src/metadata/decide-command.ts';
import { featureDefinitions } from '../../src/metadata/feature-definitions.ts';
import type { MetadataAnswer, MetadataRequest } from '../../src/metadata/metadata-command.ts';
import type { MetadataImage } from '../../src/metadata/metadata-image.ts';
import type { MetadataReply } from '../../src/quorum/metadata-quorum.ts';
import type { Finding } from '../../src/simulation/scenario.ts';
import type { FoldedLog } from './folded-log.ts';

/** The log that there was, whether it grows still or not. */
export type JudgedLog = Pick<FoldedLog, 'lastIndex' | 'imageAt' | 'batchAt'>;

export interface AskedRequest {
  readonly request: MetadataRequest;
  /** The highest revision that anybody was told before it was first asked. */
  readonly floor: number;
  /** How often it was asked without being told that it had no effect. */
  mayBeDone: number;
  reply: Extract<MetadataReply, { type: 'done' | 'refused' }> | undefined;
}

export class RequestHistory {
  readonly #log: JudgedLog;
  readonly #requests = new Map<string, AskedRequest>();
  #told = 0;
  #flaw: Finding | undefined;

  constructor(log: JudgedLog) {
    this.#log = log;
  }

  get flaw(): Finding | undefined {
    return this.#flaw;
  }

  /** The highest revision that anybody was told: what a read that begins now must see. */
  get told(): number {
    return this.#told;
  }

  get open(): readonly AskedRequest[] {
    return [...this.#requests.values()].filter(({ reply }) => reply === undefined);
  }

  get count(): number {
    return this.#requests.size;
  }

  add(request: MetadataRequest): AskedRequest {
    const asked: AskedRequest = { request, floor: this.#told, mayBeDone: 0, reply: undefined };
    this.#requests.set(request.requestId, asked);
    return asked;
  }

  onReply(asked: AskedRequest, reply: MetadataReply): void {
    switch (reply.type) {
      case 'outcome-unknown':
        return;
      case 'not-served':
        asked.mayBeDone -= 1;
        return;
      case 'refused':
        asked.mayBeDone -= 1;
        break;
      case 'done':
        break;
    }
    const { revision } = reply;
    const facts = { ...asked, got: reply };
    this.#told = Math.max(this.#told, revision);
    // A refused command may be asked again, and be carried out then.
    asked.reply ??= reply;
    if (this.#batchesAt(revision) < this.#batchesAt(asked.floor))
      this.#fail('M2: what was told before is known to what is asked later', facts);
    else if (reply.type === 'done') this.#checkDone(asked, reply, facts);
    else this.#checkDecided(asked.request, reply, this.#log.imageAt(revision), facts);
  }

  /** Entries of others between two batches change nothing, and may be named or not. */
  #batchesAt(revision: number): number {
    return this.#log.imageAt(revision)?.batchCount ?? Number.POSITIVE_INFINITY;
  }

  onRead(revision: number, floor: number): void {
    this.#told = Math.max(this.#told, revision);
    if (revision < floor) this.#fail('R10: a read sees what was told before it', { revision, floor });
  }

  /** What is in the log without having been asked for, or after nobody could have had an effect. */
  checkLog(): void {
    const image = this.#log.imageAt(this.#log.lastIndex);
    for (const { request, mayBeDone } of this.#requests.values()) {
      if (mayBeDone === 0 && image?.requests.byId.has(request.requestId) === true)
        this.#fail('M2: what had no effect is not in the log', { request });
    }
  }

  #checkDone(asked: AskedRequest, reply: Extract<MetadataReply, { type: 'done' }>, facts: object): void {
    const { requestId } = asked.request;
    const batch = this.#log.batchAt(reply.revision);
    if (batch?.request?.requestId !== requestId) {
      this.#checkDecided(asked.request, reply, this.#log.imageAt(reply.revision), facts);
      return;
    }
    if (JSON.stringify(batch.request.answer) !== JSON.stringify(reply.answer))
      this.#fail('M10: a request is answered as it was carried out', facts);
  }

  /** Without a batch of its own: decided again on the image that the answer names, it must be the same. */
  #checkDecided(
    request: MetadataRequest,
    reply: Extract<MetadataReply, { type: 'done' | 'refused' }>,
    image: MetadataImage | undefined,
    facts: object,
  ): void {
    if (image === undefined) {
      this.#fail('M2: an answer names a revision that is committed', facts);
      return;
    }
    if (reply.type === 'refused' && reply.problem.type === 'broker-id-in-use') return;
    const decided = decideRequest(image, request, {
      clusterId: clusterId('0'.repeat(32)),
      uniqueId: () => 'f'.repeat(32),
      integerBelow: () => 0,
      hasSession: () => false,
      features: featureDefinitions,
    });
    const isSame = decided.ok
      ? reply.type === 'done' &&
        decided.value.records.length === 0 &&
        same(withoutNewId(decided.value.answer), withoutNewId(reply.answer))
      : reply.type === 'refused' && same(decided.problem, reply.problem);
    if (!isSame) this.#fail('M2: an answer holds at the revision that it names', { ...facts, decided });
  }

  #fail(what: string, facts: object): void {
    this.#flaw ??= { what, facts: { ...facts } };
  }
}

/** The id of a topic that was not made, but only tried, is chance. */
function withoutNewId(answer: MetadataAnswer): MetadataAnswer {
  return answer.type === 'topic-created' && !answer.existedBefore ? { ...answer, topicId: noTopic } : answer;
}

const noTopic = topicId('0'.repeat(32));

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
