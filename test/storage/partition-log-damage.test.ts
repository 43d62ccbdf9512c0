/**
 * What a partition log makes of bytes that are not those that were written: in its batches, beside them, at its end.
 */
import { expect, test } from 'vitest';
import { offset, type Offset } from '../../src/base/offsets.ts';
import { position } from '../../src/record/batch-layout.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import type { DamagedRange } from '../../src/storage/damaged-range.ts';
import type { PartitionLog } from '../../src/storage/partition-log.ts';
import type { StampedBatch } from '../../src/storage/stamped-batch.ts';
import { logFolder, makeBatch, openLog, readAll } from './partition-log-model.ts';
import { StorageStage } from './storage-stage.ts';

/** Three segments, gaps and epochs in them; the last three batches came after the last flush. */
const batches: readonly StampedBatch[] = Array.from({ length: 26 }, (_, at) =>
  makeBatch({ at: at * 2 + (at > 9 ? 3 : 0), epoch: 1 + Math.floor(at / 8), records: 2 }, `record ${at}`),
);
const flushed = 23;

async function leftBehind(how: 'closed' | 'killed'): Promise<StorageStage> {
  const stage = new StorageStage(5);
  const log = await stage.settle(openLog(stage));
  await stage.settle(log.append(batches.slice(0, flushed)));
  await stage.settle(log.flush());
  await stage.settle(log.append(batches.slice(flushed)));
  if (how === 'closed') await stage.settle(log.close());
  stage.kill();
  return stage;
}

async function onFile(stage: StorageStage, name: string, act: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const change = async (): Promise<void> => {
    const file = await stage.ports.disk.openFile(`${logFolder}/${name}`, 'existing');
    const changed = act(await file.read(0, await file.sizeBytes()));
    await file.truncate(changed.length);
    await file.write(0, [changed]);
    await file.sync();
    await file.close();
  };
  await stage.settle(change());
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

interface Found {
  readonly served: ReadonlySet<string>;
  readonly refused: readonly DamagedRange[];
}

/** Reads past what is refused. */
async function readPastDamage(log: PartitionLog): Promise<Found> {
  const served = new Set<string>();
  const refused: DamagedRange[] = [];
  for (let at: Offset = log.localStart; at < log.logEnd;) {
    const read = await log.read({ from: at, bytesMax: 1, check: 'whole' });
    if (read.ok) {
      if (read.value.ownedBytes.length === 0) break;
      served.add(textOf(read.value.ownedBytes));
      at = read.value.nextOffset;
    } else if (read.problem.type === 'damaged') {
      refused.push(read.problem.range);
      at = read.problem.range.to;
    } else throw new Error(read.problem.type);
  }
  return { served, refused };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** What may be missing is said to be damaged, or was never flushed and is said to be dropped. */
function expectClassified(log: PartitionLog, { served, refused }: Found, at: string): readonly StampedBatch[] {
  const whole = new Set(batches.map(({ ownedBytes }) => textOf(ownedBytes)));
  for (const text of served) expect(whole.has(text), `S2: ${at}: what is served was appended`).toBe(true);
  const lost = batches.filter(({ ownedBytes }) => !served.has(textOf(ownedBytes)));
  for (const batch of lost) {
    const isDamaged = refused.some(({ from, to }) => from < batch.nextOffset && batch.baseOffset < to);
    const isDropped =
      batch.baseOffset >= (log.report.dropped?.from ?? Infinity) && !batches.slice(0, flushed).includes(batch);
    expect(isDamaged || isDropped, `S3: ${at}: batch ${batch.baseOffset} is reported`).toBe(true);
  }
  return lost;
}

test.each(['closed', 'killed'] as const)(
  'S2: no flipped bit of a log that was %s is served or costs more than its batch',
  async (how) => {
    const names = await stageNames(how);
    const flipsPerFile = Number(process.env['LOG_FLIPS'] ?? 8);
    const random = new SimulatedRandom(flipsPerFile);
    let damagedCount = 0;
    for (const { name, sizeBytes } of names)
      for (let count = 0; count < Math.min(flipsPerFile, sizeBytes * 8); count += 1) {
        const stage = await leftBehind(how);
        const bit = flipsPerFile > sizeBytes * 8 ? count : random.integerBelow(sizeBytes * 8);
        await onFile(stage, name, (bytes) => flip(bytes, bit));
        const log = await stage.settle(openLog(stage));
        const lost = expectClassified(log, await stage.settle(readPastDamage(log)), `${name} bit ${bit}`);
        const isUnflushedTail = log.report.dropped !== undefined;
        // Of a batch that leaves a gap or opens an epoch the stamp is a part: nothing else vouches for it.
        const costs = name.endsWith('.stamps')
          ? lost.filter((batch) => !isEssential(batch) && batches.indexOf(batch) < flushed)
          : lost;
        if (!name.endsWith('.log'))
          expect(
            costs.map(({ baseOffset }) => baseOffset),
            `${name} bit ${bit}`,
          ).toEqual([]);
        else if (!isUnflushedTail) expect(lost.length, `${name} bit ${bit}`).toBe(1);
        damagedCount += lost.length;
        const next = makeBatch({ at: Math.max(log.logEnd, 100), epoch: 9 });
        await stage.settle(log.append([next]).then(() => log.flush()));
      }
    expect(damagedCount).toBeGreaterThan(0);
  },
);

function isEssential(batch: StampedBatch): boolean {
  const before = batches[batches.indexOf(batch) - 1];
  return before?.nextOffset !== batch.baseOffset || before.leaderEpoch !== batch.leaderEpoch;
}

async function stageNames(
  how: 'closed' | 'killed',
): Promise<readonly { readonly name: string; readonly sizeBytes: number }[]> {
  const stage = await leftBehind(how);
  const names = await stage.settle(stage.ports.disk.list(logFolder));
  const sized: { name: string; sizeBytes: number }[] = [];
  for (const name of names) {
    let sizeBytes = 0;
    await onFile(stage, name, (bytes) => {
      sizeBytes = bytes.length;
      return bytes;
    });
    if (sizeBytes > 0) sized.push({ name, sizeBytes });
  }
  return sized;
}

async function lastLog(stage: StorageStage): Promise<string> {
  const names = await stage.settle(stage.ports.disk.list(logFolder));
  return names.findLast((name) => name.endsWith('.log')) ?? '';
}

test('a last batch that is torn at any length is dropped, and nothing else', async () => {
  const tornBytes = batches.at(-1)?.ownedBytes.length ?? 0;
  for (let missing = 1; missing < tornBytes - 12; missing += 7) {
    const stage = await leftBehind('killed');
    await onFile(stage, await lastLog(stage), (bytes) => bytes.slice(0, bytes.length - missing));
    const log = await stage.settle(openLog(stage));
    expect(log.logEnd).toBe(batches.at(-2)?.nextOffset);
    expect(log.report).toMatchObject({ damaged: [], dropped: { from: log.logEnd, bytes: tornBytes - missing } });
    const kept = await stage.settle(stage.ports.disk.list(logFolder));
    expect(kept).toContain(log.report.dropped?.keptIn);
    expect((await stage.settle(readAll(log))).length).toBe(batches.length - 1);
  }
});

test.each([
  ['zeros', 0],
  ['noise', 0xa7],
])('%s behind the last batch are cut off', async (_, byte) => {
  const stage = await leftBehind('killed');
  await onFile(stage, await lastLog(stage), (bytes) => Buffer.concat([bytes, new Uint8Array(300).fill(byte)]));
  const log = await stage.settle(openLog(stage));
  expect(log.report.dropped).toMatchObject({ from: batches.at(-1)?.nextOffset, bytes: 300 });
  expect(log.report.dropped?.keptIn === undefined).toBe(byte === 0);
  expect((await stage.settle(readAll(log))).map(textOf)).toEqual(batches.map(({ ownedBytes }) => textOf(ownedBytes)));
});

test('S3: bytes that are missing below the durable point are damage, and their offsets are not given out again', async () => {
  const stage = await leftBehind('closed');
  await onFile(stage, await lastLog(stage), (bytes) => bytes.slice(0, 20));
  const log = await stage.settle(openLog(stage));
  expect(log.logEnd).toBe(batches.at(-1)?.nextOffset);
  const found = await stage.settle(readPastDamage(log));
  expect(expectClassified(log, found, 'cut').length).toBeGreaterThan(0);
  expect(log.damaged).toEqual(found.refused);
});

test('damage that a read finds is told, and remembered by the next start', async () => {
  const stage = await leftBehind('closed');
  await onFile(stage, await lastLog(stage), (bytes) => flip(bytes, 8 * 70));
  const told: DamagedRange[] = [];
  const log = await stage.settle(openLog(stage, { onDamage: (range) => told.push(range) }));
  expect(log.damaged).toEqual([]);
  const { refused } = await stage.settle(readPastDamage(log));
  expect(refused.length).toBe(1);
  expect(told).toEqual(refused);
  await stage.settle(log.close());
  stage.cutPower();
  expect((await stage.settle(openLog(stage))).damaged).toEqual(refused);
});

test('S8: a log whose checkpoints are both spoiled is found again by its batches', async () => {
  const stage = await leftBehind('closed');
  for (const name of ['checkpoint', 'checkpoint.copy']) await onFile(stage, name, (bytes) => flip(bytes, 99));
  const log = await stage.settle(openLog(stage));
  expect(log.report.rebuilt).toContain('checkpoint');
  expect((await stage.settle(readAll(log))).length).toBe(batches.length);
  expect(log.logEnd).toBe(offset(batches.at(-1)?.nextOffset ?? 0));
});

test('side files that are gone are made again', async () => {
  const stage = await leftBehind('closed');
  const names = await stage.settle(stage.ports.disk.list(logFolder));
  for (const name of names.filter((found) => found.endsWith('index')))
    await stage.settle(stage.ports.disk.removeFile(`${logFolder}/${name}`));
  const log = await stage.settle(openLog(stage));
  for (const bytesMax of [1, 2, 500]) expect((await stage.settle(readAll(log, bytesMax))).length).toBe(batches.length);
  expect(log.damaged).toEqual([]);
});

test.each([
  ['less', 1],
  ['more', 0x10],
  ['far more', 0x1000],
])('a spoiled last offset hides no record: %s than it was', async (_, change) => {
  const stage = await leftBehind('closed');
  const spoiled = 20;
  await onFile(stage, await lastLog(stage), (bytes) => {
    const at = Buffer.from(bytes).indexOf(batches[spoiled]?.ownedBytes ?? '') + position.lastOffsetDelta;
    const changed = Uint8Array.from(bytes);
    const view = new DataView(changed.buffer);
    view.setInt32(at, view.getInt32(at) ^ change);
    return changed;
  });
  const log = await stage.settle(openLog(stage));
  const from = offset((batches[spoiled]?.baseOffset ?? 0) + 1);
  expect(await stage.settle(log.read({ from, bytesMax: 1, check: 'whole' }))).toMatchObject({
    ok: false,
    problem: { type: 'damaged' },
  });
});
