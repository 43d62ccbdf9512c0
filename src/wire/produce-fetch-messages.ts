/**
 * odradek.v1.LogService: requests as values, and replies out of values. Batches pass through as they are: what is read
 * from a request is a part of the bytes that were received.
 */
import { errorCodes, type ErrorName } from '../base/error-codes.ts';
import { brokerIdFromOutside, topicIdFromOutside, type TopicId } from '../base/ids.ts';
import { leaderEpochFromOutside, offsetFromOutside, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { emptyMessageCodec } from './empty-message.ts';
import { odradek } from './generated/messages.js';
import type {
  AcksName,
  DeleteRecordsCall,
  DeletedReply,
  EpochEndCall,
  EpochEndReply,
  FetchCall,
  FetchedReply,
  HintReply,
  LedPlace,
  ListOffsetsCall,
  OffsetAskedFor,
  OffsetReply,
  PartProblem,
  PartReply,
  ProduceCall,
  ProducedReply,
  ProducerReply,
} from './produce-fetch-values.ts';
import { count, enumNames, optionalFrom } from './request-fields.ts';

const v1 = odradek.v1;

/** So that one call is one turn's work. */
export const partitionsPerCallMax = 1000;

type Decoder<Value> = Pick<Codec<Value>, 'decode'>;
type Encoder<Value> = Pick<Codec<Value>, 'encode'>;

const acks = enumNames<AcksName>({ all: v1.Acks.ACKS_ALL, leader: v1.Acks.ACKS_LEADER, none: v1.Acks.ACKS_NONE });
const isolations = enumNames<'read-uncommitted' | 'read-committed'>({
  'read-uncommitted': v1.IsolationLevel.ISOLATION_LEVEL_READ_UNCOMMITTED,
  'read-committed': v1.IsolationLevel.ISOLATION_LEVEL_READ_COMMITTED,
});

export const produceCallCodec: Codec<ProduceCall> = {
  encode: (call) =>
    v1.ProduceRequest.encode({
      acks: acks.toWire(call.acks),
      timeoutMs: call.timeoutMs ?? 0,
      partitions: call.partitions.map(({ ownedBatch, leaderEpoch, ...place }) => {
        return { ...place, leaderEpoch: leaderEpoch ?? null, batch: ownedBatch };
      }),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.ProduceRequest, ownedBytes, (message) => ({
      acks: message.acks === v1.Acks.ACKS_UNSPECIFIED ? ('all' as const) : acks.fromWire('acks', message.acks),
      timeoutMs: timeoutFrom(message.timeoutMs),
      partitions: eachOnce(message.partitions).map((wire, at) => {
        return { ...placeFrom(wire, at), ownedBatch: wire.batch ?? nothing };
      }),
    })),
};

export const produceReplyCodec: Codec<readonly PartReply<ProducedReply>[]> = {
  encode: (results) =>
    v1.ProduceResponse.encode({
      results: results.map(({ topicId, partition, problem, baseOffset, logStart }) => {
        return {
          topicId,
          partition,
          ...problemToWire(problem),
          baseOffset: baseOffset ?? null,
          logStartOffset: logStart ?? 0,
        };
      }),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.ProduceResponse, ownedBytes, ({ results }) =>
      results.map((wire) =>
        partFrom(wire, {
          baseOffset: optionalFrom(wire.baseOffset, (value) => offsetFrom('base_offset', value)),
          logStart: offsetFrom('log_start_offset', wire.logStartOffset),
        }),
      ),
    ),
};

export const fetchCallCodec: Codec<FetchCall> = {
  encode: (call) =>
    v1.FetchRequest.encode({
      maxWaitMs: call.maxWaitMs,
      minBytes: call.bytesMin,
      maxBytes: call.bytesMax ?? 0,
      mayFollow: call.mayFollow,
      partitions: call.partitions.map(({ from, bytesMax, leaderEpoch, ...place }) => {
        return { ...place, leaderEpoch: leaderEpoch ?? null, offset: from, maxBytes: bytesMax ?? 0 };
      }),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.FetchRequest, ownedBytes, (message) => {
      // Without transactions both levels show the same.
      if (message.isolationLevel !== v1.IsolationLevel.ISOLATION_LEVEL_UNSPECIFIED)
        isolations.fromWire('isolation_level', message.isolationLevel);
      return {
        maxWaitMs: count('max_wait_ms', message.maxWaitMs),
        bytesMin: count('min_bytes', message.minBytes),
        bytesMax: limitFrom('max_bytes', message.maxBytes),
        mayFollow: message.mayFollow,
        partitions: eachOnce(message.partitions).map((wire, at) => ({
          ...placeFrom(wire, at),
          from: offsetFrom(`partitions[${at}].offset`, wire.offset),
          bytesMax: limitFrom(`partitions[${at}].max_bytes`, wire.maxBytes),
        })),
      };
    }),
};

export const fetchReplyCodec: Codec<readonly PartReply<FetchedReply>[]> = {
  encode: (results) =>
    v1.FetchResponse.encode({
      results: results.map((result) => ({
        topicId: result.topicId,
        partition: result.partition,
        ...problemToWire(result.problem),
        batches: result.ownedBatches ?? nothing,
        nextOffset: result.next ?? 0,
        highWatermark: result.watermark ?? null,
        lastStableOffset: result.lastStable ?? null,
        logStartOffset: result.logStart ?? 0,
        leaderEpoch: result.leaderEpoch ?? 0,
      })),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.FetchResponse, ownedBytes, ({ results }) =>
      results.map((wire) =>
        partFrom(wire, {
          ownedBatches: wire.batches ?? nothing,
          next: offsetFrom('next_offset', wire.nextOffset),
          watermark: optionalFrom(wire.highWatermark, (value) => offsetFrom('high_watermark', value)),
          lastStable: optionalFrom(wire.lastStableOffset, (value) => offsetFrom('last_stable_offset', value)),
          logStart: offsetFrom('log_start_offset', wire.logStartOffset),
          leaderEpoch: epochFrom('leader_epoch', wire.leaderEpoch),
        }),
      ),
    ),
};

export const listOffsetsCallCodec: Codec<ListOffsetsCall> = {
  encode: ({ partitions }) =>
    v1.ListOffsetsRequest.encode({
      partitions: partitions.map(({ wanted, leaderEpoch, ...place }): odradek.v1.OffsetQuery.$Properties => {
        return { ...place, leaderEpoch: leaderEpoch ?? null, ...wantedToWire(wanted) };
      }),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.ListOffsetsRequest, ownedBytes, ({ partitions }) => ({
      partitions: eachOnce(partitions).map((wire, at) => ({ ...placeFrom(wire, at), wanted: wantedFrom(wire, at) })),
    })),
};

export const listOffsetsReplyCodec: Codec<readonly PartReply<OffsetReply>[]> = {
  encode: (results) =>
    v1.ListOffsetsResponse.encode({
      results: results.map(({ topicId, partition, problem, offset, timestampMs, leaderEpoch }) => ({
        topicId,
        partition,
        ...problemToWire(problem),
        offset: offset ?? null,
        timestampMs: timestampMs ?? null,
        leaderEpoch: leaderEpoch ?? 0,
      })),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.ListOffsetsResponse, ownedBytes, ({ results }) =>
      results.map((wire) =>
        partFrom(wire, {
          offset: optionalFrom(wire.offset, (value) => offsetFrom('offset', value)),
          timestampMs: wire.timestampMs ?? undefined,
          leaderEpoch: epochFrom('leader_epoch', wire.leaderEpoch),
        }),
      ),
    ),
};

export const epochEndCallCodec: Decoder<EpochEndCall> = {
  decode: (ownedBytes) =>
    decodeMessage(v1.GetEpochEndOffsetRequest, ownedBytes, ({ partitions }) => ({
      partitions: eachOnce(partitions).map((wire, at) => {
        return { ...placeFrom(wire, at), epoch: epochFrom(`partitions[${at}].epoch`, wire.epoch) };
      }),
    })),
};

export const epochEndReplyCodec: Encoder<readonly PartReply<EpochEndReply>[]> = {
  encode: (results) =>
    v1.GetEpochEndOffsetResponse.encode({
      results: results.map(({ topicId, partition, problem, epoch, end }) => {
        return { topicId, partition, ...problemToWire(problem), epoch: epoch ?? null, endOffset: end ?? null };
      }),
    }).finish(),
};

export const deleteRecordsCallCodec: Decoder<DeleteRecordsCall> = {
  decode: (ownedBytes) =>
    decodeMessage(v1.DeleteRecordsRequest, ownedBytes, (message) => ({
      timeoutMs: timeoutFrom(message.timeoutMs),
      partitions: eachOnce(message.partitions).map((wire, at) => {
        const { topicId, partition } = placeFrom(wire, at);
        const before = optionalFrom(wire.beforeOffset, (value) => offsetFrom(`partitions[${at}].before_offset`, value));
        return { topicId, partition, before };
      }),
    })),
};

export const deleteRecordsReplyCodec: Encoder<readonly PartReply<DeletedReply>[]> = {
  encode: (results) =>
    v1.DeleteRecordsResponse.encode({
      results: results.map(({ topicId, partition, problem, logStart }) => {
        return { topicId, partition, ...problemToWire(problem), logStartOffset: logStart ?? 0 };
      }),
    }).finish(),
};

export const initProducerRequestCodec = emptyMessageCodec(v1.InitProducerRequest);

export const initProducerReplyCodec: Codec<ProducerReply> = {
  encode: (reply) => v1.InitProducerResponse.encode(reply).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.InitProducerResponse, ownedBytes, ({ producerId, producerEpoch }) => ({
      producerId: count('producer_id', producerId),
      producerEpoch: count('producer_epoch', producerEpoch),
    })),
};

const nothing = new Uint8Array(0);

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

function placeFrom({ topicId, partition, leaderEpoch }: WirePlace, at: number): LedPlace {
  const field = `partitions[${at}]`;
  return {
    topicId: topicFrom(`${field}.topic_id`, topicId),
    partition: count(`${field}.partition`, partition),
    leaderEpoch: optionalFrom(leaderEpoch, (value) => epochFrom(`${field}.leader_epoch`, value)),
  };
}

/** One answer for each partition, and a bounded number of them. */
function eachOnce<Wire extends WirePlace>(partitions: readonly Wire[]): readonly Wire[] {
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

function wantedToWire(wanted: OffsetAskedFor): { earliest: true } | { latest: true } | { timestampMs: number } {
  if (wanted.type === 'at-time') return { timestampMs: wanted.timestampMs };
  return wanted.type === 'earliest' ? { earliest: true } : { latest: true };
}

interface WireWanted {
  readonly earliest?: boolean | null;
  readonly latest?: boolean | null;
  readonly timestampMs?: number | null;
}

function wantedFrom(wire: WireWanted, at: number): OffsetAskedFor {
  if (wire.earliest === true) return { type: 'earliest' };
  if (wire.latest === true) return { type: 'latest' };
  if (typeof wire.timestampMs === 'number')
    return { type: 'at-time', timestampMs: count(`partitions[${at}].timestamp_ms`, wire.timestampMs) };
  return unreadable(`partitions[${at}]`, undefined, 'earliest, latest, or timestamp_ms');
}

const errorNames = new Map(Object.entries(errorCodes).map(([name, { code }]) => [code as number, name as ErrorName]));

function problemToWire(problem: PartProblem | undefined): Omit<WirePart, keyof WirePlace> {
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

function partFrom<Value>(wire: WirePart, value: Value): PartReply<Value> {
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

function offsetFrom(field: string, value: number | null | undefined): Offset {
  return must(field, offsetFromOutside(value ?? 0));
}

function epochFrom(field: string, value: number | null | undefined): LeaderEpoch {
  return must(field, leaderEpochFromOutside(value ?? 0));
}

function timeoutFrom(value: number): number | undefined {
  return count('timeout_ms', value) === 0 ? undefined : value;
}

function limitFrom(field: string, value: number | null | undefined): number | undefined {
  const limit = count(field, value);
  return limit === 0 ? undefined : limit;
}
