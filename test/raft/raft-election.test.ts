import { expect, test } from 'vitest';
import { logIndex, term } from '../../src/base/raft-position.ts';
import type { RaftMessage } from '../../src/raft/raft-message.ts';
import { randomBelow } from './random-run.ts';
import { TestCluster, testVoter, type Letter } from './test-cluster.ts';

const isPreVote = ({ message }: Letter): boolean => message.type.startsWith('pre-vote');
const isVote = ({ message }: Letter): boolean => message.type.startsWith('vote');

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

test('a sole voter elects itself at its first tick and commits alone', () => {
  const cluster = new TestCluster({ voters: 1 });
  const voter = cluster.voter(1);
  cluster.tick(voter, 1);
  cluster.propose(voter, 'x');
  expect([voter.view.role, voter.view.isEstablished, voter.state]).toEqual(['leader', true, ['x']]);
});

test('a sole voter leads and commits only with what its disk has', () => {
  const cluster = new TestCluster({ voters: 1 });
  const voter = cluster.voter(1);
  voter.isDiskFast = false;
  cluster.tick(voter, 1);
  expect(voter.view.role).toBe('candidate');
  voter.completeWork();
  expect([voter.view.role, voter.view.commitIndex]).toEqual(['leader', 0]);
  voter.completeWork();
  expect(voter.view.commitIndex).toBe(1);
});

test('a sole voter opens one term, however long its disk takes to write the vote', () => {
  const cluster = new TestCluster({ voters: 1 });
  const voter = cluster.voter(1);
  voter.isDiskFast = false;
  for (let tick = 0; tick < 10; tick += 1) cluster.tick(voter, 25);
  voter.completeAllWork();
  expect([voter.view.role, voter.view.term]).toEqual(['leader', 1]);
});

test('RL2: a sole voter never resigns, however long nothing happens', () => {
  const cluster = new TestCluster({ voters: 1 });
  cluster.run(50);
  cluster.tick(cluster.voter(1), 1_000_000);
  expect([cluster.voter(1).view.role, cluster.voter(1).view.term]).toEqual(['leader', 1]);
});

test('RL2: a leader that hears no majority resigns', () => {
  // RL2
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(1);
  cluster.run(cluster.limits.heartbeatMs + cluster.limits.electionTimeoutMsMax + 10);
  expect(leader.view.role).not.toBe('leader');
  expect(leader.facts).toContainEqual({ type: 'became-follower', term: 1, leader: undefined });
});

test('a leader that hears one of two others goes on', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  cluster.run(5000);
  expect([leader.view.role, leader.view.term]).toEqual(['leader', 1]);
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

test('R15: asking for a pre-vote does not put off the timer of the voter that is asked', () => {
  // R15: with a timer that is put off, a voter that asks in vain keeps the one that could win from trying.
  const cluster = new TestCluster({ voters: 3, logs: { 2: { terms: [1] }, 3: { terms: [1] } } });
  cluster.timeOut(1);
  cluster.deliverAll();
  expect(cluster.voter(1).view.role).not.toBe('leader');
  const { heartbeatMs, electionTimeoutMsMin, electionTimeoutMsMax } = cluster.limits;
  cluster.tick(cluster.voter(2), electionTimeoutMsMax - electionTimeoutMsMin);
  expect(cluster.voter(2).nowMs).toBe(heartbeatMs + electionTimeoutMsMax);
  expect(cluster.voter(2).view.role).toBe('candidate');
});

test('R15: consenting to a pre-vote does not put off the own timer either', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type === 'pre-vote-request');
  expect(cluster.letters.map(({ message }) => 'granted' in message && message.granted)).toEqual([true, true]);
  cluster.voter(1).crash();
  const { electionTimeoutMsMin, electionTimeoutMsMax } = cluster.limits;
  cluster.tick(cluster.voter(2), electionTimeoutMsMax - electionTimeoutMsMin);
  expect(cluster.voter(2).view.role).toBe('candidate');
});

test('R15: consents to a pre-vote are never counted as votes', () => {
  // R15
  const cluster = new TestCluster({ voters: 5 });
  cluster.timeOut(1);
  cluster.deliverAll(({ message }) => message.type === 'pre-vote-request');
  const consents = cluster.letters.filter(isPreVote);
  cluster.deliverAll(isPreVote);
  expect(cluster.voter(1).view.term).toBe(1);
  for (const consent of consents) cluster.deliver({ ...consent });
  expect(cluster.voter(1).view.role).toBe('candidate');
});

test('a voter that lacks entries gets no consents and opens no term', () => {
  const cluster = new TestCluster({ voters: 3, logs: { 2: { terms: [1, 1] }, 3: { terms: [1, 1] } } });
  cluster.timeOut(1);
  cluster.deliverAll();
  cluster.timeOut(1);
  cluster.deliverAll();
  // It caught up with the term of the others by their refusals, and went no further (RL4).
  expect([cluster.voter(1).view.role, cluster.voter(1).view.term]).toEqual(['follower', 1]);
});

test('the voter with the best log wins although its term is behind', () => {
  // RL4: refusals teach it the term, or it would ask in vain for ever.
  const cluster = new TestCluster({ voters: 3, logs: { 1: { terms: [1, 1] }, 2: { terms: [1], atTerm: 5 } } });
  cluster.isolate(3);
  cluster.timeOut(1);
  cluster.deliverAll();
  expect([cluster.voter(1).view.role, cluster.voter(1).view.term]).toEqual(['follower', 5]);
  cluster.elect(1);
  expect(cluster.voter(1).view.term).toBe(6);
});

test('RL3: a voter that was cut off comes back without unseating the leader', () => {
  // RL3
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  cluster.run(10_000);
  expect(cluster.voter(3).view.role).toBe('candidate');
  cluster.heal();
  cluster.run(3000);
  expect([leader.view.role, leader.view.term]).toEqual(['leader', 1]);
  expect(cluster.voter(3).view.leader).toBe(1);
});

test('RL3: a voter that hears its leader ignores a candidate of a later term', () => {
  const cluster = new TestCluster({ voters: 3 });
  cluster.elect(1);
  const request: RaftMessage = {
    type: 'vote-request',
    term: term(7),
    last: { index: logIndex(9), term: term(6) },
    isTransfer: false,
  };
  const { directoryId } = testVoter(3);
  cluster.deliver({
    from: testVoter(3).voterId,
    fromDirectory: directoryId,
    to: testVoter(2).voterId,
    message: request,
  });
  expect([cluster.voter(2).view.term, cluster.voter(2).view.votedFor]).toEqual([1, 1]);
  expect(cluster.letters).toEqual([]);
});

test('a voter that cannot hear the leader but others can asks in vain', () => {
  // RL3, the partial partition of a bridge: 1 leads, 3 hears only 2.
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.cutLink(1, 3);
  cluster.run(20_000);
  expect([leader.view.role, leader.view.term]).toEqual(['leader', 1]);
});

test('a leader that hears nobody is replaced once, and the new one stays', () => {
  // RL3, an asymmetric partition: all hear 1, 1 hears nobody.
  const cluster = new TestCluster({ voters: 3, integerBelow: randomBelow(3) });
  cluster.elect(1);
  cluster.cutLink(2, 1);
  cluster.cutLink(3, 1);
  cluster.run(10_000);
  const { term: termThen, leader } = cluster.voter(2).view;
  expect(leader === 2 || leader === 3).toBe(true);
  cluster.run(20_000);
  expect([cluster.voter(2).view.term, cluster.voter(3).view.term]).toEqual([termThen, termThen]);
});

test.each([
  { cut: [[1, 2]], what: 'one pair that does not talk' },
  {
    cut: [
      [1, 2],
      [3, 4],
    ],
    what: 'two pairs that do not talk',
  },
  {
    cut: [
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 1],
    ],
    what: 'a ring that does not talk to its neighbours',
  },
  {
    cut: [
      [1, 2],
      [1, 3],
      [1, 4],
    ],
    what: 'one that hangs on a single link',
  },
])('five voters with $what keep one leader', ({ cut }) => {
  // RL3: at most one change per twenty election timeouts, as long as somebody can talk to a majority.
  const cluster = new TestCluster({ voters: 5, integerBelow: randomBelow(11) });
  for (const [one, other] of cut) {
    cluster.cutLink(one ?? 0, other ?? 0);
    cluster.cutLink(other ?? 0, one ?? 0);
  }
  cluster.run(5000);
  const before = cluster.leader().view.term;
  cluster.run(20 * cluster.limits.electionTimeoutMsMax);
  expect(cluster.leader().view.term - before).toBeLessThanOrEqual(1);
});

test('a pause that is shorter than the shortest timeout causes no election', () => {
  for (let phaseMs = 0; phaseMs < 100; phaseMs += 10) {
    // From the election on everybody draws the shortest wait there is.
    let isElected = false;
    const cluster = new TestCluster({ voters: 3, integerBelow: (bound) => (isElected ? 0 : bound - 1) });
    cluster.elect(1);
    isElected = true;
    cluster.run(1000 + phaseMs);
    for (let passed = 0; passed < 250; passed += 10) {
      for (const voter of cluster.voters) if (voter.voterId !== 1) cluster.tick(voter, 10);
      cluster.deliverAll();
    }
    cluster.tick(cluster.voter(1), 250);
    cluster.run(1000);
    expect(cluster.voters.map(({ view }) => view.term)).toEqual([1, 1, 1]);
  }
});

test('candidates that split the vote try again until one wins', () => {
  const cluster = new TestCluster({ voters: 4, integerBelow: randomBelow(5) });
  for (const id of [1, 2]) cluster.timeOut(id);
  cluster.deliverAll(isPreVote);
  expect([1, 2].map((id) => cluster.voter(id).view.role)).toEqual(['candidate', 'candidate']);
  cluster.deliverAll(({ from, to }) => (from === 1 && to === 3) || (from === 2 && to === 4));
  cluster.deliverAll(isVote);
  cluster.run(5000);
  expect(cluster.voters.filter(({ view }) => view.role === 'leader')).toHaveLength(1);
});

test('a leader comes up within ten election timeouts of any majority', () => {
  // RL1
  for (let seed = 1; seed <= 10; seed += 1) {
    const cluster = new TestCluster({ voters: 5, integerBelow: randomBelow(seed) });
    cluster.voter(1 + (seed % 5)).crash();
    cluster.voter(1 + ((seed + 2) % 5)).crash();
    cluster.run(10 * cluster.limits.electionTimeoutMsMax);
    expect(cluster.leader().view.isEstablished).toBe(true);
  }
});

test('voters rarely stand against each other', () => {
  let terms = 0;
  const seeds = 20;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const cluster = new TestCluster({ voters: 5, integerBelow: randomBelow(seed * 31) });
    cluster.run(3000);
    terms += cluster.leader().view.term;
  }
  expect(terms / seeds).toBeLessThan(1.3);
});

test('a node that no set names never campaigns, and votes when it is asked', () => {
  // R12: who asks may know of a newer set, in which this node is a voter.
  const cluster = new TestCluster({ voters: 3 });
  const newcomer = cluster.add(testVoter(4));
  cluster.tick(newcomer, 100_000);
  expect([newcomer.view.role, newcomer.view.isVoter]).toEqual(['follower', false]);
  const request: RaftMessage = {
    type: 'vote-request',
    term: term(1),
    last: { index: logIndex(0), term: term(0) },
    isTransfer: false,
  };
  const { voterId, directoryId } = testVoter(1);
  cluster.deliver({ from: voterId, fromDirectory: directoryId, to: newcomer.voterId, message: request });
  expect(cluster.letters.map(({ message }) => message)).toMatchObject([{ type: 'vote-reply', granted: true }]);
});

test('R13: the vote of a disk that was wiped counts for nobody', () => {
  // R13
  const cluster = new TestCluster({ voters: 3 });
  cluster.voter(3).crash();
  cluster.wipe(2, 2);
  cluster.timeOut(1);
  cluster.deliverAll();
  expect(cluster.voter(1).view.role).toBe('candidate');
  expect(cluster.voter(1).view.isPreCandidate).toBe(true);
});

test('R13: a wiped disk acknowledges nothing in the place of the one before', () => {
  // R13: were it counted, the two that are left could commit what the wiped one has forgotten.
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  cluster.wipe(2, 2);
  cluster.propose(leader, 'x');
  cluster.run(300);
  expect(leader.view.commitIndex).toBe(1);
  cluster.run(cluster.limits.electionTimeoutMsMax);
  expect(leader.view.role).not.toBe('leader');
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
