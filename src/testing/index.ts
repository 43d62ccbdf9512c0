/**
 * What people import as `odradek/testing`: the simulator that proves this software, and the checker that judges what
 * clients of a log saw, for the code that uses it.
 *
 * A scenario builds a cluster of simulated machines and says what must hold; a seed decides everything else. Read
 * simulation/scenario.ts for what a scenario is, and README.md for histories. A whole cluster in one call comes with
 * the client library.
 */
export { runSeed, type SeedOptions, type SeedReport } from '../simulation/run-seed.ts';
export type { Scenario, ScenarioRun } from '../simulation/scenario.ts';
export { Simulation, type RunEnd, type RunLimits, type SimulationOptions } from '../simulation/simulation.ts';
export { logAnomalies, type LogAnomaly, type LogAnomalyName, type Severity } from './log-anomaly.ts';
export {
  checkLogHistory,
  LogHistoryChecker,
  type LogCheckOptions,
  type LogSummary,
  type LogVerdict,
} from './log-history-checker.ts';
export { parseHistoryLine, parseLogHistory } from './log-history-parser.ts';
export { formatHistoryLine, formatLogHistory } from './log-history-writer.ts';
export type * from './log-history.ts';
