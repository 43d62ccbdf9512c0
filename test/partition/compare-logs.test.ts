/**
 * Where two logs part: the arithmetic, and the histories by which others learned it.
 */
import { expect, test } from 'vitest';
import { EpochHistory } from '../../src/base/epoch-history.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { compareWithFollower, findCut, type ComparedLog } from '../../src/partition/compare-logs.ts';
import { randomBelow } from '../raft/random-run.ts';
import { TestCluster } from './test-cluster.ts';

/** A log by its epochs, one letter per offset: 0011 has two offsets of epoch 0 and two of epoch 1. */
function logOf(epochs: string, localStart = 0): ComparedLog {
  const history = new EpochHistory();
  Array.from(epochs).forEach((epoch, at) => history.append(leaderEpoch(Number(epoch)), offset(localStart + at)));
  return { epochs: history, localStart: offset(localStart), assigned: offset(localStart + epochs.length) };
}

/** What is left of a follower's log when it has agreed with the leader's. */
function agree(leader: ComparedLog, followers: string): string {
  let left = followers;
  for (let round = 0; round < 10; round += 1) {
    const follower = logOf(left);
    const compared = compareWithFollower(leader, { lastEpoch: follower.epochs.latest, logEnd: follower.assigned });
    if (compared.type === 'fits') return left;
    left = compared.type === 'reset' ? '' : left.slice(0, findCut(follower, compared));
  }
  throw new Error('the logs do not come to agree');
}

test.each([
  { leader: '0011', follower: '0011', left: '0011', why: 'the same log' },
  { leader: '0011', follower: '001', left: '001', why: 'a shorter one' },
  { leader: '0011', follower: '00111', left: '0011', why: 'a longer one in the last epoch' },
  { leader: '0022', follower: '0011', left: '00', why: 'an epoch that the leader lacks' },
  { leader: '0222', follower: '0011', left: '0', why: 'a longer epoch than the leader has' },
  { leader: '0033', follower: '00112', left: '00', why: 'two epochs that the leader lacks' },
  { leader: '0113', follower: '0122', left: '01', why: 'an epoch that both have, and more in one (KIP-279)' },
  { leader: '', follower: '00', left: '', why: 'an empty leader' },
  { leader: '22', follower: '11', left: '', why: 'nothing in common' },
  { leader: '0222', follower: '', left: '', why: 'an empty follower' },
])('P9: against $leader of $follower is left $left: $why', ({ leader, follower, left }) => {
  expect(agree(logOf(leader), follower)).toBe(left);
});

test('P3: of any two logs that grew under leaders, exactly what they have in common is left', () => {
  const below = randomBelow(7);
  for (let world = 0; world < 500; world += 1) {
    const logs = ['', '', '', ''];
    for (let epoch = 0; epoch < 8; epoch += 1) {
      const leader = below(logs.length);
      logs[leader] = (logs[leader] ?? '') + String(epoch).repeat(below(3));
      for (let at = 0; at < logs.length; at += 1) {
        if (at === leader || below(2) === 0) continue;
        const whole = logs[leader] ?? '';
        const kept = agree(logOf(whole), logs[at] ?? '');
        expect(kept, `${whole} against ${logs[at]}`).toBe(commonBeginning(whole, logs[at] ?? ''));
        logs[at] = kept + whole.slice(kept.length, kept.length + below(4));
      }
    }
  }
});

/** A place and an epoch name one record, so logs are the same as far as their epochs are. */
function commonBeginning(one: string, other: string): string {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length += 1;
  return one.slice(0, length);
}

test('a follower whose log ends before the leader begins is told to begin there', () => {
  const leader = logOf('2233', 10);
  expect(compareWithFollower(leader, { lastEpoch: leaderEpoch(1), logEnd: offset(4) })).toEqual({
    type: 'reset',
    start: 10,
  });
  expect(compareWithFollower(leader, { lastEpoch: leaderEpoch(1), logEnd: offset(12) })).toMatchObject({
    type: 'reset',
  });
  expect(compareWithFollower(leader, { lastEpoch: leaderEpoch(2), logEnd: offset(12) })).toEqual({ type: 'fits' });
});

/** Leader and followers as they are left by earlier leaders. */
function texts(cluster: TestCluster, id: number): readonly number[][] {
  return cluster.replica(id).log.batches.map(({ baseOffset, leaderEpoch: epoch }) => [baseOffset, epoch]);
}

test('P1: KIP-101, first scenario: a follower that restarts with an old watermark keeps what was acknowledged', () => {
  const cluster = TestCluster.settled({ replicas: 2 });
  cluster.write('first');
  // The second is acknowledged, and 2 is not told so before it dies.
  const requestId = cluster.produce(cluster.leader(), 'second');
  cluster.deliverAll(({ message }) => message.type !== 'push' || message.batches.length > 0);
  expect(cluster.leader().answerTo(requestId)).toMatchObject({ type: 'produce-done' });
  cluster.drop();
  const follower = cluster.replica(2);
  expect(follower.view.watermark).toBe(1);
  follower.log.keptWatermark = follower.view.watermark;
  cluster.crash(follower);
  cluster.restart(follower);
  // It comes back, and before it has heard anything its leader dies.
  cluster.drop();
  cluster.crash(cluster.replica(1));
  cluster.fence(cluster.replica(1));
  expect(cluster.leader().brokerId).toBe(2);
  expect(texts(cluster, 2)).toEqual([
    [0, 1],
    [1, 1],
  ]);
  cluster.restart(cluster.replica(1));
  cluster.deliverAll();
  expect(cluster.leader().view.watermark).toBe(2);
});

test('P3: KIP-101, second scenario: logs that went different ways after a power cut come to agree', () => {
  const cluster = TestCluster.settled({ replicas: 2, inSyncMin: 1 });
  cluster.write('first');
  // Only on 2, and not durable on 1.
  const leader = cluster.leader();
  leader.isFast = false;
  cluster.produce(leader, 'on two disks, durable on one', { acks: 'leader' });
  while (leader.log.hasCalls) leader.workOnce();
  leader.workOnce();
  cluster.deliverAll();
  expect(cluster.replica(2).view.durable).toBe(2);
  for (const replica of cluster.replicas) cluster.crash(replica, 'power');
  leader.isFast = true;
  cluster.fence(cluster.replica(2));
  cluster.fence(leader);
  cluster.restart(leader);
  expect(cluster.leader().brokerId).toBe(1);
  cluster.write('in its place');
  cluster.restart(cluster.replica(2));
  cluster.run(2000);
  expect(texts(cluster, 2)).toEqual(texts(cluster, 1));
  expect(cluster.replica(2).effectsOf('cut')).toMatchObject([{ end: 1 }]);
});

test('P3: KIP-279: two quick changes of the leader leave no epoch on the wrong offsets', () => {
  const cluster = TestCluster.settled({ replicas: 3, inSyncMin: 1 });
  cluster.write('shared');
  const only = (id: number, text: string): void => {
    cluster.produce(cluster.replica(id), text, { acks: 'leader' });
    cluster.drop();
  };
  only(1, 'of epoch 1, on 1 alone');
  only(1, 'another');
  cluster.moveLeader(2);
  cluster.drop();
  only(2, 'of epoch 2, on 2 alone');
  cluster.moveLeader(3);
  cluster.drop();
  only(3, 'of epoch 3');
  cluster.run(3000);
  const [first, ...others] = cluster.replicas.map(({ brokerId }) => texts(cluster, brokerId));
  expect(first).toEqual([
    [0, 1],
    [1, 3],
  ]);
  expect(others).toEqual([first, first]);
});

test('P9: KIP-320: a follower compares its log with a new leader even if it lacks nothing', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('shared');
  cluster.isolate(1);
  cluster.produce(cluster.replica(1), 'never acknowledged', { deadlineMs: 100 });
  cluster.moveLeader(2);
  cluster.heal();
  cluster.produce(cluster.replica(2), 'in its place');
  cluster.run(2000);
  expect(texts(cluster, 1)).toEqual([
    [0, 1],
    [1, 2],
  ]);
  expect(cluster.replica(1).effectsOf('cut')).toEqual([{ type: 'cut', generation: 2, end: 1 }]);
});

test('P9: an epoch that is cut is asked about no more', () => {
  // X32: else the next leader would hear of an epoch whose records are gone, and cut by another one's end.
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('shared');
  cluster.isolate(1);
  cluster.produce(cluster.replica(1), 'never acknowledged', { deadlineMs: 100 });
  cluster.moveLeader(2);
  cluster.heal();
  cluster.run(2000);
  expect(cluster.replica(1).view.epochs).toEqual([{ epoch: 1, start: 0 }]);
  cluster.write('later');
  cluster.run(100);
  expect(cluster.replica(1).view.epochs).toEqual([
    { epoch: 1, start: 0 },
    { epoch: 2, start: 1 },
  ]);
});

test('P9: who attaches says the epoch of its last record, however long nothing came', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('old');
  for (const to of [2, 3, 1]) {
    cluster.moveLeader(to);
    cluster.deliverAll();
  }
  cluster.moveLeader(2);
  const attaches = cluster.letters.flatMap(({ message }) => (message.type === 'attach' ? [message] : []));
  expect(attaches.map(({ lastEpoch, logEnd, leaderEpoch: epoch }) => [lastEpoch, logEnd, epoch])).toEqual([
    [1, 1, 5],
    [1, 1, 5],
  ]);
});

test('P9: what is known to be committed is not cut, whatever the leader says', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('committed');
  cluster.run(1000);
  cluster.moveLeader(2);
  const [attach] = cluster.drop(({ from, message }) => from === 3 && message.type === 'attach');
  if (attach?.message.type !== 'attach') throw new Error('3 attaches');
  const { session, brokerEpoch } = attach.message;
  const message = {
    type: 'diverged',
    leaderEpoch: leaderEpoch(2),
    brokerEpoch,
    session,
    epoch: leaderEpoch(0),
    end: offset(0),
  } as const;
  expect(() => cluster.deliver({ from: attach.to, to: attach.from, message })).toThrow(
    'P9: what is known to be committed is never cut',
  );
});

test('a report from before a cut means nothing after it', () => {
  const cluster = TestCluster.settled({ replicas: 3 });
  cluster.write('shared');
  cluster.isolate(1);
  const old = cluster.replica(1);
  old.isFast = false;
  cluster.produce(old, 'never acknowledged', { deadlineMs: 100 });
  old.workOnce();
  old.log.startFlush();
  cluster.moveLeader(2);
  cluster.heal();
  cluster.run(500);
  const late = { type: 'log-moved', generation: 1, written: offset(2), durable: offset(2) } as const;
  expect([old.view.isCutting, old.view.durable]).toEqual([true, 1]);
  old.step(late);
  old.workAll();
  old.step(late);
  expect([old.view.generation, old.view.durable, old.view.written]).toEqual([2, 1, 1]);
});
