/**
 * TopicService over the real controller: what callers get, and what each refusal tells them to do.
 */
import { describe, expect, test } from 'vitest';
import { brokerId, topicId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import type { MetadataCommand } from '../../src/metadata/metadata-command.ts';
import {
  createTopicReplyCodec,
  createTopicRequestCodec,
  deleteTopicReplyCodec,
  deleteTopicRequestCodec,
  getTopicReplyCodec,
  getTopicRequestCodec,
  listTopicsReplyCodec,
  listTopicsRequestCodec,
  updateTopicReplyCodec,
  updateTopicRequestCodec,
  type CreateTopicRequest,
  type DeleteTopicRequest,
  type UpdateTopicRequest,
} from '../../src/wire/topic-messages.ts';
import { AdminServer, topicNamed } from './admin-server.ts';

const create = [createTopicRequestCodec, createTopicReplyCodec] as const;
const get = [getTopicRequestCodec, getTopicReplyCodec] as const;
const list = [listTopicsRequestCodec, listTopicsReplyCodec] as const;
const update = [updateTopicRequestCodec, updateTopicReplyCodec] as const;
const remove = [deleteTopicRequestCodec, deleteTopicReplyCodec] as const;

const byName = (name: string, id?: string) =>
  ({ by: 'name', name, topicId: id === undefined ? undefined : topicId(id) }) as const;
const linearizable = 'linearizable' as const;
const otherId = 'e'.repeat(32);

function wanted(...[name, more]: Parameters<typeof topicNamed>): CreateTopicRequest {
  return { command: topicNamed(name, more), requestId: undefined };
}

function updateOf(name: string, more: Partial<UpdateTopicRequest['command']>): UpdateTopicRequest {
  const nothing = { partitionCount: undefined, assignments: [], configs: [], expectedRevision: undefined };
  const command = { type: 'update-topic', topic: byName(name), ...nothing, validateOnly: false, ...more } as const;
  return { command, requestId: undefined };
}

function deletionOf(name: string, more: Partial<DeleteTopicRequest['command']> = {}): DeleteTopicRequest {
  const nothing = { ifExists: false, expectedRevision: undefined, validateOnly: false };
  return { command: { type: 'delete-topic', topic: byName(name), ...nothing, ...more }, requestId: undefined };
}

const whole = { page: { size: undefined, token: '' }, consistency: linearizable };

test('a topic that was made is found by its name, by its id, and in the list', async () => {
  const server = new AdminServer({ brokers: 3 });
  const made = await server.call('TopicService/CreateTopic', create, wanted('orders', { partitionCount: 4 }));
  expect(made).toMatchObject({ name: 'orders', partitionCount: 4, replicationFactor: 3, created: true });
  const id = topicId(made.topicId ?? '');
  for (const topic of [byName('orders'), byName('orders', id), { by: 'id', topicId: id } as const]) {
    const found = await server.call('TopicService/GetTopic', get, { topic, consistency: linearizable });
    expect(found.topic).toMatchObject({ name: 'orders', topicId: id, changedRevision: made.revision });
    expect(found.topic.partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3, 3]);
    expect(found.revision).toBeGreaterThanOrEqual(made.revision);
  }
  const { topics, nextPageToken } = await server.call('TopicService/ListTopics', list, whole);
  expect(topics).toMatchObject([{ name: 'orders', partitionCount: 4, replicationFactor: 3, leaderlessCount: 0 }]);
  expect(nextPageToken).toBe('');
});

test('without brokers a topic is refused, and the caller reads how many there are and what to do', async () => {
  const refusal = await new AdminServer().refusal('TopicService/CreateTopic', create[0], wanted('orders'));
  expect(refusal).toMatchObject({
    reason: 'INVALID_REPLICATION_FACTOR',
    metadata: { available: '0' },
  });
  expect(refusal.message).toMatch(/0 can take replicas now; start more brokers/);
});

test('a request that is only checked changes nothing and says what would come of it', async () => {
  const server = new AdminServer({ brokers: 1 });
  await server.call('TopicService/CreateTopic', create, wanted('orders'));
  const before = server.controller.image;
  const made = await server.call('TopicService/CreateTopic', create, wanted('clicks', { validateOnly: true }));
  expect(made).toMatchObject({ partitionCount: 1, replicationFactor: 1, created: false, topicId: undefined });
  const updated = updateOf('orders', { partitionCount: 5, validateOnly: true });
  expect(await server.call('TopicService/UpdateTopic', update, updated)).toMatchObject({ partitionCount: 5 });
  const deletion = deletionOf('orders', { validateOnly: true });
  expect(await server.call('TopicService/DeleteTopic', remove, deletion)).toMatchObject({ deleted: false });
  expect(server.controller.image).toBe(before);
});

test('a repetition under the same request id is the same change, and gets the same answer', async () => {
  const server = new AdminServer({ brokers: 1 });
  const request = { ...wanted('orders'), requestId: 'first-attempt' };
  const made = await server.call('TopicService/CreateTopic', create, request);
  expect(await server.call('TopicService/CreateTopic', create, request)).toEqual(made);
  const other = { ...wanted('clicks'), requestId: 'first-attempt' };
  const refusal = await server.refusal('TopicService/CreateTopic', create[0], other);
  expect(refusal).toMatchObject({ reason: 'REQUEST_ID_REUSED', metadata: { request_id: 'first-attempt' } });
});

test('a caller without a request id gets one of its own', async () => {
  const server = new AdminServer({ brokers: 1 });
  await server.call('TopicService/CreateTopic', create, wanted('orders'));
  await server.call('TopicService/CreateTopic', create, wanted('clicks'));
  const ids = server.controller.requests.map(({ requestId }) => requestId);
  expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(2);
});

test('a topic that exists is an answer where the caller says so, and a conflict else', async () => {
  const server = new AdminServer({ brokers: 1 });
  const made = await server.call('TopicService/CreateTopic', create, wanted('orders'));
  const again = await server.call('TopicService/CreateTopic', create, wanted('orders', { ifNotExists: true }));
  expect(again).toMatchObject({ topicId: made.topicId, created: false });
  const refusal = await server.refusal('TopicService/CreateTopic', create[0], wanted('orders'));
  expect(refusal).toMatchObject({ reason: 'TOPIC_ALREADY_EXISTS', metadata: { topic_id: made.topicId } });
});

test('a topic gets more partitions and other configs at once, and never fewer partitions', async () => {
  const server = new AdminServer({ brokers: 1 });
  await server.call('TopicService/CreateTopic', create, wanted('orders', { partitionCount: 2 }));
  const configs = [{ name: 'retention.ms', value: '1000' }];
  const updated = await server.call(
    'TopicService/UpdateTopic',
    update,
    updateOf('orders', { partitionCount: 3, configs }),
  );
  expect(updated.partitionCount).toBe(3);
  const { topic } = await server.call('TopicService/GetTopic', get, {
    topic: byName('orders'),
    consistency: linearizable,
  });
  expect(topic).toMatchObject({ partitions: { length: 3 }, changedRevision: updated.revision });
  expect([...topic.configs]).toEqual([['retention.ms', '1000']]);
  const refusal = await server.refusal(
    'TopicService/UpdateTopic',
    update[0],
    updateOf('orders', { partitionCount: 1 }),
  );
  expect(refusal).toMatchObject({ reason: 'INVALID_PARTITIONS', violations: [{ field: 'partition_count' }] });
});

test('a change that was decided on an older state of the topic is refused with the newer revision', async () => {
  const server = new AdminServer({ brokers: 1 });
  const made = await server.call('TopicService/CreateTopic', create, wanted('orders'));
  const more = updateOf('orders', { partitionCount: 2, expectedRevision: made.revision });
  const updated = await server.call('TopicService/UpdateTopic', update, more);
  for (const [method, codec, request] of [
    ['UpdateTopic', update[0], updateOf('orders', { partitionCount: 3, expectedRevision: made.revision })],
    ['DeleteTopic', remove[0], deletionOf('orders', { expectedRevision: made.revision })],
  ] as const) {
    const refusal = await server.refusal(`TopicService/${method}`, codec as (typeof update)[0], request as typeof more);
    expect(refusal).toMatchObject({
      reason: 'REVISION_CONFLICT',
      metadata: { changed_revision: String(updated.revision) },
    });
  }
});

test('a deleted topic is gone, and the next of its name is another', async () => {
  const server = new AdminServer({ brokers: 1 });
  const first = await server.call('TopicService/CreateTopic', create, wanted('orders'));
  const gone = await server.call('TopicService/DeleteTopic', remove, deletionOf('orders'));
  expect(gone).toMatchObject({ deleted: true, topicId: first.topicId });
  const second = await server.call('TopicService/CreateTopic', create, wanted('orders'));
  expect(second.topicId).not.toBe(first.topicId);
  const old = deletionOf('orders', { topic: byName('orders', first.topicId ?? otherId) });
  const refusal = await server.refusal('TopicService/DeleteTopic', remove[0], old);
  expect(refusal).toMatchObject({ reason: 'INCONSISTENT_TOPIC_ID', metadata: { topic_id: second.topicId } });
});

test('that there is no such topic is an answer to a deletion where the caller says so', async () => {
  const server = new AdminServer({ brokers: 1 });
  const gone = await server.call('TopicService/DeleteTopic', remove, deletionOf('orders', { ifExists: true }));
  expect(gone).toMatchObject({ deleted: false, topicId: undefined });
  const refusal = await server.refusal('TopicService/DeleteTopic', remove[0], deletionOf('orders'));
  expect(refusal).toMatchObject({ reason: 'UNKNOWN_TOPIC', metadata: { topic: 'orders' } });
});

test('a topic is not found under a name of another', async () => {
  const server = new AdminServer({ brokers: 1 });
  const made = await server.call('TopicService/CreateTopic', create, wanted('orders'));
  const ask = (topic: ReturnType<typeof byName>) =>
    server.refusal('TopicService/GetTopic', get[0], { topic, consistency: linearizable });
  expect((await ask(byName('clicks'))).reason).toBe('UNKNOWN_TOPIC');
  expect((await ask(byName('clicks', made.topicId))).reason).toBe('UNKNOWN_TOPIC');
  expect((await ask(byName('orders', otherId))).reason).toBe('INCONSISTENT_TOPIC_ID');
});

test.each([
  ['topic.name', 'INVALID_TOPIC', wanted('')],
  ['topic.name', 'INVALID_TOPIC', wanted('..')],
  ['topic.name', 'INVALID_TOPIC', wanted('a b')],
  ['topic.name', 'INVALID_TOPIC', wanted('x'.repeat(250))],
  ['topic.partition_count', 'INVALID_PARTITIONS', wanted('orders', { partitionCount: 0 })],
  ['topic.partition_count', 'INVALID_PARTITIONS', wanted('orders', { partitionCount: 1_000_000 })],
  ['topic.replication_factor', 'INVALID_REQUEST', wanted('orders', { replicationFactor: 0 })],
  ['topic.configs', 'INVALID_CONFIG', wanted('orders', { configs: [{ name: 'retention.mz', value: '1' }] })],
  [
    'topic.configs[retention.ms]',
    'INVALID_CONFIG',
    wanted('orders', { configs: [{ name: 'retention.ms', value: 'long' }] }),
  ],
  [
    'topic.configs[num.partitions]',
    'INVALID_CONFIG',
    wanted('orders', { configs: [{ name: 'num.partitions', value: '3' }] }),
  ],
  ['topic.assignments[0]', 'INVALID_REPLICA_ASSIGNMENT', wanted('orders', { assignments: [[brokerId(9)]] })],
])('a wrong %s is refused at that field as %s', async (field, reason, request) => {
  const server = new AdminServer({ brokers: 1 });
  const before = server.controller.image;
  const refusal = await server.refusal('TopicService/CreateTopic', create[0], request);
  expect(refusal).toMatchObject({ reason, violations: [{ field }] });
  expect(server.controller.image).toBe(before);
});

test('a mistyped config is answered with the one that was most likely meant', async () => {
  const configs = [{ name: 'retention.mz', value: '1' }];
  const server = new AdminServer({ brokers: 1 });
  const refusal = await server.refusal('TopicService/CreateTopic', create[0], wanted('orders', { configs }));
  expect(refusal.message).toContain('did you mean retention.ms?');
});

describe('without a quorum', () => {
  const topic = byName('orders');

  test('a linearizable question is refused, and a local one answered', async () => {
    const server = new AdminServer({ brokers: 1 });
    await server.call('TopicService/CreateTopic', create, wanted('orders'));
    server.controller.leaderless = true;
    const refusal = await server.refusal('TopicService/GetTopic', get[0], { topic, consistency: linearizable });
    expect(refusal).toMatchObject({ reason: 'NOT_CONTROLLER', retryAfterMs: 200 });
    const found = await server.call('TopicService/GetTopic', get, { topic, consistency: 'local' });
    expect(found.topic.name).toBe('orders');
  });

  test('a change that may or may not have been made is told as such', async () => {
    const server = new AdminServer({ brokers: 1 });
    server.controller.nextReply = { type: 'outcome-unknown' };
    const refusal = await server.refusal('TopicService/CreateTopic', create[0], wanted('orders'));
    expect(refusal.reason).toBe('OUTCOME_UNKNOWN');
    expect(refusal.message).toContain('same request id');
  });
});

test('a linearizable question waits for what was acknowledged elsewhere, and a local one does not', async () => {
  const server = new AdminServer({ brokers: 1 });
  server.controller.behindBy = 3;
  const wanted = server.controller.image.revision + 3;
  const refusal = await server.refusal('TopicService/ListTopics', list[0], whole);
  expect(refusal).toMatchObject({ reason: 'METADATA_BEHIND', metadata: { wanted: String(wanted) } });
  const found = await server.call('TopicService/ListTopics', list, { ...whole, consistency: 'local' });
  expect(found.topics).toEqual([]);
});

test('nobody is shown less than it has seen, even where the node is behind', async () => {
  const server = new AdminServer({ brokers: 1 });
  const revision = server.controller.image.revision + 7;
  const request = listTopicsRequestCodec.encode({ ...whole, consistency: 'local' });
  const { status } = await server.server.ask('odradek.v1.TopicService/ListTopics', request, {
    headers: { 'odradek-metadata-revision': String(revision) },
  });
  expect(status.name).toBe('unavailable');
  expect(status.message).toContain(`and ${revision} is asked for`);
});

test('a command carries what its caller asked for, and no more', async () => {
  const server = new AdminServer({ brokers: 2 });
  await server.call('TopicService/CreateTopic', create, wanted('orders', { assignments: [[brokerId(2)]] }));
  const expected: Partial<MetadataCommand> = { type: 'create-topic', name: 'orders', assignments: [[brokerId(2)]] };
  expect(server.controller.requests.at(-1)?.command).toMatchObject(expected);
  const [topic] = server.controller.image.topics.values();
  expect(topic?.partitions[0]?.leader).toBe(brokerId(2));
  expect(topic?.changedRevision).toBe(logIndex(server.controller.image.revision));
});
