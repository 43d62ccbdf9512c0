/**
 * The `odradek` command: its tree, its options, and how each outcome becomes an exit code.
 *
 * Commands are loaded when they run: `odradek version` must not pay for gRPC.
 */
import { Command, CommanderError } from 'commander';
import { CliError, exitCodes, renderFailure, type CliFailure } from './cli-error.ts';
import { brokersDefault, readCommonOptions, type WrittenOptions } from './command-options.ts';
import { addBrokerGroup, addClusterGroup } from './cluster-group.ts';
import { addQuorumGroup } from './quorum-group.ts';
import type { DevOptions } from './dev-plan.ts';
import type { ServerOptions } from './server-settings.ts';
import type { Terminal } from './terminal.ts';
import { addStorageGroup } from './storage-group.ts';
import { addRecordGroup } from './record-group.ts';
import { addTopicGroup } from './topic-group.ts';
import { collect } from './cluster-action.ts';

/** Resolves to the exit code of the process. Rejects only with what main.ts must report: bugs and unexpected faults. */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await commandTree(terminal).parseAsync(words.length === 0 ? ['--help'] : [...words], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    // A group without its command: commander has printed the group's help.
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage;
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    terminal.err(renderFailure(failure, wantsJson(words)));
    return exitCodes[failure.exit];
  }
}

function commandTree(terminal: Terminal): Command {
  const root = new Command('odradek')
    .description('A log broker: a Raft metadata quorum and replicated partition logs behind one gRPC API.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: () => {},
    })
    .option(
      '-b, --brokers <list>',
      'nodes to ask, HOST:PORT[,HOST:PORT...]; env ODRADEK_BROKERS',
      brokersOfEnvironment(),
    )
    .option('-o, --output <format>', 'table or wide for people; json, ndjson, yaml or name for programs', 'table')
    .option('--timeout <duration>', 'how long to wait for an answer', '5s')
    .showSuggestionAfterError(true)
    .addHelpText('after', helpAfter);
  addDev(root, terminal);
  addServer(root, terminal);
  addTopicGroup(root, terminal);
  addRecordGroup(root, terminal);
  addBrokerGroup(root, terminal);
  addClusterGroup(root, terminal);
  addQuorumGroup(root, terminal);
  addStorageGroup(root, terminal);
  addConfig(root, terminal);
  root
    .command('version')
    .description('print the version')
    .action(async (_options: unknown, command: Command) => {
      const options = readCommonOptions(command.optsWithGlobals<WrittenOptions>());
      const { printVersion } = await import('./version-command.ts');
      await printVersion(terminal, options);
    });
  return root;
}

function brokersOfEnvironment(): string {
  return process.env['ODRADEK_BROKERS'] ?? brokersDefault;
}

const helpAfter = `
Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 conflict, 5 not authorised, 6 unavailable, 7 timeout.

First steps:
  odradek dev                    a whole cluster in one process, until ctrl-C
  odradek server                 one node, by its settings
  odradek quorum status          ask it how the quorum is
  odradek cluster health         what is wrong, and what to do
  odradek topic create NAME      make a topic, once there are brokers
  odradek config example         print every setting with its default`;

function addDev(root: Command, terminal: Terminal): void {
  root
    .command('dev')
    .description('run a whole cluster in this process, with nothing to configure, until ctrl-C')
    .option('--brokers <count>', 'how many brokers; each is a voter too (default: 1, or what the data is of)')
    .option('--data <folder>', 'where its data is kept', './data/dev')
    .option('--ephemeral', 'in a temporary folder that goes with it')
    .option('--port <number>', 'of the first broker; the next ones follow', '7091')
    .option('--verbose', 'log more than warnings')
    .action(async (options: DevOptions, command: Command) => {
      const { runDev } = await import('./dev-command.ts');
      await runDev({ ...options, ...brokersWritten(root, command) }, terminal);
    });
}

/** The command as a whole has a --brokers of its own, and takes it wherever it stands. */
function brokersWritten(root: Command, command: Command): Pick<DevOptions, 'brokers'> {
  const holder = [command, root].find((each) => each.getOptionValueSource('brokers') === 'cli');
  return holder === undefined ? {} : { brokers: String(holder.getOptionValue('brokers')) };
}

function addServer(root: Command, terminal: Terminal): void {
  root
    .command('server')
    .description('run a node until SIGTERM or ctrl-C')
    .option('-c, --config <file>', 'YAML file with settings; see `odradek config example`')
    .option('--data <folder>', 'short for --set data.path=FOLDER')
    .option('--set <key=value>', 'one setting, section.name=value; repeat for more', collect)
    .option('--print-config', 'print every setting, its value and its origin, and exit')
    .action(async (options: ServerOptions) => {
      const { runServer } = await import('./server-command.ts');
      await runServer(options, terminal);
    });
}

function addConfig(root: Command, terminal: Terminal): void {
  const config = root.command('config').description('the settings of `odradek server`');
  config
    .command('example')
    .description('print a YAML file with every setting at its default')
    .action(async () => {
      const [{ exampleConfig }, { settingTable }] = await Promise.all([
        import('./example-config.ts'),
        import('./setting-table.ts'),
      ]);
      terminal.out(exampleConfig(settingTable));
    });
}

/** Undefined for what no command foresaw. */
function failureOf(error: unknown): CliFailure | undefined {
  if (error instanceof CliError) return error.failure;
  if (!(error instanceof CommanderError)) return undefined;
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
  return { exit: 'usage', message, hint: 'odradek --help lists what there is' };
}

/** Looked up in the words themselves, because a usage error comes before options are read. */
function wantsJson(words: readonly string[]): boolean {
  return words.some((word, at) => {
    const format =
      /^(?:-o|--output=)(.+)$/.exec(word)?.[1] ?? (/^(-o|--output)$/.test(word) ? words[at + 1] : undefined);
    return format === 'json' || format === 'ndjson';
  });
}
