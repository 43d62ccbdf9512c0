import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { DiskError } from '../../src/ports/disk.ts';
import { RaftDamageError } from '../../src/storage/raft-damage.ts';
import { chunkBytes } from '../../src/storage/raft-snapshot-format.ts';
import type { ReceivedChunk, SnapshotChunk } from '../../src/storage/raft-snapshots.ts';
import type { RaftStore } from '../../src/storage/raft-store.ts';
import { asBytes, viewOf } from './raft-store-model.ts';
import { stageFolder, StorageStage, type OpenedStore } from './storage-stage.ts';

const snapshotsFolder = `${stageFolder}/raft/snapshots`;
const termOne = { term: term(1), votedFor: voterId(1) };

async function storeOfTen(stage: StorageStage): Promise<OpenedStore> {
  const opened = await stage.settle(stage.openStore());
  const entries = Array.from({ length: 10 }, (_, at) => ({
    index: logIndex(at + 1),
    term: term(1),
    payload: asBytes(`entry ${at + 1}`),
  }));
  await stage.settle(opened.store.persist({ hardState: termOne, truncateFrom: undefined, entries }));
  return opened;
}

async function write(stage: StorageStage, store: RaftStore, index: number, content: Uint8Array): Promise<boolean> {
  const writer = await stage.settle(store.beginSnapshot(logIndex(index), asBytes(`voters at ${index}`)));
  await stage.settle(writer.append(content));
  return stage.settle(store.finishSnapshot(writer));
}

function read(
  stage: StorageStage,
  store: RaftStore,
  wanted: { index?: number; offset: number; bytesMax?: number },
): Promise<SnapshotChunk | undefined> {
  const snapshotIndex = wanted.index === undefined ? undefined : logIndex(wanted.index);
  const { offset, bytesMax = 1_000_000 } = wanted;
  return stage.settle(store.readSnapshotChunk({ snapshotIndex, offset, bytesMax }));
}

const theirPlace = { index: logIndex(20), term: term(3), chain: 77 };

function chunk(offset: number, text: string, isLast = false): ReceivedChunk {
  return { place: theirPlace, context: asBytes('their voters'), offset, bytes: asBytes(text), isLast };
}

async function filesOf(stage: StorageStage): Promise<readonly string[]> {
  return stage.settle(stage.ports.disk.list(snapshotsFolder));
}

test('a snapshot reads back in pieces of any size, each checked', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  const content = new Uint8Array(chunkBytes * 2 + 5).map((_, at) => (at * 7) % 251);
  expect(await write(stage, store, 6, content)).toBe(true);
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < content.length;) {
    const part = await read(stage, store, { offset, bytesMax: 100_000 });
    if (part === undefined) throw new Error('the snapshot is held');
    expect(part.place).toEqual(store.placeAt(logIndex(6)));
    expect(part.offset).toBe(offset);
    offset += part.bytes.length;
    expect(part.isLast).toBe(offset === content.length);
    parts.push(part.bytes);
  }
  expect(Buffer.compare(Buffer.concat(parts), content)).toBe(0);
});

test('what is not held, or lies beyond the end, is not read', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  expect(await read(stage, store, { offset: 0 })).toBeUndefined();
  await write(stage, store, 6, asBytes('six'));
  expect(await read(stage, store, { index: 5, offset: 0 })).toBeUndefined();
  expect(await read(stage, store, { index: 6, offset: 4 })).toBeUndefined();
  expect(await read(stage, store, { index: 6, offset: 3 })).toMatchObject({ isLast: true, bytes: new Uint8Array() });
});

test('a snapshot of nothing carries its context: the state before everything', async () => {
  const stage = new StorageStage(1);
  const { store } = await stage.settle(stage.openStore());
  expect(await write(stage, store, 0, new Uint8Array())).toBe(true);
  stage.cutPower();
  const { store: again } = await stage.settle(stage.openStore());
  expect(again.snapshot?.place).toEqual({ index: 0, term: 0, chain: 0 });
  expect(new TextDecoder().decode(again.snapshot?.context)).toBe('voters at 0');
  expect(await read(stage, again, { offset: 0 })).toMatchObject({ isLast: true });
});

test('a snapshot that was not finished is gone at the next start, and the one before it counts', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  await write(stage, store, 3, asBytes('three'));
  const writer = await stage.settle(store.beginSnapshot(logIndex(8), asBytes('never')));
  await stage.settle(writer.append(new Uint8Array(chunkBytes * 2)));
  stage.kill();
  expect((await filesOf(stage)).length).toBe(2);
  const { store: again } = await stage.settle(stage.openStore());
  expect(again.snapshot?.place.index).toBe(3);
  expect((await filesOf(stage)).length).toBe(1);
});

test('the snapshot before the newest stays readable for whoever is half way through it', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  await write(stage, store, 3, asBytes('three'));
  await write(stage, store, 5, asBytes('five'));
  expect((await read(stage, store, { index: 3, offset: 0 }))?.bytes).toEqual(asBytes('three'));
  await write(stage, store, 7, asBytes('seven'));
  expect(await read(stage, store, { index: 3, offset: 0 })).toBeUndefined();
  expect((await read(stage, store, { index: 5, offset: 0 }))?.bytes).toEqual(asBytes('five'));
  expect((await read(stage, store, { offset: 0 }))?.bytes).toEqual(asBytes('seven'));
  expect((await filesOf(stage)).length).toBe(2);
});

test('received bytes that do not follow on are refused and told where they belong', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  const receive = (part: ReceivedChunk): Promise<unknown> => stage.settle(store.receiveSnapshotChunk(part));
  expect(await receive(chunk(4, 'late'))).toEqual({ nextOffset: 0 });
  expect(await receive(chunk(0, 'abcd'))).toEqual({ nextOffset: 4 });
  expect(await receive(chunk(8, 'gap'))).toEqual({ nextOffset: 4 });
  expect(await receive(chunk(2, 'overlap'))).toEqual({ nextOffset: 4 });
  expect(await receive({ ...chunk(4, 'other'), place: { ...theirPlace, index: logIndex(21) } })).toEqual({
    nextOffset: 0,
  });
  expect(await receive(chunk(4, 'efgh', true))).toEqual({ nextOffset: 8 });
  await stage.settle(store.installSnapshot(logIndex(20), { term: term(3), votedFor: undefined }));
  expect((await read(stage, store, { offset: 0 }))?.bytes).toEqual(asBytes('abcdefgh'));
});

test('receiving begins anew at offset zero', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  await stage.settle(store.receiveSnapshotChunk(chunk(0, 'first attempt')));
  await stage.settle(store.receiveSnapshotChunk(chunk(0, 'second', true)));
  await stage.settle(store.installSnapshot(logIndex(20), { term: term(3), votedFor: undefined }));
  expect((await read(stage, store, { offset: 0 }))?.bytes).toEqual(asBytes('second'));
  expect((await filesOf(stage)).length).toBe(1);
});

test('an installed snapshot drops the whole log and sets the term in the same change', async () => {
  for (const index of [4, 20]) {
    const stage = new StorageStage(1);
    const { store } = await storeOfTen(stage);
    const place = { index: logIndex(index), term: term(3), chain: 77 };
    await stage.settle(store.receiveSnapshotChunk({ ...chunk(0, 'theirs', true), place }));
    expect(store.takeContent().logLast.index).toBe(10);
    await stage.settle(store.installSnapshot(logIndex(index), { term: term(3), votedFor: undefined }));
    const next = { index: logIndex(index + 1), term: term(3), payload: asBytes('next') };
    await stage.settle(store.persist({ hardState: undefined, truncateFrom: undefined, entries: [next] }));
    stage.cutPower();
    const view = await stage.settle(viewOf((await stage.settle(stage.openStore())).store));
    expect(view).toEqual({
      hardState: { term: 3, votedFor: undefined },
      logStart: place,
      entries: [next],
      snapshot: { place, context: 'their voters', content: asBytes('theirs') },
    });
  }
});

test('a snapshot is not installed before its last byte has come', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  await stage.settle(store.receiveSnapshotChunk(chunk(0, 'half')));
  const early = stage.settle(store.installSnapshot(logIndex(20), { term: term(3), votedFor: undefined }));
  await expect(early).rejects.toBeInstanceOf(InvariantError);
});

test('a snapshot of our own that a newer one overtook is dropped', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  const writer = await stage.settle(store.beginSnapshot(logIndex(8), asBytes('ours')));
  await stage.settle(store.receiveSnapshotChunk(chunk(0, 'theirs', true)));
  await stage.settle(store.installSnapshot(logIndex(20), { term: term(3), votedFor: undefined }));
  expect(await stage.settle(store.finishSnapshot(writer))).toBe(false);
  expect(store.snapshot?.place).toEqual(theirPlace);
  expect((await filesOf(stage)).length).toBe(1);
});

test('a snapshot with a flipped bit is neither used at the start nor sent later', async () => {
  const isSnapshot = (path: string): boolean => path.endsWith('.snapshot');
  let atStart = 0;
  for (let seed = 0; seed < 40; seed += 1) {
    const stage = new StorageStage(seed);
    const { store } = await storeOfTen(stage);
    await write(stage, store, 6, new Uint8Array(300).fill(seed));
    expect(stage.disk.flipBits(1, isSnapshot).length).toBe(1);
    const sent = await read(stage, store, { offset: 0 }).catch((fault: unknown) => fault);
    // The header is not read again after the start: what is sent comes from the chunks and from memory.
    if (sent instanceof Error) expect(sent).toBeInstanceOf(RaftDamageError);
    else expect(sent).toMatchObject({ bytes: new Uint8Array(300).fill(seed) });
    stage.kill();
    const opened = await stage.settle(stage.tryOpenStore());
    if (!opened.ok) atStart += 1;
    expect(opened).toMatchObject({ ok: false, problem: { type: 'damaged' } });
  }
  expect(atStart).toBe(40);
});

test('a snapshot whose bytes could not be written is never finished', async () => {
  const stage = new StorageStage(1);
  const { store } = await storeOfTen(stage);
  const writer = await stage.settle(store.beginSnapshot(logIndex(8), asBytes('voters')));
  stage.disk.failNext('write', (path) => path.includes('local'));
  await expect(stage.settle(writer.append(new Uint8Array(chunkBytes)))).rejects.toBeInstanceOf(DiskError);
  await expect(stage.settle(store.finishSnapshot(writer))).rejects.toBeInstanceOf(InvariantError);
  expect(store.snapshot).toBeUndefined();
});

test('a snapshot that is missing or cut short is damage', async () => {
  for (const harm of ['remove', 'cut'] as const) {
    const stage = new StorageStage(1);
    const { store } = await storeOfTen(stage);
    await write(stage, store, 6, new Uint8Array(chunkBytes + 10));
    const path = `${snapshotsFolder}/${(await filesOf(stage))[0]}`;
    if (harm === 'remove') await stage.settle(stage.ports.disk.removeFile(path));
    else {
      const file = await stage.settle(stage.ports.disk.openFile(path, 'existing'));
      // Between two chunks: what is left is whole.
      await stage.settle(file.truncate((await stage.settle(file.sizeBytes())) - 22));
    }
    stage.kill();
    expect(await stage.settle(stage.tryOpenStore())).toMatchObject({ ok: false, problem: { type: 'damaged' } });
  }
});
