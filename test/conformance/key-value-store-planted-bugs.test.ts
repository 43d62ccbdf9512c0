/**
 * The key-value suite notices every store that breaks a promise.
 */
import { expect, test } from 'vitest';
import { simulatedKeyValueFixture } from './key-value-store-on-simulation.ts';
import { keyValueBugs, withStore, type PlantInStores } from './key-value-store-planted-bugs.ts';
import { playKeyValueCase, type KeyValueFixture } from './key-value-store-stage.ts';
import { keyValueCases } from './key-value-store.ts';
import { findBrokenPromise, printCatch, type BugHunt } from './planted-bugs.ts';

async function withBug(plant: PlantInStores, whole: Promise<KeyValueFixture>): Promise<KeyValueFixture> {
  const fixture = await whole;
  return { ...fixture, stores: plant(fixture.stores), powerCut: async () => plant(await fixture.powerCut()) };
}

function huntOf(plant: PlantInStores): BugHunt<KeyValueFixture> {
  return {
    cases: keyValueCases.map((keyValueCase) => ({
      promise: keyValueCase.promise,
      run: (fixture) => playKeyValueCase(keyValueCase, fixture),
    })),
    fixtures: [
      () => withBug(plant, simulatedKeyValueFixture(1, 0)),
      () => withBug(plant, simulatedKeyValueFixture(2)),
      () => withBug(plant, simulatedKeyValueFixture(3)),
    ],
  };
}

for (const [bug, plant] of Object.entries(keyValueBugs))
  test(`the key-value suite catches a store that ${bug}`, async () => {
    const broken = await findBrokenPromise(huntOf(plant));
    printCatch('key-value store', bug, broken);
    expect(broken).toBeDefined();
  });

test('the key-value suite finds nothing wrong with a store that only forwards', async () => {
  expect(await findBrokenPromise(huntOf(withStore(() => ({}))))).toBeUndefined();
});
