/**
 * Records of one topic for commands: finds the topic and who leads its partitions, asks there, and follows when another
 * broker leads. Read next: produce-command.ts, consume-command.ts.
 */
import type { TopicId } from '../base/ids.ts';
import { delay } from '../ports/clock.ts';
import { callUnary } from '../ports/unary.ts';
import type { Channel } from '../ports/stream.ts';
import type { Codec } from '../ports/codec.ts';
import {
  fetchCallCodec,
  fetchReplyCodec,
  listOffsetsCallCodec,
  listOffsetsReplyCodec,
  produceCallCodec,
  produceReplyCodec,
} from '../wire/produce-fetch-messages.ts';
import type {
  AcksName,
  FetchCall,
  FetchedReply,
  OffsetAskedFor,
  OffsetReply,
  PartProblem,
  PartReply,
  ProducedReply,
} from '../wire/produce-fetch-values.ts';
import { getMetadataReplyCodec, getMetadataRequestCodec } from '../wire/metadata-messages.ts';
import { errorCodes } from '../base/error-codes.ts';
import { CliError, exitForStatus } from './cli-error.ts';
import { ask, type CommandContext } from './command-context.ts';

export interface TopicPlaces {
  readonly topicId: TopicId;
  /** Where clients reach the leader of each partition; undefined while nobody leads. */
  readonly leaders: readonly (string | undefined)[];
}

/** A leader that is new takes its first records a moment later. */
const retryMsMin = 20;
const retryMsMax = 200;
const headers = { 'odradek-client-id': 'odradek-cli' };

export class TopicRecords {
  readonly #context: CommandContext;
  readonly #name: string;
  readonly #channels = new Map<string, Channel>();
  #places: TopicPlaces;

  private constructor(context: CommandContext, name: string, places: TopicPlaces) {
    this.#context = context;
    this.#name = name;
    this.#places = places;
  }

  /** `createMissing`: have it made where the node does that. */
  static async find(context: CommandContext, name: string, createMissing: boolean): Promise<TopicRecords> {
    return new TopicRecords(context, name, await findPlaces(context, name, createMissing));
  }

  get partitionCount(): number {
    return this.#places.leaders.length;
  }

  async produce(partition: number, ownedBatch: Uint8Array, acks: AcksName): Promise<ProducedReply> {
    const { timeoutMs } = this.#context.options;
    return this.#askLeader(partition, (endpoint) =>
      this.#call(endpoint, 'Produce', [produceCallCodec, produceReplyCodec], {
        acks,
        timeoutMs,
        partitions: [{ ...this.#place(partition), ownedBatch }],
      }),
    );
  }

  async fetch(
    partition: number,
    asked: Pick<FetchCall['partitions'][number], 'from'>,
    maxWaitMs: number,
  ): Promise<FetchedReply> {
    const partitions = [{ ...this.#place(partition), ...asked, bytesMax: undefined }];
    const call: FetchCall = { maxWaitMs, bytesMin: 1, bytesMax: undefined, mayFollow: false, partitions };
    return this.#askLeader(partition, (endpoint) =>
      this.#call(endpoint, 'Fetch', [fetchCallCodec, fetchReplyCodec], call),
    );
  }

  async findOffset(partition: number, wanted: OffsetAskedFor): Promise<OffsetReply> {
    const partitions = [{ ...this.#place(partition), wanted }];
    return this.#askLeader(partition, (endpoint) =>
      this.#call(endpoint, 'ListOffsets', [listOffsetsCallCodec, listOffsetsReplyCodec], { partitions }),
    );
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  #place(partition: number) {
    return { topicId: this.#places.topicId, partition, leaderEpoch: undefined };
  }

  /** Until the leader has answered, or the time of the command is over. */
  async #askLeader<Value>(
    partition: number,
    askAt: (endpoint: string) => Promise<PartReply<Value> | CliError>,
  ): Promise<Value> {
    const { clock, options } = this.#context;
    const endMs = clock.monotonicMs() + options.timeoutMs;
    for (let retryMs = retryMsMin; ; retryMs = Math.min(2 * retryMs, retryMsMax)) {
      const endpoint = this.#places.leaders[partition];
      const answer = endpoint === undefined ? noLeader(this.#name, partition) : await askAt(endpoint);
      if (!(answer instanceof CliError) && answer.problem === undefined) return answer;
      const failure = answer instanceof CliError ? answer : failureOf(answer.problem, this.#name, partition);
      if (!isWorthRetrying(answer) || clock.monotonicMs() + retryMs > endMs) throw failure;
      await delay(clock, retryMs);
      this.#places = await findPlaces(this.#context, this.#name, false);
    }
  }

  async #call<Request, Value>(
    endpoint: string,
    method: string,
    [requestCodec, replyCodec]: readonly [Codec<Request>, Codec<readonly PartReply<Value>[]>],
    request: Request,
  ): Promise<PartReply<Value> | CliError> {
    const channel = this.#channels.get(endpoint) ?? this.#context.network.channel(endpoint);
    this.#channels.set(endpoint, channel);
    const answer = await callUnary(channel, {
      method: `odradek.v1.LogService/${method}`,
      request: [requestCodec.encode(request)],
      // The node answers within the time that the request names.
      options: { deadlineMs: this.#context.options.timeoutMs + 1000, headers },
    });
    if (!answer.ok) {
      const { name, message } = answer.problem;
      return new CliError({ exit: exitForStatus(name), message: `${endpoint} answers ${name}: ${message}` });
    }
    const reply = replyCodec.decode(answer.value);
    const [result] = reply.ok ? reply.value : [];
    return result ?? new CliError({ exit: 'failed', message: `the reply of ${endpoint} to ${method} cannot be read` });
  }
}

function isWorthRetrying(answer: CliError | { readonly problem: PartProblem | undefined }): boolean {
  if (answer instanceof CliError) return answer.failure.exit === 'unavailable';
  if (answer.problem === undefined) return false;
  const { action } = errorCodes[answer.problem.error];
  return action === 'retry-same' || (action === 'refresh-metadata' && answer.problem.error !== 'unknown-topic');
}

function noLeader(name: string, partition: number): CliError {
  return new CliError({
    exit: 'unavailable',
    message: `partition ${partition} of ${name} has no leader`,
    hint: `odradek topic describe ${name} shows where it is`,
  });
}

function failureOf({ error, message }: PartProblem, name: string, partition: number): CliError {
  return new CliError({
    exit: exitForStatus(errorCodes[error].status),
    message: `partition ${partition} of ${name}: ${message}`,
    reason: error.toUpperCase().replaceAll('-', '_'),
  });
}

async function findPlaces(context: CommandContext, name: string, createMissing: boolean): Promise<TopicPlaces> {
  const page = { size: undefined, token: '' };
  const { reply } = await ask(context, {
    method: 'odradek.v1.MetadataService/GetMetadata',
    request: { topics: [name], allTopics: false, createMissing, page, consistency: 'linearizable' },
    requestCodec: getMetadataRequestCodec,
    replyCodec: getMetadataReplyCodec,
  });
  const [topic] = reply.topics;
  if (topic?.isKnown !== true)
    throw new CliError({
      exit: 'not-found',
      message: `there is no topic ${name}`,
      hint: `make it: odradek topic create ${name}`,
    });
  const endpoints = new Map(reply.brokers.map(({ brokerId, endpoint }) => [brokerId, endpoint]));
  const leaders = topic.partitions.map(({ leader }) => (leader === undefined ? undefined : endpoints.get(leader)));
  return { topicId: topic.topicId, leaders };
}
