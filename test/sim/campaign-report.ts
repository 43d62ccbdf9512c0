/**
 * What a campaign says at its end, as text; and whether it passed.
 */
import type { Scenario } from '../../src/simulation/scenario.ts';
import type { CampaignResult } from './campaign.ts';
import type { SeedFailure } from './seed-chunk.ts';

const failuresListedMax = 20;

/** Declared counters that stayed at zero, when there were seeds enough to expect them. */
export function unreached(scenario: Scenario, { seedsRun, reached }: CampaignResult): readonly string[] {
  if (seedsRun < scenario.mustReachWithinSeeds) return [];
  return scenario.mustReach.filter((name) => reached.get(name) === 0);
}

export function hasPassed(scenario: Scenario, result: CampaignResult): boolean {
  return result.failures.length === 0 && result.unequal.length === 0 && unreached(scenario, result).length === 0;
}

export function campaignText(scenario: Scenario, result: CampaignResult, realMs: number): string {
  const { seedsRun, runs, events, virtualMs, reached, failures, unequal, hash } = result;
  const perSecond = Math.round((events * 1000) / realMs);
  const counters = reached.entries().map(([name, count]) => `  ${String(count).padStart(10)}  ${name}`);
  const again = runs === seedsRun ? '' : `, ${runs - seedsRun} of them run twice with ${unequal.length} unequal traces`;
  return [
    ...counters,
    ...unreached(scenario, result).map((name) => `never reached, so this campaign proves little: ${name}`),
    ...unequal.slice(0, failuresListedMax).map((seed) => `not deterministic: seed ${seed}`),
    ...(failures[0] === undefined ? [] : [failureText(scenario.name, failures[0])]),
    ...failures
      .slice(1, failuresListedMax)
      .map(({ seed, what }) => `${replayCommand(scenario.name, seed)}   # ${what}`),
    `scenario ${scenario.name}: ${seedsRun} seeds${again}, ${failures.length} failing; traces ${hash}`,
    `${events} events in ${(realMs / 1000).toFixed(1)} s: ${perSecond} events/s, ` +
      `${Math.round(virtualMs / realMs)} simulated seconds per real one`,
    '',
  ].join('\n');
}

export function failureText(scenarioName: string, { seed, what, facts, stack, lastLines }: SeedFailure): string {
  return [
    '',
    ...lastLines,
    `seed ${seed} failed`,
    `problem: ${what}`,
    `facts: ${JSON.stringify(facts)}`,
    ...(stack === undefined ? [] : [stack]),
    `replay: ${replayCommand(scenarioName, seed)}`,
    '',
  ].join('\n');
}

export function replayCommand(scenarioName: string, seed: number): string {
  return `make sim SCENARIO=${scenarioName} SEED=${seed}`;
}
