/**
 * The action of a command that asks the cluster: options read, gRPC loaded, the context made, and only then the work.
 */
import type { Command } from 'commander';
import type { CommandContext } from './command-context.ts';
import { readCommonOptions, type WrittenOptions } from './command-options.ts';
import type { Terminal } from './terminal.ts';

export async function withCluster(
  command: Command,
  terminal: Terminal,
  work: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const options = readCommonOptions(command.optsWithGlobals<WrittenOptions>());
  const { realContext } = await import('./real-context.ts');
  await work(realContext(terminal, options));
}

/** For options that may be given more than once. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
