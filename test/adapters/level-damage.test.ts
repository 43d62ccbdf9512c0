import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLevelDamage } from '../../src/adapters/level-damage.ts';
import { LevelKeyValueStores } from '../../src/adapters/level-key-value-stores.ts';
import { FaultError } from '../../src/base/fault-error.ts';
import { StoreDamageError } from '../../src/ports/key-value-store.ts';

let root = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'odradek-level-'));
  const store = await new LevelKeyValueStores(root).open('store');
  await store.batch([{ type: 'put', key: 'key', value: Uint8Array.of(1) }], { sync: true });
  await store.close();
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function refusal(): Promise<unknown> {
  return new LevelKeyValueStores(root).open('store').catch((fault: unknown) => fault);
}

const harms: Readonly<Record<string, () => Promise<void>>> = {
  'whose pointer to its manifest is cut short': () => writeFile(join(root, 'store/CURRENT'), 'MANIFEST-00'),
  'whose pointer leads to a manifest that never was': () => writeFile(join(root, 'store/CURRENT'), 'MANIFEST-000999\n'),
  'whose pointer leads out of its folder': () => writeFile(join(root, 'store/CURRENT'), 'LOG/FEST-000002\n'),
  'whose manifest has a flipped bit': async () => {
    const name = (await readdir(join(root, 'store'))).find((one) => one.startsWith('MANIFEST')) ?? '';
    const manifest = await readFile(join(root, 'store', name));
    await writeFile(join(root, 'store', name), manifest.fill(manifest.readUInt8(20) ^ 1, 20, 21));
  },
};

for (const [what, harm] of Object.entries(harms)) {
  test(`a store ${what} is reported as damaged`, async () => {
    await harm();
    expect(await refusal()).toBeInstanceOf(StoreDamageError);
  });
}

test('a store that is open already is a fault that passes, and no damage', async () => {
  const store = await new LevelKeyValueStores(root).open('store');
  const fault = await refusal();
  expect(fault).toBeInstanceOf(FaultError);
  expect(fault).not.toBeInstanceOf(StoreDamageError);
  await store.close();
});

test('what the system says about itself is no damage, and corruption is, however deep it is wrapped', () => {
  const levelError = (code: string, message: string): Error => Object.assign(new Error(message), { code });
  const wrapped = (cause: Error): Error => new Error('Database failed to open', { cause });
  expect(isLevelDamage(wrapped(levelError('LEVEL_IO_ERROR', 'IO error: a/000003.log: No space left on device')))).toBe(
    false,
  );
  expect(isLevelDamage(wrapped(levelError('LEVEL_IO_ERROR', 'IO error: a/LOCK: Permission denied')))).toBe(false);
  expect(isLevelDamage(wrapped(levelError('LEVEL_LOCKED', 'IO error: lock a/LOCK: already held')))).toBe(false);
  expect(isLevelDamage(new Error('something else'))).toBe(false);
  expect(isLevelDamage(wrapped(wrapped(levelError('LEVEL_CORRUPTION', 'Corruption: bad block'))))).toBe(true);
});
