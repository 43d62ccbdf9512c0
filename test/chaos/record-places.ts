/**
 * Where the partitions of one topic are, as the clients of a storm ask for it: from whichever node answers.
 */
import { assert } from '../../src/base/assert.ts';
import type { TopicId } from '../../src/base/ids.ts';
import type { Result } from '../../src/base/result.ts';
import type { Status } from '../../src/base/status.ts';
import {
  getMetadataReplyCodec,
  getMetadataRequestCodec,
  type GetMetadataReply,
} from '../../src/wire/metadata-messages.ts';
import { createTopicReplyCodec, createTopicRequestCodec } from '../../src/wire/topic-messages.ts';
import { topicNamed } from '../api/admin-server.ts';
import { RenewedChannel, type TypedCall } from './renewed-channel.ts';

export const topic = 'orders';
const lookMsMax = 1_000;

export interface PartitionSeen {
  /** Where clients reach its leader. */
  readonly endpoint: string | undefined;
  readonly inSync: number;
}

export class RecordPlaces {
  readonly #endpoints: readonly string[];
  readonly #topic: string;
  readonly #channels = new Map<string, RenewedChannel>();
  #topicId: TopicId | undefined;
  #turn = 0;
  partitions: readonly PartitionSeen[] = [];

  constructor(endpoints: readonly string[], name = topic) {
    this.#endpoints = endpoints;
    this.#topic = name;
  }

  get topicId(): TopicId {
    assert(this.#topicId !== undefined, 'the topic was found');
    return this.#topicId;
  }

  async createTopic(partitionCount: number, replicationFactor: number): Promise<boolean> {
    const command = topicNamed(this.#topic, { partitionCount, replicationFactor, ifNotExists: true });
    const made = await this.call(this.#nextEndpoint(), {
      method: 'odradek.v1.TopicService/CreateTopic',
      request: { command, requestId: undefined },
      requestCodec: createTopicRequestCodec,
      replyCodec: createTopicReplyCodec,
      deadlineMs: lookMsMax,
    });
    return made.ok;
  }

  /** False when the node that was asked does not say; the next look asks another. */
  async look(): Promise<boolean> {
    const seen: Result<GetMetadataReply, Status> = await this.call(this.#nextEndpoint(), {
      method: 'odradek.v1.MetadataService/GetMetadata',
      request: {
        topics: [this.#topic],
        allTopics: false,
        page: { size: undefined, token: '' },
        consistency: 'local',
        createMissing: false,
      },
      requestCodec: getMetadataRequestCodec,
      replyCodec: getMetadataReplyCodec,
      deadlineMs: lookMsMax,
    });
    const found = seen.ok ? seen.value.topics[0] : undefined;
    if (!seen.ok || found?.isKnown !== true) return false;
    const endpoints = new Map(seen.value.brokers.map(({ brokerId, endpoint }) => [brokerId, endpoint]));
    this.#topicId = found.topicId;
    this.partitions = found.partitions.map(({ leader, inSync }) => ({
      endpoint: leader === undefined ? undefined : endpoints.get(leader),
      inSync: inSync.length,
    }));
    return true;
  }

  call<Request, Reply>(endpoint: string, call: TypedCall<Request, Reply>): Promise<Result<Reply, Status>> {
    const channel = this.#channels.get(endpoint) ?? new RenewedChannel(endpoint);
    this.#channels.set(endpoint, channel);
    return channel.call(call);
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  #nextEndpoint(): string {
    this.#turn += 1;
    const endpoint = this.#endpoints[this.#turn % this.#endpoints.length];
    assert(endpoint !== undefined, 'there are nodes to ask');
    return endpoint;
  }
}
