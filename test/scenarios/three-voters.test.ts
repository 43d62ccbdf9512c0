import { describe, expect, test } from 'vitest';
import { directoryId, voterId } from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { controlReply, countReply } from '../quorum/producer-id-counter.ts';
import { endpointOf, SimulatedQuorum, type SimulatedVoter } from '../quorum/simulated-quorum.ts';

async function startedQuorum(options: {
  seed: number;
  voters?: number;
  entriesBetweenSnapshots?: number;
}): Promise<SimulatedQuorum> {
  const { seed, voters = 3, entriesBetweenSnapshots = 1000 } = options;
  const quorum = new SimulatedQuorum({ voters, seed, snapshotLimits: { entriesBetweenSnapshots, keptEntries: 5 } });
  quorum.start();
  await quorum.untilLeader();
  return quorum;
}

function followersOf(quorum: SimulatedQuorum, leader: SimulatedVoter): [SimulatedVoter, SimulatedVoter] {
  const [first, second] = quorum.voters.filter((node) => node !== leader);
  if (first === undefined || second === undefined) throw new Error('three voters have two followers');
  return [first, second];
}

const counted = (counter: number): object => ({ type: 'counted', counter });

describe('forming', () => {
  test('three fresh voters found one cluster and elect a leader', async () => {
    const quorum = await startedQuorum({ seed: 1 });
    await quorum.untilAgreed();
    const told = quorum.voters.map(({ voter }) => voter?.describe());
    expect(new Set(told.map((description) => description?.clusterId)).size).toBe(1);
    expect(told[0]?.clusterId).toBeDefined();
    expect(told.filter((description) => description?.role === 'leader')).toHaveLength(1);
    expect(told.map((description) => description?.voters.map((voter) => voter.directoryId))).toEqual(
      told.map(() => quorum.voters.map(({ voter }) => voter?.directoryId)),
    );
  });

  test('nothing is founded while a listed voter is missing, and it is when it comes', async () => {
    const quorum = new SimulatedQuorum({ voters: 3, seed: 2 });
    quorum.node(1).process.start();
    quorum.node(2).process.start();
    await quorum.pass(5000);
    expect(quorum.voters.map(({ voter }) => voter?.describe().clusterId)).toEqual([undefined, undefined, undefined]);
    quorum.node(3).process.start();
    await quorum.untilLeader();
    await quorum.untilAgreed();
  });
});

describe('agreeing', () => {
  test('a write asked of any voter is committed on all', async () => {
    const quorum = await startedQuorum({ seed: 3 });
    let expected = 0;
    for (const node of quorum.voters) {
      expected += 1;
      expect(await quorum.count(node, `asked of ${node.id}`)).toEqual(counted(expected));
    }
    await quorum.untilAgreed();
    expect(quorum.counts()).toEqual([3, 3, 3]);
  });

  test('the loss of the leader loses nothing acknowledged, and writes go on', async () => {
    const quorum = await startedQuorum({ seed: 4 });
    const leader = await quorum.untilLeader();
    const [survivor] = followersOf(quorum, leader);
    await quorum.count(survivor, 'before');
    leader.process.powerCut();
    const crashedMs = quorum.simulation.world.nowMs;
    expect(await quorum.count(survivor, 'after')).toEqual(counted(2));
    expect(quorum.simulation.world.nowMs - crashedMs).toBeLessThan(2000);
    leader.process.start();
    await quorum.untilAgreed();
    expect(quorum.countOn(leader)).toBe(2);
  });

  test('all voters lose power at once and come back with everything acknowledged', async () => {
    const quorum = await startedQuorum({ seed: 5 });
    for (const id of ['a', 'b', 'c']) await quorum.count(quorum.node(1), id);
    const before = quorum.node(1).voter?.describe();
    for (const { process } of quorum.voters) process.powerCut();
    quorum.start();
    await quorum.untilLeader();
    await quorum.untilAgreed();
    expect(quorum.counts()).toEqual([3, 3, 3]);
    expect(quorum.node(1).voter?.describe().clusterId).toBe(before?.clusterId);
  });

  test('a command whose answer got lost is asked again and applied once', async () => {
    const quorum = await startedQuorum({ seed: 6 });
    const leader = await quorum.untilLeader();
    const [asked] = followersOf(quorum, leader);
    await quorum.count(asked, 'before');
    let replies = 0;
    asked.process.run(() => {
      void asked.voter?.ask(quorum.countCall('once'), 10_000).then((answer) => {
        replies += 1;
        expect(answer.type === 'done' && countReply(controlReply(answer.reply))).toEqual(counted(2));
      });
    });
    // Committed on the followers, and the leader dies before its answer arrives.
    await quorum.until(() => quorum.countOn(leader) === 2);
    leader.process.powerCut();
    await quorum.until(() => replies === 1);
    leader.process.start();
    await quorum.untilAgreed();
    expect(quorum.counts()).toEqual([2, 2, 2]);
  });

  test('a read index covers everything that was acknowledged before the read', async () => {
    const quorum = await startedQuorum({ seed: 7 });
    const [asked] = followersOf(quorum, await quorum.untilLeader());
    await quorum.count(quorum.node(1), 'a');
    const answer = await quorum.ask(asked, { type: 'read-index' });
    if (answer.type !== 'done') throw new Error(answer.type);
    await quorum.until(() => (asked.voter?.describe().commitIndex ?? 0) >= answer.index);
    expect(quorum.countOn(asked)).toBe(1);
  });

  test('a voter that was away for long catches up by a snapshot', async () => {
    const quorum = await startedQuorum({ seed: 8, entriesBetweenSnapshots: 10 });
    const [away, present] = followersOf(quorum, await quorum.untilLeader());
    away.process.crash();
    for (let number = 1; number <= 50; number += 1) await quorum.count(present, `request ${number}`);
    await quorum.until(() => (quorum.leader()?.voter?.describe().firstIndex ?? 0) > 30);
    away.process.start();
    await quorum.untilAgreed();
    expect(quorum.countOn(away)).toBe(50);
    expect(await quorum.count(away, 'request 50')).toEqual(counted(50));
  });

  test('leadership goes where it is asked to go, and a stopping leader hands it over', async () => {
    const quorum = await startedQuorum({ seed: 9 });
    const leader = await quorum.untilLeader();
    const [target, other] = followersOf(quorum, leader);
    expect(await quorum.ask(other, { type: 'transfer', target: target.id })).toMatchObject({ type: 'done' });
    await quorum.until(() => quorum.leader() === target);
    let stopped = false;
    target.process.run(() => {
      void target.voter?.stop().then(() => {
        stopped = true;
      });
    });
    const beganMs = quorum.simulation.world.nowMs;
    await quorum.until(() => stopped);
    target.process.crash();
    await quorum.untilLeader();
    // Nobody waited for an election timeout.
    expect(quorum.simulation.world.nowMs - beganMs).toBeLessThan(300);
  });
});

describe('changing voters', () => {
  test('a wiped voter does not vote until its old directory was removed and the new one added', async () => {
    const quorum = await startedQuorum({ seed: 10 });
    const [wiped, other] = followersOf(quorum, await quorum.untilLeader());
    await quorum.count(other, 'before');
    const oldDirectory = wiped.voter?.directoryId ?? directoryId('0'.repeat(32));
    wiped.process.powerCut();
    wiped.process.disk.replace();
    wiped.process.stores.replace();
    wiped.process.start();
    await quorum.until(() => wiped.voter !== undefined);
    await quorum.pass(3000);
    expect(
      quorum.simulation.world.reached.get(
        'said: the cluster knows this voter under another directory, so it does not vote',
      ),
    ).toBe(1);
    expect(wiped.voter?.describe().leaderId).toBeUndefined();
    const voter = {
      voterId: wiped.id,
      directoryId: wiped.voter?.directoryId ?? oldDirectory,
      peerEndpoint: endpointOf(wiped.id),
      apiEndpoint: 'somewhere:7081',
    };
    expect(voter.directoryId).not.toBe(oldDirectory);
    const add = { type: 'change-voters', change: { type: 'add', voter } } as const;
    expect(await quorum.ask(other, add)).toEqual({ type: 'refused', problem: { type: 'already-a-voter' } });
    const remove = { type: 'remove', voterId: wiped.id, directoryId: oldDirectory } as const;
    expect(await quorum.ask(other, { type: 'change-voters', change: remove })).toMatchObject({ type: 'done' });
    expect(await quorum.ask(other, add)).toMatchObject({ type: 'done' });
    await quorum.untilAgreed();
    expect(quorum.countOn(wiped)).toBe(1);
    expect(await quorum.count(wiped, 'after')).toEqual(counted(2));
  });

  test('the quorum grows from three to five and shrinks again while writes go on', async () => {
    const quorum = await startedQuorum({ seed: 11, entriesBetweenSnapshots: 10 });
    let written = 0;
    const write = async (): Promise<void> => {
      written += 1;
      expect(await quorum.count(quorum.node(1), `write ${written}`)).toEqual(counted(written));
    };
    for (let times = 0; times < 30; times += 1) await write();
    for (const number of [4, 5]) {
      const node = quorum.addVoter(number);
      node.process.start();
      await quorum.until(() => node.voter !== undefined);
      await write();
      const voter = {
        voterId: node.id,
        directoryId: node.voter?.directoryId ?? directoryId('0'.repeat(32)),
        peerEndpoint: endpointOf(node.id),
        apiEndpoint: 'somewhere:7081',
      };
      await quorum.until(() => node.voter?.describe().clusterId !== undefined);
      const answer = await quorum.ask(quorum.node(2), { type: 'change-voters', change: { type: 'add', voter } });
      expect(answer).toMatchObject({ type: 'done' });
      await write();
    }
    await quorum.untilAgreed();
    expect(quorum.counts()).toEqual([34, 34, 34, 34, 34]);
    for (const number of [3, 2]) {
      const node = quorum.node(number);
      const { directoryId: leaving } = node.voter ?? { directoryId: directoryId('0'.repeat(32)) };
      const change = { type: 'remove', voterId: voterId(number), directoryId: leaving } as const;
      expect(await quorum.ask(quorum.node(1), { type: 'change-voters', change })).toMatchObject({ type: 'done' });
      node.process.crash();
      await write();
    }
    await quorum.until(() => quorum.countOn(quorum.node(5)) === 36);
    expect(
      quorum
        .node(5)
        .voter?.describe()
        .voters.map((voter) => voter.voterId),
    ).toEqual([1, 4, 5]);
  });
});

test('the committed log can be followed on any voter, from where it still begins', async () => {
  const quorum = await startedQuorum({ seed: 12 });
  const [follower] = followersOf(quorum, await quorum.untilLeader());
  await quorum.count(follower, 'a');
  await quorum.untilAgreed();
  const records = follower.voter?.records;
  let seen: readonly string[] = [];
  follower.process.run(() => {
    void records?.read(logIndex(1), 1024).then((read) => {
      if (read.ok) seen = read.value.map(({ index, payload }) => `${index} ${payload.type}`);
    });
  });
  await quorum.until(() => seen.length > 0);
  // The founding features, the broker of the counter, and the count.
  expect(seen).toEqual(['1 no-op', '2 command', '3 command', '4 command']);
  expect(records?.lastIndex).toBe(4);
});

test('a minute of writes with pauses of 250 ms of every voter brings no election', async () => {
  const quorum = await startedQuorum({ seed: 13 });
  await quorum.untilAgreed();
  const before = quorum.node(1).voter?.describe().term;
  for (let round = 0; round < 60; round += 1) {
    const paused = quorum.node(1 + (round % 3));
    const asked = quorum.node(1 + ((round + 1) % 3));
    paused.process.pause();
    await quorum.pass(250);
    paused.process.resume();
    await quorum.count(asked, `round ${round}`);
    await quorum.pass(700);
  }
  expect(quorum.voters.map(({ voter }) => voter?.describe().term)).toEqual([before, before, before]);
});
