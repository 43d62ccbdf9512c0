/**
 * Who is in sync and who is eligible, as leaders, fencing and configs change it.
 */
import { expect, test } from 'vitest';
import { brokerEpoch, partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId } from '../../src/base/ids.ts';
import { leaderEpoch } from '../../src/base/offsets.ts';
import type { ChangeInSync, InSyncChange, StepAside } from '../../src/metadata/metadata-command.ts';
import { createTopic, DecideStage, registerBroker, strangeEpoch, strangeTopic, updateTopic } from './decide-fixture.ts';

const name = 'orders';

function threeReplicas(configs: Record<string, string> = {}): DecideStage {
  const stage = new DecideStage();
  for (const number of [1, 2, 3]) stage.join(number);
  const assignments = [[1, 2, 3].map(brokerId)];
  const changes = Object.entries(configs).map(([config, value]) => ({ name: config, value }));
  expect(stage.ask(createTopic(name, { assignments, configs: changes }))).toMatchObject({ type: 'topic-created' });
  return stage;
}

function topicIdOf(stage: DecideStage) {
  return stage.image.topicIdsByName.get(name) ?? strangeTopic;
}

function changeOf(stage: DecideStage, members: readonly number[], more: Partial<InSyncChange> = {}): InSyncChange {
  const { leaderEpoch: led, partitionEpoch: at } = stage.partition(name);
  return {
    topicId: topicIdOf(stage),
    partition: 0,
    leaderEpoch: led,
    partitionEpoch: at,
    members: members.map((number) => ({ brokerId: brokerId(number), brokerEpoch: stage.broker(number).brokerEpoch })),
    recovery: 'recovered',
    ...more,
  };
}

function ask(stage: DecideStage, leader: number, ...changes: readonly InSyncChange[]) {
  const { brokerEpoch: epoch } = stage.broker(leader);
  const command: ChangeInSync = { type: 'change-in-sync', brokerId: brokerId(leader), brokerEpoch: epoch, changes };
  return stage.ask(command);
}

function stepAside(stage: DecideStage, number: number, hasLost = false) {
  const partitions = [
    { topicId: topicIdOf(stage), partition: 0, leaderEpoch: stage.partition(name).leaderEpoch, hasLost, isBack: false },
  ];
  const { brokerEpoch: epoch } = stage.broker(number);
  const command: StepAside = { type: 'step-aside', brokerId: brokerId(number), brokerEpoch: epoch, partitions };
  return stage.ask(command);
}

const setsOf = (stage: DecideStage): unknown[] => {
  const { leader, inSync, eligible } = stage.partition(name);
  return [leader, inSync, eligible];
};

const outcome = (word: string): unknown => ({ type: 'in-sync-changed', outcomes: [word] });

test('a leader takes replicas out of its in-sync set and back in', () => {
  const stage = threeReplicas();
  expect(ask(stage, 1, changeOf(stage, [1, 3]))).toEqual(outcome('accepted'));
  expect(setsOf(stage)).toEqual([1, [1, 3], []]);
  expect(ask(stage, 1, changeOf(stage, [3, 2, 1]))).toEqual(outcome('accepted'));
  expect(setsOf(stage)).toEqual([1, [1, 2, 3], []]);
  const { partitionEpoch: before } = stage.partition(name);
  expect(ask(stage, 1, changeOf(stage, [1, 2, 3]))).toEqual(outcome('accepted'));
  expect(stage.partition(name).partitionEpoch).toBe(before + 1);
});

test('M14: a change is refused that is not asked by the leader, in its epoch, for living replicas', () => {
  const stage = threeReplicas();
  const { brokerEpoch: life } = stage.broker(2);
  expect(ask(stage, 2, changeOf(stage, [2]))).toEqual(outcome('refused'));
  expect(ask(stage, 1, changeOf(stage, [1], { leaderEpoch: leaderEpoch(9) }))).toEqual(outcome('refused'));
  expect(ask(stage, 1, changeOf(stage, [1], { topicId: strangeTopic }))).toEqual(outcome('refused'));
  expect(ask(stage, 1, changeOf(stage, [1], { partition: 4 }))).toEqual(outcome('refused'));
  expect(ask(stage, 1, changeOf(stage, [2, 3]))).toEqual(outcome('refused'));
  expect(ask(stage, 1, changeOf(stage, []))).toEqual(outcome('refused'));
  expect(ask(stage, 1, changeOf(stage, [1, 1]))).toEqual(outcome('refused'));
  expect(ask(stage, 1, changeOf(stage, [1], { recovery: 'recovering' }))).toEqual(outcome('refused'));
  stage.join(4);
  expect(ask(stage, 1, changeOf(stage, [1, 4]))).toEqual(outcome('refused'));
  stage.fence(3);
  expect(ask(stage, 1, changeOf(stage, [1, 2, 3]))).toEqual(outcome('refused'));
  stage.ask(registerBroker(2, 2));
  stage.unfence(2);
  const members = [
    { brokerId: brokerId(1), brokerEpoch: stage.broker(1).brokerEpoch },
    { brokerId: brokerId(2), brokerEpoch: life },
  ];
  expect(ask(stage, 1, changeOf(stage, [1, 2], { members }))).toEqual(outcome('refused'));
  expect(ask(stage, 1, changeOf(stage, [1, 2]))).toEqual(outcome('accepted'));
});

test('a change on a state that is over is stale, and changes of one command are decided each for itself', () => {
  const stage = threeReplicas();
  const stale = changeOf(stage, [1, 2], { partitionEpoch: partitionEpoch(stage.partition(name).partitionEpoch + 1) });
  expect(ask(stage, 1, stale)).toEqual(outcome('stale'));
  const elsewhere = changeOf(stage, [1], { topicId: strangeTopic });
  expect(ask(stage, 1, elsewhere, changeOf(stage, [1, 2]))).toEqual({
    type: 'in-sync-changed',
    outcomes: ['refused', 'accepted'],
  });
  expect(ask(stage, 1)).toMatchObject({ type: 'invalid', field: 'changes' });
  expect(ask(stage, 1, elsewhere, elsewhere)).toMatchObject({ type: 'invalid', field: 'changes' });
  const command = {
    type: 'change-in-sync',
    brokerId: brokerId(1),
    brokerEpoch: strangeEpoch,
    changes: [stale],
  } as const;
  expect(stage.ask(command)).toMatchObject({ type: 'stale-broker-epoch' });
  expect(stage.ask({ ...command, brokerId: brokerId(9), brokerEpoch: brokerEpoch(1) })).toMatchObject({
    type: 'broker-not-found',
  });
});

test('M13: whoever leaves while too few are in sync stays eligible, until enough are in sync again', () => {
  const stage = threeReplicas();
  ask(stage, 1, changeOf(stage, [1, 2]));
  expect(setsOf(stage)).toEqual([1, [1, 2], []]);
  ask(stage, 1, changeOf(stage, [1]));
  expect(setsOf(stage)).toEqual([1, [1], [2]]);
  ask(stage, 1, changeOf(stage, [1, 3]));
  expect(setsOf(stage)).toEqual([1, [1, 3], []]);
});

test('when nobody in sync can lead, an eligible replica does, and the last in sync becomes eligible', () => {
  const stage = threeReplicas();
  for (const number of [3, 2]) stage.fence(number);
  expect(setsOf(stage)).toEqual([1, [1], [2]]);
  stage.fence(1);
  expect(setsOf(stage)).toEqual([undefined, [1], [2]]);
  stage.unfence(3);
  expect(setsOf(stage)).toEqual([undefined, [1], [2]]);
  stage.unfence(2);
  expect(setsOf(stage)).toEqual([2, [2], [1]]);
});

test('M13: another minimum ends all eligibility, for the topic or for the cluster', () => {
  for (const change of ['topic', 'cluster'] as const) {
    const stage = threeReplicas();
    for (const number of [3, 2]) stage.fence(number);
    expect(setsOf(stage)).toEqual([1, [1], [2]]);
    const configs = [{ name: 'min.insync.replicas', value: '1' }];
    if (change === 'topic') stage.ask(updateTopic(name, { configs }));
    else stage.ask({ type: 'update-configs', resource: { scope: 'cluster' }, configs, validateOnly: false });
    expect(setsOf(stage), change).toEqual([1, [1], []]);
  }
});

test('M13: where written offsets count, another life of a broker is not eligible', () => {
  for (const [durability, eligible] of [
    ['replicated', []],
    ['flushed', [2]],
  ] as const) {
    const stage = threeReplicas({ durability });
    for (const number of [3, 2]) stage.fence(number);
    stage.ask(registerBroker(2, 2));
    expect(setsOf(stage), durability).toEqual([1, [1], eligible]);
  }
});

test('a replica that steps aside leads no more, and is not waited for', () => {
  const stage = threeReplicas();
  expect(stepAside(stage, 1)).toEqual({ type: 'stepped-aside', brokerId: 1 });
  expect(setsOf(stage)).toEqual([2, [2, 3], []]);
  stepAside(stage, 3);
  expect(setsOf(stage)).toEqual([2, [2], [3]]);
  stepAside(stage, 3, true);
  expect(setsOf(stage)).toEqual([2, [2], []]);
  const { partitionEpoch: before } = stage.partition(name);
  stepAside(stage, 3, true);
  expect(stage.partition(name).partitionEpoch).toBe(before);
});

test('M4: the last in sync stays it when it steps aside; somebody eligible takes its place', () => {
  const alone = threeReplicas();
  ask(alone, 1, changeOf(alone, [1, 2]));
  alone.fence(2);
  alone.fence(3);
  stepAside(alone, 1, true);
  expect(setsOf(alone)).toEqual([undefined, [1], [2]]);
  alone.unfence(2);
  expect(setsOf(alone)).toEqual([2, [2], [1]]);

  const stage = threeReplicas();
  ask(stage, 1, changeOf(stage, [1, 2]));
  ask(stage, 1, changeOf(stage, [1]));
  stepAside(stage, 1, true);
  expect(setsOf(stage)).toEqual([2, [2], []]);
});

test('a replica steps aside only in the leadership in which it said so', () => {
  const stage = threeReplicas();
  const { brokerEpoch: epoch } = stage.broker(1);
  const partitions = [
    { topicId: topicIdOf(stage), partition: 0, leaderEpoch: leaderEpoch(7), hasLost: true, isBack: false },
  ];
  const before = stage.partition(name);
  stage.ask({ type: 'step-aside', brokerId: brokerId(1), brokerEpoch: epoch, partitions });
  expect(stage.partition(name)).toBe(before);
});
