/**
 * The words and options of `odradek quorum ...`. What the commands do is loaded when one of them runs.
 */
import type { Command } from 'commander';
import { withCluster } from './cluster-action.ts';
import type { AddOptions, RemoveOptions } from './quorum-change-command.ts';
import type { Terminal } from './terminal.ts';

const dryRun = ['--dry-run', 'check it and change nothing'] as const;

export function addQuorumGroup(root: Command, terminal: Terminal): void {
  const quorum = root.command('quorum').description('the Raft group that owns the metadata');
  quorum
    .command('status')
    .description('who leads, how far each voter is')
    .option('-w, --watch [duration]', 'print again and again, every 2s unless you say otherwise')
    .action((options: { watch?: string | true }, command: Command) =>
      withCluster(command, terminal, (context, asking) =>
        asking.printQuorumStatus(context, asking.readWatch(options.watch)),
      ),
    );
  quorum
    .command('add <id>')
    .description('let a node vote; it is brought up to date first')
    .requiredOption('--directory <id>', 'its storage: 32 hex digits, which its log names as ours')
    .requiredOption('--peer <endpoint>', 'where the other voters reach it, HOST:PORT')
    .requiredOption('--api <endpoint>', 'where clients reach it, HOST:PORT')
    .option(...dryRun)
    .action((id: string, options: AddOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.addVoter(context, id, options)),
    );
  quorum
    .command('remove <id>')
    .description('take a voter out')
    .option('--directory <id>', 'its storage; else what the quorum knows it by')
    .option('-y, --yes', 'do not ask')
    .option(...dryRun)
    .action((id: string, options: RemoveOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.removeVoter(context, id, options)),
    );
  quorum
    .command('transfer [id]')
    .description('hand leadership over, to that voter or to whoever is furthest')
    .action((id: string | undefined, _options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.transferLeadership(context, id)),
    );
  quorum
    .command('shell [words...]')
    .description('look into the metadata with ls, cat and cd; without words it reads lines')
    .action((words: string[], _options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.runShell(context, words)),
    );
}
