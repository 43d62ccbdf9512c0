/**
 * Many seeds over several processes: hands out rows of seeds, compares second runs with first ones, sums up.
 */
import { ReachCounters } from '../../src/simulation/reach-counters.ts';
import type { ChunkReport, SeedChunk, SeedFailure } from './seed-chunk.ts';

/** Something that runs one chunk at a time, such as another process. */
export interface ChunkRunner {
  run(chunk: SeedChunk): Promise<ChunkReport>;
}

export interface CampaignOptions {
  readonly scenario: string;
  readonly from: number;
  readonly seeds: number;
  readonly twice: boolean;
  readonly stopAtFirst: boolean;
  readonly runners: readonly ChunkRunner[];
  readonly onProgress?: (seedsDone: number) => void;
}

export interface CampaignResult {
  /** Different seeds that ran. */
  readonly seedsRun: number;
  /** Runs of seeds, second ones included. */
  readonly runs: number;
  readonly events: number;
  readonly virtualMs: number;
  readonly reached: ReachCounters;
  /** In the order of the seeds. */
  readonly failures: readonly SeedFailure[];
  /** Seeds whose second run gave another trace. */
  readonly unequal: readonly number[];
  /** Of all traces, whatever the order in which they ran. */
  readonly hash: string;
}

const chunkSeeds = 20;

interface Task {
  readonly chunk: SeedChunk;
  /** The hashes to compare with, of the first run. */
  readonly expected: readonly string[] | undefined;
  /** Who did the first run, and so should not do the second. */
  readonly doneBy: ChunkRunner | undefined;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { scenario, from, seeds, stopAtFirst, runners } = options;
  const tasks: Task[] = [];
  for (let first = from; first < from + seeds; first += chunkSeeds) {
    const chunk = { scenario, from: first, below: Math.min(first + chunkSeeds, from + seeds), stopAtFirst };
    tasks.push({ chunk, expected: undefined, doneBy: undefined });
  }
  const sum = new CampaignSum();
  await Promise.all(
    runners.map(async (runner) => {
      for (let task = takeTask(tasks, runner); task !== undefined; task = takeTask(tasks, runner)) {
        const report = await runner.run(task.chunk);
        sum.add(report, task.expected);
        if (stopAtFirst && sum.failures.length > 0) tasks.length = 0;
        else if (options.twice && task.expected === undefined)
          tasks.push({ chunk: task.chunk, expected: report.hashes, doneBy: runner });
        options.onProgress?.(sum.seedsRun);
      }
    }),
  );
  return sum.result();
}

/** The first that another runner began, else the first of all: one runner alone does both runs. */
function takeTask(tasks: Task[], runner: ChunkRunner): Task | undefined {
  const at = tasks.findIndex(({ doneBy }) => doneBy !== runner);
  return tasks.splice(Math.max(at, 0), 1)[0];
}

class CampaignSum {
  readonly failures: SeedFailure[] = [];
  seedsRun = 0;
  readonly #reached = new ReachCounters();
  readonly #unequal: number[] = [];
  #runs = 0;
  #events = 0;
  #virtualMs = 0;
  #hash = 0n;

  add(report: ChunkReport, expected: readonly string[] | undefined): void {
    this.#runs += report.hashes.length;
    this.#events += report.events;
    this.#virtualMs += report.virtualMs;
    if (expected !== undefined) {
      for (const [at, hash] of report.hashes.entries())
        if (hash !== expected[at]) this.#unequal.push(report.chunk.from + at);
      return;
    }
    this.seedsRun += report.hashes.length;
    this.#reached.addAll(report.counters);
    this.failures.push(...report.failures);
    for (const hash of report.hashes) this.#hash = (this.#hash + BigInt(`0x${hash}`)) & 0xffff_ffff_ffff_ffffn;
  }

  result(): CampaignResult {
    return {
      seedsRun: this.seedsRun,
      runs: this.#runs,
      events: this.#events,
      virtualMs: this.#virtualMs,
      reached: this.#reached,
      failures: this.failures.sort((a, b) => a.seed - b.seed),
      unequal: this.#unequal.sort((a, b) => a - b),
      hash: this.#hash.toString(16).padStart(16, '0'),
    };
  }
}
