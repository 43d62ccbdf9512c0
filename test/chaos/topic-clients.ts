/**
 * Clients that create, change and delete the same few topics at once, each through any voter, with the same request id
 * until they are told what became of it. Keeps everything that was asked and told, in order, for the verdict.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { uniqueIdFromBytes } from '../../src/base/ids.ts';
import type { MetadataCommand, MetadataRequest, TopicRef } from '../../src/metadata/metadata-command.ts';
import type { Random } from '../../src/ports/random.ts';
import type { MetadataReply } from '../../src/quorum/metadata-quorum.ts';
import { replyOf } from '../../src/quorum/voter-metadata.ts';
import { RequestHistory, type AskedRequest, type JudgedLog } from '../quorum/request-history.ts';
import type { VoterCalls } from './voter-calls.ts';

type Told =
  | { readonly type: 'begun'; readonly request: MetadataRequest }
  | { readonly type: 'asked'; readonly request: MetadataRequest }
  | { readonly type: 'told'; readonly request: MetadataRequest; readonly reply: MetadataReply };

export interface TopicClientsOptions {
  readonly random: Random;
  readonly clients: number;
  readonly voters: () => readonly VoterCalls[];
}

const topicNames = ['a', 'b', 'c', 'd'];
const attemptMsMax = 400;
const retryMs = 20;
const giveUpMs = 30_000;
const pauseMsMax = 40;

export class TopicClients {
  readonly #options: TopicClientsOptions;
  readonly #history: Told[] = [];
  readonly #onDecided = new Set<(sentMs: number) => void>();
  readonly #ended: Promise<unknown>;
  #decided = 0;
  #unanswered = 0;
  #retried = 0;
  #isOver = false;

  constructor(options: TopicClientsOptions) {
    this.#options = options;
    this.#ended = Promise.all(Array.from({ length: options.clients }, () => this.#live()));
  }

  get decidedCount(): number {
    return this.#decided;
  }

  /** Requests that needed more than one attempt. */
  get retried(): number {
    return this.#retried;
  }

  /** When the first request is decided whose attempt began after this call. */
  untilWritable(): Promise<number> {
    const fromMs = performance.now();
    return new Promise((resolve) => {
      const look = (sentMs: number): void => {
        if (sentMs < fromMs) return;
        this.#onDecided.delete(look);
        resolve(performance.now() - fromMs);
      };
      this.#onDecided.add(look);
    });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  /** Judged against the log that there was. */
  findProblems(log: JudgedLog): readonly string[] {
    const history = new RequestHistory(log);
    const asked = new Map<string, AskedRequest>();
    for (const event of this.#history) {
      const { requestId } = event.request;
      const known = asked.get(requestId) ?? history.add(event.request);
      asked.set(requestId, known);
      if (event.type === 'asked') known.mayBeDone += 1;
      else if (event.type === 'told') history.onReply(known, event.reply);
    }
    history.checkLog();
    const problems = history.flaw === undefined ? [] : [`${history.flaw.what}: ${JSON.stringify(history.flaw.facts)}`];
    return this.#unanswered === 0 ? problems : [...problems, `${this.#unanswered} requests were never answered`];
  }

  async #live(): Promise<void> {
    const { random } = this.#options;
    while (!this.#isOver) {
      await this.#ask({ requestId: uniqueIdFromBytes(randomBytes(16)), command: this.#drawCommand() });
      await delay(random.integerBelow(pauseMsMax));
    }
  }

  async #ask(request: MetadataRequest): Promise<void> {
    this.#history.push({ type: 'begun', request });
    const endMs = performance.now() + giveUpMs;
    for (let attempts = 1; performance.now() < endMs; attempts += 1) {
      const sentMs = performance.now();
      this.#history.push({ type: 'asked', request });
      const reply = await this.#attempt(request);
      this.#history.push({ type: 'told', request, reply });
      if (reply.type === 'done' || reply.type === 'refused') {
        this.#decided += 1;
        if (attempts > 1) this.#retried += 1;
        for (const look of this.#onDecided) look(sentMs);
        return;
      }
      await delay(retryMs);
    }
    this.#unanswered += 1;
  }

  async #attempt(request: MetadataRequest): Promise<MetadataReply> {
    const voters = this.#options.voters();
    const asked = voters[this.#options.random.integerBelow(voters.length)];
    const reply = await asked?.decide(request, attemptMsMax);
    return reply?.ok === true ? replyOf(reply.value) : { type: 'outcome-unknown' };
  }

  #drawCommand(): MetadataCommand {
    const { random } = this.#options;
    const name = topicNames[random.integerBelow(topicNames.length)] ?? '';
    const topic: TopicRef = { by: 'name', name, topicId: undefined };
    const rest = { assignments: [], validateOnly: false };
    switch (random.integerBelow(4)) {
      case 0:
      case 1: {
        const partitionCount = 1 + random.integerBelow(3);
        return {
          type: 'create-topic',
          name,
          partitionCount,
          replicationFactor: 2,
          configs: [],
          ifNotExists: false,
          ...rest,
        };
      }
      case 2: {
        const configs = [{ name: 'retention.ms', value: String(1 + random.integerBelow(1000)) }];
        return {
          type: 'update-topic',
          topic,
          partitionCount: undefined,
          configs,
          expectedRevision: undefined,
          ...rest,
        };
      }
      default:
        return { type: 'delete-topic', topic, ifExists: false, expectedRevision: undefined, validateOnly: false };
    }
  }
}
