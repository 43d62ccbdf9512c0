import { expect, test } from 'vitest';
import { keyValueConformance } from '../conformance/key-value-store.ts';
import { levelKeyValueFixture } from '../conformance/key-value-store-on-level.ts';
import { keysOf, notSynced, put, synced } from '../conformance/key-value-store-stage.ts';

keyValueConformance('LevelDB', levelKeyValueFixture);

test('cutting the power of the LevelDB stores does take away what was not synced', async () => {
  const fixture = await levelKeyValueFixture();
  const store = await fixture.stores.open('meta');
  await store.batch([put('a')], synced);
  await store.batch([put('b')], notSynced);
  expect(await keysOf(store)).toEqual(['a', 'b']);
  const after = await (await fixture.powerCut()).open('meta');
  expect(await keysOf(after)).toEqual(['a']);
  await fixture.close();
});
