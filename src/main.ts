#!/usr/bin/env node
/**
 * Process entry of the `odradek` command, and the only place that catches what nobody foresaw: a broken invariant or
 * an uncaught error is written down and ends the process, because nothing it believes can be trusted any more.
 */
import { runCommandLine } from './cli/command-line.ts';
import { processTerminal } from './cli/terminal.ts';

process.on('uncaughtException', endProcess);
process.on('unhandledRejection', endProcess);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  // Whoever read our output has seen enough, as in `odradek ... | head`. A node has others to serve than its log's
  // reader, and 0 would tell its supervisor that it was asked to stop.
  if (!process.argv.includes('server') && !process.argv.includes('dev')) process.exit(0);
});

runCommandLine(process.argv.slice(2), processTerminal()).then((exitCode) => process.exit(exitCode), endProcess);

function endProcess(error: unknown): never {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const facts = error instanceof Error && 'facts' in error ? error.facts : undefined;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.stack : undefined;
  const line = { level: 'fatal', msg: 'the process ends because of a bug', name, message, facts, stack, cause };
  process.stderr.write(`${JSON.stringify(line)}\n`);
  process.exit(1);
}
