/**
 * What all requests and replies of odradek.v1.LogService are made of: a partition, named in every part of a call, and
 * why a part of a call was refused.
 */
import { errorCodes, type ErrorName } from '../base/error-codes.ts';
import { brokerIdFromOutside, topicIdFromOutside, type TopicId } from '../base/ids.ts';
import { leaderEpochFromOutside, offsetFromOutside, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import { must, unreadable } from './decode-message.ts';
import type { odradek } from './generated/messages.js';
import type { HintReply, LedPlace, PartProblem, PartReply, PlaceAsked } from './produce-fetch-values.ts';
import { count, optionalFrom } from './request-fields.ts';

/** So that one call is one turn's work. */
export const partitionsPerCallMax = 1000;

export const nothing = new Uint8Array(0);

interface WirePlace {
  readonly topicId?: string | null;
  readonly partition?: number | null;
  readonly leaderEpoch?: number | null;
}

interface WirePart extends WirePlace {
  readonly error?: odradek.v1.ErrorCode | null;
  readonly message?: string | null;
  readonly leader?: odradek.v1.LeaderHint.$Properties | null;
}

export function placeFrom(wire: WirePlace, at: number): LedPlace {
  return ledPlaceFrom(`partitions[${at}]`, wire);
}

export function ledPlaceFrom(field: string, wire: WirePlace): LedPlace {
  const leaderEpoch = optionalFrom(wire.leaderEpoch, (value) => epochFrom(`${field}.leader_epoch`, value));
  return { ...placeOf(field, wire), leaderEpoch };
}

export function placeOf(field: string, { topicId, partition }: WirePlace): PlaceAsked {
  return { topicId: topicFrom(`${field}.topic_id`, topicId), partition: count(`${field}.partition`, partition) };
}

/** One answer for each partition, and a bounded number of them. */
export function eachOnce<Wire extends WirePlace>(partitions: readonly Wire[]): readonly Wire[] {
  if (partitions.length === 0 || partitions.length > partitionsPerCallMax)
    return unreadable('partitions', partitions.length, `1 to ${partitionsPerCallMax} partitions`);
  const names = new Set<string>();
  for (const { topicId, partition } of partitions) {
    const name = `${topicId ?? ''}-${partition ?? 0}`;
    if (names.has(name)) return unreadable('partitions', name, 'there only once');
    names.add(name);
  }
  return partitions;
}

const errorNames = new Map(Object.entries(errorCodes).map(([name, { code }]) => [code as number, name as ErrorName]));

export function problemToWire(problem: PartProblem | undefined): Omit<WirePart, keyof WirePlace> {
  if (problem === undefined) return {};
  const { error, message, leader } = problem;
  const hint =
    leader === undefined
      ? {}
      : {
          leader: {
            brokerId: leader.brokerId ?? null,
            leaderEpoch: leader.leaderEpoch ?? 0,
            endpoint: leader.endpoint,
          },
        };
  return { error: errorCodes[error].code, message, ...hint };
}

export function partFrom<Value>(wire: WirePart, value: Value): PartReply<Value> {
  const place = { topicId: topicFrom('topic_id', wire.topicId), partition: count('partition', wire.partition) };
  const code = wire.error ?? 0;
  if (code === 0) return { ...place, problem: undefined, ...value };
  // A code of a later release is a problem all the same.
  const error = errorNames.get(code) ?? 'internal';
  const leader = optionalFrom(wire.leader, hintFrom);
  return { ...place, ...value, problem: { error, message: wire.message ?? '', leader } };
}

function hintFrom({ brokerId, leaderEpoch, endpoint }: odradek.v1.LeaderHint.$Properties): HintReply {
  return {
    brokerId: optionalFrom(brokerId, (value) => must('leader.broker_id', brokerIdFromOutside(value))),
    leaderEpoch: epochFrom('leader.leader_epoch', leaderEpoch),
    endpoint: endpoint ?? '',
  };
}

function topicFrom(field: string, value: string | null | undefined): TopicId {
  return must(field, topicIdFromOutside(value ?? ''));
}

export function offsetFrom(field: string, value: number | null | undefined): Offset {
  return must(field, offsetFromOutside(value ?? 0));
}

export function epochFrom(field: string, value: number | null | undefined): LeaderEpoch {
  return must(field, leaderEpochFromOutside(value ?? 0));
}

export function timeoutFrom(value: number): number | undefined {
  return count('timeout_ms', value) === 0 ? undefined : value;
}

export function limitFrom(field: string, value: number | null | undefined): number | undefined {
  const limit = count(field, value);
  return limit === 0 ? undefined : limit;
}
