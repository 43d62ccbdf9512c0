import { expect, test } from 'vitest';
import { voterId } from '../../src/base/ids.ts';
import { TestCluster } from './test-cluster.ts';

test('leadership goes to a voter that has everything, at once', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  leader.step({ type: 'transfer', target: voterId(3) });
  cluster.deliverAll();
  expect(cluster.leader().voterId).toBe(3);
  // No clock moved: the others had heard their leader a moment ago, and were asked in its name.
  expect(cluster.voters.map(({ view }) => view.term)).toEqual([2, 2, 2]);
  expect(leader.answers).toEqual([{ type: 'transfer-ended', target: 3, outcome: 'done' }]);
});

test('a target that lacks entries gets them before it campaigns', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  cluster.propose(leader, 'a', 'b');
  cluster.deliverAll();
  cluster.heal();
  leader.step({ type: 'transfer', target: voterId(3) });
  cluster.deliverAll();
  expect(leader.view.role).toBe('leader');
  cluster.heartbeat();
  expect(cluster.leader().voterId).toBe(3);
  expect(cluster.voter(3).state).toEqual(['a', 'b']);
});

test('proposals are refused while leadership is handed over', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  leader.step({ type: 'transfer', target: voterId(2) });
  cluster.propose(leader, 'x');
  cluster.changeVoters(leader, { type: 'remove', voterId: voterId(3), directoryId: cluster.voter(3).disk.directoryId });
  expect(leader.answers).toMatchObject([
    { type: 'proposal-refused', problem: { type: 'transfer-in-progress', target: 2 } },
    { type: 'proposal-refused', problem: { type: 'transfer-in-progress', target: 2 } },
  ]);
});

test('a transfer to an absent voter times out and the leader goes on', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.voter(3).crash();
  leader.step({ type: 'transfer', target: voterId(3) });
  cluster.run(cluster.limits.electionTimeoutMsMax + 10);
  expect(leader.answers).toEqual([{ type: 'transfer-ended', target: 3, outcome: 'timed-out' }]);
  cluster.propose(leader, 'x');
  cluster.deliverAll();
  expect(leader.state).toEqual(['x']);
});

test('a lost word to campaign is repeated with the next answer', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  leader.step({ type: 'transfer', target: voterId(3) });
  cluster.drop(({ message }) => message.type === 'timeout-now');
  cluster.heartbeat();
  expect(cluster.leader().voterId).toBe(3);
});

test('without a target leadership goes to whoever is furthest', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(2);
  cluster.propose(leader, 'x');
  cluster.deliverAll();
  cluster.heal();
  leader.step({ type: 'transfer', target: undefined });
  cluster.deliverAll();
  expect(cluster.leader().voterId).toBe(3);
});

test.each([
  { at: 1, target: 1, outcome: 'already-leader' },
  { at: 1, target: 9, outcome: 'no-such-voter' },
  { at: 2, target: 3, outcome: 'not-leader' },
])('a transfer asked of voter $at to voter $target ends as $outcome', ({ at, target, outcome }) => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.elect(1);
  cluster.voter(at).step({ type: 'transfer', target: voterId(target) });
  cluster.deliverAll();
  expect(cluster.voter(at).answers).toEqual([{ type: 'transfer-ended', target, outcome }]);
  expect(cluster.leader().voterId).toBe(1);
});

test('a second wish replaces the first', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.voter(3).crash();
  leader.step({ type: 'transfer', target: voterId(3) });
  leader.step({ type: 'transfer', target: voterId(2) });
  cluster.deliverAll();
  expect(cluster.leader().voterId).toBe(2);
  expect(leader.answers).toMatchObject([
    { target: 3, outcome: 'timed-out' },
    { target: 2, outcome: 'done' },
  ]);
});

test('a sole voter has nobody to hand over to', () => {
  const cluster = new TestCluster({ voters: 1 });
  const voter = cluster.voter(1);
  cluster.tick(voter, 1);
  voter.step({ type: 'transfer', target: undefined });
  expect(voter.answers).toMatchObject([{ type: 'transfer-ended', outcome: 'no-such-voter' }]);
  expect(voter.view.role).toBe('leader');
});
