/**
 * What goes between nodes and the controller: commands and heartbeats as they are passed on, and the messages of
 * odradek.internal.v1.ControlService.
 */
import { assertUnreachable } from '../base/assert.ts';
import { brokerEpochFromOutside } from '../base/epochs.ts';
import { clusterIdFromOutside } from '../base/ids.ts';
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import type { ControlCall, ControlReply, Decided, Heard } from '../metadata/control-call.ts';
import type { BrokerHeartbeat } from '../metadata/controller-event.ts';
import type { MetadataRequest } from '../metadata/metadata-command.ts';
import type { Codec } from '../ports/codec.ts';
import type { FollowPart, FollowStart } from '../raft/follow-message.ts';
import type { LeaderRefusal } from '../raft/leader-call.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { answerFromWire, answerToWire } from './metadata-answer-codec.ts';
import { commandFromWire, commandToWire } from './metadata-command-codec.ts';
import { brokerFrom, brokerStateFromWire, brokerStates } from './metadata-record-codec.ts';
import { refusalFromWire, refusalToWire } from './metadata-refusal-codec.ts';
import { leaderRefusalFromWire, leaderRefusalToWire } from './raft-leader-codec.ts';
import { entryFromWire, entryToWire } from './raft-log-codec.ts';

const wire = odradek.internal.v1;
const notRegistered = wire.BrokerStateName.BROKER_STATE_NAME_UNSPECIFIED;
type WireDecided = odradek.internal.v1.DecideResponse.$Properties;
type WireHeartbeat = odradek.internal.v1.HeartbeatRequest.$Properties;
type WireHeard = odradek.internal.v1.HeartbeatResponse.$Properties;

export const controlCallCodec: Codec<ControlCall> = {
  encode: (call) =>
    wire.ControlCall.encode(
      call.type === 'request'
        ? { request: commandToWire(call.request) }
        : { heartbeat: heartbeatToWire(call.heartbeat) },
    ).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ControlCall, ownedBytes, ({ request, heartbeat }) => {
      if (request) return { type: 'request', request: commandFromWire(request) };
      if (heartbeat) return { type: 'heartbeat', heartbeat: heartbeatFromWire(heartbeat) };
      return unreadable('call', undefined, 'a call that this release knows');
    }),
};

export const controlReplyCodec: Codec<ControlReply> = {
  encode: (reply) =>
    wire.ControlReply.encode(
      reply.type === 'decided' ? { decided: decidedToWire(reply) } : { heard: heardToWire(reply) },
    ).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ControlReply, ownedBytes, ({ decided, heard }) => {
      if (decided) return decidedFromWire(decided);
      return heard ? heardFromWire(heard) : unreadable('reply', undefined, 'a reply that this release knows');
    }),
};

/** Serves DecideMany as well, whose messages are the same bytes. */
export const decideRequestCodec: Codec<MetadataRequest> = {
  encode: (request) => wire.DecideRequest.encode({ request: commandToWire(request) }).finish(),
  decode: (ownedBytes) => decodeMessage(wire.DecideRequest, ownedBytes, ({ request }) => commandFromWire(request)),
};

/** What a node without a vote is told about its command. */
export type DecideReply =
  | Decided
  | { readonly type: 'not-served'; readonly problem: LeaderRefusal }
  | { readonly type: 'outcome-unknown' };

/** Serves DecideMany as well, whose messages are the same bytes. */
export const decideReplyCodec: Codec<DecideReply> = {
  encode: (reply) => wire.DecideResponse.encode(decideReplyToWire(reply)).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.DecideResponse, ownedBytes, (message) => {
      if (message.outcomeUnknown) return { type: 'outcome-unknown' };
      if (message.notServed) return { type: 'not-served', problem: leaderRefusalFromWire(message.notServed) };
      return decidedFromWire(message);
    }),
};

export const heartbeatRequestCodec: Codec<BrokerHeartbeat> = {
  encode: (heartbeat) => wire.HeartbeatRequest.encode(heartbeatToWire(heartbeat)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.HeartbeatRequest, ownedBytes, heartbeatFromWire),
};

export const heartbeatReplyCodec: Codec<Heard> = {
  encode: (heard) => wire.HeartbeatResponse.encode(heardToWire(heard)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.HeartbeatResponse, ownedBytes, heardFromWire),
};

export const currentRevisionReplyCodec: Codec<LogIndex> = {
  encode: (revision) => wire.GetCurrentRevisionResponse.encode({ revision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetCurrentRevisionResponse, ownedBytes, ({ revision }) => revisionFrom(revision)),
};

export const followRequestCodec: Codec<FollowStart> = {
  encode: ({ clusterId, revision }) => wire.FollowRequest.encode({ clusterId, revision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.FollowRequest, ownedBytes, ({ clusterId, revision }) => ({
      clusterId: must('cluster_id', clusterIdFromOutside(clusterId)),
      revision: revisionFrom(revision),
    })),
};

export const followReplyCodec: Codec<FollowPart> = {
  encode: (part) => wire.FollowResponse.encode(followPartToWire(part)).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.FollowResponse, ownedBytes, ({ entries, snapshotPiece, isLastPiece }): FollowPart => {
      if (entries.length > 0) return { type: 'entries', entries: entries.map(entryFromWire) };
      const isPiece = snapshotPiece.length > 0 || isLastPiece;
      return isPiece ? { type: 'snapshot-piece', piece: snapshotPiece, isLast: isLastPiece } : { type: 'alive' };
    }),
};

function followPartToWire(part: FollowPart): odradek.internal.v1.FollowResponse.$Properties {
  switch (part.type) {
    case 'alive':
      return {};
    case 'entries':
      return { entries: part.entries.map((entry) => entryToWire(entry)) };
    case 'snapshot-piece':
      return { snapshotPiece: part.piece, isLastPiece: part.isLast };
    default:
      return assertUnreachable(part);
  }
}

function decideReplyToWire(reply: DecideReply): WireDecided {
  switch (reply.type) {
    case 'decided':
      return decidedToWire(reply);
    case 'not-served':
      return { notServed: leaderRefusalToWire(reply.problem) };
    case 'outcome-unknown':
      return { outcomeUnknown: {} };
    default:
      return assertUnreachable(reply);
  }
}

function decidedToWire({ outcome, revision }: Decided): WireDecided {
  switch (outcome.type) {
    case 'done':
      return { answer: answerToWire(outcome.answer), revision };
    case 'refused':
      return { refusal: refusalToWire(outcome.problem), revision };
    default:
      return assertUnreachable(outcome);
  }
}

function decidedFromWire({ answer, refusal, revision }: WireDecided): Decided {
  const at = revisionFrom(revision);
  if (answer) return { type: 'decided', outcome: { type: 'done', answer: answerFromWire(answer) }, revision: at };
  if (refusal)
    return { type: 'decided', outcome: { type: 'refused', problem: refusalFromWire(refusal) }, revision: at };
  return unreadable('outcome', undefined, 'an outcome that this release knows');
}

function heartbeatToWire({ brokerId, brokerEpoch, revision, isLeaving }: BrokerHeartbeat): WireHeartbeat {
  return { brokerId, brokerEpoch, revision, isLeaving };
}

function heartbeatFromWire({ brokerId, brokerEpoch, revision, isLeaving }: WireHeartbeat): BrokerHeartbeat {
  return {
    brokerId: brokerFrom(brokerId),
    brokerEpoch: must('broker_epoch', brokerEpochFromOutside(brokerEpoch ?? 0)),
    revision: revisionFrom(revision),
    isLeaving: isLeaving ?? false,
  };
}

function heardToWire({ state, revision }: Heard): WireHeard {
  return {
    state: state === undefined ? notRegistered : brokerStates[state],
    revision,
  };
}

function heardFromWire({ state, revision }: WireHeard): Heard {
  const isKnown = (state ?? notRegistered) !== notRegistered;
  return { type: 'heard', state: isKnown ? brokerStateFromWire(state) : undefined, revision: revisionFrom(revision) };
}

function revisionFrom(value: number | null | undefined): LogIndex {
  return must('revision', logIndexFromOutside(value ?? 0));
}
