/**
 * Changes of the quorum that people ask for, as odradek.v1.QuorumService carries them.
 */
import { isDialable } from '../base/endpoint.ts';
import { directoryIdFromOutside, voterIdFromOutside, type VoterId } from '../base/ids.ts';
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import type { Codec } from '../ports/codec.ts';
import type { VoterChange } from '../raft/raft-event.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { emptyMessageCodec } from './empty-message.ts';
import { odradek } from './generated/messages.js';

const wire = odradek.v1;

export interface VoterAddition {
  readonly change: Extract<VoterChange, { type: 'add' }>;
  readonly validateOnly: boolean;
}

export interface VoterRemoval {
  readonly change: Extract<VoterChange, { type: 'remove' }>;
  readonly validateOnly: boolean;
}

export interface LeadershipTransfer {
  readonly target: VoterId | undefined;
}

/** The record that made the change; 0 when nothing was changed. */
export interface VoterChangeReply {
  readonly index: LogIndex;
}

export const addVoterRequestCodec: Codec<VoterAddition> = {
  encode: ({ change: { voter }, validateOnly }) =>
    wire.AddVoterRequest.encode({
      nodeId: voter.voterId,
      directoryId: voter.directoryId,
      peerEndpoint: voter.peerEndpoint,
      apiEndpoint: voter.apiEndpoint,
      validateOnly,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.AddVoterRequest, ownedBytes, (message) => ({
      change: {
        type: 'add',
        voter: {
          ...identityFrom(message),
          peerEndpoint: endpointFrom('peer_endpoint', message.peerEndpoint),
          apiEndpoint: endpointFrom('api_endpoint', message.apiEndpoint),
        },
      },
      validateOnly: message.validateOnly,
    })),
};

export const removeVoterRequestCodec: Codec<VoterRemoval> = {
  encode: ({ change: { voterId, directoryId }, validateOnly }) =>
    wire.RemoveVoterRequest.encode({ nodeId: voterId, directoryId, validateOnly }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.RemoveVoterRequest, ownedBytes, (message) => ({
      change: { type: 'remove', ...identityFrom(message) },
      validateOnly: message.validateOnly,
    })),
};

export const transferLeadershipRequestCodec: Codec<LeadershipTransfer> = {
  encode: ({ target }) => wire.TransferLeadershipRequest.encode({ targetNodeId: target ?? null }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.TransferLeadershipRequest, ownedBytes, ({ targetNodeId }) => ({
      target:
        targetNodeId === undefined || targetNodeId === null
          ? undefined
          : must('target_node_id', voterIdFromOutside(targetNodeId)),
    })),
};

export const addVoterReplyCodec = changeReplyCodec(wire.AddVoterResponse);
export const removeVoterReplyCodec = changeReplyCodec(wire.RemoveVoterResponse);
export const transferLeadershipReplyCodec = emptyMessageCodec(wire.TransferLeadershipResponse);

interface ChangeReplyType {
  encode(message: { index: number }): { finish(): Uint8Array };
  decode(bytes: Uint8Array): { index: number };
}

function changeReplyCodec(type: ChangeReplyType): Codec<VoterChangeReply> {
  return {
    encode: ({ index }) => type.encode({ index }).finish(),
    decode: (ownedBytes) =>
      decodeMessage(type, ownedBytes, ({ index }) => ({ index: must('index', logIndexFromOutside(index)) })),
  };
}

function identityFrom(message: { readonly nodeId: number; readonly directoryId: string }): {
  readonly voterId: VoterId;
  readonly directoryId: Extract<VoterChange, { type: 'remove' }>['directoryId'];
} {
  return {
    voterId: must('node_id', voterIdFromOutside(message.nodeId)),
    directoryId: must('directory_id', directoryIdFromOutside(message.directoryId)),
  };
}

/** Whether anybody answers there is seen when the leader tries; here only that it can be dialled at all. */
function endpointFrom(field: string, endpoint: string): string {
  return isDialable(endpoint) ? endpoint : unreadable(field, endpoint, 'host:port');
}
