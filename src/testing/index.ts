/**
 * What people import as `odradek/testing`: the simulator that proves this software, for the code that uses it.
 *
 * A scenario builds a cluster of simulated machines and says what must hold; a seed decides everything else. Read
 * simulation/scenario.ts for what a scenario is. A whole cluster in one call comes with the client library.
 */
export { runSeed, type SeedOptions, type SeedReport } from '../simulation/run-seed.ts';
export type { Scenario, ScenarioRun } from '../simulation/scenario.ts';
export { Simulation, type RunEnd, type RunLimits, type SimulationOptions } from '../simulation/simulation.ts';
