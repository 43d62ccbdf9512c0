/**
 * The runner of seeds: phases, checks, convergence, reports.
 */
import { expect, test } from 'vitest';
import { drawFaultPlan, faultKinds, type FaultScope } from '../../src/simulation/fault-plan.ts';
import { runSeed } from '../../src/simulation/run-seed.ts';
import type { Scenario, ScenarioRun } from '../../src/simulation/scenario.ts';
import type { SimulatedProcess } from '../../src/simulation/simulated-process.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';

const scope: FaultScope = { machines: ['n1', 'n2', 'n3'], storageMachines: ['n1', 'n2', 'n3'], damagedMachinesMax: 1 };

/** Three idle machines; each test changes what it is about. */
function idleScenario(change: (processes: readonly SimulatedProcess[]) => Partial<ScenarioRun>): Scenario {
  return {
    name: 'idle',
    mustReach: [],
    mustReachWithinSeeds: 1,
    planLimits: { safetyMsMin: 500, safetyMsMax: 1_000 },
    build(simulation) {
      const processes = scope.machines.map((name) => simulation.addProcess(name, () => {}));
      for (const process of processes) process.start();
      return {
        scope,
        stepMsMean: 10,
        convergenceMsMax: 2_000,
        step() {},
        check: () => undefined,
        checkDeeply: () => undefined,
        chooseCore: () => ['n1', 'n2'],
        onCoreHealed() {},
        hasConverged: () => true,
        ...change(processes),
      };
    },
  };
}

test('seeds differ in the kinds of their faults, and none is left out for ever', () => {
  const plans = Array.from({ length: 200 }, (_, seed) => drawFaultPlan(new SimulatedRandom(seed), scope));
  const kindsOf = plans.map(({ intervalMsMean }) => [...intervalMsMean.keys()].join());
  expect(new Set(kindsOf).size).toBeGreaterThan(150);
  for (const kind of faultKinds) {
    const count = plans.filter(({ intervalMsMean }) => intervalMsMean.has(kind)).length;
    expect(count).toBeGreaterThan(40);
    expect(count).toBeLessThan(160);
  }
  expect(plans.every(({ machinesToDamage }) => machinesToDamage.length <= scope.damagedMachinesMax)).toBe(true);
});

test('a kind that a scenario leaves out is never drawn', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const plan = drawFaultPlan(new SimulatedRandom(seed), { ...scope, without: ['bit rot', 'crash'] });
    expect([...plan.intervalMsMean.keys()].filter((kind) => kind === 'bit rot' || kind === 'crash')).toEqual([]);
  }
});

test('what a cheap check finds ends the run at once, with its facts and the end of the trace', async () => {
  let checks = 0;
  const check: ScenarioRun['check'] = () => {
    checks += 1;
    return checks < 10 ? undefined : { what: 'ten is too many', facts: { checks } };
  };
  const report = await runSeed(
    idleScenario(() => ({ check })),
    3,
  );
  expect(report.problem).toMatchObject({ what: 'ten is too many', facts: { checks: 10 } });
  expect(report.lastLines.at(-1)).toContain('PROBLEM: ten is too many');
  expect(checks).toBe(10);
});

test('a deep check is made at the end even of a short run', async () => {
  const report = await runSeed(
    idleScenario(() => ({ checkDeeply: () => ({ what: 'deep down', facts: {} }) })),
    3,
  );
  expect(report.problem?.what).toBe('deep down');
});

test('a core that does not converge in its time fails the seed', async () => {
  const report = await runSeed(
    idleScenario(() => ({ hasConverged: () => false })),
    3,
  );
  expect(report.problem).toMatchObject({ what: 'a healed core converges in time', facts: { core: ['n1', 'n2'] } });
});

test('the core is whole in the second phase, and the rest stays as the faults left it', async () => {
  const statesOfTheRest = new Set<string>();
  for (let seed = 1; seed <= 60; seed += 1) {
    const seen: string[][] = [];
    const report = await runSeed(
      idleScenario((processes) => {
        const states = (): string[] => processes.map(({ state }) => state);
        let healedSteps = 0;
        let isHealed = false;
        return {
          onCoreHealed: () => {
            isHealed = true;
          },
          step: () => {
            if (!isHealed) return;
            healedSteps += 1;
            seen.push(states());
          },
          hasConverged: () => healedSteps > 50,
        };
      }),
      seed,
    );
    expect({ seed, problem: report.problem }).toEqual({ seed, problem: undefined });
    for (const [n1, n2, n3] of seen) {
      expect([n1, n2]).toEqual(['running', 'running']);
      expect(n3).toBe(seen[0]?.[2]);
    }
    statesOfTheRest.add(seen[0]?.[2] ?? 'nobody looked');
  }
  expect([...statesOfTheRest].sort()).toEqual(['down', 'paused', 'running']);
});

test('what the scenario itself throws is a failure of the seed', async () => {
  const report = await runSeed(
    idleScenario(() => ({
      step: () => {
        throw new TypeError('a bug in the scenario');
      },
    })),
    3,
  );
  expect(report.problem?.what).toBe('the simulation itself throws nothing');
  expect(report.problem?.facts).toEqual({ thrown: 'TypeError: a bug in the scenario' });
});

test('every line of the trace can be watched as it is written', async () => {
  const lines: string[] = [];
  const report = await runSeed(
    idleScenario(() => ({})),
    3,
    { observe: (line) => lines.push(line) },
  );
  expect(lines.slice(-report.lastLines.length)).toEqual(report.lastLines);
  expect(lines[0]).toMatch(/^ +0\.000 n1 +start 1$/);
  expect(lines.some((line) => line.includes('plan: '))).toBe(true);
});
