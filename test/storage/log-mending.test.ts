/**
 * Damaged ranges of a partition log, put back with what another replica has.
 */
import { describe, expect, test } from 'vitest';
import { offset, type Offset } from '../../src/base/offsets.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import type { FetchBatches, MendEnd } from '../../src/storage/log-mender.ts';
import type { PartitionLog } from '../../src/storage/partition-log.ts';
import type { StampedBatch } from '../../src/storage/stamped-batch.ts';
import { logFolder, makeBatch, openLog, readAll, tinySettings } from './partition-log-model.ts';
import { StorageStage } from './storage-stage.ts';

/** Several segments, gaps and epochs in them. */
const batches: readonly StampedBatch[] = Array.from({ length: 26 }, (_, at) =>
  makeBatch({ at: at * 2 + (at > 9 ? 3 : 0), epoch: 1 + Math.floor(at / 8), records: 2 }, `record ${at}`),
);

/** As a whole replica answers: batches from an offset on, up to so many bytes. */
function replicaWith(held: readonly StampedBatch[], bytesMax = 400): FetchBatches {
  return (from) => {
    const found = held.filter(({ nextOffset }) => nextOffset > from);
    let bytes = 0;
    const taken = found.filter(({ ownedBytes }, at) => (bytes += ownedBytes.length) <= bytesMax || at === 0);
    return Promise.resolve(Buffer.concat(taken.map(({ ownedBytes }) => ownedBytes)));
  };
}

const settings = { ...tinySettings, segmentBytesMax: 700 };

async function written(): Promise<StorageStage> {
  const stage = new StorageStage(5);
  const log = await stage.settle(openLog(stage, { settings }));
  await stage.settle(log.append(batches));
  await stage.settle(log.flush());
  await stage.settle(log.close());
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

function overwritten(bytes: Uint8Array, from: number, count: number): Uint8Array {
  return Uint8Array.from(bytes).fill(0xee, from, from + count);
}

async function findDamage(stage: StorageStage, log: PartitionLog): Promise<void> {
  for (let at: Offset = log.localStart; at < log.logEnd;) {
    const read = await stage.settle(log.read({ from: at, bytesMax: 1, check: 'whole' }));
    if (read.ok) at = read.value.nextOffset;
    else if (read.problem.type === 'damaged') at = read.problem.range.to;
    else throw new Error(read.problem.type);
  }
}

async function mendAll(log: PartitionLog, fetch: FetchBatches): Promise<readonly MendEnd[]> {
  const ends: MendEnd[] = [];
  for (let tries = 0; log.damaged.length > 0 && tries < 50; tries += 1) {
    const [range] = log.damaged;
    if (range === undefined) break;
    const end = await log.mend(range, fetch);
    ends.push(end);
    if (end.type !== 'mended') break;
  }
  return ends;
}

async function expectWhole(stage: StorageStage, log: PartitionLog): Promise<void> {
  const all = await stage.settle(readAll(log));
  expect(all.map((bytes) => Buffer.from(bytes))).toEqual(batches.map(({ ownedBytes }) => Buffer.from(ownedBytes)));
}

const epochStarts = [
  { epoch: 1, start: 0 },
  { epoch: 2, start: 16 },
  { epoch: 3, start: 35 },
  { epoch: 4, start: 51 },
];

describe('a damaged range', () => {
  test('S14: is whole again with the batches of another replica, and stays so over a restart', async () => {
    const stage = await written();
    const names = (await stage.settle(stage.ports.disk.list(logFolder))).filter((name) => name.endsWith('.log'));
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) await onFile(stage, name, (bytes) => overwritten(bytes, 100, 300));
    const log = await stage.settle(openLog(stage, { settings }));
    await findDamage(stage, log);
    expect(log.damaged.length).toBeGreaterThanOrEqual(names.length);
    const ends = await stage.settle(mendAll(log, replicaWith(batches)));
    expect(new Set(ends.map(({ type }) => type))).toEqual(new Set(['mended']));
    await expectWhole(stage, log);
    expect(log.epochs).toEqual(epochStarts);
    await stage.settle(log.append([makeBatch({ at: 60, epoch: 4 }, 'after')]));
    await stage.settle(log.close());
    stage.kill();

    const again = await stage.settle(openLog(stage, { settings }));
    expect([again.damaged, again.epochs]).toEqual([[], epochStarts]);
    expect(await stage.settle(readAll(again))).toHaveLength(batches.length + 1);
  });

  test.each([
    ['cut off', (bytes: Uint8Array) => bytes.subarray(0, 150)],
    ['all zeros', (bytes: Uint8Array) => new Uint8Array(bytes.length)],
    ['empty', () => new Uint8Array(0)],
  ])('S14: is mended where the file was %s', async (_, harm) => {
    for (const at of [0, 1, 2]) {
      const stage = await written();
      const names = (await stage.settle(stage.ports.disk.list(logFolder))).filter((name) => name.endsWith('.log'));
      await onFile(stage, names[at] ?? '', harm);
      const log = await stage.settle(openLog(stage, { settings }));
      await findDamage(stage, log);
      expect(log.damaged.length).toBeGreaterThan(0);
      await stage.settle(mendAll(log, replicaWith(batches)));
      expect(log.damaged).toEqual([]);
      await expectWhole(stage, log);
    }
  });

  test('S14: is mended where only the stamps were lost that vouch for a gap or an epoch', async () => {
    const stage = await written();
    const names = (await stage.settle(stage.ports.disk.list(logFolder))).filter((name) => name.endsWith('.stamps'));
    for (const name of names) await onFile(stage, name, (bytes) => new Uint8Array(bytes.length));
    for (const name of await stage.settle(stage.ports.disk.list(logFolder)))
      if (name.endsWith('.index')) await stage.settle(stage.ports.disk.removeFile(`${logFolder}/${name}`));
    const log = await stage.settle(openLog(stage, { settings }));
    await findDamage(stage, log);
    expect(log.damaged.length).toBeGreaterThan(0);
    await stage.settle(mendAll(log, replicaWith(batches)));
    expect(log.damaged).toEqual([]);
    await expectWhole(stage, log);
  });

  test('S14: every bit of a segment and its stamps may flip: what another replica has puts it back', async () => {
    const sample = new SimulatedRandom(7);
    for (let count = 0; count < 60; count += 1) {
      const stage = await written();
      const names = (await stage.settle(stage.ports.disk.list(logFolder))).filter((name) =>
        /\.(log|stamps)$/.test(name),
      );
      const name = sample.pick(names);
      await onFile(stage, name, (bytes) => {
        if (bytes.length === 0) return bytes;
        const at = sample.integerBelow(bytes.length);
        return bytes.with(at, (bytes[at] ?? 0) ^ (1 << sample.integerBelow(8)));
      });
      const log = await stage.settle(openLog(stage, { settings }));
      await findDamage(stage, log);
      await stage.settle(mendAll(log, replicaWith(batches, 1)));
      expect(log.damaged, name).toEqual([]);
      await expectWhole(stage, log);
    }
  });

  test('S14: is not mended with batches of another leadership, of other lengths, or with flaws of their own', async () => {
    const others: readonly (readonly [string, readonly StampedBatch[], string])[] = [
      ['epoch', batches.map((batch) => ({ ...batch, ownedBytes: withByte(batch.ownedBytes, 15, 9) })), 'other-epoch'],
      ['checksum', batches.map((batch) => ({ ...batch, ownedBytes: withByte(batch.ownedBytes, 70, 1) })), 'flawed'],
      ['length', batches.map(({ baseOffset, leaderEpoch }) => longer(baseOffset, leaderEpoch)), 'does-not-fit'],
    ];
    for (const [what, held, problem] of others) {
      const stage = await written();
      const [name = ''] = (await stage.settle(stage.ports.disk.list(logFolder))).filter((each) =>
        each.endsWith('.log'),
      );
      await onFile(stage, name, (bytes) => overwritten(bytes, 100, 300));
      const log = await stage.settle(openLog(stage, { settings }));
      await findDamage(stage, log);
      const damaged = log.damaged;
      expect(damaged.length, what).toBeGreaterThan(0);
      const [end] = await stage.settle(mendAll(log, replicaWith(held)));
      expect(end, what).toMatchObject({ type: 'refused', problem: { type: problem } });
      expect(log.damaged, what).toEqual(damaged);
    }
  });

  test('stays what it is when nobody has it, or when the log was cut meanwhile', async () => {
    const stage = await written();
    const [name = ''] = (await stage.settle(stage.ports.disk.list(logFolder))).filter((each) => each.endsWith('.log'));
    await onFile(stage, name, (bytes) => overwritten(bytes, 100, 300));
    const log = await stage.settle(openLog(stage, { settings }));
    await findDamage(stage, log);
    expect(await stage.settle(mendAll(log, () => Promise.resolve(undefined)))).toEqual([{ type: 'no-answer' }]);
    expect(await stage.settle(mendAll(log, replicaWith([])))).toMatchObject([{ type: 'no-bytes' }]);
    const [range] = log.damaged;
    if (range === undefined) throw new Error('a part is damaged');
    const cutting: FetchBatches = async (from) => {
      await log.truncate(offset(0));
      return replicaWith(batches)(from);
    };
    expect(await stage.settle(log.mend(range, cutting))).toEqual({ type: 'changed' });
    expect([log.logEnd, log.damaged]).toEqual([0, []]);
  });

  test('S14: a power cut at any moment of it leaves the damage or what was there', async () => {
    let cuts = 0;
    for (let operation = 0; operation < 400; operation += 1) {
      const stage = await written();
      const names = (await stage.settle(stage.ports.disk.list(logFolder))).filter((each) => each.endsWith('.log'));
      await onFile(stage, names[1] ?? '', (bytes) => overwritten(bytes, 100, 300));
      const opened = await stage.settle(openLog(stage, { settings }));
      await findDamage(stage, opened);
      const isCut = (await stage.settleWithin(mendAll(opened, replicaWith(batches)), operation)) === 'cut';
      if (isCut) cuts += 1;
      const log = await stage.settle(openLog(stage, { settings }));
      await findDamage(stage, log);
      await stage.settle(mendAll(log, replicaWith(batches)));
      expect(log.damaged).toEqual([]);
      await expectWhole(stage, log);
      if (!isCut) break;
    }
    expect(cuts).toBeGreaterThan(5);
  });
});

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  return Uint8Array.from(bytes).with(at, value);
}

function longer(at: Offset, epoch: number): StampedBatch {
  return makeBatch({ at, epoch, records: 2 }, 'something that is longer than what was there');
}

describe('a range at the end of a log that was opened with it', () => {
  /** All of the last segment is lost, and with it the epochs that began in there. */
  async function withLostEnd(): Promise<{ readonly stage: StorageStage; readonly log: PartitionLog }> {
    const stage = new StorageStage(5);
    const first = await stage.settle(openLog(stage));
    await stage.settle(first.append(batches.slice(0, 9)));
    await stage.settle(first.flush());
    await stage.settle(first.close());
    stage.kill();
    const names = (await stage.settle(stage.ports.disk.list(logFolder))).filter((name) => name.endsWith('.log'));
    await onFile(stage, names.at(-1) ?? '', (bytes) => new Uint8Array(bytes.length));
    const log = await stage.settle(openLog(stage));
    await findDamage(stage, log);
    expect(log.damaged.at(-1)?.to).toBe(log.logEnd);
    return { stage, log };
  }

  test('S14: gets back the epochs that it no longer knew of', async () => {
    const { stage, log } = await withLostEnd();
    const ends = await stage.settle(mendAll(log, replicaWith(batches)));
    expect(ends.map(({ type }) => type)).toEqual(['mended']);
    expect(log.epochs).toEqual(epochStarts.slice(0, 2));
    expect(await stage.settle(readAll(log))).toHaveLength(9);
  });
});
