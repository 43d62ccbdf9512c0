/**
 * odradek.v1.QuorumService messages and the values that services and clients use instead.
 *
 * QuorumReply has the shape of quorum/quorum-description.ts, which clients may not import: the reply is a
 * contract with people outside, the description belongs to the voter.
 */
import { assertUnreachable } from '../base/assert.ts';
import { positionFromOutside } from '../base/brand.ts';
import {
  clusterIdFromOutside,
  directoryIdFromOutside,
  voterIdFromOutside,
  type ClusterId,
  type DirectoryId,
  type VoterId,
} from '../base/ids.ts';
import { logIndexFromOutside, termFromOutside, type LogIndex, type Term } from '../base/raft-position.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { emptyMessageCodec } from './empty-message.ts';
import { odradek } from './generated/messages.js';

export type QuorumRoleName = 'follower' | 'candidate' | 'leader';

export interface QuorumReply {
  readonly clusterId: ClusterId | undefined;
  readonly voterId: VoterId;
  readonly leaderId: VoterId | undefined;
  readonly term: Term;
  readonly role: QuorumRoleName;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly commitIndex: LogIndex;
  readonly committedChain: number;
  readonly voters: readonly VoterReply[];
}

export interface VoterReply {
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId | undefined;
  readonly peerEndpoint: string;
  readonly apiEndpoint: string;
  readonly matchedIndex: LogIndex | undefined;
  readonly lastContactMs: number | undefined;
}

export const getQuorumRequestCodec = emptyMessageCodec(odradek.v1.GetQuorumRequest);

export const quorumReplyCodec: Codec<QuorumReply> = {
  encode: (reply) => odradek.v1.GetQuorumResponse.encode(quorumToWire(reply)).finish(),
  decode: (ownedBytes) => decodeMessage(odradek.v1.GetQuorumResponse, ownedBytes, quorumFromWire),
};

/** The same, between nodes. */
export const describedQuorumCodec: Codec<QuorumReply> = {
  encode: (reply) => odradek.internal.v1.DescribeQuorumResponse.encode({ quorum: quorumToWire(reply) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(odradek.internal.v1.DescribeQuorumResponse, ownedBytes, ({ quorum }) => quorumFromWire(quorum ?? {})),
};

type WireQuorum = odradek.v1.GetQuorumResponse.$Properties;

function quorumToWire(reply: QuorumReply): WireQuorum {
  return {
    clusterId: reply.clusterId ?? '',
    nodeId: reply.voterId,
    leaderId: reply.leaderId ?? null,
    term: reply.term,
    commitIndex: reply.commitIndex,
    lastIndex: reply.lastIndex,
    voters: reply.voters.map(voterToWire),
    role: roleToWire(reply.role),
    firstIndex: reply.firstIndex,
    committedChain: reply.committedChain,
  };
}

function quorumFromWire(wire: WireQuorum): QuorumReply {
  const clusterId = wire.clusterId ?? '';
  return {
    clusterId: clusterId === '' ? undefined : must('cluster_id', clusterIdFromOutside(clusterId)),
    voterId: must('node_id', voterIdFromOutside(wire.nodeId)),
    leaderId: isAbsent(wire.leaderId) ? undefined : must('leader_id', voterIdFromOutside(wire.leaderId)),
    term: must('term', termFromOutside(wire.term)),
    role: roleFromWire(wire.role ?? odradek.v1.QuorumRole.QUORUM_ROLE_UNSPECIFIED),
    firstIndex: must('first_index', logIndexFromOutside(wire.firstIndex)),
    lastIndex: must('last_index', logIndexFromOutside(wire.lastIndex)),
    commitIndex: must('commit_index', logIndexFromOutside(wire.commitIndex)),
    committedChain: wire.committedChain ?? 0,
    voters: (wire.voters ?? []).map(voterFromWire),
  };
}

function voterToWire(voter: VoterReply): odradek.v1.QuorumVoter.$Properties {
  return {
    nodeId: voter.voterId,
    directoryId: voter.directoryId ?? '',
    peerEndpoint: voter.peerEndpoint,
    matchedIndex: voter.matchedIndex ?? null,
    lastContactMs: voter.lastContactMs === undefined ? null : Math.round(voter.lastContactMs),
    apiEndpoint: voter.apiEndpoint,
  };
}

function voterFromWire(wire: odradek.v1.QuorumVoter.$Properties): VoterReply {
  const { directoryId, matchedIndex, lastContactMs } = wire;
  return {
    voterId: must('voters.node_id', voterIdFromOutside(wire.nodeId)),
    directoryId:
      isAbsent(directoryId) || directoryId === ''
        ? undefined
        : must('voters.directory_id', directoryIdFromOutside(directoryId)),
    peerEndpoint: wire.peerEndpoint ?? '',
    apiEndpoint: wire.apiEndpoint ?? '',
    matchedIndex: isAbsent(matchedIndex) ? undefined : must('voters.matched_index', logIndexFromOutside(matchedIndex)),
    lastContactMs: isAbsent(lastContactMs)
      ? undefined
      : must('voters.last_contact_ms', positionFromOutside('duration', lastContactMs)),
  };
}

function roleToWire(role: QuorumRoleName): odradek.v1.QuorumRole {
  switch (role) {
    case 'follower':
      return odradek.v1.QuorumRole.QUORUM_ROLE_FOLLOWER;
    case 'candidate':
      return odradek.v1.QuorumRole.QUORUM_ROLE_CANDIDATE;
    case 'leader':
      return odradek.v1.QuorumRole.QUORUM_ROLE_LEADER;
    default:
      return assertUnreachable(role);
  }
}

function roleFromWire(wire: odradek.v1.QuorumRole): QuorumRoleName {
  if (wire === odradek.v1.QuorumRole.QUORUM_ROLE_FOLLOWER) return 'follower';
  if (wire === odradek.v1.QuorumRole.QUORUM_ROLE_CANDIDATE) return 'candidate';
  if (wire === odradek.v1.QuorumRole.QUORUM_ROLE_LEADER) return 'leader';
  return unreadable('role', wire, 'a role that this release knows');
}

/** An optional field that was not sent reads as undefined or null, depending on how the value was made. */
function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
