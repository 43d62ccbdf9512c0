import { expect, test } from 'vitest';
import { TestCluster } from './test-cluster.ts';

test('three voters elect whoever times out first', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(2);
  expect(leader.view.term).toBe(1);
  expect(cluster.voters.map(({ view }) => view.leader)).toEqual([2, 2, 2]);
});

test('a command that a majority holds is applied by all', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const ids = cluster.propose(leader, 'first', 'second');
  cluster.deliverAll();
  expect(cluster.voters.map(({ state }) => state)).toEqual([
    ['first', 'second'],
    ['first', 'second'],
    ['first', 'second'],
  ]);
  const answers = ids.map((id) => cluster.answerTo(leader, id)?.type);
  expect(answers).toEqual(['proposal-committed', 'proposal-committed']);
});

test('asking for a pre-vote changes nothing at the voter that is asked', () => {
  // R15
  const cluster = new TestCluster({ voters: 3 });
  const { view } = cluster.voter(2);
  cluster.timeOut(1);
  const before = [view.term, view.votedFor, view.role];
  cluster.deliverAll(({ message }) => message.type === 'pre-vote-request');
  expect([view.term, view.votedFor, view.role]).toEqual(before);
  expect(cluster.voter(2).work).toEqual([]);
});

test('a message of an earlier term has no effect but an answer', () => {
  // R16
  const cluster = new TestCluster({ voters: 3 });
  const old = cluster.elect(1);
  cluster.isolate(1);
  cluster.propose(old, 'never heard of');
  const late = cluster.drop(({ to }) => to === 2);
  cluster.deliverAll();
  cluster.elect(2);
  cluster.heal();
  for (const letter of late) cluster.deliver(letter);
  const { view } = cluster.voter(2);
  expect([view.role, view.term, view.last.index]).toEqual(['leader', 2, 2]);
  const answers = cluster.letters.filter(({ from, to }) => from === 2 && to === 1);
  expect(answers.map(({ message }) => [message.type, message.term])).toEqual([['append-rejection', 2]]);
});
