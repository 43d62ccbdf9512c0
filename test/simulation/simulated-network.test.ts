/**
 * The simulated network keeps every promise of the stream port, in calm and in rough weather and with any seed.
 * What faults look like is shown in simulated-faults.test.ts.
 */
import { conformanceLimits, streamConformance, type StreamFixture } from '../conformance/stream.ts';
import { simulatedStreamFixture } from './simulated-stream-fixture.ts';

streamConformance('simulated', async (): Promise<StreamFixture> => simulatedStreamFixture(conformanceLimits));

for (const seed of [2, 3, 4])
  streamConformance(`rough simulated (seed ${seed})`, async (): Promise<StreamFixture> =>
    simulatedStreamFixture(conformanceLimits, {
      seed,
      weather: { delayMsMin: 0, delayMsMean: 5, heavyTailChance: 0.05, heavyTailFactor: 20 },
    }),
  );
