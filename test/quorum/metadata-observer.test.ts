import { expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { clusterId } from '../../src/base/ids.ts';
import type { SnapshotLimits } from '../../src/quorum/snapshot-policy.ts';
import { metadataSnapshotCodec } from '../../src/wire/metadata-log-codec.ts';
import { snapshotOf } from '../../src/metadata/metadata-snapshot.ts';
import type { MetadataImage } from '../../src/metadata/metadata-image.ts';
import { ObserverMachine } from './observer-machine.ts';
import { countOf, registerCounter } from './producer-id-counter.ts';
import { endpointOf, SimulatedQuorum } from './simulated-quorum.ts';

async function followedQuorum(
  snapshotLimits: Partial<SnapshotLimits> = {},
): Promise<{ quorum: SimulatedQuorum; machine: ObserverMachine }> {
  const quorum = new SimulatedQuorum({ voters: 3, seed: 5, snapshotLimits });
  quorum.start();
  await quorum.untilLeader();
  const machine = new ObserverMachine(quorum.simulation, {
    name: 'observer',
    voters: quorum.voters.map(({ id }) => endpointOf(id)),
    clusterId: () => quorum.node(1).voter?.describe().clusterId,
  });
  return { quorum, machine };
}

const stateOf = (image: MetadataImage | undefined): string => {
  assert(image !== undefined, 'there is an image');
  return Buffer.from(metadataSnapshotCodec.encode(snapshotOf(image))).toString('hex');
};

/** M1: all have the same image at the end. */
async function untilFollowed(quorum: SimulatedQuorum, machine: ObserverMachine): Promise<void> {
  await quorum.untilAgreed();
  const leader = await quorum.untilLeader();
  const revision = leader.machine?.image.revision ?? 0;
  await quorum.until(() => (machine.observer?.image.revision ?? 0) >= revision);
  expect(stateOf(machine.observer?.image)).toBe(stateOf(leader.machine?.image));
}

test('an observer has what the voters have, from the first entry on', async () => {
  const { quorum, machine } = await followedQuorum();
  await quorum.count(quorum.node(1), 'before');
  machine.process.start();
  await untilFollowed(quorum, machine);
  await quorum.count(quorum.node(2), 'after');
  await untilFollowed(quorum, machine);
  expect(countOf(machine.observer?.image as MetadataImage)).toBe(2);
});

test('an observer that comes late begins with a snapshot', async () => {
  const { quorum, machine } = await followedQuorum({ entriesBetweenSnapshots: 10, keptEntries: 2 });
  for (let number = 1; number <= 40; number += 1) await quorum.count(quorum.node(1), `request ${number}`);
  await quorum.until(() => quorum.voters.every(({ voter }) => (voter?.describe().firstIndex ?? 0) > 20));
  machine.process.start();
  await untilFollowed(quorum, machine);
  for (let number = 41; number <= 45; number += 1) await quorum.count(quorum.node(1), `request ${number}`);
  await untilFollowed(quorum, machine);
});

test('an observer goes on with another voter when the one that it follows dies, is cut off or says nothing', async () => {
  const { quorum, machine } = await followedQuorum();
  machine.process.start();
  await quorum.count(quorum.node(1), 'first');
  await untilFollowed(quorum, machine);
  for (const [round, { process }] of quorum.voters.entries()) {
    const others = quorum.voters.filter((node) => node.process !== process);
    if (round === 0) process.crash();
    else if (round === 1) process.pause();
    else {
      // Only from the other voters: the observer still reaches it, and must not stay with it.
      for (const other of others) {
        quorum.simulation.network.cut(process.name, other.process.name);
        quorum.simulation.network.cut(other.process.name, process.name);
      }
    }
    const asked = others[0];
    assert(asked !== undefined, 'two voters are left');
    await quorum.count(asked, `round ${round}`);
    const revision = asked.machine?.image.revision ?? 0;
    await quorum.until(() => (machine.observer?.image.revision ?? 0) >= revision, 10_000);
    if (round === 0) process.start();
    else if (round === 1) process.resume();
    else quorum.simulation.network.healAmong(new Set(quorum.voters.map((node) => node.process.name)));
    await quorum.untilAgreed();
  }
  await untilFollowed(quorum, machine);
});

test('a command asked through an observer is carried out once, whatever happens to the voter that was asked', async () => {
  const { quorum, machine } = await followedQuorum();
  machine.process.start();
  await untilFollowed(quorum, machine);
  const ours = quorum.node(1).voter?.describe().clusterId;
  assert(ours !== undefined, 'the quorum is a cluster');
  const told: string[] = [];
  machine.process.run(() => {
    void machine.observer?.request(registerCounter(ours), 10_000).then((reply) => {
      told.push(reply.type);
    });
    void machine.observer?.currentRevision(10_000).then((revision) => {
      told.push(revision.ok ? 'revision' : revision.problem.type);
    });
  });
  const leader = await quorum.untilLeader();
  leader.process.crash();
  await quorum.until(() => told.length === 2);
  expect(new Set(told)).toEqual(new Set(['done', 'revision']));
});

test('an observer that reaches nobody says so when the time is over, and knows what it did not do', async () => {
  const { quorum, machine } = await followedQuorum();
  machine.process.start();
  await quorum.until(() => machine.observer !== undefined);
  for (const { process } of quorum.voters) process.crash();
  const other = registerCounter(clusterId('a'.repeat(32)));
  let outcome = '';
  machine.process.run(() => {
    void machine.observer?.request(other, 3000).then((reply) => {
      outcome = reply.type;
    });
  });
  await quorum.until(() => outcome !== '');
  expect(outcome).toBe('outcome-unknown');
});
