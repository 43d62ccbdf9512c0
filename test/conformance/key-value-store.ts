/**
 * Every promise of ports/key-value-store.ts as a case that runs on LevelDB and on the simulated stores.
 *
 * The cases are a list, so that a test can also run them on stores with a planted bug and expect them to fail.
 * Read next: key-value-store-stage.ts (what a fixture gives), then the cases.
 */
import { describe, test } from 'vitest';
import { contentsCases } from './key-value-store-cases-contents.ts';
import { durabilityCases } from './key-value-store-cases-durability.ts';
import { playKeyValueCase, type KeyValueCase, type KeyValueFixture } from './key-value-store-stage.ts';

export const keyValueCases: readonly KeyValueCase[] = [...contentsCases, ...durabilityCases];

/** `makeFixture` is called once per case and gives a place without stores. */
export function keyValueConformance(name: string, makeFixture: () => Promise<KeyValueFixture>): void {
  describe(`the ${name} key-value stores`, () => {
    for (const keyValueCase of keyValueCases)
      test(keyValueCase.promise, async () => {
        await playKeyValueCase(keyValueCase, await makeFixture());
      });
  });
}
