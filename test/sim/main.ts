/**
 * `make sim SEEDS=n [FROM=1] [TWICE=1] [SCENARIO=register]`: many seeds over all cores. Fails when a seed fails,
 * when a second run differs from its first, or when a counter that the scenario declares stays at zero.
 * `make sim SEED=x`: one seed, with its whole trace.
 */
import { fileURLToPath } from 'node:url';
import { assert } from '../../src/base/assert.ts';
import { runSeed } from '../../src/simulation/run-seed.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { campaignText, failureText, hasPassed } from './campaign-report.ts';
import { runCampaign, type CampaignResult } from './campaign.ts';
import { findScenario } from './scenarios.ts';
import { failureOf } from './seed-chunk.ts';
import { readSimArguments, type SimArguments } from './sim-arguments.ts';
import { serveChunks, startWorker } from './worker-process.ts';

const argv = process.argv.slice(2);
if (argv[0] === '--worker') serveChunks();
else await main();

async function main(): Promise<void> {
  const read = readSimArguments(argv);
  if (!read.ok) {
    console.error(read.problem);
    process.exitCode = 2;
    return;
  }
  const scenario = findScenario(read.value.scenario);
  assert(scenario !== undefined, 'arguments name a scenario that exists');
  const hasWorked =
    read.value.seed === undefined ? await manySeeds(scenario, read.value) : await oneSeed(scenario, read.value.seed);
  process.exitCode = hasWorked ? 0 : 1;
}

async function oneSeed(scenario: Scenario, seed: number): Promise<boolean> {
  const report = await runSeed(scenario, seed, { observe: (line) => console.log(line) });
  const failure = failureOf(report);
  if (failure !== undefined) console.log(failureText(scenario.name, { ...failure, lastLines: [] }));
  console.log(`seed ${seed}: trace ${report.hash}, ${report.events} events, ${Math.round(report.virtualMs)} ms`);
  return failure === undefined;
}

async function manySeeds(scenario: Scenario, options: SimArguments): Promise<boolean> {
  const { from, seeds, twice, stopAtFirst } = options;
  const workers = Array.from({ length: options.workers }, () => startWorker(fileURLToPath(import.meta.url)));
  const startedMs = performance.now();
  let result: CampaignResult;
  try {
    result = await runCampaign({
      scenario: scenario.name,
      from,
      seeds,
      twice,
      stopAtFirst,
      runners: workers,
      onProgress: (done) => process.stderr.isTTY && process.stderr.write(`\r${done} of ${seeds} seeds `),
    });
  } catch (fault) {
    console.log(fault instanceof Error ? fault.message : String(fault));
    return false;
  } finally {
    for (const worker of workers) worker.stop();
  }
  console.log(campaignText(scenario, result, performance.now() - startedMs));
  const first = result.failures[0];
  if (stopAtFirst && first !== undefined) console.log(`needed ${first.seed - from + 1} seeds`);
  // A hunt ends at the first failure, so what it did not reach says nothing.
  return stopAtFirst ? first === undefined : hasPassed(scenario, result);
}
