import { expect, test } from 'vitest';
import { ReachCounters } from '../../../src/simulation/reach-counters.ts';
import { runSeed } from '../../../src/simulation/run-seed.ts';
import { partitionLogScenario } from './partition-log-scenario.ts';

const [from = 1, count = 30] = (process.env['LOG_SEEDS'] ?? '').split('+').filter(Boolean).map(Number);

test(
  'S1 to S8, S13: logs on one disk keep every promise through whatever ends them',
  { timeout: 3_600_000 },
  async () => {
    const reached = new ReachCounters();
    const seeds = Array.from({ length: count }, (_, at) => from + at);
    for (const seed of seeds) {
      const report = await runSeed(partitionLogScenario, seed);
      expect(report.problem, `make sim SCENARIO=partition-log SEED=${seed}`).toBeUndefined();
      reached.addAll(report.counters);
    }
    for (const sighting of [
      'log: truncated',
      'log: opened, lost power',
      'log: failed on a sync',
      'log: rolled by itself',
    ])
      expect(reached.get(sighting), sighting).toBeGreaterThan(0);
  },
);

test('the same seed of logs gives the same history', async () => {
  const [first, second] = [await runSeed(partitionLogScenario, 3), await runSeed(partitionLogScenario, 3)];
  expect(second.hash).toBe(first.hash);
});
