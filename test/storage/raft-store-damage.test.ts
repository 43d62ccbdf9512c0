/**
 * Damages what a simulated raft store has at rest, one place at a time: the outcome is a refusal that says what to
 * do, or the very same state. Never a shorter or another one.
 */
import { expect, test } from 'vitest';
import { logIndex, term } from '../../src/base/raft-position.ts';
import type { KeyValueStores } from '../../src/ports/key-value-store.ts';
import { RaftDamageError } from '../../src/storage/raft-damage.ts';
import { entryKey } from '../../src/storage/raft-keys.ts';
import type { RaftChange } from '../../src/storage/raft-store.ts';
import {
  applyToView,
  asBytes,
  drawOperation,
  drawPersist,
  emptyView,
  fingerprintOf,
  performOnStore,
  viewOf,
  type StoreView,
} from './raft-store-model.ts';
import { stageFolder, stageLevel, StorageStage } from './storage-stage.ts';

type Harm = (stage: StorageStage) => boolean;

const harms: Readonly<Record<string, Harm>> = {
  'a piece of the log of the key-value store': (stage) => stage.stores.damageLog(stageLevel),
  'a value in a table of the key-value store': (stage) => stage.stores.flipBit(stageLevel),
  'a bit of the sentinel': (stage) => stage.disk.flipBits(1, (path) => path.includes('/sentinel-')).length === 1,
  'a bit of the snapshot': (stage) => stage.disk.flipBits(1, (path) => path.endsWith('.snapshot')).length === 1,
};

/** A store with a random history, at rest: its process was killed or ended. */
async function storeAtRest(seed: number): Promise<{ readonly stage: StorageStage; readonly view: StoreView }> {
  const stage = new StorageStage(seed);
  const random = stage.random.fork('operations');
  let view = emptyView;
  for (let life = 0; life < 2; life += 1) {
    const { store } = await stage.settle(stage.openStore());
    for (let count = random.integerBelow(20); count > 0; count -= 1) {
      const operation = drawOperation(view, random);
      await stage.settle(performOnStore(store, operation));
      view = applyToView(view, operation);
    }
    stage.kill();
  }
  return { stage, view };
}

async function outcomeOf(stage: StorageStage): Promise<string> {
  const opened = await stage.settle(stage.tryOpenStore());
  if (opened.ok) return fingerprintOf(await stage.settle(viewOf(opened.value.store)));
  expect(opened.problem.remedy).toContain('add the voter again with an empty directory');
  return 'refused';
}

for (const [what, harm] of Object.entries(harms)) {
  test(`damage to ${what} is refused or made good, and a second start says the same`, async () => {
    const outcomes = { refused: 0, same: 0 };
    for (let seed = 0; seed < 30; seed += 1) {
      const { stage, view } = await storeAtRest(seed);
      if (!harm(stage)) continue;
      const outcome = await outcomeOf(stage);
      expect(['refused', fingerprintOf(view)], `seed ${seed}`).toContain(outcome);
      if (outcome === 'refused') outcomes.refused += 1;
      else outcomes.same += 1;
      stage.kill();
      expect(await outcomeOf(stage), `seed ${seed}, second start`).toBe(outcome);
    }
    expect(outcomes.refused + outcomes.same).toBeGreaterThan(10);
    if (!what.includes('sentinel')) expect(outcomes.refused).toBeGreaterThan(2);
    if (!what.includes('snapshot')) expect(outcomes.same).toBeGreaterThan(2);
  });
}

/** Puts back the whole content of the key-value store, so that its last batches are as if they had never been. */
async function putBack(stage: StorageStage, rows: Rows): Promise<void> {
  const level = await stage.settle(stage.ports.stores.open(stageLevel));
  const now = await stage.settle(level.range(everything));
  const removes = now.map(([key]) => ({ type: 'remove', key }) as const);
  const puts = rows.map(([key, value]) => ({ type: 'put', key, value }) as const);
  await stage.settle(level.batch([...removes, ...puts], { sync: true }));
  await stage.settle(level.close());
}

type Rows = readonly (readonly [string, Uint8Array])[];
const everything = { from: ' ', below: '~', entriesMax: 10_000 };

async function rowsOf(stage: StorageStage): Promise<Rows> {
  const level = await stage.settle(stage.ports.stores.open(stageLevel));
  const rows = await stage.settle(level.range(everything));
  await stage.settle(level.close());
  return rows;
}

test('a lost tail of one batch is made good from the sentinel, and one of more batches is refused', async () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const { stage, view: before } = await storeAtRest(seed);
    const random = stage.random.fork('tail');
    let view = before;
    const rowsBefore: Rows[] = [];
    for (let batch = 0; batch < 3; batch += 1) {
      rowsBefore.push(await rowsOf(stage));
      const { store } = await stage.settle(stage.openStore());
      const change = drawPersist(view, random);
      await stage.settle(performOnStore(store, change));
      view = applyToView(view, change);
      stage.kill();
    }
    for (const [batchesLost, expected] of [
      [1, fingerprintOf(view)],
      [2, 'refused'],
      [3, 'refused'],
    ] as const) {
      await putBack(stage, rowsBefore[3 - batchesLost] ?? []);
      expect(await outcomeOf(stage), `seed ${seed}, ${batchesLost} batches lost`).toBe(expected);
      stage.kill();
    }
  }
});

test('an older version of an entry that comes back is refused at the start', async () => {
  const stage = new StorageStage(5);
  const { store } = await stage.settle(stage.openStore());
  const [first, second] = rewrittenEntry;
  await stage.settle(store.persist(first));
  stage.kill();
  const older = (await rowsOf(stage)).find(([key]) => key === entryKey(1));
  const { store: again } = await stage.settle(stage.openStore());
  await stage.settle(again.persist(second));
  stage.kill();
  if (older === undefined) throw new Error('the entry is there');
  const level = await stage.settle(stage.ports.stores.open(stageLevel));
  await stage.settle(level.batch([{ type: 'put', key: older[0], value: older[1] }], { sync: true }));
  await stage.settle(level.close());
  expect(await outcomeOf(stage)).toBe('refused');
});

test('an older version of an entry that comes back while the store is in use is not handed out', async () => {
  const stage = new StorageStage(5);
  const [first, second] = rewrittenEntry;
  let older: Rows = [];
  let isStale = false;
  /** A store whose damaged tables show what was there before. */
  const staleStores: KeyValueStores = {
    async open(path) {
      const level = await stage.ports.stores.open(path);
      return {
        get: (key) => level.get(key),
        batch: (writes, options) => level.batch(writes, options),
        close: () => level.close(),
        range: async (range) => (isStale ? older : level.range(range)),
      };
    },
  };
  const { store } = await stage.settle(stage.openStore({ stores: staleStores }));
  await stage.settle(store.persist(first));
  stage.kill();
  older = (await rowsOf(stage)).filter(([key]) => key === entryKey(1));
  const { store: again } = await stage.settle(stage.openStore({ stores: staleStores }));
  await stage.settle(again.persist(second));
  isStale = true;
  const read = again.entries({ from: logIndex(1), to: logIndex(1), bytesMax: 1000 });
  await expect(stage.settle(read)).rejects.toBeInstanceOf(RaftDamageError);
});

/** The same index, written in one term and overwritten in the next. */
const rewrittenEntry: readonly [RaftChange, RaftChange] = [
  {
    hardState: { term: term(1), votedFor: undefined },
    truncateFrom: undefined,
    entries: [{ index: logIndex(1), term: term(1), payload: asBytes('first') }],
  },
  {
    hardState: { term: term(2), votedFor: undefined },
    truncateFrom: logIndex(1),
    entries: [{ index: logIndex(1), term: term(2), payload: asBytes('second') }],
  },
];

for (const lost of ['level', 'sentinel-0', 'sentinel-1', 'both sentinels', 'meta'] as const) {
  test(`a directory that lost ${lost} is refused, or has everything`, async () => {
    const { stage, view } = await storeAtRest(11);
    const remove = (name: string): Promise<void> => stage.settle(stage.ports.disk.removeFile(`${stageFolder}/${name}`));
    if (lost === 'level') stage.stores.replace();
    else if (lost === 'both sentinels') {
      await remove('raft/sentinel-0');
      await remove('raft/sentinel-1');
    } else if (lost === 'meta') await remove('meta');
    else await remove(`raft/${lost}`);
    stage.kill();
    const outcome = await outcomeOf(stage).catch(String);
    if (lost === 'meta') expect(outcome).toContain('not-ours');
    else if (lost.startsWith('sentinel')) expect([fingerprintOf(view)]).toContain(outcome);
    else expect(outcome).toBe('refused');
  });
}
