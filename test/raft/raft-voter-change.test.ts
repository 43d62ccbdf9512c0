import { expect, test } from 'vitest';
import type { VoterChange } from '../../src/raft/raft-event.ts';
import { decideVoters, voterDifference } from '../../src/raft/raft-voter-sets.ts';
import { termsOf } from './log-fixture.ts';
import { TestCluster, testVoter } from './test-cluster.ts';
import type { TestVoter } from './test-voter.ts';

function votersOf({ view }: TestVoter): number[] {
  return view.voterSet.voters.map(({ voterId }) => voterId);
}

function removal(id: number, disk = 1): VoterChange {
  return { type: 'remove', ...testVoter(id, disk) };
}

function addition(id: number, disk = 1): VoterChange {
  return { type: 'add', voter: testVoter(id, disk) };
}

test('a voter that is added catches up first and then counts', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'a', 'b');
  cluster.deliverAll();
  const newcomer = cluster.add(testVoter(4));
  const id = cluster.changeVoters(leader, addition(4));
  expect(votersOf(leader)).toEqual([1, 2, 3]);
  cluster.run(300);
  expect(cluster.answerTo(leader, id)?.type).toBe('proposal-committed');
  expect(cluster.voters.map(votersOf)).toEqual(Array.from({ length: 4 }, () => [1, 2, 3, 4]));
  expect(newcomer.state).toEqual(['a', 'b']);
});

test('R12: a voter that is joining counts in no majority', () => {
  // R12: two of three with a joining fourth that acknowledges everything are still two of three.
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const newcomer = cluster.add(testVoter(4));
  newcomer.isDiskFast = false;
  cluster.changeVoters(leader, addition(4));
  cluster.deliverAll();
  cluster.isolate(2);
  cluster.isolate(3);
  newcomer.isDiskFast = true;
  newcomer.completeAllWork();
  cluster.propose(leader, 'x');
  cluster.run(200);
  expect(newcomer.view.last.index).toBeGreaterThanOrEqual(2);
  expect(leader.view.commitIndex).toBe(1);
});

test('a voter that cannot be reached is given up after a while, and other changes may follow', () => {
  // RL5
  const cluster = new TestCluster({ voters: 3, limits: { catchUpMsMax: 2000 } });
  const leader = cluster.elect(1);
  const id = cluster.changeVoters(leader, addition(9));
  const second = cluster.changeVoters(leader, removal(3));
  cluster.run(2100);
  expect(cluster.answerTo(leader, id)).toMatchObject({ problem: { type: 'catch-up-timed-out' } });
  expect(cluster.answerTo(leader, second)).toMatchObject({ problem: { type: 'change-in-progress' } });
  const third = cluster.changeVoters(leader, removal(3));
  cluster.deliverAll();
  expect(cluster.answerTo(leader, third)?.type).toBe('proposal-committed');
});

test('a set is in force from the moment it is appended', () => {
  // R11: with the new set of four, two copies are no majority any more.
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.add(testVoter(4));
  cluster.changeVoters(leader, addition(4));
  cluster.deliverAll(
    ({ message }) =>
      message.type !== 'append-request' || message.entries.every(({ payload }) => payload.type !== 'voters'),
  );
  expect(votersOf(leader)).toEqual([1, 2, 3, 4]);
  const set = leader.view.voterSet.index;
  cluster.deliverAll(({ from, to }) => (from === 1 && to === 2) || (from === 2 && to === 1));
  expect(leader.view.commitIndex).toBeLessThan(set);
  cluster.deliverAll();
  expect(leader.view.commitIndex).toBe(set);
});

test('R11: no change is taken before the leader has committed in its term', () => {
  // R11, the gap that Ongaro closed in 2015.
  const cluster = new TestCluster({ voters: 3 });
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type.includes('vote'));
  const leader = cluster.voter(1);
  expect(leader.view.role).toBe('leader');
  const early = cluster.changeVoters(leader, removal(3));
  expect(cluster.answerTo(leader, early)).toMatchObject({ problem: { type: 'term-not-committed' } });
  cluster.deliverAll();
  const late = cluster.changeVoters(leader, removal(3));
  cluster.deliverAll();
  expect(cluster.answerTo(leader, late)?.type).toBe('proposal-committed');
});

test('R11: no change is taken while another is not committed', () => {
  // R11
  const cluster = new TestCluster({ voters: 5 });
  const leader = cluster.elect(1);
  cluster.changeVoters(leader, removal(5));
  const second = cluster.changeVoters(leader, removal(4));
  expect(cluster.answerTo(leader, second)).toMatchObject({ problem: { type: 'change-in-progress' } });
  cluster.deliverAll();
  const third = cluster.changeVoters(leader, removal(4));
  cluster.deliverAll();
  expect(cluster.answerTo(leader, third)?.type).toBe('proposal-committed');
  expect(votersOf(leader)).toEqual([1, 2, 3]);
});

test('a set that is overwritten is out of force again', () => {
  // R11, RL5
  const cluster = new TestCluster({ voters: 3 });
  const old = cluster.elect(1);
  cluster.isolate(1);
  const id = cluster.changeVoters(old, removal(3));
  expect(votersOf(old)).toEqual([1, 2]);
  cluster.elect(2);
  cluster.heal();
  cluster.heartbeat();
  cluster.heartbeat();
  expect(votersOf(old)).toEqual([1, 2, 3]);
  expect(cluster.answerTo(old, id)?.type).toBe('proposal-outcome-unknown');
  expect(old.facts).toContainEqual(expect.objectContaining({ type: 'voters-changed', index: 0 }));
});

test('a leader that removes itself commits that, names a successor and goes', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const id = cluster.changeVoters(leader, removal(1));
  // It does not count itself any more: both others are needed.
  cluster.deliverAll(({ from, to }) => from === 2 || to === 2);
  expect(leader.view.commitIndex).toBe(1);
  cluster.deliverAll();
  expect(cluster.answerTo(leader, id)?.type).toBe('proposal-committed');
  expect([leader.view.role, leader.view.isVoter]).toEqual(['follower', false]);
  // No clock moved: nobody had to wait for a timeout.
  expect([2, 3]).toContain(cluster.leader().voterId);
  cluster.run(3000);
  expect(leader.view.role).toBe('follower');
});

test('a voter that alone holds its own removal may have to lead once more', () => {
  // Nobody else can win: its log is the longest, and the set it left behind needs its vote (thesis 4.2.2).
  const cluster = new TestCluster({ voters: 4 });
  const leader = cluster.elect(1);
  cluster.isolate(1);
  cluster.changeVoters(leader, removal(1));
  leader.crash();
  cluster.heal();
  cluster.voter(4).crash();
  leader.start();
  expect(leader.view.isVoter).toBe(false);
  cluster.run(10_000);
  expect([2, 3]).toContain(cluster.leader().voterId);
  expect(votersOf(cluster.leader())).toEqual([2, 3, 4]);
});

test('a voter that was removed does not disturb those that stay', () => {
  const cluster = new TestCluster({ voters: 4 });
  const leader = cluster.elect(1);
  cluster.isolate(4);
  cluster.changeVoters(leader, removal(4));
  cluster.deliverAll();
  cluster.heal();
  // It never heard of its removal and keeps asking.
  cluster.run(10_000);
  expect([leader.view.role, leader.view.term]).toEqual(['leader', 1]);
});

test('a disk that was wiped is removed and added in two steps', () => {
  // R13
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'x');
  cluster.deliverAll();
  const fresh = cluster.wipe(3, 2);
  const tooEarly = cluster.changeVoters(leader, addition(3, 2));
  expect(cluster.answerTo(leader, tooEarly)).toMatchObject({ problem: { type: 'already-a-voter' } });
  const wrongDisk = cluster.changeVoters(leader, removal(3, 2));
  expect(cluster.answerTo(leader, wrongDisk)).toMatchObject({ problem: { type: 'not-a-voter' } });
  cluster.changeVoters(leader, removal(3));
  cluster.run(100);
  const id = cluster.changeVoters(leader, addition(3, 2));
  cluster.run(500);
  expect(cluster.answerTo(leader, id)?.type).toBe('proposal-committed');
  expect([fresh.state, fresh.view.isVoter]).toEqual([['x'], true]);
});

test.each([
  { change: addition(2), problem: 'already-a-voter' },
  { change: removal(9), problem: 'not-a-voter' },
  { change: removal(2, 7), problem: 'not-a-voter' },
  { change: { type: 'update', voter: testVoter(9) } as const, problem: 'not-a-voter' },
])('a change that is no change of this set is refused as $problem', ({ change, problem }) => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const id = cluster.changeVoters(leader, change);
  expect(cluster.answerTo(leader, id)).toMatchObject({ type: 'proposal-refused', problem: { type: problem } });
});

test('the last voter cannot be removed', () => {
  const cluster = new TestCluster({ voters: 1 });
  const voter = cluster.voter(1);
  cluster.tick(voter, 1);
  const id = cluster.changeVoters(voter, removal(1));
  expect(cluster.answerTo(voter, id)).toMatchObject({ problem: { type: 'last-voter' } });
});

test('a voter gets new endpoints and stays the voter it is', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const voter = { ...testVoter(2), apiEndpoint: 'elsewhere:7' };
  const id = cluster.changeVoters(leader, { type: 'update', voter });
  cluster.deliverAll();
  expect(cluster.answerTo(leader, id)?.type).toBe('proposal-committed');
  expect(cluster.voter(3).view.voterSet.voters[1]?.apiEndpoint).toBe('elsewhere:7');
  expect(voterDifference(cluster.founders, leader.view.voterSet.voters)).toBe(0);
});

test('a leader that loses its place while a voter joins refuses the change', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.add(testVoter(4)).isDiskFast = false;
  const id = cluster.changeVoters(leader, addition(4));
  cluster.isolate(1);
  cluster.elect(2);
  cluster.heal();
  cluster.heartbeat();
  expect(cluster.answerTo(leader, id)).toMatchObject({ problem: { type: 'not-leader' } });
});

test('the next leader may finish a change that the one before began', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.changeVoters(leader, removal(3));
  cluster.deliverAll(({ from, to }) => from === 1 && to === 2);
  leader.crash();
  const next = cluster.voter(2);
  expect(votersOf(next)).toEqual([1, 2]);
  // 3 does not count in the set that 2 holds, and 1 is down.
  cluster.timeOut(2);
  cluster.deliverAll();
  expect(next.view.role).toBe('candidate');
  leader.start();
  cluster.elect(2);
  expect(next.view.commitIndex).toBe(next.view.last.index);
  expect(votersOf(leader)).toEqual([1, 2]);
});

test('one voter becomes two, three, five, and one again', () => {
  const cluster = new TestCluster({ voters: 1 });
  cluster.run(50);
  for (const id of [2, 3, 4, 5]) {
    cluster.add(testVoter(id));
    cluster.changeVoters(cluster.leader(), addition(id));
    cluster.propose(cluster.leader(), `with ${id}`);
    cluster.run(600);
    expect(votersOf(cluster.leader())).toHaveLength(id);
  }
  for (const id of [1, 2, 3, 4]) {
    cluster.changeVoters(cluster.leader(), removal(id));
    cluster.run(2000);
    expect(votersOf(cluster.leader())).toHaveLength(5 - id);
  }
  expect(cluster.leader().voterId).toBe(5);
  expect(cluster.leader().state).toEqual(['with 2', 'with 3', 'with 4', 'with 5']);
});

test('a set that came by snapshot is in force', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  cluster.add(testVoter(4));
  cluster.changeVoters(leader, addition(4));
  cluster.run(300);
  for (const id of [1, 2, 4]) cluster.voter(id).compact();
  cluster.heal();
  cluster.run(1500);
  const behind = cluster.voter(3);
  expect([behind.view.previous.index > 0, votersOf(behind)]).toEqual([true, [1, 2, 3, 4]]);
  expect(termsOf(behind)).toEqual([]);
});

test('every step between sets leaves their majorities a voter in common', () => {
  const all = [1, 2, 3, 4, 5].map((id) => testVoter(id));
  for (let size = 1; size <= 4; size += 1) {
    const voters = all.slice(0, size);
    const changes: VoterChange[] = [addition(5), ...voters.map(({ voterId }) => removal(voterId))];
    for (const change of changes) {
      const decided = decideVoters(voters, change);
      if (decided.ok) expect(voterDifference(voters, decided.value)).toBe(1);
      else expect(size).toBe(1);
    }
  }
});
