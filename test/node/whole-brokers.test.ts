/**
 * Nodes that are voter and broker at once, on simulated machines: how they come into the cluster, what it does when one
 * is gone, and how one goes on purpose.
 */
import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import type { BrokerImage } from '../../src/metadata/metadata-image.ts';
import { listBrokersReplyCodec, listBrokersRequestCodec } from '../../src/wire/broker-messages.ts';
import {
  createTopicReplyCodec,
  createTopicRequestCodec,
  getTopicReplyCodec,
  getTopicRequestCodec,
  type GetTopicReply,
} from '../../src/wire/topic-messages.ts';
import { topicNamed } from '../api/admin-server.ts';
import { WholeCluster } from './whole-cluster.ts';

const create = [createTopicRequestCodec, createTopicReplyCodec] as const;
const get = [getTopicRequestCodec, getTopicReplyCodec] as const;
const wholeList = { page: { size: undefined, token: '' }, consistency: 'linearizable' } as const;

/** None while the node cannot say. */
async function brokersSeenBy(whole: WholeCluster, id: number): Promise<readonly BrokerImage[]> {
  const request = listBrokersRequestCodec.encode(wholeList);
  const answer = await whole.ask(id, 'odradek.v1.ClusterService/ListBrokers', request);
  const reply = answer.ok ? listBrokersReplyCodec.decode(answer.value) : answer;
  return reply.ok ? reply.value.brokers : [];
}

async function statesSeenBy(whole: WholeCluster, id: number): Promise<string[]> {
  return (await brokersSeenBy(whole, id)).map(({ brokerId, state }) => `${brokerId} ${state}`);
}

/** Asks again and again for up to ten seconds. */
async function until(whole: WholeCluster, isSo: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 100) {
    if (await isSo()) return;
    await whole.run(100);
  }
  throw new Error('it did not come about within ten seconds');
}

async function cluster(seed: number): Promise<WholeCluster> {
  const whole = new WholeCluster(3, seed, ['quorum', 'broker']);
  await whole.run(3_000, () => whole.running.filter((node) => node !== undefined).length === 3);
  await until(whole, async () => (await statesSeenBy(whole, 1)).join() === '1 active,2 active,3 active');
  return whole;
}

async function topicSeenBy(whole: WholeCluster, id: number): Promise<GetTopicReply['topic']> {
  const asked = { topic: { by: 'name', name: 'orders', topicId: undefined }, consistency: 'linearizable' } as const;
  return (await whole.call(id, 'TopicService/GetTopic', get, asked)).topic;
}

test('nodes register as brokers when their cluster is founded, and topics are placed on them', async () => {
  const whole = await cluster(1);
  await whole.call(2, 'TopicService/CreateTopic', create, { command: topicNamed('orders'), requestId: undefined });
  const [partition] = (await topicSeenBy(whole, 3)).partitions;
  expect(partition?.replicas.map(({ brokerId }) => brokerId).sort()).toEqual([1, 2, 3]);
  expect(partition?.leader).toBe(partition?.replicas[0]?.brokerId);
});

test('M3: a broker that dies is fenced, leads nothing, and comes back under a later epoch', async () => {
  const whole = await cluster(2);
  await whole.call(1, 'TopicService/CreateTopic', create, { command: topicNamed('orders'), requestId: undefined });
  const [before] = (await topicSeenBy(whole, 1)).partitions;
  assert(before?.leader !== undefined, 'a fresh partition is led');
  const { leader } = before;
  const epochBefore = (await brokersSeenBy(whole, 1)).find(({ brokerId }) => brokerId === leader)?.brokerEpoch ?? 0;
  const other = (leader % 3) + 1;

  whole.nodes[leader - 1]?.powerCut();
  await until(whole, async () => (await statesSeenBy(whole, other)).includes(`${leader} fenced`));
  const [during] = (await topicSeenBy(whole, other)).partitions;
  expect(during?.leader).not.toBe(leader);
  expect(during?.leader).toBeDefined();
  expect(during?.leaderEpoch).toBeGreaterThan(before.leaderEpoch);

  whole.nodes[leader - 1]?.start();
  await until(whole, async () => (await statesSeenBy(whole, other)).includes(`${leader} active`));
  const after = (await brokersSeenBy(whole, other)).find(({ brokerId }) => brokerId === leader);
  expect(after?.brokerEpoch).toBeGreaterThan(epochBefore);
});

test('a node that is stopped hands over what it leads, and nobody waits for its session to end', async () => {
  const whole = await cluster(3);
  await whole.call(1, 'TopicService/CreateTopic', create, { command: topicNamed('orders'), requestId: undefined });
  const [before] = (await topicSeenBy(whole, 1)).partitions;
  assert(before?.leader !== undefined, 'a fresh partition is led');
  const { leader } = before;
  const other = (leader % 3) + 1;

  const startedMs = whole.simulation.world.nowMs;
  let isStopped = false;
  whole.nodes[leader - 1]?.run(() => {
    void whole.running[leader - 1]?.stop(1_000).then(() => {
      isStopped = true;
    });
  });
  await whole.run(10_000, () => isStopped);
  expect(isStopped).toBe(true);
  await until(whole, async () => (await statesSeenBy(whole, other)).includes(`${leader} fenced`));
  expect(whole.simulation.world.nowMs - startedMs).toBeLessThan(1_400);
  const [after] = (await topicSeenBy(whole, other)).partitions;
  expect(after?.leader).toBeDefined();
  expect(after?.leader).not.toBe(leader);
});
