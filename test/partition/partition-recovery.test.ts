/**
 * What a replica does that may have lost something, and what becomes of the partition when all may have.
 */
import { expect, test } from 'vitest';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { Partition } from '../../src/partition/partition.ts';
import { TestCluster } from './test-cluster.ts';
import type { TestReplica } from './test-replica.ts';

/** 1 alone is in sync and holds the second record; 2 and 3 hold the first; then 1 is gone for good. */
function leaderGoneForGood(): TestCluster {
  const cluster = TestCluster.settled({ replicas: 3, inSyncMin: 1 });
  cluster.write('everywhere');
  cluster.run(500);
  for (const id of [2, 3]) {
    cluster.crash(cluster.replica(id));
    cluster.fence(cluster.replica(id));
  }
  cluster.write('on 1 alone');
  cluster.crash(cluster.replica(1));
  cluster.fence(cluster.replica(1));
  for (const id of [2, 3]) cluster.restart(cluster.replica(id));
  return cluster;
}

test('P12: without a choice of the operator nobody leads who may lack acknowledged records', () => {
  const cluster = leaderGoneForGood();
  cluster.run(60_000, 1000);
  expect([cluster.controller.leader, cluster.controller.inSync]).toEqual([undefined, [1]]);
  expect([2, 3].map((id) => cluster.replica(id).view.role)).toEqual(['idle', 'idle']);
});

test('P12: an unclean leader reports what may be lost, and only then serves', () => {
  const cluster = leaderGoneForGood();
  cluster.isPrompt = false;
  cluster.controller.electUnclean(cluster.replica(2).brokerId);
  cluster.spreadAll();
  const leader = cluster.replica(2);
  const early = [cluster.produce(leader, 'too early'), cluster.fetch(leader, offset(0))];
  for (const id of early) expect(leader.answerTo(id)).toMatchObject({ problem: { type: 'recovering' } });
  expect(leader.effectsOf('possible-loss')).toEqual([]);
  cluster.run(1000);
  // 3 is heard, 1 is fenced: there is nobody else to wait for.
  expect(leader.effectsOf('possible-loss')).toEqual([{ type: 'possible-loss', leaderEpoch: 3, from: 0, to: 1 }]);
  expect(leader.view.isRecovering).toBe(true);
  for (const proposal of cluster.proposals) cluster.decide(proposal);
  cluster.isPrompt = true;
  cluster.spreadAll();
  cluster.run(1000);
  expect([leader.view.isRecovering, leader.view.isEstablished, leader.view.watermark]).toEqual([false, true, 1]);
  expect(cluster.write('life goes on')).toMatchObject({ baseOffset: 1 });
});

test('P12: an unclean leader waits a while for replicas that say nothing', () => {
  const cluster = leaderGoneForGood();
  cluster.isolate(3);
  cluster.controller.electUnclean(cluster.replica(2).brokerId);
  cluster.changed();
  cluster.run(4000);
  expect(cluster.replica(2).effectsOf('possible-loss')).toEqual([]);
  cluster.run(2000);
  expect(cluster.replica(2).effectsOf('possible-loss')).toHaveLength(1);
  expect(cluster.replica(2).view.isEstablished).toBe(true);
});

test('P12: who comes back after an unclean election gives up what it knew to be committed, and says so', () => {
  const cluster = leaderGoneForGood();
  cluster.controller.electUnclean(cluster.replica(2).brokerId);
  cluster.changed();
  cluster.run(2000);
  cluster.write('in the place of a committed record');
  const former = cluster.replica(1);
  former.log.keptWatermark = offset(2);
  cluster.restart(former);
  cluster.run(2000);
  expect(former.effectsOf('possible-loss')).toEqual([{ type: 'possible-loss', leaderEpoch: 3, from: 1, to: 2 }]);
  expect(former.log.batches.map(({ leaderEpoch }) => leaderEpoch)).toEqual([1, 3]);
  expect(cluster.controller.inSync).toEqual([1, 2, 3]);
});

test('P12: who was away during one unclean election and is chosen by the next reports all that may be lost', () => {
  const cluster = TestCluster.settled({ replicas: 2, inSyncMin: 1 });
  const [first, second] = [cluster.replica(1), cluster.replica(2)];
  const choose = (replica: TestReplica): void => {
    cluster.controller.electUnclean(replica.brokerId);
    cluster.changed();
    cluster.run(6000);
  };
  const goAway = (replica: TestReplica): void => {
    replica.log.keptWatermark = replica.view.watermark;
    cluster.crash(replica);
    cluster.fence(replica);
  };
  goAway(second);
  cluster.write('given up by the choice of 2');
  goAway(first);
  cluster.restart(second);
  choose(second);
  cluster.write('committed in its place');
  goAway(second);
  cluster.restart(first);
  choose(first);
  // It knew the first record to be committed, which had not been so for a while.
  expect(first.effectsOf('possible-loss')).toMatchObject([{ from: 0, to: 1 }]);
  cluster.restart(second);
  cluster.run(2000);
  expect(second.log.batches).toEqual(first.log.batches);
});

test('P11: a replica that knows to have lost records does not lead as if it had them', () => {
  // X29: whoever elects it believes that it holds what it acknowledged.
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  cluster.write('committed as well');
  cluster.run(500);
  const lossy = cluster.replica(2);
  lossy.log.keptWatermark = lossy.view.watermark;
  cluster.crash(lossy);
  lossy.log.loseFrom(offset(1));
  // The controller is not told, and takes it for eligible; then it is the only one left.
  cluster.isPrompt = false;
  cluster.restart(lossy, { hasLost: true });
  cluster.controller.lossy.clear();
  cluster.controller.inSync = [lossy.brokerId];
  cluster.controller.leader = undefined;
  cluster.controller.unfence(lossy.brokerId);
  const { current } = cluster.controller;
  expect([current.leader, current.recovery]).toEqual([2, 'recovered']);
  lossy.step({ type: 'metadata', metadata: current });
  expect(lossy.effectsOf('step-aside')).toEqual([{ type: 'step-aside', reason: 'lost-records' }]);
  expect(lossy.view.role).toBe('idle');
  lossy.step({ type: 'metadata', metadata: { ...current } });
  expect(lossy.effectsOf('step-aside')).toHaveLength(1);
});

test('P11: taken back into the in-sync set by another leader, a replica may lead again', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  cluster.write('committed as well');
  cluster.run(500);
  const lossy = cluster.replica(3);
  lossy.log.keptWatermark = lossy.view.watermark;
  cluster.crash(lossy);
  lossy.log.loseFrom(offset(1));
  cluster.restart(lossy, { hasLost: true });
  cluster.run(2000);
  expect(cluster.controller.inSync).toEqual([1, 2, 3]);
  cluster.moveLeader(3);
  cluster.deliverAll();
  expect([lossy.view.role, lossy.view.isEstablished, lossy.effectsOf('step-aside')]).toEqual(['leader', true, []]);
});

test('damage makes a leader step aside at once, and its followers take over', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  const damaged = cluster.leader();
  const waiting = cluster.produce(damaged, 'under way');
  damaged.step({ type: 'damage-found', from: offset(0), to: offset(1) });
  expect(damaged.effectsOf('step-aside')).toEqual([{ type: 'step-aside', reason: 'damaged' }]);
  expect(damaged.answerTo(waiting)).toMatchObject({ type: 'produce-outcome-unknown' });
  expect([cluster.leader().brokerId, damaged.view.role]).toEqual([2, 'idle']);
  cluster.deliverAll();
  expect(cluster.write('without 1')).toMatchObject({ type: 'produce-done' });
});

test('a leader whose disk does not answer a reader steps aside where somebody else is in sync, and only there', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const first = cluster.leader();
  first.step({ type: 'read-failed' });
  expect(first.effectsOf('step-aside')).toEqual([{ type: 'step-aside', reason: 'damaged' }]);
  expect(cluster.leader().brokerId).not.toBe(first.brokerId);
  const alone = TestCluster.settled({ replicas: 1 });
  alone.leader().step({ type: 'read-failed' });
  expect(alone.leader().effectsOf('step-aside')).toEqual([]);
  expect(alone.write('still there')).toMatchObject({ type: 'produce-done' });
});

test('a damaged replica takes no part until it is repaired, and then catches up', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const damaged = cluster.replica(3);
  damaged.step({ type: 'damage-found', from: offset(0), to: offset(1) });
  cluster.write('without 3');
  cluster.run(5000);
  expect([damaged.view.role, damaged.view.assigned, cluster.controller.inSync]).toEqual(['idle', 0, [1, 2]]);
  damaged.step(damaged.log.repaired());
  cluster.controller.repaired(damaged.brokerId);
  cluster.changed();
  cluster.run(2000);
  expect([damaged.view.assigned, cluster.controller.inSync]).toEqual([1, [1, 2, 3]]);
});

test('a replica that is opened with damage begins aside', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const replica = cluster.replica(3);
  cluster.crash(replica);
  replica.log.isDamaged = true;
  cluster.restart(replica);
  cluster.run(1000);
  expect([replica.view.aside, replica.view.role]).toEqual(['damaged', 'idle']);
});

test('a leadership that counts on a replica which was opened with damage hears of it', () => {
  const cluster = TestCluster.settled({ replicas: 1 });
  cluster.write('alone');
  const alone = cluster.leader();
  cluster.crash(alone);
  alone.log.isDamaged = true;
  cluster.restart(alone);
  cluster.run(1000);
  // Nobody else could ever have it: it leads on with what can be read.
  expect([alone.view.aside, alone.view.role]).toEqual([undefined, 'leader']);

  const several = TestCluster.settled({ replicas: 3 });
  const replica = several.replica(3);
  several.crash(replica);
  several.run(5000);
  replica.log.isDamaged = true;
  several.restart(replica);
  several.run(1000);
  expect(replica.effectsOf('repair')).toHaveLength(1);
  for (const other of several.replicas) if (other !== replica) several.crash(other);
  several.run(5000);
  expect(replica.view.role).toBe('idle');
});

test('P9: damage that no other log holds is cut off, and nothing that may be committed is', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  const damaged = cluster.replica(3);
  cluster.run(2000);
  damaged.step({ type: 'damage-found', from: offset(0), to: offset(1) });
  cluster.run(2000);
  const epoch = damaged.view.metadata?.leaderEpoch ?? leaderEpoch(0);
  damaged.step({ type: 'damage-not-shared', from: offset(0), leaderEpoch: epoch });
  damaged.step({ type: 'damage-not-shared', from: offset(1), leaderEpoch: epoch });
  expect([damaged.view.watermark, damaged.effectsOf('cut')]).toEqual([1, []]);
});

test('P9: the end of a log whose leader died before anybody had it goes where it is damaged', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  cluster.run(2000);
  const first = cluster.leader();
  cluster.isolate(1);
  cluster.produce(first, 'nobody else has it', { acks: 'leader' });
  first.step({ type: 'damage-found', from: offset(1), to: offset(2) });
  cluster.heal();
  cluster.run(3000);
  expect([first.view.assigned, first.view.role, cluster.leader() === first]).toEqual([2, 'idle', false]);
  const epoch = first.view.metadata?.leaderEpoch;
  if (epoch === undefined) throw new Error('it has heard of the next leader');
  first.step({ type: 'damage-not-shared', from: offset(1), leaderEpoch: leaderEpoch(epoch - 1) });
  expect(first.effectsOf('cut')).toEqual([]);
  first.step({ type: 'damage-not-shared', from: offset(1), leaderEpoch: epoch });
  expect(first.effectsOf('cut')).toMatchObject([{ end: 1 }]);
  cluster.run(1000);
  first.step(first.log.repaired());
  cluster.controller.repaired(first.brokerId);
  cluster.changed();
  cluster.run(2000);
  cluster.write('after');
  cluster.run(2000);
  expect([first.view.assigned, cluster.controller.inSync.length]).toEqual([2, 3]);
});

test('P17: after a failed append everything that was appended has an unknown outcome, and nothing more is', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const leader = cluster.leader();
  leader.isFast = false;
  const one = cluster.produce(leader, 'one');
  const two = cluster.produce(leader, 'two', { acks: 'leader' });
  leader.failLog();
  for (const id of [one, two]) {
    expect(leader.answerTo(id)).toMatchObject({ type: 'produce-outcome-unknown', why: 'log-failed' });
  }
  leader.step({ type: 'log-moved', generation: 1, written: offset(2), durable: offset(2) });
  const appends = leader.effectsOf('append').length;
  const late = cluster.produce(leader, 'late');
  expect(leader.answerTo(late)).toMatchObject({ type: 'produce-refused' });
  expect([leader.effectsOf('append').length, leader.view.written]).toEqual([appends, 0]);
});

test('a replica whose log failed follows again with the log opened anew, in the same life of its broker', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  const follower = cluster.replica(3);
  for (let round = 0; round < 3; round += 1) {
    cluster.write(`round ${round}`);
    follower.failLog();
    cluster.write('without 3');
    follower.reopen(() => follower.log.powerCut(() => 0));
    follower.step({ type: 'metadata', metadata: cluster.controller.current });
    cluster.controller.repaired(follower.brokerId);
    cluster.changed();
    // The connection stayed, and with it what the leader knows of earlier sessions: it hears this one at once.
    cluster.deliverAll();
    expect(follower.view.isFollowing).toBe(true);
    cluster.run(1000);
    expect([follower.view.watermark, cluster.controller.inSync]).toEqual([2 * round + 2, [1, 2, 3]]);
  }
});

test('with durability=replicated a power cut costs a replica its place until it has caught up', () => {
  const cluster = TestCluster.settled({ replicas: 3, durability: 'replicated' });
  const follower = cluster.replica(3);
  follower.isFast = false;
  cluster.produce(cluster.leader(), 'in the file of 3');
  cluster.deliverAll();
  follower.workOnce();
  cluster.deliverAll();
  expect([follower.view.durable, cluster.leader().view.watermark]).toEqual([0, 1]);
  cluster.crash(follower, 'power');
  follower.isFast = true;
  cluster.restart(follower, { hasLost: true });
  expect([cluster.controller.inSync, cluster.controller.eligible]).toEqual([[1, 2], []]);
  cluster.run(1000);
  expect([cluster.controller.inSync, follower.view.watermark]).toEqual([[1, 2, 3], 1]);
});

test('P12: the only replica there is says what it has lost, and serves what it has', () => {
  const first = TestCluster.settled({ replicas: 1, inSyncMin: 1 });
  first.write('a');
  const { brokerId, log } = first.replica(1);
  const opened = { ...log.open(), watermark: offset(3), mayLack: true };
  const epoch = first.controller.register(brokerId, log.directory, false);
  first.controller.unfence(brokerId);
  const { limits, controller } = first;
  const partition = new Partition({ brokerId, brokerEpoch: epoch, reopened: undefined, limits, log: opened, nowMs: 0 });
  const effects = partition.step({ type: 'metadata', metadata: controller.current });
  expect(effects).toContainEqual(expect.objectContaining({ type: 'possible-loss', from: 1, to: 3 }));
  expect([partition.view.role, partition.view.isEstablished, partition.view.watermark]).toEqual(['leader', true, 1]);
});
