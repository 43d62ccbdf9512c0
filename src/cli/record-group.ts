/**
 * The words and options of `odradek produce` and `odradek consume`.
 */
import type { Command } from 'commander';
import { withCluster } from './cluster-action.ts';
import type { ConsumeOptions } from './consume-command.ts';
import type { ProduceOptions } from './produce-command.ts';
import type { Terminal } from './terminal.ts';

export function addRecordGroup(root: Command, terminal: Terminal): void {
  root
    .command('produce <topic>')
    .description('write each line that comes in as a record')
    .option('-p, --partition <number>', 'all to that partition; else by key, or one after the other')
    .option('-k, --key-separator <text>', 'what comes before it in a line is the key')
    .option('--acks <who>', 'all: every replica in sync; leader; none', 'all')
    .action((topic: string, options: ProduceOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.produceRecords(context, topic, options)),
    );
  root
    .command('consume <topic>')
    .description('print the records of a topic')
    .option('--from <place>', 'start, end, or an offset', 'start')
    .option('-n, --limit <count>', 'stop after so many')
    .option('-p, --partition <number>', 'only that partition')
    .option('-f, --follow', 'wait for more; end with Ctrl-C')
    .action((topic: string, options: ConsumeOptions, command: Command) =>
      withCluster(command, terminal, (context, asking) => asking.consumeRecords(context, topic, options)),
    );
}
