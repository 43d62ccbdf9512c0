import { expect, test } from 'vitest';
import { logIndex, term } from '../../src/base/raft-position.ts';
import type { SnapshotChunkRequest } from '../../src/raft/raft-message.ts';
import { termsOf } from './log-fixture.ts';
import { TestCluster, type Letter } from './test-cluster.ts';
import type { TestVoter } from './test-voter.ts';

const isChunk = ({ message }: Letter): boolean => message.type === 'snapshot-chunk-request';

/** Three voters; 3 was away while the others applied `count` commands and compacted them. */
function withLaggard(count: number, chunkBytes = 16): { cluster: TestCluster; leader: TestVoter; laggard: TestVoter } {
  const cluster = new TestCluster({ voters: 3, limits: { snapshotChunkBytesMax: chunkBytes } });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  for (let at = 0; at < count; at += 1) {
    cluster.propose(leader, `${at}`);
    cluster.deliverAll();
  }
  for (const id of [1, 2]) cluster.voter(id).compact();
  cluster.heal();
  return { cluster, leader, laggard: cluster.voter(3) };
}

function modeOf(leader: TestVoter, id: number): string | undefined {
  return leader.view.peers().find(({ peer }) => peer.voterId === id)?.mode;
}

test('a follower behind the start of the log is brought up by a snapshot', () => {
  // RL6
  const { cluster, leader, laggard } = withLaggard(10);
  cluster.heartbeat();
  cluster.propose(leader, 'while it is sent');
  cluster.run(300);
  expect(laggard.state).toEqual(leader.state);
  expect([laggard.view.previous.index, modeOf(leader, 3)]).toEqual([11, 'replicate']);
});

test('a snapshot travels in chunks, each after the answer to the one before', () => {
  const { cluster } = withLaggard(10);
  const offsets: number[] = [];
  cluster.tick(cluster.leader(), cluster.limits.heartbeatMs);
  for (let letters = 0; letters < 200 && cluster.letters.length > 0; letters += 1) {
    expect(cluster.letters.filter(isChunk).length).toBeLessThanOrEqual(1);
    const [letter] = cluster.letters;
    if (letter?.message.type === 'snapshot-chunk-request') offsets.push(letter.message.offset);
    if (letter !== undefined) cluster.deliver(letter);
  }
  expect(offsets).toEqual([0, 16, 32]);
});

test('a lost chunk is sent again', () => {
  const { cluster, leader, laggard } = withLaggard(10);
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll((letter) => !(isChunk(letter) && (letter.message as SnapshotChunkRequest).offset === 16));
  expect(cluster.drop(isChunk)).toHaveLength(1);
  cluster.run(1000);
  expect(laggard.state).toEqual(leader.state);
});

test('a repeated chunk is stored once', () => {
  const { cluster, leader, laggard } = withLaggard(10);
  cluster.tick(leader, cluster.limits.heartbeatMs);
  for (let letters = 0; letters < 500 && cluster.letters.length > 0; letters += 1) {
    const [letter] = cluster.letters;
    if (letter === undefined) break;
    if (isChunk(letter)) cluster.deliver({ ...letter });
    cluster.deliver(letter);
  }
  cluster.run(1000);
  expect(laggard.state).toEqual(leader.state);
});

test('a transfer whose leader is gone begins anew with the next', () => {
  const { cluster, laggard } = withLaggard(10);
  cluster.tick(cluster.leader(), cluster.limits.heartbeatMs);
  cluster.deliverAll((letter) => !(isChunk(letter) && (letter.message as SnapshotChunkRequest).offset > 0));
  cluster.drop();
  cluster.voter(1).crash();
  cluster.elect(2);
  cluster.run(1000);
  expect(laggard.state).toEqual(cluster.voter(2).state);
  expect(laggard.state).toHaveLength(10);
});

test('a late answer to an earlier chunk stalls nothing', () => {
  const { cluster, leader, laggard } = withLaggard(20);
  cluster.tick(leader, cluster.limits.heartbeatMs);
  const early: Letter[] = [];
  for (let letters = 0; letters < 60 && early.length < 3; letters += 1) {
    const [letter] = cluster.letters;
    if (letter?.message.type === 'snapshot-chunk-reply') early.push({ ...letter });
    if (letter !== undefined) cluster.deliver(letter);
  }
  expect(early).toHaveLength(3);
  // The leader goes back to what the old answer asks for; the follower is further, and says so.
  cluster.deliverAll(({ message }) => message.type !== 'snapshot-chunk-reply');
  cluster.drop();
  for (const letter of early.slice(0, 1)) cluster.deliver(letter);
  cluster.run(1500);
  expect(laggard.state).toEqual(leader.state);
});

test('a follower that installs a snapshot goes on answering heartbeats', () => {
  // What it acknowledged before is in the log that is being replaced, and in the snapshot.
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  const laggard = cluster.voter(3);
  cluster.propose(leader, 'a', 'b', 'c');
  cluster.deliverAll(
    ({ to, message }) => to === 1 || (message.type === 'append-request' && message.entries.length > 0),
  );
  cluster.drop();
  expect([laggard.view.durableIndex, laggard.view.commitIndex]).toEqual([4, 1]);
  cluster.isolate(3);
  cluster.propose(leader, 'd');
  cluster.deliverAll();
  leader.compact();
  laggard.isDiskFast = false;
  cluster.heal();
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll();
  laggard.completeWork();
  expect(laggard.work).toMatchObject([{ type: 'install-snapshot' }]);
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll(({ to }) => to === 3);
  const answers = cluster.drop(({ from }) => from === 3).map(({ message }) => message);
  expect(answers).toMatchObject([{ type: 'append-reply', matchedIndex: 4 }]);
  laggard.isDiskFast = true;
  laggard.completeAllWork();
  cluster.run(300);
  expect(laggard.state).toEqual(leader.state);
});

test('a peer that has the whole snapshot gets the next one when the log has moved on', () => {
  // RL6
  const { cluster, leader, laggard } = withLaggard(10);
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll((letter) => !(isChunk(letter) && (letter.message as SnapshotChunkRequest).offset > 0));
  cluster.propose(leader, 'newer');
  cluster.deliverAll(({ from, to }) => from !== 3 && to !== 3);
  leader.compact();
  // The store still holds the snapshot that was begun, so it is finished first.
  cluster.run(2000);
  expect(laggard.view.previous.index).toBe(12);
  expect(laggard.state).toEqual(leader.state);
});

test('a snapshot that is replaced while it is sent gives way to the newer one', () => {
  const { cluster, leader, laggard } = withLaggard(10);
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll((letter) => !(isChunk(letter) && (letter.message as SnapshotChunkRequest).offset > 0));
  cluster.propose(leader, 'newer');
  cluster.deliverAll(({ from, to }) => from !== 3 && to !== 3);
  // Twice, so that nothing is left of the one that was begun.
  leader.compact();
  leader.compact();
  cluster.run(2000);
  expect(laggard.state).toEqual(leader.state);
  expect(laggard.view.previous.index).toBe(12);
});

test('R14: a snapshot takes the place of a log that belongs to another history', () => {
  // R14: nothing of the old log stays, not even behind the end of the snapshot.
  const empty = { terms: [], atTerm: 1 };
  const logs = { 1: empty, 2: empty, 3: { terms: [1, 1, 1, 1, 1, 1, 1, 1] } };
  const cluster = new TestCluster({ voters: 3, logs, limits: { snapshotChunkBytesMax: 16 } });
  const strange = cluster.voter(3);
  cluster.isolate(3);
  const leader = cluster.elect(1);
  for (const command of ['a', 'b']) {
    cluster.propose(leader, command);
    cluster.deliverAll();
  }
  leader.compact();
  expect(strange.view.last.index).toBeGreaterThan(leader.view.last.index);
  cluster.heal();
  cluster.run(1000);
  expect(strange.state).toEqual(['a', 'b']);
  expect([strange.view.last.index, strange.disk.entries]).toEqual([leader.view.last.index, []]);
});

test('a snapshot whose last entry the log holds changes nothing in the log', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'a', 'b', 'c');
  // Voter 2 has the entries and has not heard that they are committed.
  cluster.deliverAll(
    ({ to, message }) => to === 1 || (message.type === 'append-request' && message.entries.length > 0),
  );
  cluster.drop();
  const follower = cluster.voter(2);
  expect([follower.view.commitIndex, follower.view.last.index]).toEqual([1, 4]);
  leader.compact(2);
  const snapshot = { ...leader.disk.snapshot.metadata, lastIndex: logIndex(3), lastTerm: term(1) };
  cluster.deliver({
    from: leader.voterId,
    fromDirectory: leader.disk.directoryId,
    to: follower.voterId,
    message: {
      type: 'snapshot-chunk-request',
      term: leader.view.term,
      round: 1,
      snapshot,
      offset: 0,
      bytes: new Uint8Array([1]),
      isLast: false,
    },
  });
  expect(follower.work).toEqual([]);
  expect([follower.view.commitIndex, termsOf(follower)]).toEqual([3, [1, 1, 1, 1]]);
  expect(cluster.letters.map(({ message }) => message)).toMatchObject([{ type: 'append-reply', matchedIndex: 4 }]);
});

test('a peer that got over the gap by appends needs no more of the snapshot', () => {
  const { cluster, leader, laggard } = withLaggard(3);
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll(({ message }) => message.type === 'append-rejection' || message.type === 'append-request');
  cluster.deliverAll(({ to }) => to === 1);
  expect(modeOf(leader, 3)).toBe('snapshot');
  const reply = {
    type: 'append-reply',
    term: leader.view.term,
    round: 1,
    matchedIndex: leader.view.last.index,
  } as const;
  const { voterId, disk } = laggard;
  // Nobody can say so before the log has it, so the answer is made up; the judge is not asked about the laggard.
  leader.step({ type: 'message', from: voterId, fromDirectory: disk.directoryId, message: reply });
  expect(modeOf(leader, 3)).toBe('replicate');
});

test('a snapshot that fails its check is asked for again from the start', () => {
  // R14
  const { cluster, leader, laggard } = withLaggard(10, 1000);
  laggard.isDiskFast = false;
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll();
  const work = laggard.work.pop();
  expect(work?.type).toBe('store-snapshot-chunk');
  if (work?.type !== 'store-snapshot-chunk') return;
  laggard.step({ type: 'snapshot-chunk-stored', snapshot: work.chunk.snapshot, nextOffset: 0, isLast: false });
  expect(laggard.work).toEqual([]);
  const wanted = cluster.letters.map(({ message }) => message).find(({ type }) => type === 'snapshot-chunk-reply');
  expect(wanted).toMatchObject({ nextOffset: 0 });
  laggard.isDiskFast = true;
  cluster.run(1000);
  expect(laggard.state).toEqual(leader.state);
});

test.each([
  { isWriteDone: false, from: 0, what: 'the log as it was' },
  { isWriteDone: true, from: 10, what: 'the snapshot' },
])('a crash during the install leaves $what', ({ isWriteDone, from }) => {
  // R14
  const { cluster, leader, laggard } = withLaggard(9, 1000);
  laggard.isDiskFast = false;
  cluster.tick(leader, cluster.limits.heartbeatMs);
  cluster.deliverAll();
  while (laggard.work.length > 0 && laggard.work[0]?.type !== 'install-snapshot') {
    laggard.completeWork();
    cluster.deliverAll();
  }
  expect(laggard.work).toMatchObject([{ type: 'install-snapshot' }]);
  // Until the disk has it, nothing of it is claimed.
  expect(cluster.letters.filter(({ from: author }) => author === 3)).toEqual([]);
  laggard.crash(isWriteDone);
  laggard.start();
  expect(laggard.view.previous.index).toBe(from);
  laggard.isDiskFast = true;
  cluster.run(1000);
  expect(laggard.state).toEqual(leader.state);
});

test('a snapshot waits for the write that is in flight', () => {
  const { cluster, leader, laggard } = withLaggard(5, 1000);
  laggard.isDiskFast = false;
  // A new term has to be written before anything else.
  cluster.heal();
  leader.step({ type: 'transfer', target: cluster.voter(2).voterId });
  cluster.deliverAll(({ to }) => to !== 3);
  const next = cluster.leader();
  expect(next.voterId).toBe(2);
  cluster.heartbeat();
  cluster.heartbeat();
  const kinds = (): string[] => laggard.work.map(({ type }) => type);
  expect(kinds()).toContain('persist');
  while (laggard.work.length > 0) {
    expect(kinds().filter((kind) => kind === 'persist' || kind === 'install-snapshot').length).toBeLessThanOrEqual(1);
    laggard.completeWork();
    cluster.deliverAll();
  }
  laggard.isDiskFast = true;
  cluster.run(1000);
  expect(laggard.state).toEqual(next.state);
});

test('a compaction keeps the entries that followers may need soon', () => {
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.isolate(3);
  for (const command of ['a', 'b', 'c', 'd']) {
    cluster.propose(leader, command);
    cluster.deliverAll();
  }
  leader.compact(4);
  expect(leader.view.previous.index).toBe(1);
  cluster.heal();
  cluster.run(300);
  // It was close enough to do without a snapshot.
  expect([cluster.voter(3).state.join(''), cluster.voter(3).view.previous.index]).toEqual(['abcd', 0]);
});

test('a voter that restarts from its snapshot applies only what follows', () => {
  // R5
  const cluster = new TestCluster({ voters: 3 });
  const leader = cluster.elect(1);
  cluster.propose(leader, 'a', 'b');
  cluster.deliverAll();
  const follower = cluster.voter(2);
  follower.compact();
  cluster.propose(leader, 'c');
  cluster.deliverAll();
  follower.crash();
  follower.start();
  expect([follower.state, follower.view.appliedIndex]).toEqual([['a', 'b'], 3]);
  cluster.run(200);
  expect(follower.state).toEqual(['a', 'b', 'c']);
});

test('R17: what a deposed leader had not applied when a snapshot replaced its log has an unknown outcome', () => {
  const cluster = new TestCluster({ voters: 3 });
  const old = cluster.elect(1);
  old.isDiskFast = false;
  cluster.propose(old, 'on its way to the disk');
  cluster.propose(old, 'waits for the disk');
  cluster.deliverAll();
  expect([old.view.commitIndex, old.view.appliedIndex]).toEqual([3, 1]);

  const next = cluster.elect(2);
  cluster.propose(next, 'of the next leader');
  cluster.deliverAll();
  next.compact();
  for (let beat = 0; beat < 3; beat += 1) {
    cluster.tick(next, cluster.limits.heartbeatMs);
    cluster.deliverAll();
  }
  // The snapshot is there before the write is done, and is installed as soon as that is.
  const chunk = old.work.findIndex(({ type }) => type === 'store-snapshot-chunk');
  expect(chunk).toBeGreaterThan(0);
  old.completeWork(chunk);
  for (let round = 0; round < 5; round += 1) {
    old.completeAllWork();
    cluster.deliverAll();
  }
  expect(old.answers.map(({ type }) => type)).toEqual(['proposal-outcome-unknown', 'proposal-outcome-unknown']);
  cluster.propose(next, 'after all that');
  cluster.deliverAll();
  for (let round = 0; round < 5; round += 1) {
    old.completeAllWork();
    cluster.heartbeat();
  }
  expect(old.state).toEqual(next.state);
});
