import { expect, test } from 'vitest';
import { TestCluster, testVoter } from './test-cluster.ts';

test('a read waits until a majority answers what was sent after it', () => {
  // R10
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'x');
  cluster.deliverAll();
  const id = cluster.read(leader);
  expect(cluster.answerTo(leader, id)).toBeUndefined();
  cluster.deliverAll(({ from, to }) => from === 1 || (from === 2 && to === 1));
  expect(cluster.answerTo(leader, id)).toEqual({ type: 'read-ready', readId: id, index: 2 });
});

test('answers to what was sent before a read do not confirm it', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'x');
  cluster.deliverAll(({ from }) => from === 1);
  const early = cluster.drop();
  const id = cluster.read(leader);
  cluster.drop();
  for (const letter of early) cluster.deliver(letter);
  expect(leader.view.commitIndex).toBe(2);
  expect(cluster.answerTo(leader, id)).toBeUndefined();
});

test('R10: a new leader answers no read before it has committed in its term', () => {
  const cluster = new TestCluster({ voters: 3 });
  const old = cluster.elect(1);
  cluster.propose(old, 'acknowledged');
  cluster.deliverAll(({ message }) => message.type !== 'append-request' || message.entries.length > 0);
  cluster.drop();
  expect(old.answers).toMatchObject([{ type: 'proposal-committed', index: 2 }]);
  old.crash();
  // The new leader has the entry and does not know yet that it was committed.
  cluster.timeOut(2);
  cluster.deliverAll(({ message }) => message.type.includes('vote'));
  const leader = cluster.voter(2);
  expect([leader.view.role, leader.view.commitIndex]).toEqual(['leader', 1]);
  const id = cluster.read(leader);
  cluster.deliverAll(({ message }) => message.type === 'append-request' && message.entries.length === 0);
  cluster.deliverAll(({ to, message }) => to === 2 && message.type === 'append-rejection');
  expect(cluster.answerTo(leader, id)).toBeUndefined();
  cluster.run(200);
  const answer = cluster.answerTo(leader, id);
  expect(answer?.type === 'read-ready' && answer.index).toBe(3);
});

test('R10: a leader that was deposed without knowing answers no read', () => {
  const cluster = new TestCluster({ voters: 3 });
  const old = cluster.elect(1);
  cluster.isolate(1);
  cluster.elect(2);
  cluster.propose(cluster.voter(2), 'newer');
  cluster.deliverAll();
  const id = cluster.read(old);
  cluster.deliverAll();
  expect([old.view.role, cluster.answerTo(old, id)]).toEqual(['leader', undefined]);
  cluster.heal();
  cluster.heartbeat();
  expect(cluster.answerTo(old, id)).toMatchObject({ type: 'read-refused', problem: { type: 'not-leader' } });
});

test('reads that arrive during a round share the next', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.drop();
  const first = cluster.read(leader);
  const later = [cluster.read(leader), cluster.read(leader), cluster.read(leader)];
  expect(cluster.letters).toHaveLength(2);
  cluster.deliverAll(({ from }) => from === 1);
  const [answer] = cluster.letters.filter(({ to }) => to === 1);
  if (answer !== undefined) cluster.deliver(answer);
  expect(cluster.answerTo(leader, first)?.type).toBe('read-ready');
  expect(later.map((id) => cluster.answerTo(leader, id))).toEqual([undefined, undefined, undefined]);
  expect(cluster.letters.filter(({ from }) => from === 1)).toHaveLength(2);
  cluster.deliverAll();
  expect(later.map((id) => cluster.answerTo(leader, id)?.type)).toEqual(['read-ready', 'read-ready', 'read-ready']);
});

test('a round whose messages were lost is asked again with the heartbeat', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const id = cluster.read(leader);
  cluster.drop();
  cluster.heartbeat();
  expect(cluster.answerTo(leader, id)?.type).toBe('read-ready');
});

test('a read at a follower is refused and names the leader', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.elect(1);
  const id = cluster.read(cluster.voter(2));
  const answer = cluster.answerTo(cluster.voter(2), id);
  expect(answer).toEqual({ type: 'read-refused', readId: id, problem: { type: 'not-leader', leader: 1 } });
});

test('a sole voter answers a read at once', () => {
  const cluster = new TestCluster({ voters: 1 });
  const voter = cluster.voter(1);
  cluster.tick(voter, 1);
  const id = cluster.read(voter);
  expect(cluster.answerTo(voter, id)).toEqual({ type: 'read-ready', readId: id, index: 1 });
});

test('reads beyond the limit are refused', () => {
  const cluster = new TestCluster({ voters: 3, limits: { pendingReadsMax: 2 } });
  const leader = cluster.elect(1);
  const ids = [cluster.read(leader), cluster.read(leader), cluster.read(leader)];
  const last = cluster.answerTo(leader, ids[2] ?? cluster.read(leader));
  expect(last).toMatchObject({ type: 'read-refused', problem: { limit: 'pendingReadsMax' } });
});

test('a voter that is only joining confirms no read', () => {
  // R12
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.add(testVoter(4)).isDiskFast = false;
  cluster.changeVoters(leader, { type: 'add', voter: testVoter(4) });
  cluster.deliverAll();
  cluster.isolate(2);
  cluster.isolate(3);
  const id = cluster.read(leader);
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll();
  expect(cluster.answerTo(leader, id)).toBeUndefined();
});
