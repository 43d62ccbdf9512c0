/**
 * The scenarios that `make sim` knows by name.
 */
import type { Scenario } from '../../src/simulation/scenario.ts';
import { clusterScenario } from './cluster/cluster-scenario.ts';
import { metadataScenario } from './metadata/metadata-scenario.ts';
import { partitionLogScenario } from './partition-log/partition-log-scenario.ts';
import { raftScenario } from './raft/raft-scenario.ts';
import { registerScenario } from './register/register-scenario.ts';

/** Fails on most seeds: shows that failures are reported, and how. */
const canary: Scenario = { ...registerScenario('takes one replica for a quorum'), name: 'canary' };

const scenarios: readonly Scenario[] = [
  raftScenario,
  metadataScenario,
  clusterScenario,
  partitionLogScenario,
  registerScenario(),
  canary,
];

export function findScenario(name: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.name === name);
}

export function scenarioNames(): readonly string[] {
  return scenarios.map(({ name }) => name);
}
