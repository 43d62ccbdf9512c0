/**
 * The administrative services of three whole nodes: any of them takes a change, and all of them show it.
 */
import { expect, test } from 'vitest';
import { logIndex } from '../../src/base/raft-position.ts';
import { imageOf } from '../../src/metadata/metadata-snapshot.ts';
import { crc32c } from '../../src/record/crc32c.ts';
import { getClusterReplyCodec, getClusterRequestCodec } from '../../src/wire/cluster-messages.ts';
import { metadataSnapshotCodec } from '../../src/wire/metadata-log-codec.ts';
import { watchMetadataReplyCodec, watchMetadataRequestCodec } from '../../src/wire/metadata-messages.ts';
import { snapshotReplyCodec, snapshotRequestCodec } from '../../src/wire/snapshot-messages.ts';
import {
  createTopicReplyCodec,
  createTopicRequestCodec,
  deleteTopicReplyCodec,
  deleteTopicRequestCodec,
  getTopicReplyCodec,
  getTopicRequestCodec,
  listTopicsReplyCodec,
  listTopicsRequestCodec,
} from '../../src/wire/topic-messages.ts';
import { topicNamed } from '../api/admin-server.ts';
import { detailsOf } from '../api/service-host.ts';
import { WholeCluster } from './whole-cluster.ts';

const create = [createTopicRequestCodec, createTopicReplyCodec] as const;
const get = [getTopicRequestCodec, getTopicReplyCodec] as const;
const list = [listTopicsRequestCodec, listTopicsReplyCodec] as const;
const remove = [deleteTopicRequestCodec, deleteTopicReplyCodec] as const;
const nodes = [1, 2, 3];
const byName = (name: string) => ({ by: 'name', name, topicId: undefined }) as const;
const wholeList = { page: { size: undefined, token: '' }, consistency: 'linearizable' } as const;

async function cluster(seed: number): Promise<WholeCluster> {
  const whole = new WholeCluster(3, seed);
  await whole.addBrokers(3);
  return whole;
}

test('a topic that was made on one node is at once on every node, and gone from all when one has deleted it', async () => {
  const whole = await cluster(1);
  for (const id of nodes) {
    const name = `made-by-${id}`;
    await whole.call(id, 'TopicService/CreateTopic', create, { command: topicNamed(name), requestId: undefined });
    for (const other of nodes) {
      const asked = { topic: byName(name), consistency: 'linearizable' } as const;
      const { topic } = await whole.call(other, 'TopicService/GetTopic', get, asked);
      expect(topic.partitions[0]?.replicas).toHaveLength(3);
    }
    const command = {
      type: 'delete-topic',
      topic: byName(name),
      ifExists: false,
      expectedRevision: undefined,
    } as const;
    await whole.call((id % 3) + 1, 'TopicService/DeleteTopic', remove, {
      command: { ...command, validateOnly: false },
      requestId: undefined,
    });
    for (const other of nodes)
      expect((await whole.call(other, 'TopicService/ListTopics', list, wholeList)).topics).toEqual([]);
  }
});

test('a topic is made once, however many nodes are asked under one request id', async () => {
  const whole = await cluster(2);
  const request = { command: topicNamed('orders'), requestId: 'one-and-the-same' };
  const method = 'odradek.v1.TopicService/CreateTopic';
  const answers = await whole.askAtOnce([1, 2, 3, 1], method, createTopicRequestCodec.encode(request));
  const made = answers.map((answer) => (answer.ok ? createTopicReplyCodec.decode(answer.value) : answer));
  expect(made.map((reply) => reply.ok)).toEqual([true, true, true, true]);
  expect(new Set(made.map((reply) => (reply.ok ? reply.value.topicId : undefined))).size).toBe(1);
  expect((await whole.call(2, 'TopicService/ListTopics', list, wholeList)).topics).toHaveLength(1);
});

test('while there is no quorum only local questions are answered, and changes are made when it is back', async () => {
  const whole = await cluster(3);
  await whole.call(1, 'TopicService/CreateTopic', create, { command: topicNamed('orders'), requestId: undefined });
  await whole.run(500);
  whole.nodes[1]?.crash();
  whole.nodes[2]?.crash();
  await whole.run(2000);
  const refused = await whole.ask(
    1,
    'odradek.v1.TopicService/ListTopics',
    listTopicsRequestCodec.encode(wholeList),
    1000,
  );
  expect(refused.ok).toBe(false);
  const local = { ...wholeList, consistency: 'local' } as const;
  expect((await whole.call(1, 'TopicService/ListTopics', list, local)).topics).toHaveLength(1);
  whole.nodes[1]?.start();
  await whole.run(3000);
  const second = { command: topicNamed('clicks', { replicationFactor: 1 }), requestId: undefined };
  expect(await whole.call(2, 'TopicService/CreateTopic', create, second)).toMatchObject({ created: true });
});

test('a cluster without brokers says on every node that a topic needs some', async () => {
  const whole = new WholeCluster(3, 4);
  await whole.run(3000);
  for (const id of nodes) {
    const request = createTopicRequestCodec.encode({ command: topicNamed('orders'), requestId: undefined });
    const answer = await whole.ask(id, 'odradek.v1.TopicService/CreateTopic', request);
    expect(answer.ok ? undefined : detailsOf(answer.problem)).toMatchObject({
      reason: 'INVALID_REPLICATION_FACTOR',
      metadata: { available: '0' },
    });
  }
});

test('the snapshot of every node is the metadata, whole and with its checksum', async () => {
  const whole = await cluster(5);
  await whole.call(1, 'TopicService/CreateTopic', create, {
    command: topicNamed('orders', { partitionCount: 2000 }),
    requestId: undefined,
  });
  // More often than a node sends at once.
  for (const id of [...nodes, 1, 1, 1, 1]) {
    // Brings the node up to date.
    await whole.call(id, 'ClusterService/GetCluster', [getClusterRequestCodec, getClusterReplyCodec], {
      consistency: 'linearizable',
    });
    const request = snapshotRequestCodec.encode(undefined);
    const { replies, status } = await whole.stream(id, 'odradek.v1.QuorumService/Snapshot', request, 1000);
    expect(status?.name).toBe('ok');
    const pieces = replies.flatMap((reply) => {
      const piece = snapshotReplyCodec.decode(reply);
      return piece.ok ? [piece.value] : [];
    });
    const bytes = Buffer.concat(pieces.map(({ piece }) => piece));
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.at(-1)).toMatchObject({ totalBytes: bytes.length, checksum: crc32c(bytes) });
    const snapshot = metadataSnapshotCodec.decode(bytes);
    const image = snapshot.ok ? imageOf(snapshot.value) : undefined;
    expect(image?.topicIdsByName.get('orders')).toBeDefined();
    expect(image?.revision).toBe(pieces[0]?.revision);
  }
});

test('a watch of one node hears of what was done on another', async () => {
  const whole = await cluster(6);
  const { revision } = await whole.call(1, 'TopicService/CreateTopic', create, {
    command: topicNamed('orders'),
    requestId: undefined,
  });
  const request = watchMetadataRequestCodec.encode({ fromRevision: logIndex(revision) });
  const watch = whole.stream(2, 'odradek.v1.MetadataService/WatchMetadata', request, 500);
  const { replies } = await watch;
  const known = replies.map((reply) => watchMetadataReplyCodec.decode(reply));
  expect(known.at(-1)).toMatchObject({ ok: true, value: { isComplete: true } });
});
