import { expect, test } from 'vitest';
import type { AppendRequest } from '../../src/raft/raft-message.ts';
import { TestCluster, type Letter } from './test-cluster.ts';
import type { TestVoter } from './test-voter.ts';

function appendsTo(cluster: TestCluster, id: number): AppendRequest[] {
  return cluster.letters.flatMap(({ to, message }) =>
    to === id && message.type === 'append-request' ? [message] : [],
  );
}

function modeOf(leader: TestVoter, id: number): string | undefined {
  return leader.view.peers().find(({ peer }) => peer.voterId === id)?.mode;
}

test('appends leave ahead of their answers, up to the window', () => {
  const cluster = new TestCluster({ voters: 3, limits: { inFlightAppendsMax: 3 } });
  const leader = cluster.elect(1);
  for (const command of ['a', 'b', 'c', 'd', 'e', 'f']) cluster.propose(leader, command);
  expect(appendsTo(cluster, 2).map(({ entries }) => entries.length)).toEqual([1, 1, 1]);
  // One answer makes room, and what waited travels together.
  const first = cluster.letters.find(({ to }) => to === 2);
  if (first !== undefined) cluster.deliver(first);
  cluster.deliverAll(({ from, to }) => from === 2 && to === 1);
  expect(appendsTo(cluster, 2).map(({ entries }) => entries.length)).toEqual([1, 1, 3]);
  cluster.deliverAll();
  expect(cluster.voter(2).state.join('')).toBe('abcdef');
});

test('a window is full by bytes as well', () => {
  const cluster = new TestCluster({ voters: 3, limits: { inFlightBytesMax: 200 } });
  const leader = cluster.elect(1);
  for (let count = 0; count < 5; count += 1) cluster.propose(leader, 'x'.repeat(100));
  expect(appendsTo(cluster, 2)).toHaveLength(2);
  cluster.deliverAll();
  expect(cluster.voter(2).state).toHaveLength(5);
});

test('an append carries no more than its limit, except a single larger entry', () => {
  const cluster = new TestCluster({ voters: 3, limits: { appendBytesMax: 100 } });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'a', 'b', 'c', 'x'.repeat(500), 'd');
  const counts = appendsTo(cluster, 2).map(({ entries }) => entries.length);
  expect(counts).toEqual([3, 1, 1]);
});

test('a lost append is noticed at the next heartbeat and sent again', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'lost');
  cluster.drop(({ to }) => to === 3);
  cluster.deliverAll();
  expect(cluster.voter(3).state).toEqual([]);
  cluster.heartbeat();
  expect(cluster.voter(3).state).toEqual(['lost']);
  expect(modeOf(leader, 3)).toBe('replicate');
});

test('a peer whose log is unknown is sent one append at a time', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.isolate(3);
  const leader = cluster.elect(1);
  for (const command of ['a', 'b', 'c']) cluster.propose(leader, command);
  cluster.deliverAll();
  expect(modeOf(leader, 3)).toBe('probe');
  cluster.heal();
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.propose(leader, 'd');
  expect(appendsTo(cluster, 3)).toHaveLength(1);
  cluster.deliverAll();
  expect([modeOf(leader, 3), cluster.voter(3).state.join('')]).toEqual(['replicate', 'abcd']);
});

test('a follower learns what is committed after the answer was lost', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'x');
  cluster.deliverAll(({ message }) => message.type === 'append-request' && message.entries.length > 0);
  cluster.deliverAll(({ to }) => to === 1);
  // Both have it, the leader committed it, and the word of that is lost.
  cluster.drop();
  expect([leader.state, cluster.voter(2).state]).toEqual([['x'], []]);
  cluster.heartbeat();
  expect(cluster.voter(2).state).toEqual(['x']);
});

test('an idle follower hears of a commit without waiting for the next heartbeat', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'x');
  cluster.deliverAll();
  expect(cluster.voters.map(({ state }) => state)).toEqual([['x'], ['x'], ['x']]);
});

test('entries that left memory are read back for a follower that needs them', () => {
  const cluster = new TestCluster({ voters: 3, limits: { recentBytesMax: 100, appendBytesMax: 200 } });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  for (let count = 0; count < 20; count += 1) {
    cluster.propose(leader, `${count}`);
    cluster.deliverAll();
  }
  expect(leader.view.recentBytes).toBeLessThanOrEqual(100);
  leader.isDiskFast = false;
  cluster.heal();
  cluster.heartbeat();
  cluster.heartbeat();
  expect(leader.work.map(({ type }) => type)).toContain('load-entries');
  for (let round = 0; round < 20; round += 1) {
    leader.completeAllWork();
    cluster.deliverAll();
  }
  expect(cluster.voter(3).state).toEqual(leader.state);
});

test('what was read back for a peer that has moved on is not sent', () => {
  const cluster = new TestCluster({ voters: 3, limits: { recentBytesMax: 100, appendBytesMax: 200 } });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  for (let count = 0; count < 10; count += 1) {
    cluster.propose(leader, `${count}`);
    cluster.deliverAll();
  }
  leader.isDiskFast = false;
  cluster.heal();
  cluster.heartbeat();
  cluster.heartbeat();
  const load = leader.work.find(({ type }) => type === 'load-entries');
  expect(load?.type).toBe('load-entries');
  leader.crash();
  cluster.elect(2);
  leader.start();
  expect(cluster.voter(3).view.leader).toBe(2);
  leader.step({ type: 'entries-loaded', purpose: { type: 'replicate', to: cluster.voter(3).voterId }, entries: [] });
  cluster.run(300);
  expect(cluster.voter(3).state).toEqual(cluster.voter(2).state);
});

test('a peer whose entries the store has just dropped is brought up by the snapshot, not by asking for them again', () => {
  const cluster = new TestCluster({ voters: 3, limits: { recentBytesMax: 100, appendBytesMax: 200 } });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  for (let count = 0; count < 10; count += 1) {
    cluster.propose(leader, `${count}`);
    cluster.deliverAll();
  }
  leader.isDiskFast = false;
  cluster.heal();
  cluster.heartbeat();
  cluster.heartbeat();
  const { previous } = leader.view;
  const purpose = { type: 'replicate', to: cluster.voter(3).voterId } as const;
  const asked = leader.work.filter(({ type }) => type === 'load-entries').length;
  expect(asked).toBe(1);
  // The compaction is under way: the core still counts the entries as its own.
  leader.step({ type: 'entries-loaded', purpose, entries: [] });
  expect(leader.view.previous).toEqual(previous);
  expect(leader.work.filter(({ type }) => type === 'load-entries')).toHaveLength(asked);
  expect(leader.work.map(({ type }) => type)).toContain('load-snapshot-chunk');
});

test('proposals beyond the limit are refused, and let in again after a commit', () => {
  const cluster = new TestCluster({ voters: 3, limits: { uncommittedEntriesMax: 4 } });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'a', 'b', 'c', 'd', 'e');
  expect(leader.answers).toMatchObject([
    { type: 'proposal-refused', problem: { type: 'limit-reached', limit: 'uncommittedEntriesMax' } },
  ]);
  cluster.deliverAll();
  cluster.propose(leader, 'f');
  cluster.deliverAll();
  expect(leader.state.join('')).toBe('abcdf');
});

test('proposals are limited by bytes, but one alone is let in', () => {
  const limits = { uncommittedBytesMax: 100, commandBytesMax: 1000 };
  const cluster = new TestCluster({ voters: 3, limits });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'x'.repeat(500), 'y', 'z'.repeat(1001));
  expect(leader.answers).toMatchObject([
    { type: 'proposal-refused', problem: { type: 'limit-reached', limit: 'uncommittedBytesMax' } },
    { type: 'proposal-refused', problem: { type: 'command-too-large', bytesMax: 1000 } },
  ]);
  cluster.deliverAll();
  expect(leader.state).toHaveLength(1);
});

test('a proposal to a follower is refused and names the leader', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.propose(cluster.voter(3), 'nobody leads yet');
  cluster.elect(2);
  cluster.propose(cluster.voter(3), 'x');
  expect(cluster.voter(3).answers.map((answer) => ('problem' in answer ? answer.problem : answer))).toEqual([
    { type: 'not-leader', leader: undefined },
    { type: 'not-leader', leader: 2 },
  ]);
});

test('a proposal that its leader could not commit has an unknown outcome', () => {
  // R17: it may come up again, or be overwritten; only the log can tell.
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(1);
  const [id] = cluster.propose(leader, 'x');
  cluster.elect(2);
  cluster.heal();
  cluster.heartbeat();
  expect(leader.answers).toEqual([{ type: 'proposal-outcome-unknown', proposalId: id }]);
  expect(cluster.voters.map(({ state }) => state)).toEqual([[], [], []]);
});

test('a proposal that was committed is answered even by a leader that was deposed before it was applied', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  leader.isDiskFast = false;
  const [id] = cluster.propose(leader, 'x');
  cluster.deliverAll();
  // The other two made it committed; its own disk has not got it, so it is not applied here.
  expect([leader.view.commitIndex, leader.view.appliedIndex]).toEqual([2, 1]);
  cluster.elect(2);
  expect(leader.answers).toEqual([]);
  leader.completeAllWork();
  expect(leader.answers).toMatchObject([{ type: 'proposal-committed', proposalId: id }]);
});

test('a follower whose disk stands still takes no more than its limit', () => {
  const cluster = new TestCluster({ voters: 3, limits: { unpersistedBytesMax: 300 } });
  const leader = cluster.elect(1);
  const slow = cluster.voter(3);
  slow.isDiskFast = false;
  for (let count = 0; count < 50; count += 1) {
    cluster.propose(leader, `${count}`);
    cluster.deliverAll();
  }
  expect(slow.view.last.index).toBeLessThan(14);
  slow.isDiskFast = true;
  slow.completeAllWork();
  cluster.run(500);
  expect(slow.state).toEqual(leader.state);
});

test('repeated and reordered messages end in the same logs', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  for (const command of ['a', 'b', 'c', 'd']) cluster.propose(leader, command);
  const backwards = [...cluster.letters, ...cluster.letters].toReversed();
  cluster.letters = [];
  for (const letter of backwards) cluster.deliver(letter satisfies Letter);
  cluster.deliverAll();
  cluster.heartbeat();
  cluster.heartbeat();
  expect(cluster.voters.map(({ state }) => state.join(''))).toEqual(['abcd', 'abcd', 'abcd']);
});
