/**
 * From a producer's batch to its acknowledgement: leader, followers, watermark.
 */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import { assignedBatch } from '../../src/partition/partition-batch.ts';
import { Partition } from '../../src/partition/partition.ts';
import { ReplicaLog } from '../../src/partition/replica-log.ts';
import { testBatch } from './test-batches.ts';
import { TestCluster } from './test-cluster.ts';

test('P1: acks=all is answered when every in-sync disk holds the batch', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const leader = cluster.leader();
  for (const replica of cluster.replicas) replica.isFast = false;
  const requestId = cluster.produce(leader, 'first');
  leader.workAll();
  cluster.deliverAll();
  expect(leader.answerTo(requestId)).toBeUndefined();
  cluster.replica(2).workAll();
  cluster.deliverAll();
  expect(leader.answerTo(requestId)).toBeUndefined();
  cluster.replica(3).workAll();
  expect(leader.answerTo(requestId)).toBeUndefined();
  cluster.deliverAll();
  expect(leader.answerTo(requestId)).toEqual({ type: 'produce-done', requestId, baseOffset: 0 });
});

test('P1: the leader counts its own disk like any other', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const leader = cluster.leader();
  leader.isFast = false;
  const requestId = cluster.produce(leader, 'first');
  while (leader.log.hasCalls) leader.workOnce();
  leader.workOnce();
  cluster.deliverAll();
  expect([leader.view.written, leader.view.durable, cluster.replica(2).view.durable]).toEqual([1, 0, 1]);
  expect(leader.answerTo(requestId)).toBeUndefined();
  leader.workAll();
  cluster.deliverAll();
  expect(leader.answerTo(requestId)).toMatchObject({ type: 'produce-done' });
});

test('a leader that still writes what a follower has already reads nothing for it', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const slow = cluster.replica(2);
  slow.isFast = false;
  cluster.produce(cluster.leader(), 'first');
  cluster.deliverAll();
  cluster.moveLeader(2);
  cluster.deliverAll();
  expect([slow.view.written, slow.view.assigned, cluster.replica(3).view.durable]).toEqual([0, 1, 1]);
  expect(slow.effectsOf('push')).toEqual([]);

  slow.workAll();
  cluster.deliverAll();
  const requestId = cluster.produce(slow, 'second');
  slow.workAll();
  cluster.deliverAll();
  expect(slow.answerTo(requestId)).toMatchObject({ type: 'produce-done', baseOffset: 1 });
});

test('a flush covers only what was written when it was issued', () => {
  const cluster = TestCluster.settled({ replicas: 1, inSyncMin: 1 });
  const leader = cluster.leader();
  leader.isFast = false;
  const first = cluster.produce(leader, 'first');
  leader.workOnce();
  leader.log.startFlush();
  const second = cluster.produce(leader, 'second');
  leader.workOnce();
  expect([leader.view.written, leader.view.durable]).toEqual([2, 0]);
  leader.step(leader.log.endFlush());
  expect([leader.view.durable, leader.answerTo(first)?.type, leader.answerTo(second)]).toEqual([
    1,
    'produce-done',
    undefined,
  ]);
});

test('with durability=replicated what is written on all in-sync replicas is acknowledged', () => {
  const cluster = TestCluster.settled({ replicas: 2, durability: 'replicated' });
  const leader = cluster.leader();
  for (const replica of cluster.replicas) replica.isFast = false;
  const requestId = cluster.produce(leader, 'first');
  leader.workOnce();
  leader.workOnce();
  cluster.deliverAll();
  cluster.replica(2).workOnce();
  cluster.deliverAll();
  expect([leader.view.durable, cluster.replica(2).view.durable]).toEqual([0, 0]);
  expect(leader.answerTo(requestId)).toMatchObject({ type: 'produce-done' });
});

test('P13: batches travel byte by byte, with base offset and epoch stamped once', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const batch = testBatch('stamped', undefined, 3);
  cluster.produce(cluster.leader(), batch);
  cluster.produce(cluster.leader(), 'next');
  cluster.deliverAll();
  for (const { log, view } of cluster.replicas) {
    const places = log.batches.map(({ baseOffset, nextOffset, leaderEpoch }) => [baseOffset, nextOffset, leaderEpoch]);
    expect(places).toEqual([
      [0, 3, 1],
      [3, 4, 1],
    ]);
    expect(log.batches[0]?.ownedBytes).toEqual(batch.ownedBytes);
    expect(log.batches.map(({ ownedBytes }) => assignedBatch(ownedBytes))).toEqual(log.batches);
    expect(view.watermark).toBe(4);
  }
});

test('P14: acks=none is not answered, and acks=leader is when the leader has written', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const leader = cluster.leader();
  leader.isFast = false;
  const none = cluster.produce(leader, 'none', { acks: 'none' });
  const one = cluster.produce(leader, 'one', { acks: 'leader' });
  expect(leader.answerTo(one)).toBeUndefined();
  leader.workOnce();
  leader.workOnce();
  leader.workOnce();
  expect(leader.view.written).toBe(2);
  expect([leader.answerTo(none), leader.answerTo(one)?.type]).toEqual([undefined, 'produce-done']);
});

test('P14: acks=leader can lose a record that was acknowledged, which is what it says', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const leader = cluster.leader();
  const requestId = cluster.produce(leader, 'soon lost', { acks: 'leader' });
  expect(leader.answerTo(requestId)).toMatchObject({ type: 'produce-done', baseOffset: 0 });
  cluster.crash(leader);
  cluster.fence(leader);
  cluster.deliverAll();
  cluster.write('in its place');
  expect(cluster.leader().brokerId).toBe(2);
  expect(cluster.leader().log.batches.map(({ baseOffset, leaderEpoch }) => [baseOffset, leaderEpoch])).toEqual([
    [0, 3],
  ]);
  expect(cluster.invariants.committedEnd).toBe(1);
});

test('P18: answers come in the order in which batches were sent', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const leader = cluster.leader();
  const ids = ['a', 'b', 'c', 'd'].map((text) => cluster.produce(leader, text));
  cluster.deliverAll();
  expect(leader.answers).toEqual(ids.map((requestId, baseOffset) => ({ type: 'produce-done', requestId, baseOffset })));
});

test('a follower is sent what it has room for, and more when its disk has taken that', () => {
  const bytes = testBatch('one').ownedBytes.length;
  const cluster = TestCluster.settled({ replicas: 2, limits: { followerWindowBytes: 2 * bytes, pushBytesMax: bytes } });
  const leader = cluster.leader();
  const follower = cluster.replica(2);
  follower.isFast = false;
  for (const text of ['one', 'two', 'six', 'ten']) cluster.produce(leader, text);
  expect(leader.effectsOf('push').map(({ from }) => from)).toEqual([0, 1]);
  cluster.deliverAll();
  expect(leader.effectsOf('push')).toHaveLength(2);
  follower.workAll();
  cluster.deliverAll();
  follower.workAll();
  cluster.deliverAll();
  expect(leader.effectsOf('push').map(({ from }) => from)).toEqual([0, 1, 2, 3]);
  expect(leader.view.watermark).toBe(4);
});

test('a follower that is not in sync is sent batches beside those that are, on another connection', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isolate(3);
  cluster.write('missed');
  cluster.run(cluster.limits.lagMsMax + 1000);
  cluster.heal();
  cluster.run(1000);
  const lanes = cluster
    .leader()
    .effectsOf('push')
    .map(({ to, lane }) => `${to} ${lane}`);
  expect(lanes).toContain('3 catch-up');
  expect(lanes).toContain('2 tail');
  expect(lanes).not.toContain('2 catch-up');
});

test('a lost push is noticed and sent again', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  const requestId = cluster.produce(cluster.leader(), 'lost');
  cluster.drop();
  cluster.run(cluster.limits.nudgeMs + 200);
  expect(cluster.leader().answerTo(requestId)).toMatchObject({ type: 'produce-done' });
});

test('a lost progress is asked for again', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  const requestId = cluster.produce(cluster.leader(), 'held');
  cluster.deliverAll(({ message }) => message.type === 'push');
  cluster.drop(({ message }) => message.type === 'progress');
  expect(cluster.leader().answerTo(requestId)).toBeUndefined();
  cluster.run(cluster.limits.nudgeMs + 200);
  expect(cluster.leader().answerTo(requestId)).toMatchObject({ type: 'produce-done' });
});

test('a batch that is not what comes next is dropped, and asked for again', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  cluster.produce(cluster.leader(), 'first');
  const [letter] = cluster.drop(({ message }) => message.type === 'push');
  if (letter?.message.type !== 'push') throw new Error('the leader pushed');
  const batches = letter.message.batches.map((batch) => ({ ...batch, baseOffset: offset(5), nextOffset: offset(6) }));
  cluster.deliver({ ...letter, message: { ...letter.message, batches } });
  const follower = cluster.replica(2);
  expect(follower.effectsOf('push-refused')).toEqual([{ type: 'push-refused', from: 1, logEnd: 0 }]);
  expect(follower.view.assigned).toBe(0);
  cluster.run(2000);
  expect(follower.view.assigned).toBe(1);
});

test('a leader whose reads are wrong is asked again after a while, and not at once', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  for (const text of ['first', 'second', 'third']) cluster.produce(cluster.leader(), text);
  const [first, ...rest] = cluster.drop(({ message }) => message.type === 'push');
  if (first?.message.type !== 'push') throw new Error('the leader pushed');
  cluster.deliver({ ...first, message: { ...first.message, batches: [], next: offset(1) } });
  for (const letter of rest) cluster.deliver(letter);
  expect(cluster.letters).toEqual([]);
  cluster.run(1000);
  expect(cluster.replica(2).view.assigned).toBe(3);
});

test('what is dropped while a cut is asked for stays dropped, and what was before a reset means nothing after it', () => {
  const cluster = TestCluster.settled({ replicas: 1, inSyncMin: 1 });
  for (const text of ['a', 'b', 'c', 'd']) cluster.write(text);
  const log = new ReplicaLog(cluster.leader().log.open());
  log.cut(offset(3));
  log.onDropped(1, offset(2));
  log.onCut(2);
  expect([log.localStart, log.assigned]).toEqual([2, 3]);
  log.reset(offset(1));
  log.onDropped(2, offset(2));
  log.onCut(3);
  expect([log.localStart, log.assigned]).toEqual([1, 1]);
});

test('an idle partition sends nothing and wants no tick', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('last');
  cluster.run(5000);
  const sent = cluster.replicas.map(({ effects }) => effects.length);
  cluster.run(60_000, 1000);
  expect(cluster.replicas.map(({ effects }) => effects.length)).toEqual(sent);
  expect(cluster.replicas.map(({ wakeMs }) => wakeMs)).toEqual([undefined, undefined, undefined]);
});

test('an idle partition with a broker that is gone wants no tick either', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.crash(cluster.replica(3));
  cluster.fence(cluster.replica(3));
  cluster.write('without 3');
  cluster.run(5000);
  expect([1, 2].map((id) => cluster.replica(id).wakeMs)).toEqual([undefined, undefined]);
});

test('PL1: a produce that cannot be certain by its deadline is answered so', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isolate(1);
  const requestId = cluster.produce(cluster.leader(), 'cut off', { deadlineMs: 300 });
  expect(cluster.leader().wakeMs).toBeDefined();
  cluster.run(400);
  expect(cluster.leader().answerTo(requestId)).toEqual({
    type: 'produce-outcome-unknown',
    requestId,
    why: 'timed-out',
  });
});

test('P17: beyond a bound a batch is refused before it is appended', () => {
  const cluster = TestCluster.settled({ replicas: 2, limits: { producesWaitingMax: 2 } });
  const leader = cluster.leader();
  cluster.isolate(1);
  cluster.produce(leader, 'a');
  cluster.produce(leader, 'b');
  const requestId = cluster.produce(leader, 'c');
  expect(leader.answerTo(requestId)).toMatchObject({ problem: { type: 'limit-reached', limit: 'producesWaitingMax' } });
  expect(leader.view.assigned).toBe(2);
});

test('P17: a leader whose disk is behind refuses more than it can hold', () => {
  const cluster = TestCluster.settled({ replicas: 1, inSyncMin: 1, limits: { unwrittenBytesMax: 150 } });
  const leader = cluster.leader();
  leader.isFast = false;
  for (const text of ['a', 'b', 'c', 'd']) cluster.produce(leader, text, { acks: 'none' });
  expect(leader.effectsOf('produce-refused')).toMatchObject([{ problem: { limit: 'unwrittenBytesMax' } }]);
  leader.workAll();
  cluster.produce(leader, 'e', { acks: 'none' });
  expect(leader.view.assigned).toBe(4);
});

test('offsets beyond 2^53-1 are refused and never rounded', () => {
  const cluster = TestCluster.settled({ replicas: 1, inSyncMin: 1 });
  const { limits, controller } = cluster;
  const { brokerId, brokerEpoch } = cluster.leader();
  const last = offset(Number.MAX_SAFE_INTEGER - 1);
  const log = { ...cluster.leader().log.open(), localStart: last, start: last, end: last, watermark: last };
  const partition = new Partition({ brokerId, brokerEpoch, reopened: undefined, limits, log, nowMs: 0 });
  partition.step({ type: 'metadata', metadata: controller.current });
  const request = { type: 'produce', leaderEpoch: undefined, deadlineMs: 0, acks: 'none' } as const;
  const batch = testBatch('two', undefined, 2);
  const refused = partition.step({ ...request, requestId: cluster.nextRequestId, batch });
  expect(refused).toMatchObject([{ type: 'produce-refused', problem: { type: 'offsets-exhausted' } }]);
  partition.step({ ...request, requestId: cluster.nextRequestId, batch: testBatch('one') });
  expect(partition.view.assigned).toBe(Number.MAX_SAFE_INTEGER);
});
