/**
 * The key-value suite notices every store that breaks a promise.
 */
import { expect, test } from 'vitest';
import { durabilityCases } from './key-value-store-cases-durability.ts';
import { levelKeyValueFixture } from './key-value-store-on-level.ts';
import { simulatedKeyValueFixture } from './key-value-store-on-simulation.ts';
import { keyValueBugs, withStore, type PlantInStores } from './key-value-store-planted-bugs.ts';
import { playKeyValueCase, type KeyValueFixture } from './key-value-store-stage.ts';
import { keyValueCases } from './key-value-store.ts';
import { findBrokenPromise, printCatch, type BugHunt } from './planted-bugs.ts';

async function withBug(plant: PlantInStores, whole: Promise<KeyValueFixture>): Promise<KeyValueFixture> {
  const fixture = await whole;
  return { ...fixture, stores: plant(fixture.stores), powerCut: async () => plant(await fixture.powerCut()) };
}

const simulated = [
  () => simulatedKeyValueFixture(1, 0),
  () => simulatedKeyValueFixture(2),
  () => simulatedKeyValueFixture(3),
];

function huntOf(
  plant: PlantInStores,
  makeWhole: readonly (() => Promise<KeyValueFixture>)[] = simulated,
): BugHunt<KeyValueFixture> {
  return {
    cases: keyValueCases.map((keyValueCase) => ({
      promise: keyValueCase.promise,
      run: (fixture) => playKeyValueCase(keyValueCase, fixture),
    })),
    fixtures: makeWhole.map((make) => () => withBug(plant, make())),
  };
}

for (const [bug, plant] of Object.entries(keyValueBugs))
  test(`the key-value suite catches a store that ${bug}`, async () => {
    const broken = await findBrokenPromise(huntOf(plant));
    printCatch('key-value store', bug, broken);
    expect(broken).toBeDefined();
  });

for (const bug of ['skips every sync', 'skips every second sync', 'skips the sync of an empty batch'] as const)
  test(`the key-value suite catches a store that ${bug} also on LevelDB`, async () => {
    const hunt = huntOf(keyValueBugs[bug] as PlantInStores, [levelKeyValueFixture]);
    const broken = await findBrokenPromise({ ...hunt, cases: hunt.cases.slice(-durabilityCases.length) });
    printCatch('LevelDB', bug, broken);
    expect(broken).toBeDefined();
  });

test('the key-value suite finds nothing wrong with a store that only forwards', async () => {
  expect(await findBrokenPromise(huntOf(withStore(() => ({}))))).toBeUndefined();
});
