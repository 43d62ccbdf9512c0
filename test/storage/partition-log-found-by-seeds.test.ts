/**
 * What random histories have found in partition logs (`make sim SCENARIO=partition-log`), each as the smallest history
 * that shows it.
 */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import { position } from '../../src/record/batch-layout.ts';
import { LogDisk } from '../../src/storage/log-disk.ts';
import type { PartitionLog } from '../../src/storage/partition-log.ts';
import type { StampedBatch } from '../../src/storage/stamped-batch.ts';
import { someTimeMs } from '../record/batch-fixture.ts';
import { logFolder, makeBatch, openLog, readAll, tinySettings } from './partition-log-model.ts';
import { StorageStage } from './storage-stage.ts';

const chain = (count: number, from = 0): StampedBatch[] =>
  Array.from({ length: count }, (_, at) => makeBatch({ at: from + at }, `record ${from + at}`));

const bytesOf = (batches: readonly StampedBatch[]): Uint8Array[] => batches.map(({ ownedBytes }) => ownedBytes);

async function opened(
  count: number,
  { seed = 1, settings = tinySettings } = {},
): Promise<{ stage: StorageStage; log: PartitionLog }> {
  const stage = new StorageStage(seed);
  const log = await stage.settle(openLog(stage, { settings }));
  if (count > 0) await stage.settle(log.append(chain(count)));
  return { stage, log };
}

const stepMs = 0.25;

function wait(stage: StorageStage, delayMs: number): Promise<void> {
  return stage.settle(new Promise<void>((resolve) => stage.clock.callAfterMs(delayMs, resolve)));
}

test('a log that its owner rolls while it is about to do so itself rolls once', async () => {
  const { stage, log } = await opened(9);
  const rolled = log.roll();
  await wait(stage, stepMs);
  const large = makeBatch({ at: 9 }, 'x'.repeat(tinySettings.segmentBytesMax));
  await stage.settle(Promise.all([rolled, log.append([large])]));
  expect(log.segments.map(({ base }) => base)).toEqual([0, 9]);
  expect(await stage.settle(readAll(log))).toEqual(bytesOf([...chain(9), large]));
});

test('S5: after a roll that failed nothing more is written', async () => {
  const { stage, log } = await opened(9, { settings: { ...tinySettings, recoverBytesMax: 1_000_000 } });
  stage.disk.failNext('write', (path) => path.endsWith('checkpoint.partial'));
  await expect(stage.settle(log.append(chain(20, 9)))).rejects.toThrow('the log failed');
  await wait(stage, 10);
  const names = await stage.settle(stage.ports.disk.list(logFolder));
  const newest = names.findLast((name) => name.endsWith('.log'));
  const file = await stage.settle(stage.ports.disk.openFile(`${logFolder}/${newest}`, 'existing'));
  expect(log.segments.at(-1)?.base).toBe(Number(newest?.slice(0, -'.log'.length)));
  expect(await stage.settle(file.sizeBytes())).toBe(0);
});

test('S1: a log is there after a power cut although its first start was cut short', async () => {
  for (let steps = 0; steps < 90; steps += 1) {
    const stage = new StorageStage(steps);
    void openLog(stage);
    await wait(stage, steps * stepMs);
    stage.kill();
    const log = await stage.settle(openLog(stage));
    await stage.settle(log.append(chain(3)).then(() => log.flush()));
    stage.cutPower();
    const again = await stage.settle(openLog(stage));
    expect(await stage.settle(readAll(again)), `killed after ${steps} steps`).toEqual(bytesOf(chain(3)));
  }
});

/** With room for two open files, reading closes the ones that were written to. */
async function withFewFiles(count: number): Promise<{ stage: StorageStage; on: LogDisk; log: PartitionLog }> {
  const stage = new StorageStage(3);
  const on = new LogDisk(stage.ports.disk, { openFilesMax: 2, flushesMax: 1, indexBytesMax: 2000 });
  const log = await stage.settle(openLog(stage, { on }));
  await stage.settle(log.append(chain(count)));
  return { stage, on, log };
}

test('S6: what a file could not be synced for before it was closed is not served once the log has failed of it', async () => {
  const { stage, log } = await withFewFiles(40);
  await stage.settle(log.flush());
  const { durable } = log.position;
  await stage.settle(log.append(chain(1, 40)));
  stage.disk.failNext('sync', (path) => path.endsWith('.log'));
  expect(await stage.settle(readAll(log))).toEqual(bytesOf(chain(41)));
  await expect(stage.settle(log.append(chain(1, 41)))).rejects.toThrow('the log failed');
  expect(await stage.settle(readAll(log))).toEqual(bytesOf(chain(durable)));
});

test('a log whose file could not be synced is opened again in the same process', async () => {
  const { stage, on, log } = await withFewFiles(40);
  stage.disk.failNext('sync', (path) => path.endsWith('.log'));
  await stage.settle(readAll(log));
  await expect(stage.settle(log.flush())).rejects.toThrow('the log failed');
  await stage.settle(log.close());
  const again = await stage.settle(openLog(stage, { on }));
  await stage.settle(again.append(chain(1, 40)).then(() => again.flush()));
  stage.cutPower();
  const last = await stage.settle(openLog(stage));
  expect(await stage.settle(readAll(last))).toEqual(bytesOf(chain(41)));
});

test('a file that fails to close has lost nothing', async () => {
  const { stage, log } = await withFewFiles(40);
  await stage.settle(log.flush());
  for (let count = 0; count < 4; count += 1) {
    stage.disk.failNext('folder', (path) => path.endsWith('.log'));
    await stage.settle(readAll(log)).catch(() => {});
  }
  stage.disk.forgetFailures();
  expect(await stage.settle(readAll(log))).toEqual(bytesOf(chain(40)));
  await stage.settle(log.append(chain(1, 40)).then(() => log.flush()));
});

test('a read that a truncation overtakes ends there', async () => {
  for (let steps = 0; steps < 24; steps += 1) {
    const { stage, log } = await opened(60, { seed: steps });
    const cut = stage.settle(log.truncate(offset(20)));
    await wait(stage, steps * stepMs);
    const reads = [25, 35, 45, 55].map((from) => log.read({ from: offset(from), bytesMax: 1, check: 'whole' }));
    await stage.settle(Promise.all([...reads, log.findByTime(0)]));
    await cut;
    expect(log.logEnd).toBe(20);
  }
});

test('S3: a power cut in the middle of a roll makes no damage of what was not durable', async () => {
  let cuts = 0;
  for (let seed = 0; seed < 15; seed += 1)
    for (let cutAt = 4; cutAt < 12; cutAt += 1) {
      const stage = new StorageStage(seed);
      const settings = { ...tinySettings, gatherBytesMax: 1 };
      const log = await stage.settle(openLog(stage, { settings }));
      await stage.settle(log.append(chain(2)));
      const outcome = await stage.settleWithin(log.roll(), cutAt);
      if (outcome !== 'cut') stage.cutPower();
      else cuts += 1;
      const again = await stage.settle(openLog(stage));
      expect(again.damaged, `seed ${seed}, cut after ${cutAt} operations`).toEqual([]);
    }
  expect(cuts).toBeGreaterThan(50);
});

test('S2: a time that was spoiled on the disk is not what a lookup finds', async () => {
  const { stage, log } = await opened(3);
  await stage.settle(log.flush());
  const file = await stage.settle(stage.ports.disk.openFile(`${logFolder}/00000000000000000000.log`, 'existing'));
  await stage.settle(file.write(position.maxTimestamp, [Uint8Array.of(0, 1)]));
  const found = await stage.settle(log.findByTime(someTimeMs));
  expect(found).toMatchObject({ ok: true, value: { baseOffset: 1, maxTimestampMs: someTimeMs } });
});

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

test('S7: what is kept of producers is of what was in the log when it was asked for', async () => {
  const { stage, log } = await opened(3);
  const kept = log.saveProducers(() => Buffer.from(`up to ${log.logEnd}`));
  await stage.settle(Promise.all([log.append(chain(2, 3)), kept, log.append(chain(2, 5))]));
  const found = await stage.settle(log.findProducers());
  expect([found?.at, textOf(found?.ownedBytes)]).toEqual([3, 'up to 3']);
});

test('S4: what was kept of producers beyond the end of a log is not that of what comes there later', async () => {
  for (let cutAt = 0; ; cutAt += 1) {
    const { stage, log } = await opened(3, { seed: cutAt });
    await stage.settle(log.flush());
    const outcome = await stage.settleWithin(log.restartAt(offset(5), Buffer.from('further on')), cutAt);
    if (outcome !== 'cut') break;
    const again = await stage.settle(openLog(stage));
    if (again.logEnd > 3) continue;
    await stage.settle(again.append(chain(4, 3)).then(() => again.flush()));
    stage.cutPower();
    const last = await stage.settle(openLog(stage));
    expect(await stage.settle(last.findProducers()), `power cut after ${cutAt} operations`).toBeUndefined();
  }
});

test('a log that began anew does not fall back on what was kept of producers before', async () => {
  const { stage, log } = await opened(3);
  await stage.settle(log.saveProducers(() => Buffer.from('before')));
  await stage.settle(log.restartAt(offset(9), Buffer.from('after')));
  const path = `${logFolder}/00000000000000000009.producers`;
  const file = await stage.settle(stage.ports.disk.openFile(path, 'existing'));
  await stage.settle(file.write(0, [Uint8Array.of(0, 0, 0, 0)]));
  expect(await stage.settle(log.findProducers())).toBeUndefined();
});

test('S3: a segment that was cut off right behind a batch is damaged, and not passed over', async () => {
  const { stage, log } = await opened(40);
  await stage.settle(log.close());
  const file = await stage.settle(stage.ports.disk.openFile(`${logFolder}/00000000000000000000.log`, 'existing'));
  const cut = chain(2).reduce((sum, { ownedBytes }) => sum + ownedBytes.length, 0);
  await stage.settle(file.truncate(cut));
  const again = await stage.settle(openLog(stage));
  expect(await stage.settle(again.read({ from: offset(2), bytesMax: 1, check: 'whole' }))).toMatchObject({
    ok: false,
    problem: { type: 'damaged', range: { from: 2, to: again.segments[1]?.base } },
  });
});

test('S4: a truncation that a start finishes after a sync that failed is not undone by the next power cut', async () => {
  let finished = 0;
  for (let cutAt = 0; ; cutAt += 1) {
    const { stage, log } = await opened(6, { seed: cutAt });
    await stage.settle(log.flush());
    stage.disk.knobs = { ...stage.disk.knobs, failedSyncDrops: 1 };
    const outcome = await stage.settleWithin(log.truncate(offset(2)), cutAt);
    if (outcome !== 'cut') break;
    stage.disk.failNext('sync', (path) => path.endsWith('.log'));
    await stage.settle(openLog(stage)).catch(() => {});
    stage.disk.forgetFailures();
    stage.kill();
    const again = await stage.settle(openLog(stage));
    if (again.logEnd === 2) finished += 1;
    const { logEnd } = again;
    stage.cutPower();
    expect((await stage.settle(openLog(stage))).logEnd, `power cut after ${cutAt} operations`).toBe(logEnd);
  }
  expect(finished).toBeGreaterThan(0);
});
