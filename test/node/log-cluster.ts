/**
 * Whole nodes on simulated machines with a topic, and a caller that writes and reads records.
 */
import { assert } from '../../src/base/assert.ts';
import { brokerId, type TopicId } from '../../src/base/ids.ts';
import { offset } from '../../src/base/offsets.ts';
import { splitBatches } from '../../src/record/split-batches.ts';
import {
  fetchCallCodec,
  fetchReplyCodec,
  produceCallCodec,
  produceReplyCodec,
} from '../../src/wire/produce-fetch-messages.ts';
import type { FetchedReply, PartReply, ProduceCall, ProducedReply } from '../../src/wire/produce-fetch-values.ts';
import { createTopicReplyCodec, createTopicRequestCodec } from '../../src/wire/topic-messages.ts';
import { topicNamed } from '../api/admin-server.ts';
import { testBatch, textOf } from '../partition/test-batches.ts';
import { WholeCluster } from './whole-cluster.ts';

const create = [createTopicRequestCodec, createTopicReplyCodec] as const;
export const produceCodecs = [produceCallCodec, produceReplyCodec] as const;
export const fetchCodecs = [fetchCallCodec, fetchReplyCodec] as const;

export class LogCluster {
  readonly whole: WholeCluster;
  topicId: TopicId | undefined;
  readonly #assignments: readonly (readonly number[])[];
  readonly #configs: Readonly<Record<string, string>>;

  /** Three nodes that are voters and brokers; or three voters, and beside them `brokersAlone`, from number 4 on. */
  constructor(
    seed: number,
    assignments: readonly (readonly number[])[] = [[1], [2], [3]],
    { brokersAlone = 0, configs = {} }: { brokersAlone?: number; configs?: Readonly<Record<string, string>> } = {},
  ) {
    this.#assignments = assignments;
    this.#configs = configs;
    this.whole = new WholeCluster(3, seed, brokersAlone > 0 ? ['quorum'] : ['quorum', 'broker'], brokersAlone);
  }

  /** With a topic whose partitions are on those brokers. */
  async start(): Promise<this> {
    const { whole } = this;
    const isUp = (at: number): boolean => whole.running[at] !== undefined;
    await whole.run(5_000, () => whole.nodes.every((_, at) => isUp(at)));
    for (let tries = 0; tries < 50 && this.topicId === undefined; tries += 1) {
      await whole.run(200);
      const assignments = this.#assignments.map((ids) => ids.map(brokerId));
      // Test batches are of 1970.
      const set = { 'retention.ms': '-1', ...this.#configs };
      const configs = Object.entries(set).map(([name, value]) => ({ name, value }));
      const unsaid = { partitionCount: undefined, replicationFactor: undefined };
      const command = topicNamed('orders', { ...unsaid, assignments, configs });
      const answer = await whole.ask(
        1,
        'odradek.v1.TopicService/CreateTopic',
        create[0].encode({ command, requestId: undefined }),
      );
      const made = answer.ok ? create[1].decode(answer.value) : answer;
      if (made.ok) this.topicId = made.value.topicId;
    }
    await whole.run(1_000);
    return this;
  }

  place(partition: number) {
    assert(this.topicId !== undefined, 'the topic is made');
    return { topicId: this.topicId, partition, leaderEpoch: undefined };
  }

  async produce(node: number, partition: number, batch = testBatch('x'), acks: ProduceCall['acks'] = 'all') {
    const partitions = [{ ...this.place(partition), ownedBatch: batch.ownedBytes }];
    const [result] = await this.whole.call(node, 'LogService/Produce', produceCodecs, {
      acks,
      timeoutMs: undefined,
      partitions,
    });
    assert(result !== undefined, 'one partition, one result');
    return result;
  }

  async fetch(node: number, partition: number, from: number, maxWaitMs = 0): Promise<PartReply<FetchedReply>> {
    const partitions = [{ ...this.place(partition), from: offset(from), bytesMax: undefined }];
    const call = { maxWaitMs, bytesMin: 1, bytesMax: undefined, mayFollow: false, partitions };
    const [result] = await this.whole.call(node, 'LogService/Fetch', fetchCodecs, call);
    assert(result !== undefined, 'one partition, one result');
    return result;
  }

  /** Undefined while that node does not answer. */
  async tryProduce(
    node: number,
    partition: number,
    batch = testBatch('x'),
  ): Promise<PartReply<ProducedReply> | undefined> {
    const partitions = [{ ...this.place(partition), ownedBatch: batch.ownedBytes }];
    const request = produceCallCodec.encode({ acks: 'all', timeoutMs: 2_000, partitions });
    const answer = await this.whole.ask(node, 'odradek.v1.LogService/Produce', request, 2_500);
    const reply = answer.ok ? produceReplyCodec.decode(answer.value) : answer;
    return reply.ok ? reply.value[0] : undefined;
  }

  /** Of everything that may be read; an answer ends where a file of the log does. */
  async texts(node: number, partition: number, start = 0): Promise<readonly string[]> {
    const texts: string[] = [];
    for (let from = start; ;) {
      const { ownedBatches = new Uint8Array(0), next, problem } = await this.fetch(node, partition, from);
      texts.push(...splitBatches(ownedBatches).map(textOf));
      if (problem !== undefined || next === from) return texts;
      from = next;
    }
  }
}
