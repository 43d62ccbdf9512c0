import { expect, test } from 'vitest';
import { SimulatedQuorum } from './simulated-quorum.ts';

async function startedVoter(seed = 1): Promise<SimulatedQuorum> {
  const quorum = new SimulatedQuorum({
    voters: 1,
    seed,
    snapshotLimits: { entriesBetweenSnapshots: 20, keptEntries: 5 },
  });
  quorum.start();
  await quorum.untilLeader();
  return quorum;
}

test('a single voter founds its cluster and leads within half a second', async () => {
  const quorum = await startedVoter();
  expect(quorum.simulation.world.nowMs).toBeLessThan(500);
  const description = quorum.node(1).voter?.describe();
  expect(description).toMatchObject({ role: 'leader', leaderId: 1, voterId: 1 });
  expect(description?.clusterId).toMatch(/^[0-9a-f]{32}$/);
  expect(description?.voters).toHaveLength(1);
});

test('what a single voter acknowledged survives a power cut, with its cluster and its identity', async () => {
  const quorum = await startedVoter(2);
  const node = quorum.node(1);
  for (const id of ['a', 'b', 'c']) await quorum.count(node, id);
  const before = node.voter?.describe();
  node.process.powerCut();
  node.process.start();
  await quorum.untilLeader();
  await quorum.until(() => quorum.countOn(node) === 3);
  const after = node.voter?.describe();
  expect(after?.clusterId).toBe(before?.clusterId);
  expect(after?.voters[0]?.directoryId).toBe(before?.voters[0]?.directoryId);
  expect(after?.term).toBeGreaterThan(before?.term ?? 0);
  expect(await quorum.count(node, 'c')).toEqual({ type: 'counted', counter: 3 });
});

test('snapshots keep the log short and a restart brings back what they hold', async () => {
  const quorum = await startedVoter(3);
  const node = quorum.node(1);
  for (let number = 1; number <= 60; number += 1) await quorum.count(node, `request ${number}`);
  await quorum.until(() => (node.voter?.describe().firstIndex ?? 0) > 20);
  const before = node.voter?.describe();
  node.process.powerCut();
  node.process.start();
  await quorum.untilLeader();
  await quorum.until(() => quorum.countOn(node) === 60);
  expect(await quorum.count(node, 'request 60')).toEqual({ type: 'counted', counter: 60 });
  expect(node.voter?.describe().firstIndex).toBeGreaterThanOrEqual(before?.firstIndex ?? Infinity);
});

test('a voter that is stopped leaves its directory free and its data whole', async () => {
  const quorum = await startedVoter(4);
  const node = quorum.node(1);
  await quorum.count(node, 'a');
  let stopped = false;
  node.process.run(() => {
    void node.voter?.stop().then(() => {
      stopped = true;
    });
  });
  await quorum.until(() => stopped);
  node.process.crash();
  node.process.start();
  await quorum.untilLeader();
  await quorum.until(() => quorum.countOn(node) === 1);
});

test('a failing disk ends the voter and nothing is acknowledged after it', async () => {
  const quorum = await startedVoter(5);
  const node = quorum.node(1);
  await quorum.count(node, 'a');
  node.process.stores.failNext('sync');
  const answer = quorum.ask(node, quorum.countCall('b'), 1000);
  await expect(answer).rejects.toThrow('after');
  expect(node.fault).toBeInstanceOf(Error);
  expect(node.process.state).toBe('down');
});

test('after a failed sync a voter starts again, and a power cut at any moment of that start takes nothing from it', async () => {
  for (let cutMs = 0; cutMs < 40; cutMs += 2) {
    const quorum = await startedVoter(100 + cutMs);
    const { process } = quorum.node(1);
    await quorum.count(quorum.node(1), 'a');
    // The disk drops what the failed sync covered and goes on showing it; a power cut then keeps the store's batches alone.
    process.disk.knobs = { ...process.disk.knobs, failedSyncDrops: 1, powerCut: { ...dropsAll } };
    process.stores.knobs = { ...process.stores.knobs, powerCutKeepsBatch: 1 };
    process.disk.failNext('sync', (path) => path.includes('sentinel'));
    process.run(() => void quorum.node(1).voter?.ask(quorum.countCall('b'), 100));
    await quorum.until(() => process.state === 'down');
    process.start();
    await quorum.pass(cutMs);
    if (process.state === 'running') process.powerCut();
    process.start();
    await quorum.untilLeader();
    // What was being written when the disk failed may be there or not.
    await quorum.until(() => (quorum.countOn(quorum.node(1)) ?? 0) >= 1);
  }
});

const dropsAll = { changeSurvives: 0, writeTears: 0, entrySurvives: 1 };
