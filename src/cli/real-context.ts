/**
 * A command's context on the real network. Split from command-context.ts, so that only commands that ask load gRPC.
 */
import { NodeClock } from '../adapters/node-clock.ts';
import { NodeRandom } from '../adapters/node-random.ts';
import type { CommandContext } from './command-context.ts';
import type { CommonOptions } from './command-options.ts';
import { clientNetwork } from './real-network.ts';
import type { Terminal } from './terminal.ts';

export function realContext(terminal: Terminal, options: CommonOptions): CommandContext {
  return { terminal, options, network: clientNetwork(), clock: new NodeClock(), random: new NodeRandom() };
}
