import { expect, test } from 'vitest';
import { ReachCounters } from '../../../src/simulation/reach-counters.ts';
import { runSeed } from '../../../src/simulation/run-seed.ts';
import { metadataScenario } from './metadata-scenario.ts';

/**
 * Found flaws once: a refusal that named a revision at which it did not hold, because voters were written into the log
 * in between, or because it was answered before the batch that it was decided on was known to be committed.
 */
const tellingSeeds = [24, 33];

test(
  'topics, brokers and clients under swarms of faults keep every promise and come back',
  { timeout: 60_000 },
  async () => {
    const reached = new ReachCounters();
    for (const seed of [...tellingSeeds, 1, 2]) {
      const report = await runSeed(metadataScenario, seed);
      expect(report.problem, `make sim SCENARIO=metadata SEED=${seed}`).toBeUndefined();
      reached.addAll(report.counters);
    }
    for (const sighting of ['metadata: broker active', 'metadata: request done', 'metadata: topic deleted'])
      expect(reached.get(sighting), sighting).toBeGreaterThan(0);
  },
);

test('the same seed of the metadata gives the same history', async () => {
  const [first, second] = [await runSeed(metadataScenario, 3), await runSeed(metadataScenario, 3)];
  expect(second.hash).toBe(first.hash);
});
