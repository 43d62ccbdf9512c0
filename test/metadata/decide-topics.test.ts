import { describe, expect, test } from 'vitest';
import { brokerId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import type { MetadataCommand } from '../../src/metadata/metadata-command.ts';
import { createTopic, DecideStage, deleteTopic, named, strangeTopic, updateTopic } from './decide-fixture.ts';
import { brokers } from './metadata-fixture.ts';

function threeBrokers(): DecideStage {
  const stage = new DecideStage();
  for (const number of [1, 2, 3]) stage.join(number);
  return stage;
}

function topicIdOf(stage: DecideStage, name: string): string | undefined {
  return stage.image.topicIdsByName.get(name);
}

describe('a topic is created', () => {
  test('with one partition on three brokers when nobody says otherwise', () => {
    const stage = threeBrokers();
    expect(stage.ask(createTopic('orders'))).toMatchObject({ partitionCount: 1, replicationFactor: 3 });
    const partition = stage.partition('orders');
    expect(partition.inSync).toEqual(partition.replicas.map((replica) => replica.brokerId));
    expect(partition.leader).toBe(partition.replicas[0]?.brokerId);
  });

  test('as the configs of the cluster say, unless the command does', () => {
    const stage = threeBrokers();
    const configs = [
      { name: 'num.partitions', value: '4' },
      { name: 'default.replication.factor', value: '2' },
    ];
    stage.ask({ type: 'update-configs', resource: { scope: 'cluster' }, configs, validateOnly: false });
    expect(stage.ask(createTopic('a'))).toMatchObject({ partitionCount: 4, replicationFactor: 2 });
    const wish = { partitionCount: 1, replicationFactor: 1 };
    expect(stage.ask(createTopic('b', wish))).toMatchObject(wish);
  });

  test('where somebody says, fenced brokers out of sync until they are back', () => {
    const stage = threeBrokers();
    stage.fence(3);
    const assignments = [brokers(3, 1), brokers(2, 3)];
    expect(stage.ask(createTopic('a', { assignments }))).toMatchObject({ partitionCount: 2, replicationFactor: 2 });
    expect(stage.partition('a', 0)).toMatchObject({
      inSync: [1],
      leader: 1,
      replicas: [{ brokerId: 3 }, { brokerId: 1 }],
    });
    expect(stage.partition('a', 1)).toMatchObject({ inSync: [2], leader: 2 });
  });

  test('M6: under another id when the name comes back', () => {
    const stage = threeBrokers();
    stage.ask(createTopic('a', { configs: [{ name: 'retention.ms', value: '5' }] }));
    const first = topicIdOf(stage, 'a');
    stage.ask(deleteTopic('a'));
    expect([stage.image.topics.size, stage.image.configs.size]).toEqual([0, 0]);
    stage.ask(createTopic('a'));
    expect(topicIdOf(stage, 'a')).not.toBe(first);
  });

  test('once, and the second asker is told which one it is', () => {
    const stage = threeBrokers();
    stage.ask(createTopic('a', { partitionCount: 2 }));
    const id = topicIdOf(stage, 'a');
    expect(stage.ask(createTopic('a'))).toMatchObject({ type: 'topic-exists', topicId: id });
    const revision = stage.image.revision;
    const again = stage.decide(createTopic('a', { ifNotExists: true, partitionCount: 7 }));
    expect(again).toMatchObject({
      ok: true,
      value: { answer: { existedBefore: true, partitionCount: 2 }, records: [] },
    });
    expect(stage.image.revision).toBe(revision);
  });

  test('not at all when it is only to be checked', () => {
    const stage = threeBrokers();
    const decided = stage.decide(createTopic('a', { partitionCount: 5, validateOnly: true }));
    expect(decided).toMatchObject({ ok: true, value: { answer: { partitionCount: 5 }, records: [] } });
  });
});

const refusals: readonly (readonly [string, MetadataCommand, object])[] = [
  ['a bad name', createTopic('a/b'), { type: 'invalid-topic-name' }],
  ['no partitions', createTopic('x', { partitionCount: 0 }), { type: 'invalid-partition-count', min: 1, max: 10_000 }],
  ['half a partition', createTopic('x', { partitionCount: 1.5 }), { type: 'invalid-partition-count' }],
  ['too many partitions', createTopic('x', { partitionCount: 10_001 }), { type: 'invalid-partition-count' }],
  ['no replicas', createTopic('x', { replicationFactor: 0 }), { type: 'invalid-replication-factor', max: 32 }],
  ['more replicas than brokers', createTopic('x', { replicationFactor: 4 }), { type: 'too-few-brokers', available: 3 }],
  [
    'more replicas than a command may place',
    createTopic('x', { partitionCount: 10_000, replicationFactor: 6 }),
    { type: 'limit-reached' },
  ],
  ['a broker twice', createTopic('x', { assignments: [brokers(1, 1)] }), { type: 'invalid-assignment', partition: 0 }],
  [
    'a broker that is not there',
    createTopic('x', { assignments: [brokers(1), brokers(9)] }),
    { type: 'invalid-assignment', partition: 1 },
  ],
  [
    'uneven assignments',
    createTopic('x', { assignments: [brokers(1), brokers(1, 2)] }),
    { type: 'invalid-assignment', partition: 1 },
  ],
  [
    'assignments for other partitions',
    createTopic('x', { assignments: [brokers(1)], partitionCount: 2 }),
    { type: 'invalid-assignment' },
  ],
  ['an unknown config', createTopic('x', { configs: [{ name: 'x', value: '1' }] }), { type: 'unknown-config' }],
  [
    'a config of the cluster',
    createTopic('x', { configs: [{ name: 'num.partitions', value: '1' }] }),
    { type: 'config-not-settable', scopes: ['cluster'] },
  ],
  [
    'a bad config',
    createTopic('x', { configs: [{ name: 'retention.ms', value: 'week' }] }),
    { type: 'invalid-config' },
  ],
  [
    'a config twice',
    updateTopic('a', {
      configs: [
        { name: 'retention.ms', value: '1' },
        { name: 'retention.ms', value: '2' },
      ],
    }),
    { type: 'invalid' },
  ],
  [
    'fewer partitions than there are',
    updateTopic('a', { partitionCount: 1 }),
    { type: 'invalid-partition-count', min: 2 },
  ],
  [
    'an assignment without a new partition',
    updateTopic('a', { assignments: [brokers(1)] }),
    { type: 'invalid-assignment' },
  ],
  ['a topic that is not there', updateTopic('b'), { type: 'topic-not-found' }],
  ['to delete one that is not there', deleteTopic('b'), { type: 'topic-not-found' }],
  [
    'an id that is not there',
    deleteTopic('b', { topic: { by: 'id', topicId: strangeTopic } }),
    { type: 'topic-not-found' },
  ],
  [
    'another topic of that name',
    deleteTopic('a', { topic: { ...named('a'), by: 'name', topicId: strangeTopic } as never }),
    { type: 'topic-id-mismatch' },
  ],
  ['a topic that was changed since', deleteTopic('a', { expectedRevision: logIndex(1) }), { type: 'topic-changed' }],
];

test.each(refusals)('refused without effect: %s', (_what, command, problem) => {
  const stage = threeBrokers();
  stage.ask(createTopic('a', { partitionCount: 2 }));
  const before = stage.image;
  expect(stage.ask(command)).toMatchObject(problem);
  expect(stage.image).toBe(before);
});

test('more partitions and other configs come together, and the partitions that were there stay', () => {
  const stage = threeBrokers();
  stage.ask(createTopic('a', { replicationFactor: 2 }));
  const first = stage.partition('a');
  const configs = [{ name: 'retention.ms', value: '5' }];
  expect(stage.ask(updateTopic('a', { partitionCount: 3, configs }))).toMatchObject({ partitionCount: 3 });
  expect(stage.partition('a')).toBe(first);
  expect(stage.partition('a', 2).replicas).toHaveLength(2);
  const topic = [...stage.image.topics.values()][0];
  expect(topic?.changedRevision).toBe(stage.image.revision);
  stage.fence(1);
  expect([...stage.image.topics.values()][0]?.changedRevision).toBe(topic?.changedRevision);
});

test('what is so already needs no record', () => {
  const stage = threeBrokers();
  stage.ask(createTopic('a', { configs: [{ name: 'retention.ms', value: '5' }] }));
  const same = updateTopic('a', { partitionCount: 1, configs: [{ name: 'retention.ms', value: '5' }] });
  expect(stage.decide(same)).toMatchObject({ ok: true, value: { records: [] } });
  expect(stage.decide(deleteTopic('b', { ifExists: true }))).toMatchObject({ ok: true, value: { records: [] } });
});

test('the limit of all partitions holds over topics', () => {
  const stage = threeBrokers();
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    stage.ask(createTopic(name, { partitionCount: 10_000, replicationFactor: 1 }));
  expect(stage.image.partitionCount).toBe(50_000);
  expect(stage.ask(createTopic('f'))).toMatchObject({ type: 'limit-reached', limit: 'partitionsMax' });
  expect(stage.broker(1).replicaCount + stage.broker(2).replicaCount + stage.broker(3).replicaCount).toBe(50_000);
  expect(brokerId(1)).toBe(stage.broker(1).brokerId);
});
