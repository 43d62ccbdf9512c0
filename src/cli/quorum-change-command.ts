/**
 * `odradek quorum add`, `remove` and `transfer`: changes of who votes and who leads.
 */
import { directoryIdFromOutside, voterIdFromOutside, type DirectoryId, type VoterId } from '../base/ids.ts';
import { getQuorumRequestCodec, quorumReplyCodec, type QuorumReply } from '../wire/quorum-messages.ts';
import {
  addVoterReplyCodec,
  addVoterRequestCodec,
  removeVoterReplyCodec,
  removeVoterRequestCodec,
  transferLeadershipReplyCodec,
  transferLeadershipRequestCodec,
} from '../wire/voter-change-messages.ts';
import { CliError } from './cli-error.ts';
import { ask, type CommandContext } from './command-context.ts';
import { confirmByName } from './confirm-by-name.ts';
import { printSheet } from './print-listing.ts';
import { misuse, readWholeNumber } from './read-written.ts';

/** As commander hands them over. */
export interface AddOptions {
  readonly directory: string;
  readonly peer: string;
  readonly api: string;
  readonly dryRun?: boolean;
}

export interface RemoveOptions {
  readonly directory?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

export async function addVoter(context: CommandContext, written: string, options: AddOptions): Promise<void> {
  const validateOnly = options.dryRun ?? false;
  const voter = {
    voterId: readVoterId(written),
    directoryId: readDirectory(options.directory),
    peerEndpoint: options.peer,
    apiEndpoint: options.api,
  };
  const { reply } = await ask(context, {
    method: 'odradek.v1.QuorumService/AddVoter',
    request: { change: { type: 'add', voter }, validateOnly },
    requestCodec: addVoterRequestCodec,
    replyCodec: addVoterReplyCodec,
  });
  await printChange(context, { voterId: voter.voterId, index: reply.index, validateOnly, verb: 'votes' });
}

/** Without --directory the voter is meant as the quorum has it now. */
export async function removeVoter(context: CommandContext, written: string, options: RemoveOptions): Promise<void> {
  const validateOnly = options.dryRun ?? false;
  const voterId = readVoterId(written);
  const directoryId =
    options.directory === undefined ? await directoryOf(context, voterId) : readDirectory(options.directory);
  if (!validateOnly && options.yes !== true)
    await confirmByName(context.terminal, `take voter ${voterId} out of the quorum`, String(voterId));
  const { reply } = await ask(context, {
    method: 'odradek.v1.QuorumService/RemoveVoter',
    request: { change: { type: 'remove', voterId, directoryId }, validateOnly },
    requestCodec: removeVoterRequestCodec,
    replyCodec: removeVoterReplyCodec,
  });
  await printChange(context, { voterId, index: reply.index, validateOnly, verb: 'votes no longer' });
}

export async function transferLeadership(context: CommandContext, written: string | undefined): Promise<void> {
  const target = written === undefined ? undefined : readVoterId(written);
  await ask(context, {
    method: 'odradek.v1.QuorumService/TransferLeadership',
    request: { target },
    requestCodec: transferLeadershipRequestCodec,
    replyCodec: transferLeadershipReplyCodec,
  });
  const { leaderId } = await fetchQuorum(context);
  await printSheet(context, {
    name: String(leaderId ?? ''),
    plain: { leaderId },
    text: () => (leaderId === undefined ? 'leadership was handed over\n' : `voter ${leaderId} leads\n`),
  });
}

export async function fetchQuorum(context: CommandContext): Promise<QuorumReply> {
  const { reply } = await ask(context, {
    method: 'odradek.v1.QuorumService/GetQuorum',
    request: undefined,
    requestCodec: getQuorumRequestCodec,
    replyCodec: quorumReplyCodec,
  });
  return reply;
}

interface Change {
  readonly voterId: VoterId;
  readonly index: number;
  readonly validateOnly: boolean;
  readonly verb: string;
}

function printChange(context: CommandContext, { voterId, index, validateOnly, verb }: Change): Promise<void> {
  return printSheet(context, {
    name: String(voterId),
    plain: { voterId, index, changed: !validateOnly },
    text: () =>
      validateOnly ? 'the quorum allows that change\n' : `voter ${voterId} ${verb}, as of record ${index}\n`,
  });
}

async function directoryOf(context: CommandContext, voterId: VoterId): Promise<DirectoryId> {
  const { voters } = await fetchQuorum(context);
  const directoryId = voters.find((voter) => voter.voterId === voterId)?.directoryId;
  if (directoryId !== undefined) return directoryId;
  const known = voters.map((voter) => voter.voterId).join(', ');
  throw new CliError({ exit: 'not-found', message: `the quorum has no voter ${voterId}; it has ${known}` });
}

function readVoterId(written: string): VoterId {
  const voterId = voterIdFromOutside(readWholeNumber('the voter', written));
  if (voterId.ok) return voterId.value;
  throw misuse(`the voter is ${written}, which is not a number from 1 to 2147483647`);
}

function readDirectory(written: string): DirectoryId {
  const directoryId = directoryIdFromOutside(written);
  if (directoryId.ok) return directoryId.value;
  throw misuse(`--directory is ${written}, which is not 32 hex digits`, 'the log of a new voter names it as ours');
}
