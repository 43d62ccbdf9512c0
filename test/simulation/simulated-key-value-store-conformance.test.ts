import { keyValueConformance } from '../conformance/key-value-store.ts';
import { simulatedKeyValueFixture } from '../conformance/key-value-store-on-simulation.ts';

keyValueConformance('simulated (a power cut loses all it may)', () => simulatedKeyValueFixture(1, 0));
for (const seed of [2, 3, 4])
  keyValueConformance(`simulated (a power cut loses by chance, seed ${seed})`, () => simulatedKeyValueFixture(seed));
