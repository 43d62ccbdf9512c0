/**
 * The rules of the Raft paper's figure 2, one by one; the table in src/raft/README.md names the rule of each test.
 */
import { expect, test } from 'vitest';
import { indexZero, logIndex, term, termZero } from '../../src/base/raft-position.ts';
import type { AppendRequest, RaftMessage } from '../../src/raft/raft-message.ts';
import { entriesOfTerms, termsOf } from './log-fixture.ts';
import { TestCluster } from './test-cluster.ts';
import type { TestVoter } from './test-voter.ts';

/** Hands a message to voter 1 of a cluster of three, as if 2 had sent it, and returns what 1 answers. */
function answersTo(cluster: TestCluster, message: RaftMessage, from = 2): readonly RaftMessage[] {
  const sender = cluster.voter(from);
  cluster.drop();
  cluster.deliver({
    from: sender.voterId,
    fromDirectory: sender.disk.directoryId,
    to: cluster.voter(1).voterId,
    message,
  });
  return cluster.drop(({ from: author }) => author === 1).map((letter) => letter.message);
}

function append(
  atTerm: number,
  previous: readonly [number, number],
  terms: readonly number[],
  commit = 0,
): AppendRequest {
  const [index, previousTerm] = previous;
  const entries = entriesOfTerms([...Array.from({ length: index }, () => 1), ...terms]).slice(index);
  return {
    type: 'append-request',
    term: term(atTerm),
    previous: { index: logIndex(index), term: term(previousTerm) },
    entries,
    commitIndex: logIndex(commit),
    round: 1,
  };
}

function voterWithLog(terms: readonly number[], atTerm?: number): { cluster: TestCluster; voter: TestVoter } {
  const given = atTerm === undefined ? { terms } : { terms, atTerm };
  const cluster = new TestCluster({ voters: 3, logs: { 1: given } });
  return { cluster, voter: cluster.voter(1) };
}

test('R6: a vote leaves a voter only when it is durable', () => {
  const cluster = new TestCluster({ voters: 3 });
  const voter = cluster.voter(2);
  voter.isDiskFast = false;
  cluster.timeOut(1);
  cluster.deliverAll();
  expect(voter.view.votedFor).toBe(1);
  expect(cluster.voter(1).view.term).toBe(1);
  voter.completeAllWork();
  expect(cluster.letters.map(({ from, message }) => [from, message.type])).toContainEqual([2, 'vote-reply']);
});

test('a voter that crashed before its vote was durable may vote again', () => {
  const cluster = new TestCluster({ voters: 3 });
  const voter = cluster.voter(2);
  voter.isDiskFast = false;
  cluster.isolate(3);
  cluster.timeOut(1);
  cluster.deliverAll();
  voter.crash();
  voter.start();
  expect([voter.view.term, voter.view.votedFor]).toEqual([0, undefined]);
});

test('a voter that restarts remembers its term and its vote', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.elect(1);
  const voter = cluster.voter(2);
  voter.crash();
  voter.start();
  expect([voter.view.term, voter.view.votedFor]).toEqual([1, 1]);
  const last = { index: logIndex(9), term: term(1) };
  const request: RaftMessage = { type: 'vote-request', term: term(1), last, isTransfer: false };
  const rival = cluster.voter(3);
  cluster.deliver({ from: rival.voterId, fromDirectory: rival.disk.directoryId, to: voter.voterId, message: request });
  expect(cluster.letters.map(({ message }) => message)).toMatchObject([{ type: 'vote-reply', granted: false }]);
});

test('R7: an append is acknowledged only as far as it is durable', () => {
  const { cluster, voter } = voterWithLog([1]);
  voter.isDiskFast = false;
  const early = answersTo(cluster, append(1, [1, 1], [1, 1]));
  expect(early).toMatchObject([{ type: 'append-reply', matchedIndex: 1 }]);
  expect(voter.view.last.index).toBe(3);
  voter.completeAllWork();
  const late = cluster.drop(({ from }) => from === 1).map(({ message }) => message);
  expect(late).toMatchObject([{ type: 'append-reply', matchedIndex: 3 }]);
});

test('R7: a repeated or empty append claims no more than is durable', () => {
  const { cluster, voter } = voterWithLog([1]);
  answersTo(cluster, append(1, [1, 1], []));
  voter.isDiskFast = false;
  const request = append(1, [1, 1], [1, 1]);
  answersTo(cluster, request);
  expect(answersTo(cluster, request)).not.toContainEqual(expect.objectContaining({ matchedIndex: 3 }));
  const heartbeat = { ...append(1, [3, 1], []), round: 2 };
  expect(answersTo(cluster, heartbeat)).toMatchObject([{ type: 'append-reply', matchedIndex: 1, round: 2 }]);
});

test('an append of an earlier term is refused with the current term', () => {
  const { cluster, voter } = voterWithLog([1, 3]);
  expect(answersTo(cluster, append(2, [2, 3], [2]))).toMatchObject([{ type: 'append-rejection', term: 3 }]);
  expect(termsOf(voter)).toEqual([1, 3]);
  expect(voter.view.leader).toBeUndefined();
});

test('an append that does not fit is refused with a hint', () => {
  const { cluster, voter } = voterWithLog([1, 1, 2, 2]);
  const short = answersTo(cluster, append(5, [9, 4], [5]));
  expect(short).toMatchObject([{ type: 'append-rejection', rejectedIndex: 9, hint: { index: 4, term: 2 } }]);
  const different = answersTo(cluster, append(5, [4, 1], [5]));
  expect(different).toMatchObject([{ type: 'append-rejection', rejectedIndex: 4, hint: { index: 2, term: 1 } }]);
  expect(termsOf(voter)).toEqual([1, 1, 2, 2]);
});

test('a suffix that differs from the leader is cut and replaced', () => {
  const { cluster, voter } = voterWithLog([1, 2, 2, 2]);
  expect(answersTo(cluster, append(3, [1, 1], [3, 3]))).toMatchObject([{ type: 'append-reply', matchedIndex: 3 }]);
  expect(termsOf(voter)).toEqual([1, 3, 3]);
  expect(voter.disk.entries.map((entry) => entry.term)).toEqual([1, 3, 3]);
});

test('R9: an old append, come late, shortens nothing', () => {
  const { cluster, voter } = voterWithLog([1]);
  answersTo(cluster, append(1, [1, 1], [1, 1, 1]));
  expect(answersTo(cluster, append(1, [1, 1], [1]))).toMatchObject([{ type: 'append-reply', matchedIndex: 4 }]);
  expect(answersTo(cluster, append(1, [0, 0], [1]))).toMatchObject([{ type: 'append-reply', matchedIndex: 4 }]);
  expect(termsOf(voter)).toEqual([1, 1, 1, 1]);
});

test('entries that are held already are not written again', () => {
  const { cluster, voter } = voterWithLog([1, 1]);
  answersTo(cluster, append(1, [0, 0], []));
  voter.isDiskFast = false;
  answersTo(cluster, append(1, [0, 0], [1, 1]));
  expect(voter.work).toEqual([]);
  answersTo(cluster, append(1, [0, 0], [1, 1, 1]));
  expect(voter.work).toMatchObject([{ type: 'persist', truncateFrom: undefined, entries: [{ index: 3 }] }]);
});

test('R9: a follower commits no further than it has compared', () => {
  const cluster = new TestCluster({
    voters: 3,
    logs: { 1: { terms: [1] }, 2: { terms: [1] }, 3: { terms: [1, 1, 1, 1] } },
  });
  cluster.isolate(3);
  const leader = cluster.elect(1);
  cluster.propose(leader, 'x', 'y');
  cluster.deliverAll();
  expect(leader.view.commitIndex).toBe(4);
  // What lies behind 1 here is of another term: the commit index of this leader says nothing about it.
  const behind = cluster.voter(3);
  cluster.heal();
  const message = { ...append(2, [1, 1], [], 4), term: leader.view.term };
  cluster.deliver({ from: leader.voterId, fromDirectory: leader.disk.directoryId, to: behind.voterId, message });
  expect([behind.view.last.index, behind.view.commitIndex]).toEqual([4, 1]);
});

test('a vote request of an earlier term is refused', () => {
  const { cluster, voter } = voterWithLog([1, 3]);
  const last = { index: logIndex(9), term: term(3) };
  const answers = answersTo(cluster, { type: 'vote-request', term: term(2), last, isTransfer: false });
  expect(answers).toMatchObject([{ type: 'vote-reply', term: 3, granted: false }]);
  expect(voter.view.votedFor).toBeUndefined();
});

test('a vote goes to the first who asks in a term', () => {
  const { cluster } = voterWithLog([1]);
  const last = { index: logIndex(1), term: term(1) };
  const request: RaftMessage = { type: 'vote-request', term: term(2), last, isTransfer: false };
  expect(answersTo(cluster, request)).toMatchObject([{ granted: true }]);
  expect(answersTo(cluster, request, 3)).toMatchObject([{ granted: false }]);
  expect(answersTo(cluster, request)).toMatchObject([{ granted: true }]);
});

test.each([
  { own: [1, 1], last: [1, 1], granted: false, why: 'the same last term and a shorter log' },
  { own: [1, 2], last: [5, 1], granted: false, why: 'an earlier last term, however long the log' },
  { own: [1, 1], last: [2, 1], granted: true, why: 'an equal log' },
  { own: [1, 1, 1], last: [1, 2], granted: true, why: 'a later last term, however short the log' },
])('a vote depends on the candidate having $why', ({ own, last, granted }) => {
  const { cluster } = voterWithLog(own);
  const [index, lastTerm] = last as [number, number];
  const position = { index: logIndex(index), term: term(lastTerm) };
  const answers = answersTo(cluster, { type: 'vote-request', term: term(7), last: position, isTransfer: false });
  expect(answers).toMatchObject([{ type: 'vote-reply', term: 7, granted }]);
});

test('what is committed is applied in order and once', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'a', 'b');
  cluster.propose(leader, 'c');
  const copies = cluster.letters.map((letter) => ({ ...letter }));
  cluster.letters.push(...copies);
  cluster.deliverAll();
  expect(cluster.voters.map(({ state }) => state.join(''))).toEqual(['abc', 'abc', 'abc']);
});

test('a later term turns leaders and candidates into followers', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  expect(answersTo(cluster, { ...append(5, [0, 0], []) })).toMatchObject([{ type: 'append-reply', term: 5 }]);
  expect([leader.view.role, leader.view.term, leader.view.leader]).toEqual(['follower', 5, 2]);
  const candidate = cluster.voter(3);
  cluster.isolate(3);
  cluster.timeOut(3);
  expect(candidate.view.role).toBe('candidate');
  cluster.heal();
  const { directoryId } = cluster.voter(2).disk;
  const message: RaftMessage = { type: 'vote-reply', term: term(9), granted: false };
  cluster.deliver({ from: cluster.voter(2).voterId, fromDirectory: directoryId, to: candidate.voterId, message });
  expect([candidate.view.role, candidate.view.term]).toEqual(['follower', 9]);
});

test('a follower that hears nothing asks for votes', () => {
  const cluster = new TestCluster({ voters: 3 });
  const voter = cluster.voter(1);
  const { heartbeatMs, electionTimeoutMsMax } = cluster.limits;
  cluster.tick(voter, heartbeatMs + electionTimeoutMsMax - 1);
  expect(voter.view.role).toBe('follower');
  cluster.tick(voter, 1);
  expect(voter.view.role).toBe('candidate');
  expect(cluster.letters.map(({ to, message }) => [to, message.type])).toEqual([
    [2, 'pre-vote-request'],
    [3, 'pre-vote-request'],
  ]);
});

test('a follower that hears from its leader in time never asks', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.elect(1);
  cluster.run(5000);
  expect(cluster.voters.map(({ view }) => [view.role, view.term])).toEqual([
    ['leader', 1],
    ['follower', 1],
    ['follower', 1],
  ]);
});

test('a candidate opens a term, votes for itself and asks all others', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type.startsWith('pre-vote'));
  const { view } = cluster.voter(1);
  expect([view.role, view.term, view.votedFor]).toEqual(['candidate', 1, 1]);
  const last = { index: indexZero, term: termZero };
  expect(cluster.letters.map(({ to, message }) => [to, message])).toEqual([
    [2, { type: 'vote-request', term: 1, last, isTransfer: false }],
    [3, { type: 'vote-request', term: 1, last, isTransfer: false }],
  ]);
});

test('a candidate with the votes of a majority leads', () => {
  const cluster = new TestCluster({ voters: 5 });
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type.startsWith('pre-vote'));
  cluster.deliverAll(({ to }) => to === 2 || to === 3);
  const grants = cluster.letters.filter(({ message }) => message.type === 'vote-reply');
  expect(grants).toHaveLength(2);
  if (grants[0] !== undefined) cluster.deliver(grants[0]);
  expect(cluster.voter(1).view.role).toBe('candidate');
  // A repeated vote is one vote.
  if (grants[0] !== undefined) cluster.deliver(grants[0]);
  expect(cluster.voter(1).view.role).toBe('candidate');
  if (grants[1] !== undefined) cluster.deliver(grants[1]);
  expect(cluster.voter(1).view.role).toBe('leader');
});

test('a candidate that hears from a leader of its term follows it', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type.startsWith('pre-vote'));
  cluster.drop();
  const candidate = cluster.voter(1);
  expect(candidate.view.role).toBe('candidate');
  answersTo(cluster, append(1, [0, 0], []));
  expect([candidate.view.role, candidate.view.leader, candidate.view.term]).toEqual(['follower', 2, 1]);
});

test('a candidate without a majority tries again in a later term', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type.startsWith('pre-vote'));
  cluster.drop();
  cluster.timeOut(1);
  cluster.deliverAll();
  expect([cluster.voter(1).view.role, cluster.voter(1).view.term]).toEqual(['leader', 2]);
});

test('a new leader makes itself heard at once and goes on doing so', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type.startsWith('pre-vote'));
  cluster.deliverAll(({ message }) => message.type.startsWith('vote'));
  const first = cluster.drop(({ from }) => from === 1);
  expect(first.map(({ to, message }) => [to, message.type])).toEqual([
    [2, 'append-request'],
    [3, 'append-request'],
  ]);
  cluster.tick(cluster.voter(1), cluster.limits.heartbeatMs);
  expect(cluster.letters.map(({ message }) => message.type)).toEqual(['append-request', 'append-request']);
});

test('a proposer is answered after its command is applied', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const [id] = cluster.propose(leader, 'x');
  expect(id === undefined ? 'none' : cluster.answerTo(leader, id)).toBeUndefined();
  expect(leader.state).toEqual([]);
  cluster.deliverAll();
  expect(leader.state).toEqual(['x']);
  expect(leader.answers).toMatchObject([{ type: 'proposal-committed', proposalId: id, index: 2, term: 1 }]);
});

test('a follower that is behind gets all that it lacks', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  for (const command of ['a', 'b', 'c']) cluster.propose(leader, command);
  cluster.deliverAll();
  cluster.heal();
  cluster.heartbeat();
  cluster.heartbeat();
  expect(cluster.voter(3).state).toEqual(['a', 'b', 'c']);
});

test('a leader goes back until the logs agree', () => {
  const logs = {
    1: { terms: [1, 1, 4, 4, 4] },
    2: { terms: [1, 1, 4] },
    3: { terms: [1, 1, 2, 2, 2, 3, 3], atTerm: 4 },
  };
  const cluster = new TestCluster({ voters: 3, logs });
  const different = cluster.voter(3);
  const leader = cluster.elect(1);
  expect(termsOf(different)).toEqual(termsOf(leader));
  expect(leader.view.peers().map(({ matchedIndex }) => matchedIndex)).toEqual([6, 6]);
});

test('R7: a leader counts its own copy only when it is durable', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  leader.isDiskFast = false;
  cluster.isolate(3);
  cluster.propose(leader, 'x');
  cluster.deliverAll();
  expect(cluster.voter(2).view.durableIndex).toBe(2);
  expect(leader.view.commitIndex).toBe(1);
  leader.completeAllWork();
  expect(leader.view.commitIndex).toBe(2);
});
