/**
 * Calls for the leader and their answers, as odradek.internal.v1.AskLeaderRequest and -Response.
 */
import { assertUnreachable } from '../base/assert.ts';
import { positionFromOutside } from '../base/brand.ts';
import { clusterIdFromOutside, voterIdFromOutside, type VoterId } from '../base/ids.ts';
import { logIndexFromOutside } from '../base/raft-position.ts';
import type { Codec } from '../ports/codec.ts';
import type { AddressedCall, LeaderAnswer, LeaderCall, LeaderRefusal } from '../raft/leader-call.ts';
import type { Voter } from '../raft/raft-entry.ts';
import type { VoterChange } from '../raft/raft-event.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { voterFromWire, voterToWire } from './raft-log-codec.ts';

const wire = odradek.internal.v1;
const { RefusalReason } = wire;
type WireCall = odradek.internal.v1.AskLeaderRequest.$Properties;
type WireChange = odradek.internal.v1.ChangeVotersCall.$Properties;
type WireRefusal = odradek.internal.v1.LeaderRefusal.$Properties;

export const leaderCallCodec: Codec<AddressedCall> = {
  encode: ({ clusterId, call }) => wire.AskLeaderRequest.encode({ clusterId, ...callToWire(call) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.AskLeaderRequest, ownedBytes, (message) => ({
      clusterId: must('cluster_id', clusterIdFromOutside(message.clusterId)),
      call: callFromWire(message),
    })),
};

export const leaderAnswerCodec: Codec<LeaderAnswer> = {
  encode: (answer) => wire.AskLeaderResponse.encode(answerToWire(answer)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.AskLeaderResponse, ownedBytes, answerFromWire),
};

function callToWire(call: LeaderCall): WireCall {
  switch (call.type) {
    case 'control':
      return { control: { request: call.request } };
    case 'read-index':
      return { readIndex: {} };
    case 'change-voters':
      return { changeVoters: changeToWire(call.change) };
    case 'transfer':
      return { transfer: { targetVoterId: call.target ?? null } };
    default:
      return assertUnreachable(call);
  }
}

function callFromWire(message: WireCall): LeaderCall {
  if (message.control) return { type: 'control', request: message.control.request ?? new Uint8Array(0) };
  if (message.readIndex) return { type: 'read-index' };
  if (message.changeVoters) return { type: 'change-voters', change: changeFromWire(message.changeVoters) };
  if (message.transfer)
    return { type: 'transfer', target: optionalVoter('target_voter_id', message.transfer.targetVoterId) };
  return unreadable('call', undefined, 'a call that this release knows');
}

function changeToWire(change: VoterChange): WireChange {
  switch (change.type) {
    case 'add':
      return { add: voterToWire(change.voter) };
    case 'remove':
      return { remove: { voterId: change.voterId, directoryId: change.directoryId } };
    case 'update':
      return { update: voterToWire(change.voter) };
    default:
      return assertUnreachable(change);
  }
}

function changeFromWire(message: WireChange): VoterChange {
  if (message.add) return { type: 'add', voter: reachableVoter(message.add) };
  if (message.update) return { type: 'update', voter: reachableVoter(message.update) };
  if (message.remove) {
    const { voterId, directoryId } = voterFromWire(message.remove);
    return { type: 'remove', voterId, directoryId };
  }
  return unreadable('change', undefined, 'a change that this release knows');
}

function reachableVoter(message: odradek.internal.v1.RaftVoter.$Properties): Voter {
  const voter = voterFromWire(message);
  if (voter.peerEndpoint === '') unreadable('peer_endpoint', '', 'an endpoint');
  return voter;
}

function answerToWire(answer: LeaderAnswer): odradek.internal.v1.AskLeaderResponse.$Properties {
  switch (answer.type) {
    case 'done':
      return { done: { index: answer.index, reply: answer.reply } };
    case 'refused':
      return { refused: leaderRefusalToWire(answer.problem) };
    case 'outcome-unknown':
      return { outcomeUnknown: {} };
    default:
      return assertUnreachable(answer);
  }
}

function answerFromWire(message: odradek.internal.v1.AskLeaderResponse.$Properties): LeaderAnswer {
  if (message.done)
    return {
      type: 'done',
      index: must('index', logIndexFromOutside(message.done.index ?? 0)),
      reply: message.done.reply ?? new Uint8Array(0),
    };
  if (message.refused) return { type: 'refused', problem: leaderRefusalFromWire(message.refused) };
  if (message.outcomeUnknown) return { type: 'outcome-unknown' };
  return unreadable('answer', undefined, 'an answer that this release knows');
}

export function leaderRefusalToWire(problem: LeaderRefusal): WireRefusal {
  const reason = refusalReasons[problem.type];
  switch (problem.type) {
    case 'not-leader':
      return { reason, voterId: problem.leader ?? null };
    case 'transfer-in-progress':
    case 'transfer-timed-out':
      return { reason, voterId: problem.target ?? null };
    case 'limit-reached':
      return { reason, limit: problem.limit };
    case 'command-too-large':
      return { reason, bytesMax: problem.bytesMax };
    case 'term-not-committed':
    case 'change-in-progress':
    case 'already-a-voter':
    case 'not-a-voter':
    case 'last-voter':
    case 'catch-up-timed-out':
    case 'not-serving':
      return { reason };
    default:
      return assertUnreachable(problem);
  }
}

const refusalReasons = {
  'not-leader': RefusalReason.REFUSAL_REASON_NOT_LEADER,
  'transfer-in-progress': RefusalReason.REFUSAL_REASON_TRANSFER_IN_PROGRESS,
  'limit-reached': RefusalReason.REFUSAL_REASON_LIMIT_REACHED,
  'command-too-large': RefusalReason.REFUSAL_REASON_COMMAND_TOO_LARGE,
  'term-not-committed': RefusalReason.REFUSAL_REASON_TERM_NOT_COMMITTED,
  'change-in-progress': RefusalReason.REFUSAL_REASON_CHANGE_IN_PROGRESS,
  'already-a-voter': RefusalReason.REFUSAL_REASON_ALREADY_A_VOTER,
  'not-a-voter': RefusalReason.REFUSAL_REASON_NOT_A_VOTER,
  'last-voter': RefusalReason.REFUSAL_REASON_LAST_VOTER,
  'catch-up-timed-out': RefusalReason.REFUSAL_REASON_CATCH_UP_TIMED_OUT,
  'transfer-timed-out': RefusalReason.REFUSAL_REASON_TRANSFER_TIMED_OUT,
  'not-serving': RefusalReason.REFUSAL_REASON_NOT_SERVING,
} as const satisfies Record<LeaderRefusal['type'], odradek.internal.v1.RefusalReason>;

const typesByReason = new Map(
  Object.entries(refusalReasons).map(([type, reason]) => [reason as number, type as LeaderRefusal['type']]),
);

export function leaderRefusalFromWire(message: WireRefusal): LeaderRefusal {
  const type = typesByReason.get(message.reason ?? 0);
  if (type === undefined) return unreadable('reason', message.reason, 'a reason that this release knows');
  switch (type) {
    case 'not-leader':
      return { type, leader: optionalVoter('voter_id', message.voterId) };
    case 'transfer-in-progress':
      return { type, target: must('voter_id', voterIdFromOutside(message.voterId)) };
    case 'transfer-timed-out':
      return { type, target: optionalVoter('voter_id', message.voterId) };
    case 'limit-reached':
      return { type, limit: message.limit ?? '' };
    case 'command-too-large':
      return { type, bytesMax: must('bytes_max', positionFromOutside<number>('size', message.bytesMax ?? 0)) };
    case 'term-not-committed':
    case 'change-in-progress':
    case 'already-a-voter':
    case 'not-a-voter':
    case 'last-voter':
    case 'catch-up-timed-out':
    case 'not-serving':
      return { type };
    default:
      return assertUnreachable(type);
  }
}

function optionalVoter(field: string, value: number | null | undefined): VoterId | undefined {
  return value === undefined || value === null ? undefined : must(field, voterIdFromOutside(value));
}
