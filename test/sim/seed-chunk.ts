/**
 * A row of seeds, as one piece of work for one process: what is asked, and what comes back.
 */
import type { Facts } from '../../src/base/assert.ts';
import { ReachCounters } from '../../src/simulation/reach-counters.ts';
import { runSeed, type SeedReport } from '../../src/simulation/run-seed.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';

export interface SeedChunk {
  readonly scenario: string;
  readonly from: number;
  readonly below: number;
  readonly stopAtFirst: boolean;
}

export interface SeedFailure {
  readonly seed: number;
  readonly what: string;
  readonly facts: Facts;
  readonly stack: string | undefined;
  readonly lastLines: readonly string[];
}

/** Plain data: it crosses between processes. */
export interface ChunkReport {
  readonly chunk: SeedChunk;
  /** One for each seed that ran, in order. */
  readonly hashes: readonly string[];
  readonly events: number;
  readonly virtualMs: number;
  readonly counters: readonly (readonly [name: string, count: number])[];
  readonly failures: readonly SeedFailure[];
}

export async function runChunk(
  scenario: Scenario,
  chunk: SeedChunk,
  onSeed: (seed: number) => void = () => {},
): Promise<ChunkReport> {
  const hashes: string[] = [];
  const failures: SeedFailure[] = [];
  const reached = new ReachCounters();
  let events = 0;
  let virtualMs = 0;
  for (let seed = chunk.from; seed < chunk.below; seed += 1) {
    onSeed(seed);
    const report = await runSeed(scenario, seed);
    hashes.push(report.hash);
    reached.addAll(report.counters);
    events += report.events;
    virtualMs += report.virtualMs;
    const failure = failureOf(report);
    if (failure !== undefined) failures.push(failure);
    if (failure !== undefined && chunk.stopAtFirst) break;
  }
  return { chunk, hashes, events, virtualMs, counters: reached.entries(), failures };
}

export function failureOf({ seed, problem, lastLines }: SeedReport): SeedFailure | undefined {
  if (problem === undefined) return undefined;
  const { what, facts, cause } = problem;
  return { seed, what, facts, stack: cause instanceof Error ? cause.stack : undefined, lastLines };
}
