/**
 * What a partition log does when nothing goes wrong, and how it ends when the disk does.
 */
import { expect, test } from 'vitest';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import type { LogPosition } from '../../src/storage/log-progress.ts';
import type { PartitionLog } from '../../src/storage/partition-log.ts';
import { judgePeerBatches, type StampedBatch } from '../../src/storage/stamped-batch.ts';
import { someTimeMs } from '../record/batch-fixture.ts';
import { logFolder, LogHistory, makeBatch, openLog, readAll, tinySettings } from './partition-log-model.ts';
import { StorageStage } from './storage-stage.ts';

/** Batches one after the other, ten milliseconds apart. */
function chain(count: number, { from = 0, epoch = 1 }: { from?: number; epoch?: number } = {}): StampedBatch[] {
  return Array.from({ length: count }, (_, at) =>
    makeBatch({ at: from + at, epoch, timestampMs: someTimeMs + (from + at) * 10 }, `record ${from + at}`),
  );
}

async function opened(
  count: number,
  options: Parameters<typeof openLog>[1] = {},
): Promise<{ stage: StorageStage; log: PartitionLog }> {
  const stage = new StorageStage(1);
  const log = await stage.settle(openLog(stage, options));
  if (count > 0) await stage.settle(log.append(chain(count)));
  return { stage, log };
}

const bytesOf = (batches: readonly StampedBatch[]): Uint8Array[] => batches.map(({ ownedBytes }) => ownedBytes);

test('a batch comes out of the log byte for byte as it went in', async () => {
  const { stage, log } = await opened(40);
  expect(log.segments.length).toBeGreaterThan(2);
  expect(log.logEnd).toBe(40);
  for (const bytesMax of [1, 300, 301, 100_000])
    expect(await stage.settle(readAll(log, bytesMax))).toEqual(bytesOf(chain(40)));
});

test('a read begins with the batch that holds the offset and ends within its budget and its bound', async () => {
  const { stage, log } = await opened(0);
  const batches = [
    makeBatch({ at: 0, records: 5 }),
    makeBatch({ at: 5, records: 5 }),
    makeBatch({ at: 20, records: 2 }),
  ];
  await stage.settle(log.append(batches));
  const sizes = batches.map(({ ownedBytes }) => ownedBytes.length);
  const read = async (from: number, bytesMax: number, below?: number): Promise<unknown> => {
    const bound = below === undefined ? {} : { below: offset(below) };
    const found = await stage.settle(log.read({ from: offset(from), bytesMax, check: 'whole', ...bound }));
    return found.ok ? [found.value.ownedBytes.length, found.value.nextOffset] : found.problem.type;
  };
  const [first = 0, second = 0, third = 0] = sizes;
  expect(await read(3, 1)).toEqual([first, 5]);
  expect(await read(3, first + second)).toEqual([first + second, 10]);
  expect(await read(3, first + second + third - 1)).toEqual([first + second, 10]);
  expect(await read(12, 1)).toEqual([third, 22]);
  expect(await read(0, 10_000, 9)).toEqual([first, 5]);
  expect(await read(22, 10_000)).toEqual([0, 22]);
  expect(await read(23, 10_000)).toBe('offset-out-of-range');
});

test('S7: written comes before durable, a flush covers what was written, and both are told', async () => {
  const told: LogPosition[] = [];
  const { stage, log } = await opened(0, { onProgress: (position) => told.push(position) });
  const writing = log.append(chain(3));
  expect(log.logEnd).toBe(3);
  expect(log.position).toEqual({ generation: 0, written: 0, durable: 0 });
  await stage.settle(writing);
  expect(log.position).toEqual({ generation: 0, written: 3, durable: 0 });
  await stage.settle(log.flush());
  expect(told.at(-1)).toEqual({ generation: 0, written: 3, durable: 3 });
  expect(told.every(({ written, durable }) => durable <= written)).toBe(true);
});

test('appends that come during a flush share the next one', async () => {
  const stage = new StorageStage(3);
  const settings = { ...tinySettings, segmentBytesMax: 1_000_000, recoverBytesMax: 1_000_000, gatherBytesMax: 100_000 };
  const durables = new Set<number>();
  const log = await stage.settle(
    openLog(stage, {
      settings: { ...settings, flush: { type: 'each-append' } },
      onProgress: ({ durable }) => durables.add(durable),
    }),
  );
  const appends = chain(64).map((batch) => log.append([batch]));
  await stage.settle(Promise.all(appends).then(() => log.flush()));
  expect(log.position.durable).toBe(64);
  expect(durables.size).toBeLessThanOrEqual(4);
});

test('a log that flushes every so many bytes or milliseconds does so by itself', async () => {
  const settings = {
    ...tinySettings,
    recoverBytesMax: 1_000_000,
    flush: { type: 'every', bytes: 400, ms: 50 },
  } as const;
  const { stage, log } = await opened(1, { settings });
  expect(log.position.durable).toBe(0);
  await stage.settle(new Promise<void>((resolve) => void stage.clock.callAfterMs(60, resolve)));
  expect(log.position.durable).toBe(1);
  await stage.settle(log.append(chain(8, { from: 1 })));
  await stage.settle(new Promise<void>((resolve) => void stage.clock.callAfterMs(20, resolve)));
  expect(log.position.durable).toBeGreaterThan(5);
  await stage.settle(new Promise<void>((resolve) => void stage.clock.callAfterMs(80, resolve)));
  expect(log.position.durable).toBe(9);
});

test('a log that was closed opens as it was, without looking at its batches', async () => {
  const { stage, log } = await opened(30);
  await stage.settle(log.movePartitionStart(offset(7)));
  await stage.settle(log.close());
  stage.kill();
  const again = await stage.settle(openLog(stage));
  expect(again.report).toMatchObject({
    wasCreated: false,
    scannedBytes: 0,
    dropped: undefined,
    rebuilt: [],
    damaged: [],
  });
  expect(again.segments).toEqual(log.segments);
  expect([again.logEnd, again.partitionStart, again.latestEpoch]).toEqual([30, 7, 1]);
  expect(await stage.settle(readAll(again))).toEqual(bytesOf(chain(30)));
});

test('S4: a truncation cuts whole batches, and what was cut is never served again', async () => {
  const { stage, log } = await opened(20);
  await stage.settle(log.append(chain(10, { from: 20, epoch: 3 })));
  expect(await stage.settle(log.truncate(offset(9)))).toBe(9);
  expect([log.logEnd, log.latestEpoch, log.position.generation]).toEqual([9, 1, 1]);
  await stage.settle(log.append(chain(4, { from: 9, epoch: 4 })));
  const wanted = bytesOf([...chain(9), ...chain(4, { from: 9, epoch: 4 })]);
  expect(await stage.settle(readAll(log))).toEqual(wanted);
  await stage.settle(log.flush());
  stage.cutPower();
  expect(await stage.settle(openLog(stage).then((again) => readAll(again)))).toEqual(wanted);
});

test('a batch that reaches across the point of a truncation goes with it', async () => {
  const { stage, log } = await opened(0);
  await stage.settle(log.append([makeBatch({ at: 0, records: 3 }), makeBatch({ at: 3, records: 4 })]));
  expect(await stage.settle(log.truncate(offset(5)))).toBe(3);
  expect(await stage.settle(log.truncate(offset(3)))).toBe(3);
  expect(await stage.settle(log.truncate(offset(0)))).toBe(0);
  expect(await stage.settle(readAll(log))).toEqual([]);
});

test('followers find by the epochs of a log where it parts from theirs', async () => {
  const { stage, log } = await opened(5);
  await stage.settle(log.append(chain(5, { from: 5, epoch: 4 })));
  expect(log.endOfEpoch(leaderEpoch(0))).toBeUndefined();
  expect(log.endOfEpoch(leaderEpoch(1))).toEqual({ epoch: 1, end: 5 });
  expect(log.endOfEpoch(leaderEpoch(3))).toEqual({ epoch: 1, end: 5 });
  expect(log.endOfEpoch(leaderEpoch(9))).toEqual({ epoch: 4, end: 10 });
});

test('retention lets whole segments go, by size and by age, and never beyond the watermark', async () => {
  const { stage, log } = await opened(60);
  const bases = log.segments.map(({ base }) => base);
  const retain = (rule: { bytesMax?: number; keepFromMs?: number; below?: number }): Promise<number> =>
    stage.settle(log.retain({ bytesMax: rule.bytesMax, keepFromMs: rule.keepFromMs, below: offset(rule.below ?? 60) }));
  expect(await retain({})).toBe(0);
  expect(await retain({ bytesMax: 0, below: (bases[1] ?? 0) - 1 })).toBe(0);
  expect(await retain({ keepFromMs: someTimeMs + (bases[1] ?? 0) * 10 })).toBe(bases[1]);
  expect(await retain({ bytesMax: 0 })).toBe(bases.at(-1));
  const gone = await stage.settle(log.read({ from: offset(0), bytesMax: 1, check: 'whole' }));
  expect(gone).toMatchObject({ ok: false, problem: { type: 'offset-out-of-range', localStart: bases.at(-1) } });
  expect(await stage.settle(readAll(log))).toEqual(bytesOf(chain(60)).slice(bases.at(-1)));
});

test('files of what is gone are renamed at once and removed after a while', async () => {
  const { stage, log } = await opened(60);
  await stage.settle(log.retain({ bytesMax: 0, keepFromMs: undefined, below: offset(60) }));
  const deleted = async (): Promise<number> =>
    (await stage.settle(stage.ports.disk.list(logFolder))).filter((name) => name.endsWith('.deleted')).length;
  expect(await deleted()).toBeGreaterThan(0);
  await stage.settle(new Promise<void>((resolve) => void stage.clock.callAfterMs(200, resolve)));
  expect(await deleted()).toBe(0);
});

test('a time is found at the first batch that is as new, across segments', async () => {
  const { stage, log } = await opened(50);
  for (const at of [0, 1, 17, 33, 49])
    expect(await stage.settle(log.findByTime(someTimeMs + at * 10 - 5))).toEqual({
      ok: true,
      value: { baseOffset: at, maxTimestampMs: someTimeMs + at * 10 },
    });
  expect(await stage.settle(log.findByTime(someTimeMs + 500))).toEqual({ ok: true, value: undefined });
  expect(await stage.settle(log.findByTime(someTimeMs + 400, offset(40)))).toEqual({ ok: true, value: undefined });
});

test('a log that begins at an offset takes nothing before it', async () => {
  const { stage, log } = await opened(0, { startAt: offset(100) });
  expect([log.localStart, log.logEnd]).toEqual([100, 100]);
  await stage.settle(log.append(chain(2, { from: 100 })));
  expect(await stage.settle(readAll(log))).toEqual(bytesOf(chain(2, { from: 100 })));
});

test('S5: after a failed write nothing more is taken, and what was written before is served', async () => {
  const { stage, log } = await opened(4);
  stage.disk.failNext('write', (path) => path.endsWith('.log'));
  await expect(stage.settle(log.append(chain(1, { from: 4 })))).rejects.toThrow('the log failed');
  await expect(log.append(chain(1, { from: 5 }))).rejects.toThrow('the log failed');
  expect(log.failure).toBeDefined();
  expect(await stage.settle(readAll(log))).toEqual(bytesOf(chain(4)));
});

test('a disk that is full ends the appends of a log and not its reads', async () => {
  const { stage, log } = await opened(4);
  stage.disk.knobs = { ...stage.disk.knobs, capacityBytes: 100 };
  await expect(stage.settle(log.append(chain(1, { from: 4 })))).rejects.toMatchObject({ cause: { problem: 'full' } });
  expect(await stage.settle(readAll(log))).toEqual(bytesOf(chain(4)));
});

test('S6: after a failed flush nothing is served or called durable that was not durable before', async () => {
  const { stage, log } = await opened(4);
  await stage.settle(log.flush());
  await stage.settle(log.append(chain(2, { from: 4 })));
  stage.disk.failNext('sync', (path) => path.endsWith('.log'));
  await expect(stage.settle(log.flush())).rejects.toThrow('the log failed');
  expect(log.position.durable).toBe(4);
  expect(await stage.settle(readAll(log))).toEqual(bytesOf(chain(4)));
  stage.kill();
  const again = await stage.settle(openLog(stage));
  expect((await stage.settle(readAll(again))).slice(0, 4)).toEqual(bytesOf(chain(4)));
});

test('batches of a peer are looked at as a whole before any of them is appended', () => {
  const run = Buffer.concat(bytesOf(chain(3)));
  const after = { offset: offset(0), epoch: leaderEpoch(1) };
  const judged = judgePeerBatches(run, after);
  expect(judged.ok && judged.value.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2]);
  const flipped = Uint8Array.from(run);
  flipped[run.length - 1] = (flipped[run.length - 1] ?? 0) ^ 1;
  expect(judgePeerBatches(flipped, after)).toEqual({ ok: false, problem: { type: 'bad-checksum' } });
  expect(judgePeerBatches(run, { ...after, offset: offset(1) })).toMatchObject({
    problem: { type: 'offset-goes-back' },
  });
  expect(judgePeerBatches(run, { ...after, epoch: leaderEpoch(2) })).toMatchObject({
    problem: { type: 'epoch-goes-back' },
  });
});

test('S13: offsets, epochs and the starts of a log never go back', async () => {
  const { stage, log } = await opened(5);
  expect(() => void log.append(chain(1, { from: 4 }))).toThrow('S13');
  const { log: other } = await opened(5);
  expect(() => void other.append([makeBatch({ at: 5, epoch: 0 })])).toThrow('epochs never go back');
  await stage.settle(log.movePartitionStart(offset(3)));
  await stage.settle(log.movePartitionStart(offset(2)));
  expect(log.partitionStart).toBe(3);
});

test('a read from any offset finds its batch, however little it asks for and however it got there', async () => {
  const { stage, log } = await opened(0);
  const batches = Array.from({ length: 40 }, (_, at) =>
    makeBatch({ at: at * 3, records: 1 + (at % 3) }, 'x'.repeat((at * 37) % 200)),
  );
  await stage.settle(log.append(batches).then(() => log.close()));
  for (let from = 0; from <= 117; from += 1) {
    stage.kill();
    const fresh = await stage.settle(openLog(stage));
    const wanted = batches.find(({ nextOffset }) => nextOffset > from);
    const read = await stage.settle(fresh.read({ from: offset(from), bytesMax: 1, check: 'whole' }));
    expect(read.ok && read.value.nextOffset, `from ${from}`).toBe(wanted?.nextOffset);
    await stage.settle(fresh.close());
  }
});

test('a log that grew, rolled and was read in every order serves what the model of it has', async () => {
  const history = new LogHistory(new StorageStage(9));
  const random = new SimulatedRandom(9);
  const { stage } = history;
  const log = await stage.settle(history.open({ type: 'each-append' }));
  for (let round = 0; round < 30; round += 1) {
    await stage.settle(log.append(Array.from({ length: 4 }, () => history.drawBatch(random))));
    const from = offset(random.integerBelow(log.logEnd));
    const wanted = history.batches.filter(({ nextOffset }) => nextOffset > from);
    expect(await stage.settle(readAll(log, 333, from))).toEqual(bytesOf(wanted));
  }
});
