/**
 * Who is in sync, and what may be acknowledged meanwhile.
 */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import { TestCluster, type Proposal } from './test-cluster.ts';

const lagMs = 10_500;

/** 3 was away, is out of sync, has everything again, and is proposed; the controller has not been reached yet. */
function withThirdProposed(): { cluster: TestCluster; proposal: Proposal } {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isolate(3);
  cluster.write('missed');
  cluster.run(lagMs);
  cluster.heal();
  cluster.isPrompt = false;
  cluster.run(1000);
  const [proposal] = cluster.proposals;
  if (proposal === undefined) throw new Error('3 is proposed');
  return { cluster, proposal };
}

test('PL4: a follower that is silent while there is something to say leaves the in-sync set in time', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isolate(3);
  const requestId = cluster.produce(cluster.leader(), 'waits for 3');
  cluster.run(9000);
  expect(cluster.leader().answerTo(requestId)).toBeUndefined();
  expect(cluster.controller.inSync).toEqual([1, 2, 3]);
  cluster.run(2000);
  expect(cluster.controller.inSync).toEqual([1, 2]);
  expect(cluster.leader().answerTo(requestId)).toMatchObject({ type: 'produce-done' });
});

test('a follower that is always a little behind, and never for long, stays in sync', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  for (let second = 0; second < 40; second += 1) {
    cluster.produce(cluster.leader(), `batch ${second}`, { acks: 'none' });
    cluster.run(500, 100);
    cluster.produce(cluster.leader(), `more ${second}`, { acks: 'none' });
    for (const replica of cluster.replicas) replica.tick(500);
  }
  expect(cluster.controller.inSync).toEqual([1, 2]);
  expect(cluster.leader().effectsOf('propose-in-sync')).toEqual([]);
});

test('silence alone makes nobody leave, and no time that passed before counts', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  cluster.isolate(2);
  cluster.run(60_000, 1000);
  expect(cluster.controller.inSync).toEqual([1, 2]);
  cluster.produce(cluster.leader(), 'after an hour', { acks: 'none' });
  cluster.leader().tick(3_600_000);
  expect(cluster.controller.inSync).toEqual([1, 2]);
  cluster.run(lagMs);
  expect(cluster.controller.inSync).toEqual([1]);
});

test('P8: a follower comes back when it has everything that may have been acknowledged', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.isolate(3);
  cluster.write('missed');
  cluster.run(lagMs);
  expect(cluster.controller.inSync).toEqual([1, 2]);
  cluster.heal();
  cluster.replica(3).isFast = false;
  cluster.run(1000);
  expect(cluster.controller.inSync).toEqual([1, 2]);
  cluster.replica(3).isFast = true;
  cluster.replica(3).workAll();
  cluster.run(1000);
  expect(cluster.controller.inSync).toEqual([1, 2, 3]);
});

test('P8: what lies below the start of the epoch is needed as well, whatever the watermark says', () => {
  // X27: a new leader's watermark is old news, and a follower that reached only that may lack acknowledged records.
  const cluster = TestCluster.settled({ replicas: 3, limits: { pushBytesMax: 1 } });
  cluster.isolate(3);
  cluster.write('known to 1 and 2');
  cluster.run(lagMs);
  cluster.produce(cluster.leader(), 'acknowledged, and 2 does not know');
  cluster.deliverAll(({ message }) => message.type !== 'push' || message.batches.length > 0);
  cluster.drop();
  cluster.crash(cluster.replica(1));
  cluster.heal();
  cluster.fence(cluster.replica(1));
  const leader = cluster.leader();
  expect([leader.brokerId, leader.view.watermark, leader.view.assigned]).toEqual([2, 1, 2]);
  // 3 has one batch on its disk: as much as the watermark says.
  const slow = cluster.replica(3);
  slow.isFast = false;
  cluster.run(1000);
  slow.workOnce();
  while (slow.log.isFlushing || slow.log.mayFlush) slow.workOnce(1);
  cluster.deliverAll();
  expect([slow.view.durable, cluster.controller.inSync]).toEqual([1, [2]]);
  slow.isFast = true;
  slow.workAll();
  cluster.run(1000);
  expect(cluster.controller.inSync).toEqual([2, 3]);
});

test('P8: who joins has written down where the partition begins', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  for (let at = 0; at < 6; at += 1) cluster.write(`record ${at}`);
  cluster.run(500);
  cluster.fence(cluster.replica(3));
  const leader = cluster.leader();
  const requestId = cluster.deleteRecords(leader, offset(5));
  cluster.deliverAll(({ from, to }) => from !== 3 && to !== 3);
  expect(leader.answerTo(requestId)).toMatchObject({ type: 'records-deleted', start: 5 });
  cluster.controller.unfence(cluster.replica(3).brokerId);
  cluster.changed();
  // It holds every record, and has not heard of the deletion.
  expect(cluster.controller.inSync).toEqual([1, 2]);
  cluster.deliverAll();
  expect(cluster.controller.inSync).toEqual([1, 2, 3]);
});

test('P8: who joins under a new leader has written down what the one before may have shown as the start', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  for (let at = 0; at < 6; at += 1) cluster.write(`record ${at}`);
  cluster.run(500);
  const late = cluster.replica(3);
  cluster.fence(late);
  const requestId = cluster.deleteRecords(cluster.leader(), offset(5));
  cluster.deliverAll(({ from, to }) => from !== 3 && to !== 3 && !(to === 2 && cluster.leader().view.start > 0));
  expect(cluster.leader().answerTo(requestId)).toMatchObject({ type: 'records-deleted', start: 5 });
  cluster.drop();
  const leader = cluster.moveLeader(2);
  expect([leader.view.start, leader.view.writtenStart]).toEqual([0, 5]);
  cluster.controller.unfence(late.brokerId);
  cluster.changed();
  late.isFast = false;
  // 3 holds every record, and has not written down the start; 1 has not been heard yet.
  cluster.deliverAll(({ from, to }) => from !== 1 && to !== 1);
  expect([late.view.isFollowing, late.view.writtenStart, cluster.controller.inSync]).toEqual([true, 0, [1, 2]]);
  late.isFast = true;
  late.workAll();
  cluster.deliverAll();
  expect([cluster.controller.inSync, leader.view.start]).toEqual([[1, 2, 3], 5]);
});

test('P11: who registers again is not taken in by what it said in its life before', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const follower = cluster.replica(3);
  cluster.fence(follower);
  cluster.write('with 3 out of sync');
  cluster.isPrompt = false;
  cluster.controller.unfence(follower.brokerId);
  cluster.crash(follower);
  cluster.replaceDisk(follower);
  cluster.restart(follower, { hasLost: true });
  // The leader learns that 3 is back before 3 has said anything, and all at once.
  const leader = cluster.leader();
  leader.revisionsSeen = cluster.controller.history.length - 1;
  cluster.spread(leader);
  expect(cluster.proposals).toEqual([]);
  expect(cluster.leader().view.followers()).toContainEqual({
    brokerId: 3,
    isAttached: false,
    next: undefined,
    durable: undefined,
  });
  cluster.isPrompt = true;
  cluster.spreadAll();
  cluster.run(2000);
  expect(cluster.controller.inSync).toEqual([1, 2, 3]);
});

test('P11: a leader that has not heard of a registration proposes nobody by it', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const follower = cluster.replica(3);
  cluster.isPrompt = false;
  cluster.crash(follower);
  cluster.restart(follower);
  cluster.spread(follower);
  cluster.deliverAll();
  // 3 follows in its new life, and the leader knows the old one only.
  expect(cluster.proposals).toEqual([]);
  cluster.spreadAll();
  expect(cluster.proposals).toMatchObject([{ proposal: { members: [{}, {}, { brokerEpoch: follower.brokerEpoch }] } }]);
});

test('P5: who is proposed counts from the moment it is proposed', () => {
  const { cluster, proposal } = withThirdProposed();
  expect(cluster.leader().view.maximalInSync).toEqual([1, 2, 3]);
  cluster.isolate(3);
  const requestId = cluster.produce(cluster.leader(), 'perhaps needed on 3');
  cluster.deliverAll();
  expect(cluster.leader().answerTo(requestId)).toBeUndefined();
  // It is made after all, long after the leader gave up on it; then 3 may be elected.
  cluster.giveUp(proposal);
  cluster.run(3000);
  expect(cluster.leader().answerTo(requestId)).toBeUndefined();
  cluster.decide(proposal);
  expect(cluster.controller.inSync).toEqual([1, 2, 3]);
  expect(cluster.leader().answerTo(requestId)).toBeUndefined();
});

test('P5: a proposal that was refused for good holds nothing back', () => {
  const { cluster, proposal } = withThirdProposed();
  cluster.isolate(3);
  cluster.controller.fence(cluster.replica(3).brokerId);
  cluster.decide(proposal);
  expect(cluster.controller.inSync).toEqual([1, 2]);
  const requestId = cluster.produce(cluster.leader(), 'not needed on 3');
  cluster.deliverAll();
  expect(cluster.leader().answerTo(requestId)).toMatchObject({ type: 'produce-done' });
});

test('P5: an uncertain proposal is ended by another one of the same epoch', () => {
  const { cluster, proposal } = withThirdProposed();
  cluster.isolate(3);
  const requestId = cluster.produce(cluster.leader(), 'held back');
  cluster.giveUp(proposal);
  cluster.proposals = [];
  // 3 is too far behind by now to be proposed again, so the set that there is goes out under the same epoch.
  cluster.run(lagMs);
  for (const again of cluster.proposals) if (again.proposal.members.length === 3) cluster.giveUp(again);
  cluster.proposals = [];
  cluster.isPrompt = true;
  cluster.run(3000);
  expect(cluster.controller.inSync).toEqual([1, 2]);
  expect(cluster.leader().answerTo(requestId)).toMatchObject({ type: 'produce-done' });
  expect(cluster.leader().view.maximalInSync).toEqual([1, 2]);
});

test('one proposal is in flight at a time', () => {
  const cluster = TestCluster.settled({ replicas: 5, inSyncMin: 2 });
  cluster.isPrompt = false;
  for (const id of [4, 5]) cluster.isolate(id);
  cluster.produce(cluster.leader(), 'missed', { acks: 'none' });
  cluster.run(lagMs);
  expect(cluster.proposals).toHaveLength(1);
  cluster.heal();
  cluster.run(5000);
  expect(cluster.proposals).toHaveLength(1);
});

test('P7: below the minimum acks=all is refused, nothing becomes visible, and reads go on', () => {
  const cluster = TestCluster.settled({ replicas: 3, inSyncMin: 2 });
  cluster.write('committed');
  cluster.run(500);
  for (const id of [2, 3]) {
    cluster.crash(cluster.replica(id));
    cluster.fence(cluster.replica(id));
  }
  const leader = cluster.leader();
  expect([cluster.controller.inSync, cluster.controller.eligible]).toEqual([[1], [3]]);
  const all = cluster.produce(leader, 'refused');
  const one = cluster.produce(leader, 'accepted, and not visible', { acks: 'leader' });
  expect(leader.answerTo(all)).toMatchObject({ problem: { type: 'not-enough-in-sync', inSync: 1, needed: 2 } });
  expect(leader.answerTo(one)).toMatchObject({ type: 'produce-done', baseOffset: 1 });
  expect([leader.view.durable, leader.view.watermark]).toEqual([2, 1]);
  expect(leader.answerTo(cluster.fetch(leader, offset(0)))).toMatchObject({ type: 'fetch-ready', upTo: 1 });
  cluster.restart(cluster.replica(2));
  cluster.run(1000);
  expect(cluster.write('writes resume by themselves')).toMatchObject({ type: 'produce-done' });
});

test('P7: the minimum is counted on what is committed, not on what is proposed', () => {
  const cluster = TestCluster.settled({ replicas: 3, inSyncMin: 3 });
  cluster.isolate(3);
  cluster.fence(cluster.replica(3));
  cluster.produce(cluster.leader(), 'below the minimum', { acks: 'leader' });
  cluster.deliverAll();
  cluster.heal();
  cluster.isPrompt = false;
  cluster.controller.unfence(cluster.replica(3).brokerId);
  cluster.spreadAll();
  cluster.run(2000);
  // 3 has everything and is proposed; as long as that is all, a controller may yet take 1 alone for enough.
  expect(cluster.proposals).toHaveLength(1);
  expect(cluster.leader().view.watermark).toBe(0);
  const requestId = cluster.produce(cluster.leader(), 'refused');
  expect(cluster.leader().answerTo(requestId)).toMatchObject({ problem: { type: 'not-enough-in-sync', inSync: 2 } });
  for (const proposal of cluster.proposals) cluster.decide(proposal);
  cluster.spreadAll();
  expect(cluster.leader().view.watermark).toBe(1);
});

test('P1, P6: an eligible replica holds all that was acknowledged, and leads when the last in-sync one is gone', () => {
  const cluster = TestCluster.settled({ replicas: 3, inSyncMin: 2 });
  cluster.write('acknowledged by all');
  cluster.crash(cluster.replica(3));
  cluster.fence(cluster.replica(3));
  cluster.write('acknowledged by 1 and 2');
  cluster.crash(cluster.replica(2));
  cluster.fence(cluster.replica(2));
  cluster.produce(cluster.leader(), 'never committed', { acks: 'leader' });
  cluster.crash(cluster.replica(1));
  cluster.fence(cluster.replica(1));
  expect([cluster.controller.inSync, cluster.controller.eligible]).toEqual([[1], [2]]);
  cluster.restart(cluster.replica(3));
  expect(cluster.controller.leader).toBeUndefined();
  cluster.restart(cluster.replica(2));
  expect(cluster.controller.leader).toBe(2);
  cluster.run(2000);
  expect(cluster.leader().view.watermark).toBe(2);
});

test('four of five stop one after another at a minimum of 1, and the last one serves', () => {
  const cluster = TestCluster.settled({ replicas: 5, inSyncMin: 1 });
  for (const id of [1, 2, 3, 4]) {
    cluster.write(`before ${id} stops`);
    cluster.crash(cluster.replica(id));
    cluster.fence(cluster.replica(id));
    cluster.run(100);
  }
  expect(cluster.leader().brokerId).toBe(5);
  expect(cluster.write('on the last')).toMatchObject({ type: 'produce-done', baseOffset: 4 });
});
