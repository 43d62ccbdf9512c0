/**
 * The state of the quorum as text for people: a few facts and a table.
 */
import type { QuorumReply, VoterReply } from '../wire/quorum-messages.ts';
import { bold, type Terminal } from './terminal.ts';
import { textTable } from './text-table.ts';

export function quorumAsTable(quorum: QuorumReply, answeredBy: string, terminal: Terminal): string {
  const facts: [string, string][] = [
    ['cluster', quorum.clusterId ?? 'not chosen yet'],
    ['leader', leaderOf(quorum)],
    ['term', String(quorum.term)],
    ['committed', `${quorum.commitIndex} (log ${quorum.firstIndex} to ${quorum.lastIndex})`],
    ['chain', quorum.committedChain.toString(16).padStart(8, '0')],
    ['answered by', `voter ${quorum.voterId} (${quorum.role}) at ${answeredBy}`],
  ];
  const head = facts.map(([name, value]) => `${bold(terminal, name.padEnd(12))} ${value}\n`).join('');
  const isFounded = quorum.voters.length > 0;
  return `${head}\n${isFounded ? voterTable(quorum) : 'The voters have not found each other yet: start the others.\n'}`;
}

function leaderOf({ leaderId, voters }: QuorumReply): string {
  if (leaderId === undefined) return 'none now';
  const leader = voters.find((voter) => voter.voterId === leaderId);
  return leader === undefined ? String(leaderId) : `${leaderId} at ${leader.apiEndpoint}`;
}

function voterTable(quorum: QuorumReply): string {
  const columns = [
    { title: 'VOTER', align: 'right' },
    { title: 'ROLE' },
    { title: 'API' },
    { title: 'PEER' },
    { title: 'DURABLE TO', align: 'right' },
    { title: 'BEHIND', align: 'right' },
    { title: 'HEARD', align: 'right' },
    { title: 'DIRECTORY' },
  ] as const;
  return textTable(
    columns,
    quorum.voters.map((voter) => [
      String(voter.voterId),
      roleOf(voter, quorum),
      voter.apiEndpoint,
      voter.peerEndpoint,
      numberOr(voter.matchedIndex),
      voter.matchedIndex === undefined ? '-' : String(quorum.lastIndex - voter.matchedIndex),
      heard(voter),
      voter.directoryId ?? '-',
    ]),
  );
}

/** Of the others a voter knows only who leads. */
function roleOf({ voterId }: VoterReply, quorum: QuorumReply): string {
  if (voterId === quorum.leaderId) return 'leader';
  return voterId === quorum.voterId ? quorum.role : 'voter';
}

function numberOr(value: number | undefined): string {
  return value === undefined ? '-' : String(value);
}

/** Only the leader knows when it last heard from a voter. */
function heard({ lastContactMs }: VoterReply): string {
  return lastContactMs === undefined ? '-' : `${lastContactMs}ms ago`;
}
