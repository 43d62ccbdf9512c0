/**
 * Prints something once, or again and again until it is interrupted.
 */
import { delay } from '../ports/clock.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './command-context.ts';
import { printSheet, type Sheet } from './print-listing.ts';
import { duration } from './setting-kinds.ts';
import { clearScreen } from './terminal.ts';

const repeatSetting = duration({ about: 'How long between two looks.', default: '2s', min: 100, max: 3_600_000 });

/** `written` is what stands after --watch, `true` when nothing does. Undefined: once. */
export function readWatch(written: string | true | undefined): number | undefined {
  if (written === undefined) return undefined;
  const repeatEvery = repeatSetting.read(written === true ? '2s' : written);
  if (repeatEvery.ok) return repeatEvery.value;
  throw new CliError({ exit: 'usage', message: `--watch is ${String(written)}, which ${repeatEvery.problem}` });
}

export async function repeat(
  context: CommandContext,
  repeatEveryMs: number | undefined,
  look: () => Promise<Sheet>,
): Promise<void> {
  for (;;) {
    const sheet = await look();
    if (repeatEveryMs !== undefined) clearScreen(context.terminal);
    await printSheet(context, sheet);
    if (repeatEveryMs === undefined) return;
    await delay(context.clock, repeatEveryMs);
  }
}
