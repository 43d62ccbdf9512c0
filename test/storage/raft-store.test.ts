import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { FaultError } from '../../src/base/fault-error.ts';
import { voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { crc32c } from '../../src/record/crc32c.ts';
import { RaftDamageError } from '../../src/storage/raft-damage.ts';
import type { RaftEntryRecord } from '../../src/storage/raft-entry-record.ts';
import type { RaftChange, RaftStore } from '../../src/storage/raft-store.ts';
import { asBytes, viewOf } from './raft-store-model.ts';
import { stageLevel, StorageStage } from './storage-stage.ts';

function entry(index: number, entryTerm: number, text = `entry ${index}`): RaftEntryRecord {
  return { index: logIndex(index), term: term(entryTerm), payload: asBytes(text) };
}

function entriesTo(last: number, entryTerm: number, first = 1): readonly RaftEntryRecord[] {
  return Array.from({ length: last - first + 1 }, (_, at) => entry(first + at, entryTerm));
}

function change(parts: Partial<RaftChange>): RaftChange {
  return { hardState: undefined, truncateFrom: undefined, entries: [], ...parts };
}

const termOne = { term: term(1), votedFor: voterId(1) };
const termTwo = { term: term(2), votedFor: undefined };

async function storeWith(stage: StorageStage, ...changes: RaftChange[]): Promise<RaftStore> {
  const { store } = await stage.settle(stage.openStore());
  for (const step of changes) await stage.settle(store.persist(step));
  return store;
}

async function snapshotAt(stage: StorageStage, store: RaftStore, index: number, content = 'state'): Promise<void> {
  const writer = await stage.settle(store.beginSnapshot(logIndex(index), asBytes('voters')));
  await stage.settle(writer.append(asBytes(content)));
  expect(await stage.settle(store.finishSnapshot(writer))).toBe(true);
}

async function readAll(stage: StorageStage, store: RaftStore, from: number, to: number): Promise<readonly number[]> {
  const read = await stage.settle(store.entries({ from: logIndex(from), to: logIndex(to), bytesMax: 1_000_000 }));
  return read.map(({ index }) => index);
}

test('a new store knows no term, no vote and no entry', async () => {
  const stage = new StorageStage(1);
  const store = await storeWith(stage);
  expect(store.takeContent()).toEqual({
    hardState: { term: 0, votedFor: undefined },
    logStart: { index: 0, term: 0, chain: 0 },
    logLast: { index: 0, term: 0, chain: 0 },
    termRuns: [{ term: 0, firstIndex: 0 }],
    recentEntries: [],
    recovery: 'agree',
  });
  expect(store.snapshot).toBeUndefined();
});

test('term, vote and entries survive a power cut together', async () => {
  const stage = new StorageStage(1);
  await storeWith(stage, change({ hardState: termOne, entries: entriesTo(3, 1) }));
  stage.cutPower();
  const { store } = await stage.settle(stage.openStore());
  const content = store.takeContent();
  expect(content.hardState).toEqual(termOne);
  expect(content.recentEntries).toEqual(entriesTo(3, 1));
  expect(content.termRuns).toEqual([
    { term: 0, firstIndex: 0 },
    { term: 1, firstIndex: 1 },
  ]);
  expect(store.takeContent().recentEntries).toEqual([]);
});

test('a truncation and what replaces the entries are one change', async () => {
  const stage = new StorageStage(1);
  const replacement = change({ hardState: termTwo, truncateFrom: logIndex(3), entries: [entry(3, 2, 'other')] });
  await storeWith(stage, change({ hardState: termOne, entries: entriesTo(5, 1) }), replacement);
  stage.cutPower();
  const { store } = await stage.settle(stage.openStore());
  const view = await stage.settle(viewOf(store));
  expect(view.entries).toEqual([...entriesTo(2, 1), entry(3, 2, 'other')]);
  expect(view.hardState).toEqual(termTwo);
});

test('opening shows every entry of the log in order and keeps the newest', async () => {
  const stage = new StorageStage(1);
  await storeWith(stage, change({ hardState: termOne, entries: entriesTo(100, 1) }));
  stage.kill();
  const seen: number[] = [];
  const opened = await stage.settle(
    stage.tryOpenStore({ recentBytesMax: 200, onEntry: ({ index }) => void seen.push(index) }),
  );
  if (!opened.ok) throw new Error(opened.problem.what);
  expect(seen).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  const recent = opened.value.store.takeContent().recentEntries.map(({ index }) => index as number);
  expect(recent).toEqual([95, 96, 97, 98, 99, 100]);
});

test('reads are bounded in bytes, give at least one entry, and nothing outside the log', async () => {
  const stage = new StorageStage(1);
  const store = await storeWith(stage, change({ hardState: termOne, entries: entriesTo(60, 1) }));
  const bounded = store.entries({ from: logIndex(2), to: logIndex(60), bytesMax: 100 });
  expect((await stage.settle(bounded)).map(({ index }) => index)).toEqual([2, 3, 4]);
  const tiny = store.entries({ from: logIndex(2), to: logIndex(60), bytesMax: 1 });
  expect((await stage.settle(tiny)).map(({ index }) => index)).toEqual([2]);
  expect(await readAll(stage, store, 58, 70)).toEqual([58, 59, 60]);
  expect(await readAll(stage, store, 61, 61)).toEqual([]);
  expect((await readAll(stage, store, 1, 60)).length).toBe(60);
});

test('entries that are being written are not read before they are durable', async () => {
  const stage = new StorageStage(1);
  const store = await storeWith(stage, change({ hardState: termOne, entries: entriesTo(2, 1) }));
  const writing = store.persist(change({ entries: [entry(3, 1)] }));
  expect(await readAll(stage, store, 1, 3)).toEqual([1, 2]);
  await stage.settle(writing);
  expect(await readAll(stage, store, 1, 3)).toEqual([1, 2, 3]);
});

test('a read that a truncation overtakes gives only what stays', async () => {
  const stage = new StorageStage(1);
  for (let round = 0; round < 30; round += 1) {
    const store = await storeWith(stage, change({ hardState: termOne, entries: entriesTo(40, 1) }));
    const reading = store.entries({ from: logIndex(10), to: logIndex(40), bytesMax: 1_000_000 });
    const cut = change({ hardState: termTwo, truncateFrom: logIndex(20), entries: [entry(20, 2), entry(21, 2)] });
    const writing = store.persist(cut);
    const read = await stage.settle(reading);
    expect(read.map(({ index }) => index)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    await stage.settle(writing);
    stage.disk.replace();
    stage.stores.replace();
    stage.cutPower();
  }
});

test('compaction drops what the snapshot covers and keeps the term and chain before the log', async () => {
  const stage = new StorageStage(1);
  const store = await storeWith(stage, change({ hardState: termOne, entries: entriesTo(2500, 1) }));
  await snapshotAt(stage, store, 2400);
  const place = store.placeAt(logIndex(2300));
  await stage.settle(store.compact(logIndex(2300)));
  expect(store.placeAt(logIndex(2300))).toEqual(place);
  expect(store.placeAt(logIndex(2299))).toBeUndefined();
  expect(await readAll(stage, store, 2300, 2400)).toEqual([]);
  expect((await readAll(stage, store, 2301, 2500)).length).toBe(200);
  stage.cutPower();
  const again = await stage.settle(stage.openStore());
  const { logStart, termRuns } = again.store.takeContent();
  expect(logStart).toEqual(place);
  expect(termRuns).toEqual([{ term: 1, firstIndex: 2300 }]);
  const level = await stage.settle(
    (async () => {
      await again.store.close();
      return stage.ports.stores.open(stageLevel);
    })(),
  );
  expect((await stage.settle(level.range({ from: ' ', below: '~', entriesMax: 10_000 }))).length).toBe(201);
});

test('what breaks the rules of Raft is never written', async () => {
  const stage = new StorageStage(1);
  const store = await storeWith(stage, change({ hardState: termTwo, entries: entriesTo(3, 2) }));
  await snapshotAt(stage, store, 2);
  const broken: readonly RaftChange[] = [
    change({ hardState: termOne }),
    change({ entries: [entry(5, 2)] }),
    change({ entries: [entry(4, 1)] }),
    change({ entries: [entry(4, 3)] }),
    change({ truncateFrom: logIndex(4) }),
    change({ truncateFrom: logIndex(2) }),
  ];
  for (const step of broken) await expect(stage.settle(store.persist(step))).rejects.toBeInstanceOf(InvariantError);
  await expect(stage.settle(store.compact(logIndex(3)))).rejects.toBeInstanceOf(InvariantError);
  stage.cutPower();
  const { store: again } = await stage.settle(stage.openStore());
  expect((await stage.settle(viewOf(again))).entries).toEqual(entriesTo(3, 2));
});

test('a vote is not given twice in a term', async () => {
  const stage = new StorageStage(1);
  const store = await storeWith(stage, change({ hardState: termOne }));
  const second = change({ hardState: { term: term(1), votedFor: voterId(2) } });
  await expect(stage.settle(store.persist(second))).rejects.toThrow('a vote is given once in a term');
});

for (const failing of ['sentinel', 'store'] as const) {
  test(`a failed sync of the ${failing} ends the store: no write and no read is answered afterwards`, async () => {
    const stage = new StorageStage(3);
    const store = await storeWith(stage, change({ hardState: termOne, entries: entriesTo(2, 1) }));
    if (failing === 'store') stage.stores.failNext('sync');
    else stage.disk.failNext('sync', (path) => path.includes('sentinel'));
    const failed = stage.settle(store.persist(change({ entries: [entry(3, 1)] })));
    await expect(failed).rejects.toBeInstanceOf(FaultError);
    const later = stage.settle(store.persist(change({ entries: [entry(3, 1)] })));
    await expect(later).rejects.toBeInstanceOf(FaultError);
    await expect(readAll(stage, store, 1, 2)).rejects.toBeInstanceOf(FaultError);
    stage.cutPower();
    const { store: again } = await stage.settle(stage.openStore());
    const { entries } = await stage.settle(viewOf(again));
    expect([2, 3]).toContain(entries.length);
    expect(entries).toEqual(entriesTo(entries.length, 1));
  });
}

test('an entry that reads back wrong is never handed out, and ends the store', async () => {
  const stage = new StorageStage(1);
  await storeWith(stage, change({ hardState: termOne, entries: entriesTo(9, 1) }));
  stage.kill();
  const { store } = await stage.settle(stage.openStore());
  expect(stage.stores.flipBit(stageLevel, (key) => key.endsWith('5'))).toBe(true);
  expect(await readAll(stage, store, 1, 4)).toEqual([1, 2, 3, 4]);
  await expect(readAll(stage, store, 1, 9)).rejects.toBeInstanceOf(RaftDamageError);
  await expect(readAll(stage, store, 1, 4)).rejects.toBeInstanceOf(RaftDamageError);
});

test('a closed store answers nothing and can be opened again', async () => {
  const stage = new StorageStage(1);
  const { store, directory } = await stage.settle(stage.openStore());
  await stage.settle(store.persist(change({ hardState: termOne })));
  await stage.settle(store.close());
  await stage.settle(directory.close());
  await expect(store.persist(change({ hardState: termTwo }))).rejects.toThrow('the raft store is closed');
  const again = await stage.settle(stage.openStore());
  expect(again.store.takeContent().hardState).toEqual(termOne);
});

test('writes asked for at once are performed in order, and too many at once are a bug', async () => {
  const stage = new StorageStage(1);
  const store = await storeWith(stage, change({ hardState: termOne }));
  const writes = entriesTo(20, 1).map((one) => store.persist(change({ entries: [one] })));
  await stage.settle(Promise.all(writes));
  expect((await readAll(stage, store, 1, 20)).length).toBe(20);
  const flood = Array.from({ length: 65 }, (_, at) => store.persist(change({ entries: [entry(21 + at, 1)] })));
  const outcomes = await stage.settle(Promise.allSettled(flood));
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBe(1);
});

test('a batch too large for the sentinel survives a power cut as well', async () => {
  const stage = new StorageStage(1);
  const large = { ...entry(2, 1), payload: new Uint8Array(1_200_000).fill(7) };
  await storeWith(stage, change({ hardState: termOne, entries: [entry(1, 1), large] }));
  stage.cutPower();
  const { store } = await stage.settle(stage.openStore());
  const { entries } = await stage.settle(viewOf(store));
  expect(entries.map(({ payload }) => crc32c(payload))).toEqual([entry(1, 1), large].map((e) => crc32c(e.payload)));
});

test('a fault that may pass while the store opens is no damage, and the next start has everything', async () => {
  const stage = new StorageStage(1);
  await storeWith(stage, change({ hardState: termOne, entries: entriesTo(3, 1) }));
  stage.kill();
  stage.stores.failNext('read');
  await expect(stage.settle(stage.tryOpenStore())).rejects.toBeInstanceOf(FaultError);
  stage.kill();
  const { store } = await stage.settle(stage.openStore());
  expect((await stage.settle(viewOf(store))).entries).toEqual(entriesTo(3, 1));
});
