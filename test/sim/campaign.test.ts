/**
 * The campaign of seeds: hands out each seed once, or twice to different processes, and reports what it saw.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { campaignText, hasPassed, unreached } from './campaign-report.ts';
import { runCampaign, type CampaignOptions, type ChunkRunner } from './campaign.ts';
import { findScenario } from './scenarios.ts';
import { runChunk, type ChunkReport, type SeedChunk } from './seed-chunk.ts';
import { readSimArguments } from './sim-arguments.ts';
import { startWorker } from './worker-process.ts';

/** Answers without running anything. */
function pretender(change: (report: ChunkReport) => Partial<ChunkReport> = () => ({})): ChunkRunner & {
  readonly asked: SeedChunk[];
} {
  const asked: SeedChunk[] = [];
  return {
    asked,
    run: async (chunk) => {
      asked.push(chunk);
      const hashes = Array.from({ length: chunk.below - chunk.from }, (_, at) => (chunk.from + at).toString(16));
      const report = { chunk, hashes, events: 10, virtualMs: 100, counters: [['crash', 1]], failures: [] } as const;
      return { ...report, ...change(report) };
    },
  };
}

const options = { scenario: 'register', from: 1, seeds: 105, twice: false, stopAtFirst: false } as const;
const seedsOf = (chunks: readonly SeedChunk[]): number[] =>
  chunks.flatMap(({ from, below }) => Array.from({ length: below - from }, (_, at) => from + at)).sort((a, b) => a - b);

const register = findScenario('register');
if (register === undefined) throw new Error('the register is a scenario');

test('every seed is handed out once, however many processes there are', async () => {
  for (const count of [1, 2, 3]) {
    const runners = Array.from({ length: count }, () => pretender());
    const result = await runCampaign({ ...options, runners });
    expect(seedsOf(runners.flatMap(({ asked }) => asked))).toEqual(Array.from({ length: 105 }, (_, at) => at + 1));
    expect(result).toMatchObject({ seedsRun: 105, runs: 105, failures: [], unequal: [] });
    expect(result.reached.get('crash')).toBe(6);
  }
});

test('the hash of a campaign does not depend on the number of processes', async () => {
  const hashOf = async (runners: CampaignOptions['runners']): Promise<string> =>
    (await runCampaign({ ...options, runners })).hash;
  expect(await hashOf([pretender()])).toBe(await hashOf([pretender(), pretender(), pretender()]));
  expect(await hashOf([pretender()])).not.toBe(await hashOf([pretender(() => ({ hashes: ['1'] }))]));
});

test('the second run of a seed is done by another process, and differences are named', async () => {
  const runners = [pretender(), pretender()];
  const result = await runCampaign({ ...options, twice: true, runners });
  expect(result).toMatchObject({ seedsRun: 105, runs: 210, unequal: [] });
  const [one, other] = runners.map(({ asked }) => asked.map(({ from }) => from));
  expect(new Set(one).size + new Set(other).size).toBeGreaterThan(10);

  let runs = 0;
  const forgetful = pretender(({ hashes }) => {
    runs += 1;
    return runs === 4 ? { hashes: hashes.with(2, 'different') } : {};
  });
  const flawed = await runCampaign({ ...options, seeds: 60, twice: true, runners: [forgetful] });
  expect(flawed.unequal).toEqual([3]);
  expect(hasPassed(register, flawed)).toBe(false);
  expect(campaignText(register, flawed, 1)).toContain('not deterministic: seed 3');
});

test('a hunt ends at its first failure', async () => {
  const failing = pretender(({ chunk }) =>
    chunk.from > 30
      ? { failures: [{ seed: chunk.from, what: 'a promise', facts: {}, stack: undefined, lastLines: [] }] }
      : {},
  );
  const result = await runCampaign({ ...options, stopAtFirst: true, runners: [failing] });
  expect(result.failures).toHaveLength(1);
  expect(failing.asked).toHaveLength(3);
});

test('a counter that stays at zero fails a campaign that is long enough', async () => {
  const result = await runCampaign({ ...options, runners: [pretender()] });
  const scenario = { ...register, mustReach: ['crash', 'power cut'], mustReachWithinSeeds: 100 };
  expect(unreached(scenario, result)).toEqual(['power cut']);
  expect(hasPassed(scenario, result)).toBe(false);
  expect(hasPassed({ ...scenario, mustReachWithinSeeds: 200 }, result)).toBe(true);
  expect(campaignText(scenario, result, 1)).toContain('never reached, so this campaign proves little: power cut');
});

test('a failing seed is printed with its last events and the command that replays it', async () => {
  const canary = findScenario('canary');
  if (canary === undefined) throw new Error('the canary is a scenario');
  const runners = [{ run: (chunk: SeedChunk) => runChunk(canary, chunk) }];
  const result = await runCampaign({ ...options, scenario: 'canary', seeds: 20, runners });
  expect(result.failures.length).toBeGreaterThan(5);
  const text = campaignText(canary, result, 1000);
  const seed = result.failures[0]?.seed;
  expect(text).toContain(`replay: make sim SCENARIO=canary SEED=${seed}`);
  expect(text).toContain('problem: every register behaves as if there were one copy of it');
  expect(text.split('\n').filter((line) => /^ +\d+\.\d{3} /.test(line))).toHaveLength(50);
});

test.each([
  [['--seeds', 'many'], 'whole number'],
  [['--workers', '0'], 'whole number'],
  [['--scenario', 'registre'], 'there are: '],
  [['--sedes', '3'], 'sedes'],
])('the arguments %j are refused with a reason', (argv, reason) => {
  const read = readSimArguments(argv);
  expect(read.ok ? '' : read.problem).toContain(reason);
});

test('a seed that never ends is named, and its process is ended', async () => {
  const worker = startWorker(fileURLToPath(new URL('endless-worker.mjs', import.meta.url)), 500);
  const outcome = runCampaign({ ...options, scenario: 'canary', seeds: 20, runners: [worker] });
  await expect(outcome).rejects.toThrow('a seed did not end within 0.5 s: make sim SCENARIO=canary SEED=2');
  worker.stop();
});

test('the program runs seeds in processes of its own and fails with the seeds that fail', async () => {
  const run = (...argv: string[]): Promise<{ code: number; output: string }> =>
    new Promise((resolve) => {
      execFile(process.execPath, ['--import', 'tsx', 'test/sim/main.ts', ...argv], (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
      );
    });
  const good = await run('--seeds', '4', '--twice');
  expect(good.output).toMatch(/4 seeds, 4 of them run twice with 0 unequal traces, 0 failing/);
  expect(good.code).toBe(0);
  const bad = await run('--scenario', 'canary', '--seeds', '40', '--workers', '1', '--stop-at-first');
  expect(bad.output).toMatch(/needed \d+ seeds/);
  expect(bad.code).toBe(1);
});
