/**
 * `odradek quorum status`: asks one node for the quorum and prints it, once or again and again.
 */
import { getQuorumRequestCodec, quorumReplyCodec } from '../wire/quorum-messages.ts';
import { ask, type CommandContext } from './command-context.ts';
import { quorumAsTable } from './quorum-table.ts';
import { repeat } from './repeat-sheet.ts';

/** `repeatEveryMs` undefined: once. */
export async function printQuorumStatus(context: CommandContext, repeatEveryMs: number | undefined): Promise<void> {
  const { terminal } = context;
  await repeat(context, repeatEveryMs, async () => {
    const { reply, endpoint } = await ask(context, {
      method: 'odradek.v1.QuorumService/GetQuorum',
      request: undefined,
      requestCodec: getQuorumRequestCodec,
      replyCodec: quorumReplyCodec,
    });
    return { name: reply.clusterId ?? '', plain: reply, text: () => quorumAsTable(reply, endpoint, terminal) };
  });
}
