/**
 * Before something is taken away for good: the person types its name. Where nobody sits there nobody is asked; what a
 * script does, it means.
 */
import { CliError } from './cli-error.ts';
import type { Terminal } from './terminal.ts';

export async function confirmByName(terminal: Terminal, what: string, name: string): Promise<void> {
  if (!terminal.canAsk) return;
  const typed = await terminal.ask(`To ${what}, type ${name}: `);
  if (typed?.trim() === name) return;
  throw new CliError({
    exit: 'failed',
    message: `nothing was done: ${name} was not typed`,
    hint: '--yes does not ask',
  });
}
