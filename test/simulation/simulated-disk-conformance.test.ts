import { diskConformance } from '../conformance/disk.ts';
import { powerCutLosesAll, simulatedDiskFixture } from '../conformance/disk-on-simulation.ts';

diskConformance('simulated (a power cut loses all it may)', () => simulatedDiskFixture(1, powerCutLosesAll));
for (const seed of [2, 3, 4])
  diskConformance(`simulated (a power cut loses by chance, seed ${seed})`, () => simulatedDiskFixture(seed));
