/**
 * What a campaign runs: a cluster, a workload, checkers, and what it means to converge.
 *
 * A scenario builds everything anew for each seed and draws its own variations (number of nodes, knobs, speed of
 * the workload) from `random`. Faults and the two phases are run-seed.ts's.
 */
import type { Facts } from '../base/assert.ts';
import type { FaultScope, PlanLimits } from './fault-plan.ts';
import type { SimulatedRandom } from './simulated-random.ts';
import type { Simulation } from './simulation.ts';

export interface Scenario {
  readonly name: string;
  /** Counters that a campaign must have seen; one that stays at zero fails it. */
  readonly mustReach: readonly string[];
  /** A campaign of fewer seeds is not judged by them. */
  readonly mustReachWithinSeeds: number;
  readonly planLimits?: PlanLimits;
  build(simulation: Simulation, random: SimulatedRandom): ScenarioRun;
}

/** A broken promise: a constant sentence that says what should hold, and the facts. */
export interface Finding {
  readonly what: string;
  readonly facts: Facts;
}

export interface ScenarioRun {
  readonly scope: FaultScope;
  /** Mean time between two steps of the workload. */
  readonly stepMsMean: number;
  /** One step of the workload, in both phases. Enter processes with `SimulatedProcess.run`. */
  step(): void;
  /** After every turn, so it must cost next to nothing. */
  check(): Finding | undefined;
  /** Now and then, and at the end. */
  checkDeeply(): Finding | undefined;
  /**
   * Machines that are enough for progress, never one whose data may be damaged. They are healed; all others
   * stay as the faults left them, for ever.
   */
  chooseCore(random: SimulatedRandom, damaged: ReadonlySet<string>): readonly string[];
  /** The core is whole from now on. From this moment, `hasConverged` counts. */
  onCoreHealed(core: readonly string[]): void;
  /** All that was asked of the core is answered, and its members agree. */
  hasConverged(): boolean;
  /** Virtual time that the core gets for it. */
  readonly convergenceMsMax: number;
}
