/**
 * Records of the quorum's log, as plain data for people: what QuorumService/GetMetadataRecords streams.
 */
import { assertUnreachable } from '../base/assert.ts';
import { logIndex, type LogIndex } from '../base/raft-position.ts';
import type { Entry } from '../raft/raft-entry.ts';
import { metadataBatchCodec } from '../wire/metadata-log-codec.ts';
import { metadataRecordsReplyCodec, metadataRecordsRequestCodec } from '../wire/metadata-record-messages.ts';
import { CliError } from './cli-error.ts';
import { streamCluster, type CommandContext } from './command-context.ts';
import { fetchQuorum } from './quorum-change-command.ts';

/** The latest so many are listed; each of the log can be looked at by its number. */
const listedMax = 1000;

/** Where the log begins is told by the node that answers; each node may have forgotten another part of it. */
export async function recordIndexes(context: CommandContext): Promise<readonly string[]> {
  const { firstIndex, commitIndex } = await fetchQuorum(context);
  const from = Math.max(firstIndex, commitIndex - listedMax + 1);
  return Array.from({ length: Math.max(0, commitIndex - from + 1) }, (_, at) => String(from + at));
}

export async function fetchRecord(context: CommandContext, fromIndex: LogIndex): Promise<unknown> {
  const entries: Entry[] = [];
  await streamCluster(context, {
    method: 'odradek.v1.QuorumService/GetMetadataRecords',
    request: { fromIndex, limit: 1, follow: false },
    requestCodec: metadataRecordsRequestCodec,
    replyCodec: metadataRecordsReplyCodec,
    onReply: (run) => void entries.push(...run),
  });
  const [entry] = entries;
  if (entry !== undefined) return plainEntry(entry);
  throw new CliError({ exit: 'not-found', message: `the log has no record ${fromIndex} yet` });
}

function plainEntry({ index, term, payload }: Entry): object {
  const place = { index: logIndex(index), term };
  switch (payload.type) {
    case 'no-op':
      return { ...place, type: 'leadership-began' };
    case 'voters':
      return { ...place, type: 'voters', voters: payload.voters };
    case 'command': {
      const batch = metadataBatchCodec.decode(payload.bytes);
      if (batch.ok) return { ...place, type: 'metadata', ...batch.value };
      return { ...place, type: 'unreadable', why: batch.problem.why, bytes: payload.bytes.length };
    }
    default:
      return assertUnreachable(payload);
  }
}
