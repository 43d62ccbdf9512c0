/**
 * The words and options of `odradek storage ...`. What the commands do is loaded when one of them runs.
 */
import type { Command } from 'commander';
import { readCommonOptions, type WrittenOptions } from './command-options.ts';
import type { Terminal } from './terminal.ts';

export function addStorageGroup(root: Command, terminal: Terminal): void {
  const storage = root.command('storage').description('the files of a log, without a node; nothing is changed');
  storage
    .command('dump <file...>')
    .description('print what is in files of a log: -o json is one array, -o ndjson a line for each thing')
    .option('--deep', 'print the records too, decompressed')
    .action(async (paths: readonly string[], options: { deep?: true }, command: Command) => {
      const { output } = readCommonOptions(command.optsWithGlobals<WrittenOptions>());
      const { dumpStorageFiles } = await import('./storage-command.ts');
      dumpStorageFiles(terminal, { paths, isDeep: options.deep === true, output });
    });
  storage
    .command('verify <folder...>')
    .description('look at every byte of the logs below folders, and tell what is not whole; nothing is changed')
    .action(async (folders: readonly string[], _options: unknown, command: Command) => {
      const options = readCommonOptions(command.optsWithGlobals<WrittenOptions>());
      const { verifyStorage } = await import('./verify-command.ts');
      await verifyStorage(terminal, folders, options);
    });
}
