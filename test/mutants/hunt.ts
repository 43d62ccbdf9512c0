/**
 * Hunts one mutant: its ordinary tests first, then seeds of its scenario, until something fails for the right reason.
 */
import type { Mutant } from './mutant.ts';
import { copyWith, removeCopy, runIn, type RunOutcome } from './workshop.ts';

export interface HuntLimits {
  readonly testsMsMax: number;
  readonly seedsMsMax: number;
  readonly seedsMax: number;
}

export type Verdict =
  | { readonly type: 'killed'; readonly killer: string; readonly seeds: number | undefined }
  | { readonly type: 'wrong-reason'; readonly output: string }
  | { readonly type: 'survived' };

export async function hunt(mutant: Mutant, limits: HuntLimits): Promise<Verdict> {
  const folder = copyWith(mutant);
  try {
    const byTests =
      mutant.tests.length === 0 ? undefined : judge(mutant, await runTests(folder, mutant, limits), testKiller);
    if (byTests?.type === 'killed' || mutant.scenario === undefined) return byTests ?? { type: 'survived' };
    const bySeeds = judge(mutant, await runSeeds(folder, mutant.scenario, limits), seedKiller);
    return bySeeds.type === 'survived' ? (byTests ?? bySeeds) : bySeeds;
  } finally {
    removeCopy(folder);
  }
}

function runTests(folder: string, mutant: Mutant, limits: HuntLimits): Promise<RunOutcome> {
  const argv = ['node_modules/vitest/vitest.mjs', 'run', '--bail=1', '--reporter=verbose', ...mutant.tests];
  return runIn(folder, argv, limits.testsMsMax);
}

function runSeeds(folder: string, scenario: string, limits: HuntLimits): Promise<RunOutcome> {
  const argv = ['--import', 'tsx', 'test/sim/main.ts', '--scenario', scenario, '--seeds', String(limits.seedsMax)];
  return runIn(folder, [...argv, '--workers', '1', '--stop-at-first'], limits.seedsMsMax);
}

/** A failure counts only when it names the promise that the bug breaks: a typing error in a replacement kills nothing. */
function judge(mutant: Mutant, outcome: RunOutcome, killerOf: (output: string) => Killer): Verdict {
  if (outcome.exitCode === 0 && !outcome.timedOut) return { type: 'survived' };
  // The verbose report names the tests that passed, and those that never ran, as well.
  const output = outcome.output.replaceAll(/^\s*[✓·↓].*$/gm, '');
  if (mutant.breaks.test(output)) return { type: 'killed', ...killerOf(output) };
  return { type: 'wrong-reason', output };
}

interface Killer {
  readonly killer: string;
  readonly seeds: number | undefined;
}

function testKiller(output: string): Killer {
  const name = /^ *(?:FAIL|×) +(.+?)(?: \d+ms)?$/m.exec(output)?.[1] ?? 'a test that named no name';
  // Random tests start at seed 1 and name the one that failed.
  const seed = /_SEED=(\d+)/.exec(output)?.[1];
  return {
    killer: name.split(' > ').slice(1).join(' > ') || name,
    seeds: seed === undefined ? undefined : Number(seed),
  };
}

function seedKiller(output: string): Killer {
  const needed = /needed (\d+) seeds?/.exec(output)?.[1];
  const problem = /problem: (.+)/.exec(output)?.[1] ?? 'a seed';
  return { killer: problem, seeds: needed === undefined ? undefined : Number(needed) };
}
