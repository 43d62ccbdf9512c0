/**
 * Cuts the power of a simulated machine, and kills the process on it, at points of random histories of one log.
 */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import type { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import type { FlushPolicy } from '../../src/storage/log-settings.ts';
import type { PartitionLog } from '../../src/storage/partition-log.ts';
import { LogHistory, makeBatch, openLog, readAll } from './partition-log-model.ts';
import { StorageStage } from './storage-stage.ts';

const operationsPerLife = 25;
const policies: readonly FlushPolicy[] = [
  { type: 'each-append' },
  { type: 'never' },
  { type: 'every', bytes: 600, ms: 3 },
];

/** Opens the log, which judges what it holds, and works on it until the end or whatever interrupts. */
async function liveOnce(history: LogHistory, random: SimulatedRandom): Promise<void> {
  const log = await history.open(random.pick(policies));
  for (let count = 0; count < operationsPerLife; count += 1) await operate(history, log, random);
  if (random.chance(0.7)) await log.close();
}

async function operate(history: LogHistory, log: PartitionLog, random: SimulatedRandom): Promise<void> {
  const kind = random.integerBelow(16);
  if (kind === 0) return log.flush();
  if (kind === 1) return log.roll();
  if (kind === 2) return truncate(history, log, random);
  if (kind === 3) return moveStarts(history, log, random);
  if (kind <= 5) return history.expectServed(log, random.pick([1, 300, 301, 5000]));
  const appends = Array.from({ length: random.integerBetween(1, 4) }, () =>
    log.append(Array.from({ length: random.integerBetween(1, 3) }, () => history.drawBatch(random))),
  );
  const written = Promise.all(appends);
  if (random.chance(0.5)) await written;
  else if (random.chance(0.3)) await log.flush();
}

async function truncate(history: LogHistory, log: PartitionLog, random: SimulatedRandom): Promise<void> {
  const { localStart, logEnd } = log;
  const back = random.integerBelow(random.chance(0.7) ? 6 : 40);
  const to = offset(Math.max(localStart, logEnd - back));
  history.truncatingTo = to;
  const end = await log.truncate(to);
  history.batches = history.keptBelow(to);
  history.truncatingTo = undefined;
  expect(end).toBeLessThanOrEqual(to);
  expect(end).toBeGreaterThanOrEqual(history.batches.at(-1)?.nextOffset ?? localStart);
  await history.expectServed(log, 300);
}

async function moveStarts(history: LogHistory, log: PartitionLog, random: SimulatedRandom): Promise<void> {
  const below = log.position.durable;
  const partition = offset(Math.max(history.partitionStart, random.integerBelow(below + 1)));
  history.startingAtMost = { local: below, partition };
  await log.movePartitionStart(partition);
  if (random.chance(0.5))
    await log.retain({ bytesMax: random.integerBetween(500, 6000), keepFromMs: undefined, below });
  else await log.moveLocalStart(offset(random.integerBelow(below + 1)));
  history.partitionStart = log.partitionStart;
  history.localStart = log.localStart;
  history.startingAtMost = undefined;
}

async function liveOften(seed: number, lives: number): Promise<number> {
  const history = new LogHistory(new StorageStage(seed));
  const random = history.stage.random.fork('lives');
  let cuts = 0;
  for (let life = 0; life < lives; life += 1) {
    try {
      if (random.chance(0.3)) {
        await history.stage.settle(liveOnce(history, random));
        history.stage.kill();
        continue;
      }
      const outcome = await history.stage.settleWithin(
        liveOnce(history, random),
        random.integerBelow(life % 3 === 2 ? 25 : 350),
      );
      if (outcome === 'cut') cuts += 1;
      else history.stage.cutPower();
      history.cut();
    } catch (cause) {
      throw new Error(`seed ${seed}, life ${life}`, { cause });
    }
  }
  await history.stage.settle(liveOnce(history, random));
  return cuts;
}

test('S1: no power cut and no crash loses what was reported, or brings what was not appended', async () => {
  const [from = 0, count = 6] = (process.env['LOG_SEEDS'] ?? '').split('+').filter(Boolean).map(Number);
  let cuts = 0;
  for (let seed = from; seed < from + count; seed += 1) cuts += await liveOften(seed, 10);
  expect(cuts).toBeGreaterThan(count);
});

test('a power cut while a start keeps the end of a log makes no damage of it', async () => {
  let cuts = 0;
  for (let seed = 0; seed < 4; seed += 1)
    for (let cutAt = 0; ; cutAt += 1) {
      const history = new LogHistory(new StorageStage(seed));
      const { stage } = history;
      const random = stage.random.fork('batches');
      const log = await stage.settle(history.open({ type: 'never' }));
      await stage.settle(log.append(Array.from({ length: 4 }, () => history.drawBatch(random))));
      stage.kill();
      const outcome = await stage.settleWithin(history.open({ type: 'never' }), cutAt);
      if (outcome !== 'cut') break;
      cuts += 1;
      history.cut();
      await stage.settle(history.open({ type: 'never' })).catch((cause: unknown) => {
        throw new Error(`seed ${seed}, power cut after ${cutAt} operations`, { cause });
      });
    }
  expect(cuts).toBeGreaterThan(50);
});

test('the stamp of a batch that never came does not speak of the batch in its place', async () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const stage = new StorageStage(seed);
    const first = await stage.settle(openLog(stage));
    await stage.settle(first.append([makeBatch({ at: 0 })]).then(() => first.close()));
    stage.kill();
    const second = await stage.settle(openLog(stage));
    await stage.settleWithin(second.append([makeBatch({ at: 5, epoch: 2 })]), seed % 2);
    stage.cutPower();
    const third = await stage.settle(openLog(stage));
    const batch = makeBatch({ at: 7, epoch: 3 });
    await stage.settle(third.append([batch]));
    expect((await stage.settle(readAll(third))).at(-1), `seed ${seed}`).toEqual(batch.ownedBytes);
  }
});

test('what a truncation has cut off does not come back when the power is cut right after it', async () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const stage = new StorageStage(seed);
    const log = await stage.settle(openLog(stage));
    await stage.settle(log.append([0, 1, 2, 3, 4].map((at) => makeBatch({ at }))).then(() => log.flush()));
    await stage.settle(log.truncate(offset(2)));
    stage.cutPower();
    expect((await stage.settle(openLog(stage))).logEnd, `seed ${seed}`).toBe(2);
  }
});
