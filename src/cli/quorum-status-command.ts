/**
 * `odradek quorum status`: asks one node for the quorum and prints it, once or again and again.
 */
import type { Clock } from '../ports/clock.ts';
import { delay } from '../ports/clock.ts';
import type { Network } from '../ports/stream.ts';
import { getQuorumRequestCodec, quorumReplyCodec } from '../wire/quorum-messages.ts';
import { callCluster } from './cluster-call.ts';
import type { CommonOptions } from './command-options.ts';
import { quorumAsJson, quorumAsTable } from './quorum-table.ts';
import { clearScreen, type Terminal } from './terminal.ts';

export interface QuorumStatusCommand {
  readonly terminal: Terminal;
  readonly network: Network;
  readonly clock: Clock;
  readonly options: CommonOptions;
  /** Undefined: print once. */
  readonly repeatEveryMs: number | undefined;
}

export async function printQuorumStatus(command: QuorumStatusCommand): Promise<void> {
  const { terminal, network, clock, options, repeatEveryMs } = command;
  for (;;) {
    const { reply, endpoint } = await callCluster(network, options, {
      method: 'odradek.v1.QuorumService/GetQuorum',
      request: undefined,
      requestCodec: getQuorumRequestCodec,
      replyCodec: quorumReplyCodec,
    });
    if (repeatEveryMs !== undefined) clearScreen(terminal);
    terminal.out(options.output === 'json' ? quorumAsJson(reply) : quorumAsTable(reply, endpoint, terminal));
    if (repeatEveryMs === undefined) return;
    await delay(clock, repeatEveryMs);
  }
}
