/**
 * The action of a command that asks the cluster: options read, gRPC loaded, the context made, and only then the work.
 */
import type { Command } from 'commander';
import type { AskingWork } from './asking-commands.ts';
import { readCommonOptions, type WrittenOptions } from './command-options.ts';
import type { Terminal } from './terminal.ts';

export async function withCluster(command: Command, terminal: Terminal, work: AskingWork): Promise<void> {
  const options = readCommonOptions(command.optsWithGlobals<WrittenOptions>());
  const { runAskingCommand } = await import('./asking-commands.ts');
  await runAskingCommand(work, terminal, options);
}

/** For options that may be given more than once. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
