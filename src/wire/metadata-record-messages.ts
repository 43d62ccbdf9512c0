/**
 * The committed log of the quorum, as odradek.v1.QuorumService/GetMetadataRecords streams it.
 */
import { assertUnreachable } from '../base/assert.ts';
import { positionFromOutside } from '../base/brand.ts';
import { directoryIdFromOutside, voterIdFromOutside } from '../base/ids.ts';
import { logIndexFromOutside, termFromOutside, type LogIndex } from '../base/raft-position.ts';
import type { Codec } from '../ports/codec.ts';
import type { Entry, EntryPayload, Voter } from '../raft/raft-entry.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';

const wire = odradek.v1;
type WireRecord = odradek.v1.MetadataRecord.$Properties;
type WireVoter = odradek.v1.MetadataVoter.$Properties;

export interface MetadataRecordsRequest {
  /** 0: wherever the log begins. */
  readonly fromIndex: LogIndex;
  /** 0: no limit. */
  readonly limit: number;
  readonly follow: boolean;
}

export const metadataRecordsRequestCodec: Codec<MetadataRecordsRequest> = {
  encode: (request) => wire.GetMetadataRecordsRequest.encode({ ...request }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetMetadataRecordsRequest, ownedBytes, (message) => ({
      fromIndex: must('from_index', logIndexFromOutside(message.fromIndex)),
      limit: must('limit', positionFromOutside<number>('count', message.limit)),
      follow: message.follow,
    })),
};

export const metadataRecordsReplyCodec: Codec<readonly Entry[]> = {
  encode: (entries) => wire.GetMetadataRecordsResponse.encode({ records: entries.map(recordToWire) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetMetadataRecordsResponse, ownedBytes, ({ records }) => records.map(recordFromWire)),
};

function recordToWire({ index, term, payload }: Entry): WireRecord {
  switch (payload.type) {
    case 'no-op':
      return { index, term, leadershipBegan: true };
    case 'command':
      return { index, term, command: payload.bytes };
    case 'voters':
      return { index, term, voters: { voters: payload.voters.map(voterToWire) } };
    default:
      return assertUnreachable(payload);
  }
}

function recordFromWire(message: WireRecord): Entry {
  return {
    index: must('records.index', logIndexFromOutside(message.index ?? 0)),
    term: must('records.term', termFromOutside(message.term ?? 0)),
    payload: payloadFromWire(message),
  };
}

function payloadFromWire({ leadershipBegan, command, voters }: WireRecord): EntryPayload {
  if (command) return { type: 'command', bytes: command };
  if (voters) return { type: 'voters', voters: (voters.voters ?? []).map(voterFromWire) };
  return leadershipBegan === true
    ? { type: 'no-op' }
    : unreadable('records.payload', undefined, 'a payload that this release knows');
}

function voterToWire({ voterId, directoryId, peerEndpoint, apiEndpoint }: Voter): WireVoter {
  return { nodeId: voterId, directoryId, peerEndpoint, apiEndpoint };
}

function voterFromWire(message: WireVoter): Voter {
  return {
    voterId: must('voters.node_id', voterIdFromOutside(message.nodeId)),
    directoryId: must('voters.directory_id', directoryIdFromOutside(message.directoryId ?? '')),
    peerEndpoint: message.peerEndpoint ?? '',
    apiEndpoint: message.apiEndpoint ?? '',
  };
}
