/**
 * MetadataService: who answers, where everything is, and watches that end up knowing all of it.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { brokerId } from '../../src/base/ids.ts';
import { indexZero, logIndex, type LogIndex } from '../../src/base/raft-position.ts';
import { brokersOf } from '../../src/api/metadata-watch.ts';
import type { MetadataImage } from '../../src/metadata/metadata-image.ts';
import {
  getMetadataReplyCodec,
  getMetadataRequestCodec,
  placesOfTopic,
  watchMetadataReplyCodec,
  watchMetadataRequestCodec,
  type BrokerPlace,
  type MetadataChange,
  type TopicPlaces,
} from '../../src/wire/metadata-messages.ts';
import { getServerInfoRequestCodec, serverInfoCodec } from '../../src/wire/server-info-messages.ts';
import { AdminServer, topicNamed } from './admin-server.ts';
import type { MemoryCall } from './memory-call.ts';
import { detailsOf, malformedBytes } from './service-host.ts';

const get = [getMetadataRequestCodec, getMetadataReplyCodec] as const;
const nothingAsked = {
  topics: [],
  allTopics: false,
  page: { size: undefined, token: '' },
  consistency: 'linearizable',
  createMissing: false,
} as const;
const watchPath = 'odradek.v1.MetadataService/WatchMetadata';

test('GetServerInfo tells who answers', async () => {
  const { server } = new AdminServer();
  const request = getServerInfoRequestCodec.encode(undefined);
  const { reply } = await server.ask('odradek.v1.MetadataService/GetServerInfo', request);
  expect(serverInfoCodec.decode(reply ?? malformedBytes)).toMatchObject({
    ok: true,
    value: { version: '0.1.0', nodeId: 1, roles: ['quorum'], apiPackages: ['odradek.v1'] },
  });
});

describe('GetMetadata', () => {
  test('tells where brokers and topics are, and of a topic that there is none', async () => {
    const server = new AdminServer({ brokers: 3 });
    server.controller.must(topicNamed('orders', { partitionCount: 2 }));
    server.fence(3);
    const asked = { ...nothingAsked, topics: ['orders', 'clicks'] };
    const reply = await server.call('MetadataService/GetMetadata', get, asked);
    expect(reply).toMatchObject({ clusterId: 'c'.repeat(32), controllerId: 1, nextPageToken: '' });
    expect(reply.brokers).toEqual([
      { brokerId: 1, endpoint: 'b1:7091', rack: undefined },
      { brokerId: 2, endpoint: 'b2:7091', rack: undefined },
    ]);
    const [orders, clicks] = reply.topics;
    expect(orders).toMatchObject({ isKnown: true, name: 'orders', partitions: { length: 2 } });
    expect(clicks).toEqual({ isKnown: false, name: 'clicks' });
  });

  test('tells only of brokers when no topic is asked for, and of every topic by pages', async () => {
    const server = new AdminServer({ brokers: 1 });
    for (const name of ['a', 'b', 'c']) server.controller.must(topicNamed(name));
    expect((await server.call('MetadataService/GetMetadata', get, nothingAsked)).topics).toEqual([]);
    const asked = { ...nothingAsked, allTopics: true, page: { size: 2, token: '' } };
    const first = await server.call('MetadataService/GetMetadata', get, asked);
    expect(first.topics.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(first.nextPageToken).not.toBe('');
  });

  test('makes the topics that are missing, where the node and the caller want that', async () => {
    const wanted = { ...nothingAsked, topics: ['orders', 'clicks'], createMissing: true };
    const strict = new AdminServer({ brokers: 3 });
    expect(await strict.call('MetadataService/GetMetadata', get, wanted)).toMatchObject({
      topics: [{ isKnown: false }, { isKnown: false }],
    });

    const server = new AdminServer({ brokers: 3, topicsOnFirstUse: true });
    server.controller.must(topicNamed('orders', { partitionCount: 2 }));
    expect(await server.call('MetadataService/GetMetadata', get, { ...wanted, createMissing: false })).toMatchObject({
      topics: [{ isKnown: true }, { isKnown: false }],
    });
    const { topics } = await server.call('MetadataService/GetMetadata', get, wanted);
    expect(topics).toMatchObject([
      { isKnown: true, name: 'orders', partitions: { length: 2 } },
      { isKnown: true, name: 'clicks', partitions: [{ replicaIds: { length: 3 } }] },
    ]);
    const again = await server.call('MetadataService/GetMetadata', get, wanted);
    expect(again.topics).toEqual(topics);
  });

  test('says why a topic cannot be made, at the name that was asked for', async () => {
    const server = new AdminServer({ brokers: 1, topicsOnFirstUse: true });
    const wanted = { ...nothingAsked, topics: ['no such name'], createMissing: true };
    const details = await server.refusal('MetadataService/GetMetadata', getMetadataRequestCodec, wanted);
    expect(details).toMatchObject({ reason: 'INVALID_TOPIC' });
    expect(JSON.stringify(details)).toContain('"topics"');
  });

  test('ends a page early when its topics have very many partitions', async () => {
    const server = new AdminServer({ brokers: 1 });
    for (const name of ['a', 'b', 'c', 'd']) server.controller.must(topicNamed(name, { partitionCount: 9000 }));
    const reply = await server.call('MetadataService/GetMetadata', get, { ...nothingAsked, allTopics: true });
    expect(reply.topics.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(reply.nextPageToken).not.toBe('');
  });
});

/** What a watcher knows, kept as the protocol says. */
class Watcher {
  readonly call: MemoryCall;
  readonly brokers = new Map<number, BrokerPlace>();
  readonly topics = new Map<string, TopicPlaces>();
  /** The latest metadata that it knows all of. */
  revision: LogIndex = indexZero;
  restarts = 0;
  #read = 0;

  constructor(call: MemoryCall) {
    this.call = call;
  }

  read(): readonly MetadataChange[] {
    const changes = this.call.sent.slice(this.#read).map((bytes) => {
      const change = watchMetadataReplyCodec.decode(bytes);
      assert(change.ok, 'a change can be read', { change });
      return change.value;
    });
    this.#read = this.call.sent.length;
    for (const change of changes) this.#learn(change);
    return changes;
  }

  #learn(change: MetadataChange): void {
    if (change.isRestart) {
      this.restarts += 1;
      this.brokers.clear();
      this.topics.clear();
    }
    for (const broker of change.brokers) this.brokers.set(broker.brokerId, broker);
    for (const id of change.removedBrokerIds) this.brokers.delete(id);
    for (const topic of change.topics) if (topic.isKnown) this.topics.set(topic.topicId, topic);
    for (const id of change.removedTopicIds) this.topics.delete(id);
    if (change.isComplete) this.revision = change.revision;
  }

  knows(image: MetadataImage): boolean {
    expect([...this.brokers.values()].sort((left, right) => left.brokerId - right.brokerId)).toEqual(brokersOf(image));
    const byId = [...this.topics].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, topic]) => topic);
    expect(byId).toEqual([...image.topics.values()].map(placesOfTopic));
    return true;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

async function watchOf(server: AdminServer, fromRevision = 0, creditBytes = 1024 * 1024): Promise<Watcher> {
  const call = server.server.call(watchPath, { creditBytes });
  call.message(watchMetadataRequestCodec.encode({ fromRevision: logIndex(fromRevision) })).end();
  await settle();
  return new Watcher(call);
}

describe('WatchMetadata', () => {
  test('tells everything first, and then each change as it is committed', async () => {
    const server = new AdminServer({ brokers: 2 });
    server.controller.must(topicNamed('orders'));
    const watcher = await watchOf(server);
    expect(watcher.read()).toMatchObject([{ isRestart: true, isComplete: true, topics: [{ name: 'orders' }] }]);
    server.controller.must(topicNamed('clicks'));
    server.fence(2);
    const changes = watcher.read();
    expect(changes.map(({ topics }) => topics.map(({ name }) => name))).toEqual([['clicks'], expect.anything()]);
    expect(changes.at(-1)?.removedBrokerIds).toEqual([2]);
    expect(watcher.knows(server.controller.image)).toBe(true);
  });

  test('goes on where a watcher was, without telling everything anew', async () => {
    const server = new AdminServer({ brokers: 1 });
    const first = await watchOf(server);
    server.controller.must(topicNamed('orders'));
    first.read();
    const { revision } = first;
    first.call.hangUp();
    server.controller.must(topicNamed('clicks'));
    const second = await watchOf(server, revision);
    expect(second.read()).toMatchObject([{ isRestart: false, isComplete: true, topics: [{ name: 'clicks' }] }]);
    const nothingNew = await watchOf(server, server.controller.image.revision);
    expect(nothingNew.read()).toMatchObject([{ isRestart: false, isComplete: true, topics: [], brokers: [] }]);
  });

  test('tells everything anew to whoever was away for too long, and after a snapshot', async () => {
    const server = new AdminServer({ brokers: 1 });
    server.controller.must(topicNamed('orders'));
    const late = await watchOf(server, 1);
    expect(late.read()).toMatchObject([{ isRestart: true }]);
    server.controller.replaceImage(new AdminServer({ brokers: 3 }).controller.image);
    expect(late.read()).toMatchObject([{ isRestart: true, topics: [] }]);
    expect(late.knows(server.controller.image)).toBe(true);
  });

  test('a watcher that has seen more than this node has is told to come back', async () => {
    const server = new AdminServer();
    const { call } = await watchOf(server, server.controller.image.revision + 1);
    expect(detailsOf(await call.closed()).reason).toBe('METADATA_BEHIND');
  });

  test('changes come as one to a watcher that reads slowly', async () => {
    const server = new AdminServer({ brokers: 1 });
    const watcher = await watchOf(server, 0, 1);
    expect(watcher.read()).toHaveLength(1);
    for (let at = 0; at < 50; at += 1) server.controller.must(topicNamed(`t${at}`));
    expect(watcher.read()).toEqual([]);
    watcher.call.grantCredit(1024 * 1024);
    expect(watcher.read()).toMatchObject([{ topics: { length: 50 }, isComplete: true }]);
  });

  test('what changes while everything is being told is told afterwards', async () => {
    const server = new AdminServer({ brokers: 1 });
    const { controller } = server;
    // Two messages: the first of these fills one.
    for (const name of ['big', 'small'])
      controller.must(topicNamed(name, { partitionCount: name === 'big' ? 3000 : 1 }));
    const watcher = await watchOf(server, 0, 1);
    expect(watcher.read()).toMatchObject([{ isRestart: true, isComplete: false, topics: [{ name: 'big' }] }]);
    const nothingElse = { assignments: [], configs: [], expectedRevision: undefined, validateOnly: false };
    const topic = { by: 'name', name: 'big', topicId: undefined } as const;
    controller.must({ type: 'update-topic', topic, partitionCount: 3001, ...nothingElse });
    watcher.call.grantCredit(10 * 1024 * 1024);
    expect(watcher.read().at(-1)).toMatchObject({ isComplete: true });
    expect(watcher.knows(controller.image)).toBe(true);
  });

  test('ends when the node stops, with the advice to go elsewhere', async () => {
    const server = new AdminServer();
    const { call } = await watchOf(server);
    server.watches.close();
    expect(detailsOf(await call.closed()).reason).toBe('NODE_STOPPING');
    const late = await watchOf(server);
    expect(detailsOf(await late.call.closed()).reason).toBe('NODE_STOPPING');
  });

  test('takes one request, and needs one', async () => {
    const { server } = new AdminServer();
    const twice = server.call(watchPath).message(new Uint8Array(0)).message(new Uint8Array(0)).end();
    expect(detailsOf(await twice.closed()).reason).toBe('INVALID_REQUEST');
    expect(detailsOf(await server.call(watchPath).end().closed()).reason).toBe('INVALID_REQUEST');
    const malformed = server.call(watchPath).message(malformedBytes).end();
    expect(detailsOf(await malformed.closed()).reason).toBe('INVALID_REQUEST');
  });

  test('a watcher that has caught up knows the metadata, whatever happened and however slowly it read', async () => {
    const action = fc.oneof(
      fc.record({ make: fc.nat(9), partitions: fc.integer({ min: 1, max: 900 }) }),
      fc.record({ drop: fc.nat(9) }),
      fc.record({ fence: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ hear: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ credit: fc.integer({ min: 1, max: 60_000 }) }),
      fc.constant({ snapshot: true as const }),
      fc.constant({ comeBack: true as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        const server = new AdminServer({ brokers: 3 });
        const { controller } = server;
        let watcher = await watchOf(server, 0, 2000);
        for (const step of actions) {
          if ('make' in step)
            controller.must(topicNamed(`t${step.make}`, { partitionCount: step.partitions, ifNotExists: true }));
          else if ('drop' in step) {
            const topic = { by: 'name', name: `t${step.drop}`, topicId: undefined } as const;
            const rest = { ifExists: true, expectedRevision: undefined, validateOnly: false };
            // With all brokers fenced nothing can be placed, but everything can be dropped.
            controller.must({ type: 'delete-topic', topic, ...rest });
          } else if ('fence' in step) server.fence(step.fence);
          else if ('hear' in step) controller.hear(brokerId(step.hear), false);
          else if ('credit' in step) watcher.call.grantCredit(step.credit);
          else if ('snapshot' in step) controller.replaceImage(controller.image);
          else {
            const known = watcher;
            known.read();
            known.call.hangUp();
            watcher = await watchOf(server, known.revision, 2000);
            // It keeps what it knows: the next stream adds to it, unless that says to forget.
            for (const [id, place] of known.brokers) watcher.brokers.set(id, place);
            for (const [id, place] of known.topics) watcher.topics.set(id, place);
          }
          if (controller.image.brokers.get(brokerId(1))?.state !== 'active') controller.hear(brokerId(1), false);
        }
        watcher.call.grantCredit(100 * 1024 * 1024);
        const last = watcher.read().at(-1);
        expect(last === undefined || last.isComplete).toBe(true);
        expect(watcher.knows(controller.image)).toBe(true);
        expect(server.host.bugs).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
