/**
 * A log that begins anew further on, and what it keeps of producers, with the power cut at every step of it.
 */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import type { PartitionLog } from '../../src/storage/partition-log.ts';
import { logFolder, makeBatch, openLog, readAll } from './partition-log-model.ts';
import { StorageStage } from './storage-stage.ts';

const states = [0, 1, 2].map((value) => Uint8Array.of(7, 7, value));
const [oldState = new Uint8Array(), midState = new Uint8Array(), newState = new Uint8Array()] = states;

async function fill(log: PartitionLog, from: number, count: number): Promise<void> {
  await log.append(Array.from({ length: count }, (_, at) => makeBatch({ at: from + at }, `record ${from + at}`)));
  await log.flush();
}

const servedOffsets = async (log: PartitionLog): Promise<number> => (await readAll(log)).length;

test('a log that restarts holds nothing of before, goes on where it was told to, and knows its producers', async () => {
  const stage = new StorageStage(1);
  const told: number[] = [];
  const log = await stage.settle(openLog(stage, { onProgress: ({ generation }) => told.push(generation) }));
  await stage.settle(fill(log, 0, 20));
  await stage.settle(log.restartAt(offset(100), newState));
  expect([log.localStart, log.partitionStart, log.logEnd, log.latestEpoch]).toEqual([100, 100, 100, undefined]);
  expect(log.position).toEqual({ generation: 1, written: 100, durable: 100 });
  expect(told.at(-1)).toBe(1);
  expect((await stage.settle(log.findProducers()))?.ownedBytes).toEqual(newState);
  await stage.settle(fill(log, 100, 5));
  expect(await stage.settle(servedOffsets(log))).toBe(5);
  await stage.settle(log.close());

  const again = await stage.settle(openLog(stage));
  expect([again.localStart, again.logEnd, again.position.generation]).toEqual([100, 105, 1]);
  expect(again.report.damaged).toEqual([]);
  expect(await stage.settle(servedOffsets(again))).toBe(5);
});

test('what a restart has dropped is off the disk after a while', async () => {
  const stage = new StorageStage(2);
  const log = await stage.settle(openLog(stage));
  await stage.settle(fill(log, 0, 20));
  await stage.settle(log.restartAt(offset(30), newState));
  await stage.settle(new Promise<void>((resolve) => stage.clock.callAfterMs(1000, resolve)));
  await stage.settle(new Promise<void>((resolve) => stage.clock.callAfterMs(1000, resolve)));
  const names = await stage.settle(stage.ports.disk.list(logFolder));
  expect(names.filter((name) => name.includes('.log'))).toEqual(['00000000000000000030.log']);
});

test('S8: wherever the power goes during a restart, the log is the old one or the new one, whole', async () => {
  const seen = new Set<string>();
  for (let cutAt = 0; ; cutAt += 1) {
    const stage = new StorageStage(cutAt);
    const log = await stage.settle(openLog(stage));
    await stage.settle(fill(log, 0, 12));
    await stage.settle(log.saveProducers(() => oldState));
    const outcome = await stage.settleWithin(log.restartAt(offset(40), newState), cutAt);
    if (outcome !== 'cut') break;
    const again = await stage.settle(openLog(stage));
    expect(again.report.damaged, `power cut after ${cutAt} operations`).toEqual([]);
    const state = (await stage.settle(again.findProducers()))?.ownedBytes;
    const isNew = again.localStart === 40;
    expect([again.logEnd, await stage.settle(servedOffsets(again)), state]).toEqual(
      isNew ? [40, 0, newState] : [12, 12, oldState],
    );
    seen.add(isNew ? 'new' : 'old');
    await stage.settle(fill(again, again.logEnd, 3));
    expect(await stage.settle(servedOffsets(again))).toBe(isNew ? 3 : 15);
  }
  expect([...seen].sort()).toEqual(['new', 'old']);
});

test('a state of producers goes with the records that it was made of, and the one before it counts again', async () => {
  const stage = new StorageStage(4);
  const log = await stage.settle(openLog(stage));
  const saved = async (bytes: Uint8Array): Promise<void> => stage.settle(log.saveProducers(() => bytes));
  const found = async (): Promise<unknown> => {
    const state = await stage.settle(log.findProducers());
    return state === undefined ? undefined : [state.at, [...state.ownedBytes]];
  };
  expect(await found()).toBe(undefined);
  for (const [at, bytes] of states.entries()) {
    await stage.settle(fill(log, at * 10, 10));
    await saved(bytes);
  }
  expect(await found()).toEqual([30, [...newState]]);
  await stage.settle(log.truncate(offset(25)));
  expect(await found()).toEqual([20, [...midState]]);
  // Only two are kept, so the one before those is read from the batches.
  await stage.settle(log.truncate(offset(15)));
  expect(await found()).toBe(undefined);
});

test('a state of producers that is spoiled is as if it were not there', async () => {
  const stage = new StorageStage(5);
  const log = await stage.settle(openLog(stage));
  await stage.settle(fill(log, 0, 4));
  await stage.settle(log.saveProducers(() => oldState));
  await stage.settle(fill(log, 4, 4));
  await stage.settle(log.saveProducers(() => newState));
  const [spoiled] = await stage
    .settle(stage.ports.disk.list(logFolder))
    .then((names) => names.filter((name) => name.endsWith('8.producers')));
  const file = await stage.settle(stage.ports.disk.openFile(`${logFolder}/${spoiled}`, 'existing'));
  await stage.settle(file.write(20, [Uint8Array.of(9)]));
  await stage.settle(file.close());
  expect((await stage.settle(log.findProducers()))?.at).toBe(4);
});
