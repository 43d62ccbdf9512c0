/**
 * All commands that ask the cluster, loaded together when one of them runs.
 *
 * One module, because the bundle cuts what several late loaded modules share into a file per combination of them, and a
 * node would start by reading dozens of little files.
 */
import type { CommonOptions } from './command-options.ts';
import { describeBroker, listBrokers } from './broker-command.ts';
import { clusterHealth, clusterInfo } from './cluster-command.ts';
import type { CommandContext } from './command-context.ts';
import { consumeRecords } from './consume-command.ts';
import { explainConfigs, setConfigs, showConfigs, unsetConfigs } from './config-command.ts';
import { listFeatures, moveFeature } from './feature-command.ts';
import { produceRecords } from './produce-command.ts';
import { addVoter, removeVoter, transferLeadership } from './quorum-change-command.ts';
import { printQuorumStatus } from './quorum-status-command.ts';
import { realContext } from './real-context.ts';
import { readWatch } from './repeat-sheet.ts';
import { runShell } from './shell-command.ts';
import type { Terminal } from './terminal.ts';
import { alterTopic, createTopic, deleteTopic, describeTopic, listTopics } from './topic-command.ts';

const commands = {
  addVoter,
  alterTopic,
  clusterHealth,
  clusterInfo,
  consumeRecords,
  createTopic,
  deleteTopic,
  describeBroker,
  describeTopic,
  explainConfigs,
  listBrokers,
  listFeatures,
  listTopics,
  moveFeature,
  printQuorumStatus,
  produceRecords,
  readWatch,
  removeVoter,
  runShell,
  setConfigs,
  showConfigs,
  transferLeadership,
  unsetConfigs,
} as const;

export type AskingCommands = typeof commands;

export type AskingWork = (context: CommandContext, asking: AskingCommands) => Promise<void>;

export function runAskingCommand(work: AskingWork, terminal: Terminal, options: CommonOptions): Promise<void> {
  return work(realContext(terminal, options), commands);
}
