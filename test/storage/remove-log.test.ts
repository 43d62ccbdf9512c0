/** How the whole log of a partition leaves the disk. */
import { expect, test } from 'vitest';
import { logIndex } from '../../src/base/raft-position.ts';
import { removeLeftOverLogs, removeLog, type LogRemovalOptions } from '../../src/storage/remove-log.ts';
import { logFolder, makeBatch, openLog } from './partition-log-model.ts';
import { StorageStage } from './storage-stage.ts';

const parent = logFolder.slice(0, logFolder.lastIndexOf('/'));
const aside = 'orders-0.77.deleted';
const decision = { revision: logIndex(77) };

function optionsOf(stage: StorageStage, delayMs = 50): LogRemovalOptions {
  const eventLog = { emit: () => {}, with: () => eventLog };
  return { disk: stage.ports.disk, clock: stage.clock, eventLog, delayMs };
}

async function closedLog(seed: number): Promise<StorageStage> {
  const stage = new StorageStage(seed);
  const log = await stage.settle(openLog(stage));
  await stage.settle(log.append([makeBatch({ at: 0 })]));
  await stage.settle(log.close());
  return stage;
}

const namesIn = (stage: StorageStage): Promise<readonly string[]> => stage.settle(stage.ports.disk.list(parent));
const pass = (stage: StorageStage, ms: number): Promise<void> =>
  stage.settle(new Promise<void>((resolve) => stage.clock.callAfterMs(ms, resolve)));

test('a log that is removed is gone by its name at once and off the disk after the delay', async () => {
  const stage = await closedLog(1);
  await stage.settle(removeLog(optionsOf(stage), logFolder, decision));
  expect(await namesIn(stage)).toEqual([aside]);
  await pass(stage, 49);
  expect(await namesIn(stage)).toEqual([aside]);
  await pass(stage, 100);
  expect(await namesIn(stage)).toEqual([]);
});

test('a log of the same name may be made while the removed one still waits', async () => {
  const stage = await closedLog(2);
  await stage.settle(removeLog(optionsOf(stage), logFolder, decision));
  const log = await stage.settle(openLog(stage));
  expect(log.logEnd).toBe(0);
  await pass(stage, 200);
  await stage.settle(log.append([makeBatch({ at: 0 })]));
  expect(await namesIn(stage)).toEqual(['orders-0']);
});

test('once removed a log does not come back with a power cut, and what was left of it is removed later', async () => {
  const stage = await closedLog(3);
  await stage.settle(removeLog(optionsOf(stage), logFolder, decision));
  stage.cutPower();
  expect(await namesIn(stage)).toEqual([aside]);
  await stage.settle(removeLeftOverLogs(optionsOf(stage), parent));
  await pass(stage, 200);
  expect(await namesIn(stage)).toEqual([]);
});
