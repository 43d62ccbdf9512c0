/**
 * What consumers are given, when, and from where on: fetches, long polls, deleted records.
 */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import { testBatch } from './test-batches.ts';
import { TestCluster } from './test-cluster.ts';

test('P2: a fetch is given what lies below the watermark, and no more', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  cluster.produce(cluster.leader(), 'not committed');
  const leader = cluster.leader();
  expect(leader.answerTo(cluster.fetch(leader, offset(0)))).toEqual({
    type: 'fetch-ready',
    requestId: 3,
    from: 0,
    upTo: 1,
    watermark: 1,
    lastStable: 1,
    start: 0,
    leaderEpoch: 1,
  });
  expect(leader.answerTo(cluster.fetch(leader, offset(1)))).toMatchObject({ from: 1, upTo: 1 });
});

test('a fetch at the end waits for the watermark, and is answered the moment it moves', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const leader = cluster.leader();
  const requestId = cluster.fetch(leader, offset(0), { deadlineMs: 5000 });
  cluster.produce(leader, 'first');
  expect(leader.answerTo(requestId)).toBeUndefined();
  cluster.deliverAll();
  expect(leader.answerTo(requestId)).toMatchObject({ type: 'fetch-ready', upTo: 1 });
});

test('a fetch waits for as many bytes as it wants, until its time is up', () => {
  const cluster = TestCluster.settled({ replicas: 1, inSyncMin: 1 });
  const leader = cluster.leader();
  const { length } = testBatch('aaaa').ownedBytes;
  const three = cluster.fetch(leader, offset(0), { deadlineMs: 5000, bytesMin: 3 * length });
  const many = cluster.fetch(leader, offset(0), { deadlineMs: 300, bytesMin: 100 * length });
  for (const text of ['aaaa', 'bbbb']) cluster.produce(leader, text);
  expect(leader.answerTo(three)).toBeUndefined();
  cluster.produce(leader, 'cccc');
  expect(leader.answerTo(three)).toMatchObject({ upTo: 3 });
  cluster.run(200);
  expect(leader.answerTo(many)).toBeUndefined();
  cluster.run(200);
  expect(leader.answerTo(many)).toMatchObject({ type: 'fetch-ready', upTo: 3 });
});

test('those who wait to read are bounded, and whoever leaves makes room', () => {
  const cluster = TestCluster.settled({ replicas: 1, inSyncMin: 1, limits: { fetchesWaitingMax: 1 } });
  const leader = cluster.leader();
  const first = cluster.fetch(leader, offset(0), { deadlineMs: 5000 });
  const second = cluster.fetch(leader, offset(0), { deadlineMs: 5000 });
  expect(leader.answerTo(second)).toMatchObject({ problem: { type: 'limit-reached', limit: 'fetchesWaitingMax' } });
  leader.step({ type: 'fetch-cancelled', requestId: first });
  const third = cluster.fetch(leader, offset(0), { deadlineMs: 5000 });
  cluster.produce(leader, 'news');
  expect([leader.answerTo(first), leader.answerTo(third)?.type]).toEqual([undefined, 'fetch-ready']);
});

test('P19: a follower serves what it knows to be committed, to those who are content with a follower', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  cluster.run(500);
  const follower = cluster.replica(2);
  cluster.produce(cluster.leader(), 'on its way');
  cluster.deliverAll(({ to }) => to === 2);
  expect(follower.view.assigned).toBe(2);
  const strict = cluster.fetch(follower, offset(0));
  const content = cluster.fetch(follower, offset(0), { mayFollow: true });
  const waiting = cluster.fetch(follower, offset(1), { mayFollow: true, deadlineMs: 5000 });
  expect(follower.answerTo(strict)).toMatchObject({ problem: { type: 'not-leader', leader: 1 } });
  expect(follower.answerTo(content)).toMatchObject({ upTo: 1, watermark: 1 });
  expect(follower.answerTo(waiting)).toBeUndefined();
  cluster.run(500);
  expect(follower.answerTo(waiting)).toMatchObject({ upTo: 2 });
});

test('P19: a follower that has not agreed with its leader serves nothing', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  cluster.run(500);
  cluster.moveLeader(2);
  const requestId = cluster.fetch(cluster.replica(3), offset(0), { mayFollow: true });
  expect(cluster.replica(3).answerTo(requestId)).toMatchObject({ problem: { type: 'not-leader', leader: 2 } });
});

/** Twelve records, of which those below 6 are deleted; segments hold four. */
function withDeletedRecords(): TestCluster {
  const cluster = TestCluster.settled({ replicas: 3 });
  for (let at = 0; at < 12; at += 1) cluster.write(`record ${at}`);
  cluster.deleteRecords(cluster.leader(), offset(6));
  cluster.run(500);
  return cluster;
}

test('P15: records are deleted when every in-sync replica has written down where the partition begins', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  for (let at = 0; at < 6; at += 1) cluster.write(`record ${at}`);
  const leader = cluster.leader();
  const requestId = cluster.deleteRecords(leader, offset(5));
  cluster.deliverAll(({ from, to }) => from !== 3 && to !== 3);
  expect([leader.answerTo(requestId), leader.view.start, leader.view.writtenStart]).toEqual([undefined, 0, 5]);
  expect(leader.answerTo(cluster.fetch(leader, offset(0)))).toMatchObject({ type: 'fetch-ready' });
  cluster.deliverAll();
  expect(leader.answerTo(requestId)).toEqual({ type: 'records-deleted', requestId, start: 5 });
  expect(cluster.replicas.map(({ log }) => [log.start, log.localStart])).toEqual([
    [5, 4],
    [5, 4],
    [5, 4],
  ]);
});

test('P15: reading below the start is an error that names the start', () => {
  const cluster = withDeletedRecords();
  const leader = cluster.leader();
  for (const from of [0, 5]) {
    const requestId = cluster.fetch(leader, offset(from));
    expect(leader.answerTo(requestId)).toMatchObject({
      problem: { type: 'offset-out-of-range', start: 6, watermark: 12 },
    });
  }
  expect(leader.answerTo(cluster.fetch(leader, offset(6)))).toMatchObject({ type: 'fetch-ready', start: 6 });
});

test('P15: the start does not go back when the leader changes, agreed on or not', () => {
  // X37
  const cluster = TestCluster.settled({ replicas: 3 });
  for (let at = 0; at < 6; at += 1) cluster.write(`record ${at}`);
  cluster.run(500);
  const requestId = cluster.deleteRecords(cluster.leader(), offset(5));
  cluster.deliverAll(({ to, message }) => to === 2 || message.type !== 'push');
  cluster.deliverAll(({ message }) => message.type === 'push');
  const progress = cluster.letters.filter(({ from }) => from !== 1);
  for (const letter of progress) cluster.deliver(letter);
  expect(cluster.replica(1).answerTo(requestId)).toMatchObject({ start: 5 });
  // Nobody else has heard that it is agreed on.
  cluster.drop();
  expect(cluster.replica(2).view.start).toBe(0);
  const leader = cluster.moveLeader(2);
  const early = cluster.fetch(leader, offset(2), { deadlineMs: 60_000 });
  cluster.deliverAll();
  expect([leader.view.isEstablished, leader.view.start]).toEqual([true, 5]);
  expect(leader.answerTo(early)?.type).toBe('fetch-ready');
  expect(leader.answerTo(cluster.fetch(leader, offset(2)))).toMatchObject({ problem: { start: 5 } });
});

test('a follower that ends before the leader begins drops its log and begins there', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isolate(3);
  cluster.write('missed');
  cluster.run(10_500);
  for (let at = 0; at < 11; at += 1) cluster.write(`record ${at}`);
  cluster.deleteRecords(cluster.leader(), offset(9));
  cluster.run(500);
  cluster.heal();
  cluster.run(2000);
  const late = cluster.replica(3);
  expect(late.effectsOf('reset')).toMatchObject([{ start: 8 }]);
  expect([late.log.localStart, late.view.start, late.view.watermark]).toEqual([8, 9, 12]);
  expect(cluster.controller.inSync).toEqual([1, 2, 3]);
});

test('P15: nothing above the watermark is deleted, by whomever', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  const leader = cluster.leader();
  cluster.produce(leader, 'not committed');
  const requestId = cluster.deleteRecords(leader, offset(2));
  expect(leader.answerTo(requestId)).toMatchObject({ problem: { type: 'offset-out-of-range' } });
  leader.step({ type: 'retention', before: offset(2) });
  expect(leader.view.writtenStart).toBe(1);
  cluster.replica(2).step({ type: 'retention', before: offset(1) });
  expect(cluster.replica(2).view.writtenStart).toBe(0);
});

test('a deletion that cannot be certain by its deadline, or by a change of the leader, is answered so', () => {
  const cluster = TestCluster.settled({ replicas: 3, limits: { deletesWaitingMax: 2 } });
  cluster.write('committed');
  cluster.isolate(1);
  const leader = cluster.leader();
  const timed = cluster.deleteRecords(leader, undefined, 300);
  const deposed = cluster.deleteRecords(leader, undefined);
  const crowded = cluster.deleteRecords(leader, undefined);
  expect(leader.answerTo(crowded)).toMatchObject({ problem: { type: 'limit-reached', limit: 'deletesWaitingMax' } });
  cluster.run(400);
  expect(leader.answerTo(timed)).toMatchObject({ type: 'delete-outcome-unknown', why: 'timed-out' });
  cluster.moveLeader(2);
  expect(leader.answerTo(deposed)).toMatchObject({ type: 'delete-outcome-unknown', why: 'leadership-lost' });
});
