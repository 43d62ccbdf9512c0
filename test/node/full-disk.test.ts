/**
 * Disks that have no room: nothing is lost, what can be read is, and when there is room it goes on by itself. Whole nodes on
 * simulated machines.
 */
import { expect, test } from 'vitest';
import { testBatch } from '../partition/test-batches.ts';
import { LogCluster } from './log-cluster.ts';

function fill(log: LogCluster, node: number): () => void {
  const disk = log.whole.nodes[node - 1]?.disk;
  if (disk === undefined) throw new Error(`there is a node ${node}`);
  const before = disk.knobs;
  disk.knobs = { ...before, capacityBytes: 0 };
  return () => (disk.knobs = before);
}

const lives = (log: LogCluster, node: number): number | undefined => log.whole.nodes[node - 1]?.starts;

test('a leader whose disk is full lets another lead, and leads again when there is room', async () => {
  const log = await new LogCluster(41, [[4, 5, 6]], { brokersAlone: 3 }).start();
  for (const text of ['a', 'b']) expect(await log.produce(4, 0, testBatch(text))).toMatchObject({ problem: undefined });
  const makeRoom = fill(log, 4);
  expect(await log.tryProduce(4, 0, testBatch('c'))).toMatchObject({ problem: { error: 'outcome-unknown' } });
  await log.whole.run(2_000);
  expect(await log.tryProduce(4, 0, testBatch('d'))).toMatchObject({ problem: { error: 'storage-error' } });
  expect(await log.tryProduce(5, 0, testBatch('d'))).toMatchObject({ problem: undefined });
  makeRoom();
  await log.whole.run(15_000);
  expect(await log.tryProduce(4, 0, testBatch('e'))).toMatchObject({ problem: undefined });
  const texts = await log.texts(4, 0);
  expect(texts.filter((text) => text !== 'c')).toEqual(['a', 'b', 'd', 'e']);
  expect([4, 5, 6].map((node) => lives(log, node))).toEqual([1, 1, 1]);
});

test('the only replica loses nothing by a full disk, and needs nobody to go on', async () => {
  const log = await new LogCluster(42, [[4], [4]], { brokersAlone: 1 }).start();
  for (const text of ['a', 'b']) await log.produce(4, 0, testBatch(text));
  await log.produce(4, 1, testBatch('other'));
  const makeRoom = fill(log, 4);
  expect(await log.tryProduce(4, 0, testBatch('c'))).toMatchObject({ problem: { error: 'outcome-unknown' } });
  await log.whole.run(3_000);
  // Nobody wrote to the other one, so it can still be read.
  expect(await log.texts(4, 1)).toEqual(['other']);
  makeRoom();
  await log.whole.run(5_000);
  expect(await log.tryProduce(4, 0, testBatch('d'))).toMatchObject({ problem: undefined });
  const texts = await log.texts(4, 0);
  expect(texts.filter((text) => text !== 'c')).toEqual(['a', 'b', 'd']);
  expect(lives(log, 4)).toBe(1);
});

test('a follower whose disk is full is missed, and catches up when there is room', async () => {
  const log = await new LogCluster(43, [[4, 5, 6]], { brokersAlone: 3 }).start();
  await log.produce(4, 0, testBatch('a'));
  const makeRoom = fill(log, 6);
  for (const text of ['b', 'c'])
    expect(await log.tryProduce(4, 0, testBatch(text))).toMatchObject({ problem: undefined });
  makeRoom();
  await log.whole.run(10_000);
  for (const other of [4, 5]) log.whole.nodes[other - 1]?.powerCut();
  await log.whole.run(5_000);
  expect(await log.texts(6, 0)).toEqual(['a', 'b', 'c']);
  expect(lives(log, 6)).toBe(1);
});
