/**
 * What a crash takes and what it must not take. The judge of test-cluster.ts knows what every disk holds, so each of
 * these histories would end in an InvariantError if a message promised more than that (R6, R7).
 */
import { expect, test } from 'vitest';
import { termsOf } from './log-fixture.ts';
import { TestCluster } from './test-cluster.ts';

test('an acknowledged command survives the power cut of all voters', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const [id] = cluster.propose(leader, 'x');
  cluster.deliverAll();
  expect(leader.answers).toMatchObject([{ type: 'proposal-committed', proposalId: id }]);
  for (const voter of cluster.voters) voter.crash();
  cluster.drop();
  for (const voter of cluster.voters) voter.start();
  cluster.elect(3);
  expect(cluster.voters.map(({ state }) => state)).toEqual([['x'], ['x'], ['x']]);
});

test.each([
  { isWriteDone: true, last: 2 },
  { isWriteDone: false, last: 1 },
])('a crash takes a write as a whole or leaves it as a whole, done: $isWriteDone', ({ isWriteDone, last }) => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const follower = cluster.voter(2);
  follower.isDiskFast = false;
  cluster.propose(leader, 'x');
  cluster.deliverAll();
  expect(follower.view.last.index).toBe(2);
  follower.crash(isWriteDone);
  follower.start();
  expect(follower.view.last.index).toBe(last);
});

test('a leader commits by the disks of others before its own has finished', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  leader.isDiskFast = false;
  cluster.propose(leader, 'x');
  cluster.deliverAll();
  expect([leader.view.commitIndex, leader.view.durableIndex]).toEqual([2, 1]);
  // It is applied here once it is durable here, so that no restart finds a state that its log does not explain.
  expect([leader.state, cluster.voter(2).state]).toEqual([[], ['x']]);
  leader.completeAllWork();
  expect(leader.state).toEqual(['x']);
});

test('the completion of an overwritten write makes nothing durable that came in its place', () => {
  // R7, the ABA of asynchronous writes: same indexes, other entries.
  const cluster = new TestCluster({ voters: 5 });
  const old = cluster.elect(1);
  const witness = cluster.voter(3);
  witness.isDiskFast = false;
  for (const id of [2, 4, 5]) cluster.cutLink(1, id);
  cluster.propose(old, 'a', 'b');
  cluster.deliverAll();
  expect(witness.work).toMatchObject([{ type: 'persist', entries: [{ index: 2 }, { index: 3 }] }]);

  // Another leader is elected without them, and its entries take the place of those two.
  cluster.isolate(1);
  cluster.elect(2);
  expect(termsOf(witness)).toEqual([1, 2]);

  // Only now the disk has finished the first write, of entries that are no longer in the log.
  witness.completeWork();
  expect(witness.view.durableIndex).toBe(1);
  expect(witness.work).toMatchObject([{ type: 'persist', truncateFrom: 2, entries: [{ term: 2 }] }]);
  witness.completeAllWork();
  expect(witness.disk.entries.map(({ term }) => term)).toEqual([1, 2]);
});

test('a term that is not durable yet is not told to anybody', () => {
  // R6
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const follower = cluster.voter(3);
  follower.isDiskFast = false;
  leader.step({ type: 'transfer', target: cluster.voter(2).voterId });
  cluster.deliverAll();
  expect(cluster.leader().voterId).toBe(2);
  cluster.heartbeat();
  expect(follower.view.term).toBe(2);
  expect(cluster.drop(({ from }) => from === 3)).toEqual([]);
  follower.crash();
  follower.start();
  expect(follower.view.term).toBe(1);
});

test('a candidate asks for votes after its own vote is durable', () => {
  const cluster = new TestCluster({ voters: 3 });
  const candidate = cluster.voter(1);
  candidate.isDiskFast = false;
  cluster.timeOut(1);
  cluster.deliverAll();
  expect([candidate.view.role, candidate.view.term]).toEqual(['candidate', 1]);
  expect(cluster.letters).toEqual([]);
  candidate.completeWork();
  expect(cluster.letters.map(({ message }) => message.type)).toEqual(['vote-request', 'vote-request']);
});

test('a vote that was overtaken by a later term is not sent any more', () => {
  const cluster = new TestCluster({ voters: 5 });
  const voter = cluster.voter(5);
  voter.isDiskFast = false;
  cluster.timeOut(1);
  cluster.deliverAll(({ to, message }) => to !== 1 || message.type === 'pre-vote-reply');
  expect(voter.view.votedFor).toBe(1);
  cluster.voter(1).crash();
  cluster.drop();
  cluster.timeOut(2);
  cluster.deliverAll();
  cluster.timeOut(2);
  cluster.deliverAll();
  expect(voter.view.term).toBe(2);
  voter.completeWork();
  const told = cluster.letters.filter(({ from, message }) => from === 5 && message.term < 2);
  expect(told).toEqual([]);
});

test('a group of commands waits for one write, not for one each', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  leader.isDiskFast = false;
  cluster.propose(leader, 'a');
  for (const command of ['b', 'c', 'd', 'e']) cluster.propose(leader, command);
  expect(leader.work).toMatchObject([{ type: 'persist', entries: [{ index: 2 }] }]);
  leader.completeWork();
  expect(leader.work).toMatchObject([
    { type: 'persist', entries: [{ index: 3 }, { index: 4 }, { index: 5 }, { index: 6 }] },
  ]);
});
