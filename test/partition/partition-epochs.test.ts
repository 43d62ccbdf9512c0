/**
 * Who may act, and in whose name: lives of brokers, leader epochs, sessions.
 */
import { expect, test } from 'vitest';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { TestCluster } from './test-cluster.ts';

/** 1 leads, and what it wrote last is on 2 and 3, and durable there, and not on its own disk. */
function leaderAheadOfItsDisk(): TestCluster {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('everywhere');
  const leader = cluster.leader();
  leader.isFast = false;
  cluster.produce(leader, 'not on the disk of 1');
  while (leader.log.hasCalls) leader.workOnce();
  leader.workOnce();
  leader.workOnce();
  cluster.deliverAll(({ to }) => to !== 1);
  expect([leader.view.durable, cluster.replica(2).view.durable, cluster.replica(3).view.durable]).toEqual([1, 2, 2]);
  return cluster;
}

test('P10: a broker that restarts serves nothing by metadata from before its registration', () => {
  const cluster = leaderAheadOfItsDisk();
  const leader = cluster.replica(1);
  cluster.crash(leader, 'power');
  leader.isFast = true;
  cluster.isPrompt = false;
  // It remembers all that it heard, and hears it again, up to right before its registration.
  leader.revisionsSeen = 0;
  const known = cluster.controller.history.length;
  cluster.restart(leader);
  cluster.spread(leader, known);
  expect([leader.view.role, leader.view.metadata]).toEqual(['idle', undefined]);
  const requestId = cluster.produce(leader, 'other records for the same offset');
  expect(leader.answerTo(requestId)).toMatchObject({ type: 'produce-refused', problem: { type: 'not-leader' } });
  cluster.spreadAll();
  cluster.isPrompt = true;
  cluster.run(3000);
  expect(cluster.replicas.map(({ view }) => view.watermark)).toEqual([2, 2, 2]);
});

test('P10: the only in-sync replica leads in a later epoch after it restarts', () => {
  const cluster = TestCluster.settled({ replicas: 1, inSyncMin: 1 });
  const leader = cluster.leader();
  leader.isFast = false;
  cluster.produce(leader, 'lost with the power');
  while (leader.log.hasCalls) leader.workOnce();
  cluster.crash(leader, 'power');
  leader.isFast = true;
  cluster.restart(leader);
  cluster.write('in its place');
  expect(leader.log.batches.map(({ baseOffset, leaderEpoch: epoch }) => [baseOffset, epoch])).toEqual([[0, 3]]);
});

test('P10: a leader whose log failed does not lead in the same epoch again', () => {
  const cluster = leaderAheadOfItsDisk();
  const leader = cluster.replica(1);
  cluster.isPrompt = false;
  leader.failLog();
  expect(leader.effectsOf('step-aside')).toEqual([{ type: 'step-aside', reason: 'log-failed' }]);
  leader.isFast = true;
  leader.reopen(() => leader.log.powerCut(() => 0));
  leader.revisionsSeen = 0;
  cluster.spread(leader, 1);
  expect([leader.view.metadata?.leader, leader.view.role]).toEqual([1, 'idle']);
});

test('P10: a leader that was deposed without knowing acknowledges nothing', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isPrompt = false;
  const old = cluster.replica(1);
  cluster.moveLeader(2);
  cluster.spread(cluster.replica(2));
  cluster.spread(cluster.replica(3));
  cluster.deliverAll();
  const requestId = cluster.produce(old, 'of a former leader');
  cluster.run(3000);
  expect([old.view.role, old.view.watermark, old.answerTo(requestId)]).toEqual(['leader', 0, undefined]);
});

test('P10, P17: a leader that is deposed tells whoever waits that the outcome is unknown', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const old = cluster.leader();
  const all = cluster.produce(old, 'waits for the others');
  const fetch = cluster.fetch(old, offset(0), { deadlineMs: 5000 });
  cluster.moveLeader(2);
  cluster.deliverAll();
  expect(old.answerTo(all)).toEqual({ type: 'produce-outcome-unknown', requestId: all, why: 'leadership-lost' });
  expect(old.answerTo(fetch)).toMatchObject({ type: 'fetch-refused', problem: { type: 'not-leader', leader: 2 } });
  const late = cluster.produce(old, 'too late');
  expect(old.answerTo(late)).toMatchObject({ type: 'produce-refused', problem: { type: 'not-leader', leader: 2 } });
  cluster.run(2000);
  expect(old.answers).toHaveLength(3);
});

test('P7: what was confirmed to an earlier leader counts for nothing', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.produce(cluster.leader(), 'first');
  cluster.deliverAll(({ message }) => message.type === 'push');
  const progress = cluster.drop(({ message }) => message.type === 'progress');
  cluster.moveLeader(2);
  cluster.moveLeader(1);
  cluster.drop();
  const leader = cluster.leader();
  for (const letter of progress) cluster.deliver(letter);
  expect([leader.view.leaderEpoch, leader.view.watermark]).toEqual([3, 0]);
  // In the right epoch, and of no session that there is.
  for (const letter of progress) {
    if (letter.message.type !== 'progress') continue;
    cluster.deliver({ ...letter, message: { ...letter.message, leaderEpoch: leaderEpoch(3) } });
  }
  expect(leader.view.watermark).toBe(0);
  cluster.run(2000);
  expect(leader.view.watermark).toBe(1);
});

test('P10: a follower takes nothing from a leader of another epoch', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isPrompt = false;
  cluster.produce(cluster.replica(1), 'of a former leader');
  cluster.moveLeader(2);
  cluster.spread(cluster.replica(3));
  cluster.deliverAll(({ from }) => from === 1);
  expect(cluster.replica(3).view.assigned).toBe(0);
  cluster.spreadAll();
  cluster.run(2000);
  expect(cluster.invariants.committedEnd).toBe(cluster.replica(2).view.assigned);
});

test('P10: an attach that comes late does not take a follower back', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  cluster.replica(1).step({ type: 'link-lost', broker: cluster.replica(2).brokerId });
  cluster.replica(2).step({ type: 'link-lost', broker: cluster.replica(1).brokerId });
  const attaches = [...cluster.letters];
  cluster.deliverAll();
  cluster.write('first');
  for (const letter of attaches) cluster.deliver(letter);
  cluster.write('second');
  expect(
    cluster
      .leader()
      .effectsOf('push')
      .map(({ from }) => from),
  ).toEqual([0, 1]);
});

test('P2: a new leader acknowledges nothing before all in-sync replicas hold all that it held', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  cluster.produce(cluster.leader(), 'on 2 alone');
  cluster.deliverAll(({ to, message }) => to === 2 && message.type === 'push');
  cluster.drop();
  const leader = cluster.moveLeader(2);
  const one = cluster.produce(leader, 'acks=leader', { acks: 'leader' });
  cluster.deliverAll(({ to, from }) => to !== 3 && from !== 3);
  expect([leader.view.isEstablished, leader.answerTo(one)]).toEqual([false, undefined]);
  cluster.deliverAll();
  expect([leader.view.isEstablished, leader.answerTo(one)?.type]).toEqual([true, 'produce-done']);
  expect(leader.view.watermark).toBe(3);
});

test('P2: a new leader shows no watermark before it knows all that was committed before it', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('known to all');
  cluster.run(1000);
  cluster.produce(cluster.leader(), 'acknowledged, and 2 does not know');
  cluster.deliverAll(({ message }) => message.type !== 'push' || message.batches.length > 0);
  cluster.drop();
  expect([cluster.leader().view.watermark, cluster.replica(2).view.watermark]).toEqual([2, 1]);
  const leader = cluster.moveLeader(2);
  const below = cluster.fetch(leader, offset(0));
  const at = cluster.fetch(leader, offset(2), { deadlineMs: 60_000 });
  const beyond = cluster.fetch(leader, offset(9), { deadlineMs: 60_000 });
  expect(leader.answerTo(below)).toMatchObject({ type: 'fetch-ready', upTo: 1, watermark: undefined });
  expect([leader.answerTo(at), leader.answerTo(beyond)]).toEqual([undefined, undefined]);
  cluster.deliverAll();
  expect(leader.view.shownWatermark).toBe(2);
  expect(leader.answerTo(beyond)).toMatchObject({ type: 'fetch-refused', problem: { type: 'offset-out-of-range' } });
});

test.each([
  { asked: 1, type: 'fenced-leader-epoch' },
  { asked: 3, type: 'unknown-leader-epoch' },
])('P10: a request of epoch $asked to a leader of epoch 2 is told $type', ({ asked, type }) => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const leader = cluster.moveLeader(2);
  cluster.deliverAll();
  const options = { leaderEpoch: leaderEpoch(asked) };
  const requests = [cluster.produce(leader, 'x', options), cluster.fetch(leader, offset(0), options)];
  for (const requestId of requests) {
    expect(leader.answerTo(requestId)).toMatchObject({ problem: { type, leaderEpoch: 2 } });
  }
  expect(leader.view.assigned).toBe(0);
});
