/**
 * `odradek quorum ...` on the real network. Split from quorum-status-command.ts, which tests run on a simulated one.
 */
import type { CommonOptions } from './command-options.ts';
import { CliError } from './cli-error.ts';
import { NodeClock } from '../adapters/node-clock.ts';
import { printQuorumStatus } from './quorum-status-command.ts';
import { clientNetwork } from './real-network.ts';
import { duration } from './setting-kinds.ts';
import type { Terminal } from './terminal.ts';

const repeatSetting = duration({ about: 'How long between two looks.', default: '2s', min: 100, max: 3_600_000 });

/** `watch` is what stands after --watch, `true` when nothing does. */
export async function quorumStatus(
  terminal: Terminal,
  options: CommonOptions,
  watch: string | true | undefined,
): Promise<void> {
  const repeat = watch === undefined ? undefined : repeatSetting.read(watch === true ? '2s' : watch);
  if (repeat?.ok === false)
    throw new CliError({ exit: 'usage', message: `--watch is ${String(watch)}, which ${repeat.problem}` });
  await printQuorumStatus({
    terminal,
    network: clientNetwork(),
    clock: new NodeClock(),
    options,
    repeatEveryMs: repeat?.value,
  });
}
