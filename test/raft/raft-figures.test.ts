/**
 * Figures 7 and 8 of the Raft paper, staged.
 */
import { expect, test } from 'vitest';
import { termsOf } from './log-fixture.ts';
import { TestCluster } from './test-cluster.ts';

test('figure 7: every way in which a log can differ ends with the log of the leader', () => {
  const leaderTerms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
  const logs = {
    1: { terms: leaderTerms, atTerm: 7 },
    2: { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6] },
    3: { terms: [1, 1, 1, 4] },
    4: { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6] },
    5: { terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7] },
    6: { terms: [1, 1, 1, 4, 4, 4, 4] },
    7: { terms: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3] },
  };
  const cluster = new TestCluster({ voters: 7, logs });
  const leader = cluster.elect(1);
  expect(leader.view.term).toBe(8);
  for (const voter of cluster.voters) {
    expect(termsOf(voter)).toEqual([...leaderTerms, 8]);
    expect(voter.state).toEqual(leader.state);
  }
});

/** Stages (a) to (c): S1 led term 2, S5 led term 3, S1 leads term 4 and has brought its old entry to a majority. */
function upToStageC(): TestCluster {
  // One entry per append, so that the old entry can arrive without the new one.
  const first = { terms: [1] };
  const logs = { 1: first, 2: first, 3: first, 4: first, 5: first };
  const cluster = new TestCluster({ voters: 5, limits: { appendEntriesMax: 1 }, logs });

  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type !== 'append-request');
  expect(cluster.voter(1).view.role).toBe('leader');
  cluster.deliverAll(({ from, to }) => from === 1 && to === 2);
  cluster.drop();
  expect([1, 2, 3].map((id) => termsOf(cluster.voter(id)))).toEqual([[1, 2], [1, 2], [1]]);

  cluster.voter(1).crash();
  cluster.timeOut(5);
  cluster.deliverAll(({ message }) => message.type !== 'append-request');
  expect([cluster.voter(5).view.role, cluster.voter(5).view.term]).toEqual(['leader', 3]);
  expect(termsOf(cluster.voter(5))).toEqual([1, 3]);
  cluster.drop();

  cluster.voter(5).crash();
  cluster.voter(1).start();
  // The others entered term 3 with their votes, so its first attempt only teaches it the term.
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type !== 'append-request');
  if (cluster.voter(1).view.role !== 'leader') {
    cluster.timeOut(1);
    cluster.deliverAll(({ message }) => message.type !== 'append-request');
  }
  expect([cluster.voter(1).view.role, cluster.voter(1).view.term]).toEqual(['leader', 4]);
  expect(termsOf(cluster.voter(1))).toEqual([1, 2, 4]);
  // Voter 3 lacks index 2 and says so; then it is given that entry and no more.
  const isAboutThree = ({ from, to }: { from: number; to: number }): boolean => from === 3 || to === 3;
  for (let letters = 0; letters < 20 && termsOf(cluster.voter(3)).length < 2; letters += 1) {
    const next = cluster.letters.find(isAboutThree);
    if (next !== undefined) cluster.deliver(next);
  }
  expect(termsOf(cluster.voter(3))).toEqual([1, 2]);
  return cluster;
}

test('figure 8 (c): an entry of an earlier term on a majority is not committed by that', () => {
  const cluster = upToStageC();
  cluster.deliverAll(({ from, to }) => from === 3 && to === 1);
  const holders = cluster.voters.filter((voter) => voter.disk.entries[1]?.term === 2);
  expect(holders.map(({ voterId }) => voterId)).toEqual([1, 2, 3]);
  expect(cluster.voter(1).view.commitIndex).toBeLessThan(2);
});

test('figure 8 (d): that entry may be overwritten by a leader that never had it', () => {
  const cluster = upToStageC();
  cluster.drop();
  cluster.voter(1).crash();
  cluster.voter(5).start();
  // Its term is behind; the first refusal teaches it.
  cluster.timeOut(5);
  cluster.deliverAll();
  if (cluster.voter(5).view.role !== 'leader') cluster.elect(5);
  cluster.run(300);
  const [, second] = termsOf(cluster.voter(3));
  expect(second).toBe(3);
  expect(termsOf(cluster.voter(2))).toEqual(termsOf(cluster.voter(5)));
});

test('figure 8 (e): with an entry of its own term on a majority, both are safe', () => {
  const cluster = upToStageC();
  cluster.isolate(4);
  cluster.deliverAll();
  cluster.heartbeat();
  expect(cluster.voter(1).view.commitIndex).toBe(3);
  cluster.voter(1).crash();
  cluster.heal();
  cluster.voter(5).start();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    cluster.timeOut(5);
    cluster.deliverAll();
  }
  expect(cluster.voter(5).view.role).not.toBe('leader');
  const next = cluster.elect(2);
  expect(termsOf(next).slice(0, 3)).toEqual([1, 2, 4]);
});
