import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LevelKeyValueStores } from '../../src/adapters/level-key-value-stores.ts';
import { liveTablesOfLevelManifest } from '../../src/adapters/level-manifest.ts';
import { findTableProblem } from '../../src/adapters/level-table-check.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'odradek-level-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

/** A store with one table for each of its lives, and the names of what its folder then holds. */
async function storeWithTables(lives: number, entriesPerLife: number): Promise<readonly string[]> {
  for (let life = 0; life <= lives; life += 1) {
    const store = await new LevelKeyValueStores(root).open('store');
    const puts = Array.from({ length: life === lives ? 0 : entriesPerLife }, (_, at) => ({
      type: 'put' as const,
      key: `key ${String(life).padStart(3, '0')} ${String(at).padStart(6, '0')}`,
      value: new Uint8Array(50).fill(at % 256),
    }));
    await store.batch(puts, { sync: true });
    await store.close();
  }
  return readdir(join(root, 'store'));
}

function pathOf(name: string): string {
  return join(root, 'store', name);
}

function tablesAmong(names: readonly string[]): readonly string[] {
  return names.filter((name) => name.endsWith('.ldb'));
}

test('tables with many blocks and a manifest with many edits pass and open', async () => {
  const names = await storeWithTables(6, 2000);
  expect(tablesAmong(names).length).toBeGreaterThan(0);
  const store = await new LevelKeyValueStores(root).open('store');
  expect((await store.range({ from: ' ', below: '~', entriesMax: 20_000 })).length).toBe(12_000);
  await store.close();
});

test('the manifest names exactly the tables that are there', async () => {
  const names = await storeWithTables(7, 100);
  const manifest = names.find((name) => name.startsWith('MANIFEST')) ?? '';
  const live = liveTablesOfLevelManifest(await readFile(pathOf(manifest))) ?? [];
  const wanted = live.map(({ number }) => `${String(number).padStart(6, '0')}.ldb`).sort();
  expect(wanted).toEqual([...tablesAmong(names)].sort());
});

test('every flipped bit of a table is found, but for the padding of its footer', async () => {
  const names = await storeWithTables(1, 20);
  const [name = ''] = tablesAmong(names);
  const table = await readFile(pathOf(name));
  const sizeBytes = table.length;
  expect(findTableProblem(table, { sizeBytes })).toBeUndefined();
  const unnoticed: number[] = [];
  for (let bit = 0; bit < sizeBytes * 8; bit += 1) {
    const flipped = Buffer.from(table);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    if (findTableProblem(flipped, { sizeBytes }) === undefined) unnoticed.push(bit);
  }
  expect(unnoticed.length).toBeGreaterThan(0);
  for (const bit of unnoticed) {
    expect(bit >> 3).toBeGreaterThan(sizeBytes - 48);
    // A padding zero; or "another byte follows", which is then a padding zero and adds nothing to the number.
    expect(table[bit >> 3] === 0 || (bit & 7) === 7, `bit ${bit}`).toBe(true);
  }
});

test('a damaged or missing table is refused by name before the database opens it', async () => {
  for (const harm of ['flip', 'cut', 'remove'] as const) {
    const [name = ''] = tablesAmong(await storeWithTables(1, 50));
    const table = await readFile(pathOf(name));
    if (harm === 'remove') await rm(pathOf(name));
    else if (harm === 'cut') await writeFile(pathOf(name), table.subarray(0, table.length - 1));
    else await writeFile(pathOf(name), table.fill(table.readUInt8(100) ^ 4, 100, 101));
    let opened = 0;
    const stores = new LevelKeyValueStores(root, () => {
      opened += 1;
      return Promise.reject(new Error('not to be reached'));
    });
    const refusal = await stores.open('store').catch((cause: unknown) => cause);
    expect(String((refusal as Error).cause)).toContain('a table of a key-value store is damaged');
    expect(opened).toBe(0);
    await rm(root, { recursive: true });
  }
});

test('half a table that no manifest names is no reason to refuse', async () => {
  await storeWithTables(1, 50);
  await writeFile(pathOf('009999.ldb'), 'half a table');
  const store = await new LevelKeyValueStores(root).open('store');
  expect((await store.range({ from: ' ', below: '~', entriesMax: 100 })).length).toBe(50);
  await store.close();
});

test('a manifest cut short anywhere, or with any bit flipped, is judged without harm', async () => {
  const names = await storeWithTables(3, 10);
  const manifest = await readFile(pathOf(names.find((name) => name.startsWith('MANIFEST')) ?? ''));
  const known = new Set(liveTablesOfLevelManifest(manifest)?.map(({ number }) => number));
  for (let length = 0; length < manifest.length; length += 1) {
    const live = liveTablesOfLevelManifest(manifest.subarray(0, length));
    expect(live === undefined || live.length <= known.size + 1).toBe(true);
  }
  for (let bit = 0; bit < manifest.length * 8; bit += 1) {
    const flipped = Buffer.from(manifest);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const live = liveTablesOfLevelManifest(flipped);
    if (live !== undefined) expect(live.length).toBeLessThan(known.size + 1);
  }
});
