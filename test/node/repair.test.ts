/**
 * Bits that flip on the disks of brokers: noticed, put back from another replica, and never served. Whole nodes on
 * simulated machines.
 */
import { expect, test } from 'vitest';
import { deleteTopicRequestCodec } from '../../src/wire/topic-messages.ts';
import { testBatch } from '../partition/test-batches.ts';
import { LogCluster } from './log-cluster.ts';

const mended = 'said: put back a damaged part of a log with what another replica has';
const sent = Array.from({ length: 30 }, (_, at) => `r${at}`);

async function written(seed: number, assignment: readonly number[]): Promise<LogCluster> {
  const log = await new LogCluster(seed, [assignment], { brokersAlone: assignment.length }).start();
  for (const text of sent) expect(await log.produce(4, 0, testBatch(text))).toMatchObject({ problem: undefined });
  return log;
}

function flip(log: LogCluster, node: number, files: RegExp, count = 3): void {
  const flipped = log.whole.nodes[node - 1]?.disk.flipBits(count, (path) => files.test(path)) ?? [];
  expect(flipped.length).toBeGreaterThan(0);
}

const reached = (log: LogCluster, what: string): number => log.whole.simulation.world.reached.get(what);

test('bits that flip on a follower are found by nobody reading them, and put back', async () => {
  const log = await written(31, [4, 5, 6]);
  flip(log, 5, /partitions\/.*\.log$/);
  await log.whole.run(15_000);
  expect(reached(log, mended)).toBeGreaterThan(0);
  // It has everything again, and may be the only one that does.
  for (const other of [4, 6]) log.whole.nodes[other - 1]?.powerCut();
  await log.whole.run(5_000);
  expect(await log.tryProduce(5, 0, testBatch('after'))).toMatchObject({ problem: { error: 'not-enough-replicas' } });
  expect(await log.texts(5, 0)).toEqual(sent);
});

test('a leader that finds damage lets another lead, is put right, and leads again', async () => {
  const log = await written(32, [4, 5, 6]);
  flip(log, 4, /partitions\/.*\.log$/, 5);
  // Whoever reads finds it before the scrubber does, and is told nothing that is not so.
  const texts = await log.texts(4, 0);
  expect(texts).toEqual(sent.slice(0, texts.length));
  expect(texts.length).toBeLessThan(sent.length);
  await log.whole.run(20_000);
  expect(reached(log, mended)).toBeGreaterThan(0);
  expect(await log.texts(4, 0)).toEqual(sent);
  expect(await log.tryProduce(4, 0, testBatch('after'))).toMatchObject({ problem: undefined });
});

test('a whole file that is gone after a restart comes back', async () => {
  const log = await written(33, [4, 5, 6]);
  log.whole.nodes[5]?.crash();
  flip(log, 6, /partitions\/.*\.(log|stamps|index)$/, 40);
  log.whole.nodes[5]?.start();
  await log.whole.run(20_000);
  expect(reached(log, mended)).toBeGreaterThan(0);
  for (const other of [4, 5]) log.whole.nodes[other - 1]?.powerCut();
  await log.whole.run(5_000);
  expect(await log.texts(6, 0)).toEqual(sent);
});

test('the last one in sync is led again when it has back what another replica still had', async () => {
  const configs = { 'min.insync.replicas': '1' };
  const log = await new LogCluster(35, [[4, 5]], { brokersAlone: 2, configs }).start();
  for (const text of sent) await log.produce(4, 0, testBatch(text));
  log.whole.nodes[4]?.powerCut();
  await log.whole.run(5_000);
  expect(await log.tryProduce(4, 0, testBatch('alone'))).toMatchObject({ problem: undefined });
  flip(log, 4, /partitions\/.*\.log$/, 1);
  await log.whole.run(8_000);
  expect(await log.tryProduce(4, 0)).toMatchObject({ problem: { error: 'leader-not-available' } });
  log.whole.nodes[4]?.start();
  await log.whole.run(15_000);
  expect(reached(log, mended)).toBe(1);
  expect(await log.tryProduce(4, 0, testBatch('after'))).toMatchObject({ problem: undefined });
  expect(await log.texts(4, 0)).toEqual([...sent, 'alone', 'after']);
});

test('the only replica leads on with damage, and says which records cannot be read', async () => {
  const log = await written(34, [4]);
  flip(log, 4, /partitions\/.*\.log$/, 1);
  await log.whole.run(10_000);
  expect(await log.tryProduce(4, 0, testBatch('after'))).toMatchObject({ problem: undefined });
  const texts: string[] = [];
  let damaged = 0;
  for (let from = 0; from <= sent.length; from += 1) {
    const read = await log.fetch(4, 0, from);
    if (read.problem === undefined) texts.push(...(await log.texts(4, 0, from)).slice(0, 1));
    else damaged += 1;
  }
  expect(damaged).toBe(1);
  expect([...sent, 'after'].filter((text) => texts.includes(text))).toHaveLength(sent.length);
});

test('what nobody can put back keeps nothing else from being put back', async () => {
  const assignments = [
    [4, 5],
    [4, 5],
    [4, 5],
    [4, 6],
  ];
  const configs = { 'min.insync.replicas': '1' };
  const log = await new LogCluster(36, assignments, { brokersAlone: 3, configs }).start();
  for (const partition of assignments.keys())
    for (const text of sent.slice(0, 10)) await log.produce(4, partition, testBatch(text));
  // Three whose other replica is away, more than are repaired at once, and one that can be.
  log.whole.nodes[4]?.powerCut();
  await log.whole.run(3_000);
  for (const partition of assignments.keys()) flip(log, 4, new RegExp(`partitions/.*-${partition}/.*\\.log$`), 1);
  await log.whole.run(20_000);
  expect(reached(log, mended)).toBe(1);
  expect(await log.texts(4, 3)).toEqual(sent.slice(0, 10));
  log.whole.nodes[4]?.start();
  await log.whole.run(60_000);
  expect(reached(log, mended)).toBe(4);
  for (const partition of assignments.keys()) expect(await log.texts(4, partition)).toEqual(sent.slice(0, 10));
});

test('a topic that is deleted while its log is repaired ends nothing else', async () => {
  const log = await written(37, [4, 5, 6]);
  for (const other of ['n5', 'n6']) log.whole.simulation.network.cut('n4', other);
  flip(log, 4, /partitions\/.*\.log$/, 2);
  await log.whole.run(3_000);
  const command = { type: 'delete-topic', topic: { by: 'name', name: 'orders', topicId: undefined } } as const;
  const more = { ifExists: false, expectedRevision: undefined, validateOnly: false };
  const request = deleteTopicRequestCodec.encode({ command: { ...command, ...more }, requestId: undefined });
  expect(await log.whole.ask(1, 'odradek.v1.TopicService/DeleteTopic', request)).toMatchObject({ ok: true });
  for (const other of ['n5', 'n6']) log.whole.simulation.network.heal('n4', other);
  await log.whole.run(20_000);
  expect(log.whole.nodes[3]?.starts).toBe(1);
});
