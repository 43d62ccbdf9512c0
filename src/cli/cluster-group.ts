/**
 * The words and options of `odradek cluster ...` and `odradek broker ...`. What the commands do is loaded when one runs.
 */
import type { Command } from 'commander';
import { withCluster } from './cluster-action.ts';
import type { ResourceOptions } from './config-command.ts';
import type { Terminal } from './terminal.ts';

const dryRun = ['--dry-run', 'check it and change nothing'] as const;

export function addBrokerGroup(root: Command, terminal: Terminal): void {
  const broker = root.command('broker').description('nodes that keep partitions');
  broker
    .command('list')
    .description('all registered brokers')
    .action((_options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.listBrokers(context)),
    );
  broker
    .command('describe <id>')
    .description('one broker: its state, endpoints, directories, what it leads')
    .action((id: string, _options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.describeBroker(context, id)),
    );
}

export function addClusterGroup(root: Command, terminal: Terminal): void {
  const cluster = root.command('cluster').description('the cluster as a whole');
  cluster
    .command('info')
    .description('the cluster in figures')
    .action((_options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.clusterInfo(context)),
    );
  cluster
    .command('health')
    .description('what is wrong, and what to do; exit code 1 when something does not work now')
    .option('-w, --watch [duration]', 'look again and again, every 2s unless you say otherwise')
    .action((options: { watch?: string | true }, command: Command) =>
      withCluster(command, terminal, (context, asking) =>
        asking.clusterHealth(context, asking.readWatch(options.watch)),
      ),
    );
  addConfigGroup(cluster, terminal);
  addFeatureGroup(cluster, terminal);
}

function addConfigGroup(cluster: Command, terminal: Terminal): void {
  const config = cluster.command('config').description('configs of the cluster, of a broker or of a topic');
  const ofWhom = (command: Command): Command =>
    command.option('--topic <name>', 'of that topic').option('--broker <id>', 'of that broker');
  ofWhom(config.command('list'))
    .description('all configs in force, and where each comes from')
    .action((options: ResourceOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.showConfigs(context, [], options)),
    );
  ofWhom(config.command('get <names...>'))
    .description('some of them')
    .action((names: string[], options: ResourceOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.showConfigs(context, names, options)),
    );
  ofWhom(config.command('set <name=value...>'))
    .description('set configs: all of them, or none')
    .option(...dryRun)
    .action((written: string[], options: ResourceOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.setConfigs(context, written, options)),
    );
  ofWhom(config.command('unset <names...>'))
    .description('take configs back to what they inherit')
    .option(...dryRun)
    .action((names: string[], options: ResourceOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.unsetConfigs(context, names, options)),
    );
  config
    .command('explain [name]')
    .description('which configs there are, what they do, which values they take')
    .action((name: string | undefined, _options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.explainConfigs(context, name)),
    );
}

function addFeatureGroup(cluster: Command, terminal: Terminal): void {
  const features = cluster.command('features').description('what works only when all nodes know it');
  features
    .command('list')
    .description('all features, and their levels')
    .action((_options: unknown, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.listFeatures(context)),
    );
  for (const [verb, description, allowDowngrade] of [
    ['upgrade', 'raise the level of a feature', false],
    ['downgrade', 'lower the level of a feature', true],
  ] as const)
    features
      .command(`${verb} <name> <level>`)
      .description(description)
      .option(...dryRun)
      .action((name: string, level: string, options: { dryRun?: boolean }, command: Command) =>
        withCluster(command, terminal, (context, asking) =>
          asking.moveFeature(context, [name, level], { ...options, allowDowngrade }),
        ),
      );
}
