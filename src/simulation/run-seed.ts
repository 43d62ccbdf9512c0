/**
 * One seed of a scenario, from its plan to its report.
 *
 * Safety phase: anything the plan allows may happen, and the checkers never stop. Liveness phase: a core that is
 * enough for progress is healed, everything else is frozen as it is, one-way cuts and dead machines included; the
 * core must converge within a stated time. The second phase finds what random healing hides.
 */
import { describePlan, drawFaultPlan } from './fault-plan.ts';
import { FaultInjector } from './fault-injector.ts';
import type { Scenario, ScenarioRun } from './scenario.ts';
import type { SimulationProblem } from './simulated-world.ts';
import { Simulation } from './simulation.ts';

export interface SeedReport {
  readonly scenario: string;
  readonly seed: number;
  /** Of the whole trace: equal for equal runs. */
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly counters: readonly (readonly [name: string, count: number])[];
  readonly problem: SimulationProblem | undefined;
  /** The end of the trace. */
  readonly lastLines: readonly string[];
}

export interface SeedOptions {
  /** Gets every line of the trace. */
  readonly observe?: (line: string) => void;
}

const turnsBetweenDeepChecks = 2_000;

export async function runSeed(scenario: Scenario, seed: number, { observe }: SeedOptions = {}): Promise<SeedReport> {
  const simulation = new Simulation({ seed, ...(observe === undefined ? {} : { observe }) });
  const { world } = simulation;
  try {
    await runPhases(simulation, scenario);
  } catch (fault) {
    // The scenario's own code, or the simulator's: as much a failure of this seed as any other.
    world.fail({ what: 'the simulation itself throws nothing', facts: { thrown: String(fault) }, cause: fault });
  }
  return {
    scenario: scenario.name,
    seed,
    hash: world.trace.outcome.hash,
    events: world.scheduler.actionsRun,
    virtualMs: world.nowMs,
    counters: world.reached.entries(),
    problem: world.problem,
    lastLines: world.trace.lastLines(),
  };
}

async function runPhases(simulation: Simulation, scenario: Scenario): Promise<void> {
  const { world } = simulation;
  const random = world.random.fork('run');
  const run = scenario.build(simulation, random.fork('scenario'));
  const plan = drawFaultPlan(random.fork('plan'), run.scope, scenario.planLimits);
  world.trace.record('world', describePlan(plan));
  const injector = new FaultInjector({ simulation, plan, scope: run.scope, random: random.fork('faults') });
  injector.start();
  keepStepping(simulation, run);
  const check = checker(simulation, run);

  await simulation.run({ untilMs: plan.safetyMs, until: check });
  if (world.problem !== undefined) return;

  const core = run.chooseCore(random.fork('core'), injector.damaged);
  world.trace.record('world', `core: ${core.join(' ')}`);
  injector.freezeExcept(core);
  run.onCoreHealed(core);
  const end = await simulation.run({
    untilMs: world.nowMs + run.convergenceMsMax,
    until: () => check() || run.hasConverged(),
  });
  checkDeeply(simulation, run);
  if (end === 'time-is-up' || end === 'nothing-left-to-do')
    world.fail({
      what: 'a healed core converges in time',
      facts: { core, convergenceMsMax: run.convergenceMsMax },
    });
}

/** True when something is wrong and the run is to stop. */
function checker(simulation: Simulation, run: ScenarioRun): () => boolean {
  const { world } = simulation;
  let turns = 0;
  return () => {
    turns += 1;
    const finding = run.check();
    if (finding !== undefined) world.fail(finding);
    if (turns % turnsBetweenDeepChecks === 0) checkDeeply(simulation, run);
    return world.problem !== undefined;
  };
}

function checkDeeply({ world }: Simulation, run: ScenarioRun): void {
  const finding = run.checkDeeply();
  if (finding !== undefined) world.fail(finding);
}

function keepStepping({ world }: Simulation, run: ScenarioRun): void {
  const random = world.random.fork('workload');
  const step = (): void => {
    run.step();
    world.scheduler.after(random.exponential(run.stepMsMean), step);
  };
  step();
}
