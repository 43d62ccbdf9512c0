/**
 * The words and options of `odradek topic ...`. What the commands do: topic-command.ts, loaded when one of them runs.
 */
import type { Command } from 'commander';
import { collect, withCluster } from './cluster-action.ts';
import type { Terminal } from './terminal.ts';
import type { AlterOptions, CreateOptions, DeleteOptions } from './topic-command.ts';

const dryRun = ['--dry-run', 'check it and change nothing'] as const;
const assignment = ['--assignment <ids>', 'brokers of the next partition, ID[,ID...]; repeat per partition'] as const;

export function addTopicGroup(root: Command, terminal: Terminal): void {
  const topic = root.command('topic').description('topics and their partitions');
  topic
    .command('create <name>')
    .description('make a topic')
    .option('-p, --partitions <count>', 'how many partitions; else what the cluster has as default')
    .option('-r, --replication-factor <count>', 'on how many brokers each partition is; else the default')
    .option('-c, --config <name=value>', 'a config that differs from the cluster; repeat for more', collect)
    .option(...assignment, collect)
    .option('--if-not-exists', 'a topic of that name is fine, whatever it looks like')
    .option(...dryRun)
    .action((name: string, options: CreateOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.createTopic(context, name, options)),
    );
  topic
    .command('list')
    .description('all topics')
    .action((_options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.listTopics(context)),
    );
  topic
    .command('describe <name>')
    .description('one topic: its partitions, who leads them, who is in sync')
    .action((name: string, _options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.describeTopic(context, name)),
    );
  topic
    .command('alter <name>')
    .description('give a topic more partitions, other configs, or both at once')
    .option('-p, --partitions <count>', 'how many it is to have; never fewer than now')
    .option('-c, --config <name=value>', 'set a config; repeat for more', collect)
    .option('--reset <name>', 'take a config back to what the cluster has; repeat for more', collect)
    .option(...assignment, collect)
    .option('--expect-revision <revision>', 'refuse when it was changed since, as `describe` showed it')
    .option(...dryRun)
    .action((name: string, options: AlterOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.alterTopic(context, name, options)),
    );
  topic
    .command('delete <name>')
    .description('take a topic away, with everything in it')
    .option('--if-exists', 'no such topic is fine')
    .option('-y, --yes', 'do not ask')
    .option(...dryRun)
    .action((name: string, options: DeleteOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.deleteTopic(context, name, options)),
    );
}
