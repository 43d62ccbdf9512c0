import { describe, expect, test } from 'vitest';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { configKey, emptyImage, type MetadataImage } from '../../src/metadata/metadata-image.ts';
import { assertImageInvariants, assertStepInvariants } from '../../src/metadata/image-invariants.ts';
import type { MetadataRecord } from '../../src/metadata/metadata-record.ts';
import { MetadataReplay } from '../../src/metadata/metadata-replay.ts';
import { imageOf, snapshotOf } from '../../src/metadata/metadata-snapshot.ts';
import {
  active,
  brokers,
  created,
  imageAfter,
  partitionChanged,
  partitionOn,
  placed,
  registered,
  someAnswer,
  topicOf,
} from './metadata-fixture.ts';

const twoBrokers = [registered(1), registered(2), active(1), active(2)];
const orders = [created(1, 'orders'), placed(1, partitionOn(1, 2)), placed(1, partitionOn(2, 1))];
const image = imageAfter([twoBrokers, orders]);
const setRetention: MetadataRecord = {
  type: 'config-set',
  resource: { scope: 'topic', topicId: topicOf(1) },
  name: 'retention.ms',
  value: '1',
};

const broken: readonly (readonly [string, string, readonly MetadataRecord[]])[] = [
  ['M3', 'a leader epoch goes back', [partitionChanged(1, [1, 1]), partitionChanged(1, [0, 2])]],
  ['M3', 'a partition epoch is skipped', [partitionChanged(1, [0, 2])]],
  ['M3', 'a leader changes within an epoch', [partitionChanged(1, [0, 1], { leader: brokerId(2) })]],
  ['M4', 'an in-sync set is emptied', [partitionChanged(1, [1, 1], { inSync: [], leader: 'none' })]],
  ['M5', 'a registration is repeated', [registered(1, { brokerEpoch: brokerEpoch(1) })]],
  ['M6', 'a name is given to a second topic', [created(2, 'orders')]],
  ['M8', 'a topic id is given again', [created(1, 'others')]],
  ['M8', 'producer ids are given again', [ids(10), ids(10)]],
  ['M9', 'a topic is deleted that is not there', [{ type: 'topic-deleted', topicId: topicOf(7) }]],
  ['M11', 'a replica is on a broker that is not registered', [placed(1, partitionOn(9))]],
];

test.each(broken)('%s: no node goes on when %s', (invariant, _what, records) => {
  expect(() => imageAfter([records], image)).toThrow(`broken: ${invariant}`);
});

const wrongImages: readonly (readonly [string, string, (good: MetadataImage) => MetadataImage])[] = [
  ['M4', 'somebody who is no replica is in sync', (good) => imageAfter([[inSync(1, 2, 3)]], good)],
  ['M4', 'a member is in sync and eligible', (good) => imageAfter([[eligible(2)]], good)],
  ['M4', 'a leader is not in sync', (good) => imageAfter([[inSync(2)]], good)],
  ['M4', 'a fenced broker is in sync beside others', (good) => imageAfter([[fenced(2)]], good)],
  ['M7', 'a fenced broker leads', (good) => imageAfter([[inSync(1), fenced(1)]], good)],
  ['M11', 'two replicas are on one broker', (good) => imageAfter([[placed(1, partitionOn(1, 1))]], good)],
  ['M11', 'a topic has no partitions', (good) => imageAfter([[created(2, 'empty')]], good)],
  ['M12', 'partitions are not counted', (good) => ({ ...good, partitionCount: 3 })],
  [
    'M9',
    'configs belong to nothing',
    (good) => imageAfter([[{ type: 'topic-deleted', topicId: topicOf(1) }, setRetention]], good),
  ],
];

test.each(wrongImages)('%s: an image is refused in which %s', (invariant, _what, spoil) => {
  const single = imageAfter([twoBrokers, orders.slice(0, 2)]);
  assertImageInvariants(single);
  expect(() => {
    assertImageInvariants(spoil(single));
  }).toThrow(`broken: ${invariant}`);
});

describe('a replay', () => {
  test('makes one image of many batches, and leaves the image before as it was', () => {
    const before = JSON.stringify(snapshot(image));
    const after = imageAfter([[partitionChanged(1, [1, 1], { leader: brokerId(2) })], [setRetention], [ids(5)]], image);
    expect(after.topics.get(topicOf(1))?.partitions[0]).toMatchObject({ leader: 2, leaderEpoch: 1, inSync: [1, 2] });
    expect([after.revision, after.batchCount, after.nextProducerId]).toEqual([5, 5, 5]);
    expect(JSON.stringify(snapshot(image))).toBe(before);
    expect(after.brokers.get(brokerId(2))).toMatchObject({ replicaCount: 2, leaderCount: 2, brokerEpoch: 1 });
    assertImageInvariants(after);
    assertStepInvariants({ before: image, after });
  });

  test('takes a batch that was decided on another one for void', () => {
    const replay = new MetadataReplay(image);
    expect(replay.addBatch(logIndex(3), { number: 4, request: undefined, records: [setRetention] })).toBe(false);
    expect(replay.addBatch(logIndex(4), { number: 2, request: undefined, records: [setRetention] })).toBe(false);
    expect(replay.addBatch(logIndex(5), { number: 3, request: undefined, records: [ids(1)] })).toBe(true);
    const { after } = replay.finish();
    expect([after.revision, after.batchCount, after.nextProducerId]).toEqual([5, 3, 1]);
    expect(after.configs.size).toBe(0);
  });

  test('lists what it changed', () => {
    const replay = new MetadataReplay(image);
    const records = [
      created(2, 'new'),
      placed(2, partitionOn(2)),
      active(2),
      partitionChanged(1, [1, 1]),
      setRetention,
    ];
    replay.addBatch(logIndex(3), { number: 3, request: undefined, records });
    const delta = replay.finish();
    expect([...delta.topicsCreated, ...delta.topicsDeleted]).toEqual([topicOf(2)]);
    expect([...delta.partitions]).toEqual([[topicOf(1), new Set([0])]]);
    expect([...delta.brokers]).toEqual([2]);
    expect([...delta.configs]).toEqual([configKey({ scope: 'topic', topicId: topicOf(1) })]);
    expect(delta.before).toBe(image);
  });

  test('does not list a topic that came and went', () => {
    const records = [
      created(2, 'new'),
      placed(2, partitionOn(2)),
      { type: 'topic-deleted', topicId: topicOf(2) } as const,
    ];
    const replay = new MetadataReplay(image);
    replay.addBatch(logIndex(3), { number: 3, request: undefined, records });
    const { topicsCreated, topicsDeleted, partitions } = replay.finish();
    expect([topicsCreated.size, topicsDeleted.size, partitions.size]).toEqual([0, 0, 0]);
  });

  test('M10: remembers as many requests as it may, the oldest forgotten first', () => {
    const replay = new MetadataReplay(emptyImage, { rememberedRequestsMax: 2 });
    for (const [at, requestId] of ['a', 'b', 'c'].entries())
      replay.addBatch(logIndex(at + 1), { number: at + 1, request: { requestId, answer: someAnswer }, records: [] });
    const { requests } = replay.finish().after;
    expect([...requests.byId.entries()].map(([id, { index }]) => [id, index])).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
  });
});

test('M1: an image restored from its snapshot is the image that was folded from the log', () => {
  const replay = new MetadataReplay(image);
  const request = { requestId: 'r', answer: someAnswer };
  const level: MetadataRecord = { type: 'feature-level-set', name: 'metadata', level: 1 };
  replay.addBatch(logIndex(7), { number: 3, request, records: [setRetention, ids(3), level] });
  const folded = replay.finish().after;
  const restored = imageOf(snapshotOf(folded));
  expect(snapshot(restored)).toEqual(snapshot(folded));
  assertImageInvariants(restored);
});

test('ten thousand topics of three partitions are loaded well under a second', () => {
  const records: MetadataRecord[] = [registered(1), registered(2), registered(3), active(1), active(2), active(3)];
  for (let topic = 1; topic <= 10_000; topic += 1) {
    records.push(created(topic, `topic-${topic}`));
    for (let partition = 0; partition < 3; partition += 1) records.push(placed(topic, partitionOn(1, 2, 3)));
  }
  const loaded = imageAfter([records]);
  expect([loaded.partitionCount, loaded.topics.size]).toEqual([30_000, 10_000]);
});

function snapshot(of: MetadataImage): unknown {
  const { records, requests, ...position } = snapshotOf(of);
  const remembered = [...of.requests.byId.entries()];
  return { ...position, records: [...records], requests: [...requests], remembered, brokers: [...of.brokers.values()] };
}

function ids(nextProducerId: number): MetadataRecord {
  return { type: 'producer-ids-allocated', nextProducerId };
}

function inSync(...members: readonly number[]): MetadataRecord {
  return partitionChanged(1, [0, 1], { inSync: brokers(...members) });
}

function eligible(...members: readonly number[]): MetadataRecord {
  return partitionChanged(1, [0, 1], { eligible: brokers(...members) });
}

function fenced(number: number): MetadataRecord {
  return { type: 'broker-state-changed', brokerId: brokerId(number), state: 'fenced' };
}
