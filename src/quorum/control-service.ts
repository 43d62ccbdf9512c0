/**
 * odradek.internal.v1.ControlService on a voter: what nodes without a vote ask of the quorum, on any voter.
 *
 * Commands and heartbeats are passed on to whoever leads; the log is the voter's own. Read next: ask-controller.ts,
 * follow-stream.ts.
 */
import type { LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { Heard } from '../metadata/control-call.ts';
import type { BrokerHeartbeat } from '../metadata/controller-event.ts';
import type { MetadataRequest } from '../metadata/metadata-command.ts';
import type { Codec } from '../ports/codec.ts';
import type { OwnedParts, StreamAcceptor } from '../ports/stream.ts';
import { acceptUnary, type UnaryCall } from '../ports/unary.ts';
import { acceptInOrder } from './accept-in-order.ts';
import { askController, type ControllerCaller, type ControlOutcome } from './ask-controller.ts';
import type { ControlCodecs } from './controller-runner.ts';
import type { QuorumDescription } from './quorum-description.ts';
import { acceptFollowers, type FollowParts } from './follow-stream.ts';

export const controlMethods = {
  decide: 'odradek.internal.v1.ControlService/Decide',
  decideMany: 'odradek.internal.v1.ControlService/DecideMany',
  heartbeat: 'odradek.internal.v1.ControlService/Heartbeat',
  currentRevision: 'odradek.internal.v1.ControlService/GetCurrentRevision',
  describe: 'odradek.internal.v1.ControlService/DescribeQuorum',
  follow: 'odradek.internal.v1.ControlService/Follow',
} as const;

export interface ControlServiceCodecs extends ControlCodecs {
  readonly decideRequest: Codec<MetadataRequest>;
  readonly decideReply: Codec<Exclude<ControlOutcome, Heard>>;
  readonly heartbeatRequest: Codec<BrokerHeartbeat>;
  readonly heartbeatReply: Codec<Heard>;
  readonly currentRevisionReply: Codec<LogIndex>;
  readonly description: Codec<QuorumDescription>;
}

export interface ControlServiceParts extends Omit<FollowParts, 'codecs'> {
  readonly quorum: ControllerCaller;
  readonly describe: () => QuorumDescription;
  readonly codecs: ControlServiceCodecs;
  readonly follow: FollowParts['codecs'];
}

/** For callers that set no deadline. */
const waitMsDefault = 5000;

export function controlService(parts: ControlServiceParts): ReadonlyMap<string, StreamAcceptor> {
  const { onFault, follow, codecs, describe } = parts;
  const waitMsOf = ({ incoming }: UnaryCall): number => incoming.deadlineMs ?? waitMsDefault;
  return new Map([
    [controlMethods.decide, acceptUnary((call, request) => decide(parts, request, waitMsOf(call)), onFault)],
    [controlMethods.decideMany, acceptInOrder((request) => decide(parts, request, waitMsDefault), onFault)],
    [controlMethods.heartbeat, acceptUnary((call, request) => hear(parts, request, waitMsOf(call)), onFault)],
    [controlMethods.currentRevision, acceptUnary((call) => tellRevision(parts, waitMsOf(call)), onFault)],
    [controlMethods.describe, acceptUnary(() => Promise.resolve(ok([codecs.description.encode(describe())])), onFault)],
    [controlMethods.follow, acceptFollowers({ ...parts, codecs: follow })],
  ]);
}

type Answer = Promise<Result<OwnedParts, Status>>;

async function decide({ quorum, codecs }: ControlServiceParts, ownedRequest: Uint8Array, waitMs: number): Answer {
  const request = codecs.decideRequest.decode(ownedRequest);
  if (!request.ok) return refused(statusOf('invalid-argument', request.problem.why));
  const ask = quorum.ask.bind(quorum);
  const outcome = await askController({ ask, codecs }, { type: 'request', request: request.value }, waitMs);
  return ok([codecs.decideReply.encode(outcome.type === 'heard' ? { type: 'outcome-unknown' } : outcome)]);
}

async function hear({ quorum, codecs }: ControlServiceParts, ownedRequest: Uint8Array, waitMs: number): Answer {
  const heartbeat = codecs.heartbeatRequest.decode(ownedRequest);
  if (!heartbeat.ok) return refused(statusOf('invalid-argument', heartbeat.problem.why));
  const ask = quorum.ask.bind(quorum);
  const outcome = await askController({ ask, codecs }, { type: 'heartbeat', heartbeat: heartbeat.value }, waitMs);
  return outcome.type === 'heard' ? ok([codecs.heartbeatReply.encode(outcome)]) : refused(noController);
}

async function tellRevision({ quorum, codecs }: ControlServiceParts, waitMs: number): Answer {
  const answer = await quorum.ask({ type: 'read-index' }, waitMs);
  return answer.type === 'done' ? ok([codecs.currentRevisionReply.encode(answer.index)]) : refused(noController);
}

const noController = statusOf('unavailable', 'no controller answered in time; ask again, or another voter');
