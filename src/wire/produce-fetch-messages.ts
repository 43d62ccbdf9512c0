/**
 * odradek.v1.LogService: requests as values, and replies out of values. Batches pass through as they are: what is read
 * from a request is a part of the bytes that were received.
 */
import { brokerIdFromOutside } from '../base/ids.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { emptyMessageCodec } from './empty-message.ts';
import { odradek } from './generated/messages.js';
import {
  eachOnce,
  epochFrom,
  ledPlaceFrom,
  limitFrom,
  nothing,
  offsetFrom,
  partFrom,
  partitionsPerCallMax,
  placeFrom,
  placeOf,
  problemToWire,
  timeoutFrom,
} from './log-parts.ts';
import type {
  AcksName,
  DeleteRecordsCall,
  DeletedReply,
  EpochEndCall,
  EpochEndReply,
  FetchCall,
  FetchedReply,
  FetchStreamCall,
  ListOffsetsCall,
  OffsetAskedFor,
  Numbered,
  OffsetReply,
  PartReply,
  ProduceCall,
  ProducedReply,
  ProducerReply,
  SubscribedReply,
} from './produce-fetch-values.ts';
import { count, enumNames, optionalFrom } from './request-fields.ts';

const v1 = odradek.v1;

type Decoder<Value> = Pick<Codec<Value>, 'decode'>;
type Encoder<Value> = Pick<Codec<Value>, 'encode'>;

const acks = enumNames<AcksName>({ all: v1.Acks.ACKS_ALL, leader: v1.Acks.ACKS_LEADER, none: v1.Acks.ACKS_NONE });
const isolations = enumNames<'read-uncommitted' | 'read-committed'>({
  'read-uncommitted': v1.IsolationLevel.ISOLATION_LEVEL_READ_UNCOMMITTED,
  'read-committed': v1.IsolationLevel.ISOLATION_LEVEL_READ_COMMITTED,
});

export const produceCallCodec: Codec<ProduceCall> = {
  encode: (call) => v1.ProduceRequest.encode(produceToWire(call)).finish(),
  decode: (ownedBytes) => decodeMessage(v1.ProduceRequest, ownedBytes, produceFromWire),
};

export const produceReplyCodec: Codec<readonly PartReply<ProducedReply>[]> = {
  encode: (results) => v1.ProduceResponse.encode({ results: results.map(producedToWire) }).finish(),
  decode: (ownedBytes) => decodeMessage(v1.ProduceResponse, ownedBytes, ({ results }) => results.map(producedFromWire)),
};

/** Beside each request of a stream goes a number, and comes back with its answer. */
export const produceStreamCallCodec: Codec<Numbered<ProduceCall>> = {
  encode: ({ number, ...call }) =>
    v1.ProduceStreamRequest.encode({ requestNumber: number, ...produceToWire(call) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.ProduceStreamRequest, ownedBytes, (message) => ({
      number: count('request_number', message.requestNumber),
      ...produceFromWire(message),
    })),
};

export const produceStreamReplyCodec: Codec<Numbered<{ readonly results: readonly PartReply<ProducedReply>[] }>> = {
  encode: ({ number, results }) =>
    v1.ProduceStreamResponse.encode({ requestNumber: number, results: results.map(producedToWire) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.ProduceStreamResponse, ownedBytes, ({ requestNumber, results }) => ({
      number: count('request_number', requestNumber),
      results: results.map(producedFromWire),
    })),
};

function produceToWire(call: ProduceCall): odradek.v1.ProduceRequest.$Properties {
  return {
    acks: acks.toWire(call.acks),
    timeoutMs: call.timeoutMs ?? 0,
    partitions: call.partitions.map(({ ownedBatch, leaderEpoch, ...place }) => {
      return { ...place, leaderEpoch: leaderEpoch ?? null, batch: ownedBatch };
    }),
  };
}

function produceFromWire({ acks: wireAcks, timeoutMs, partitions }: odradek.v1.ProduceRequest): ProduceCall {
  return {
    acks: wireAcks === v1.Acks.ACKS_UNSPECIFIED ? 'all' : acks.fromWire('acks', wireAcks),
    timeoutMs: timeoutFrom(timeoutMs),
    partitions: eachOnce(partitions).map((wire, at) => {
      return { ...placeFrom(wire, at), ownedBatch: wire.batch ?? nothing };
    }),
  };
}

function producedToWire(part: PartReply<ProducedReply>): odradek.v1.ProduceResult.$Properties {
  const { topicId, partition, problem, baseOffset, logStart } = part;
  const place = { topicId, partition, ...problemToWire(problem) };
  return { ...place, baseOffset: baseOffset ?? null, logStartOffset: logStart ?? 0 };
}

function producedFromWire(wire: odradek.v1.ProduceResult.$Properties): PartReply<ProducedReply> {
  return partFrom(wire, {
    baseOffset: optionalFrom(wire.baseOffset, (value) => offsetFrom('base_offset', value)),
    logStart: offsetFrom('log_start_offset', wire.logStartOffset),
  });
}

export const fetchCallCodec: Codec<FetchCall> = {
  encode: (call) =>
    v1.FetchRequest.encode({
      maxWaitMs: call.maxWaitMs,
      minBytes: call.bytesMin,
      maxBytes: call.bytesMax ?? 0,
      mayFollow: call.mayFollow,
      partitions: call.partitions.map(askedToWire),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.FetchRequest, ownedBytes, (message) => {
      checkIsolation('isolation_level', message.isolationLevel);
      return {
        maxWaitMs: count('max_wait_ms', message.maxWaitMs),
        bytesMin: count('min_bytes', message.minBytes),
        bytesMax: limitFrom('max_bytes', message.maxBytes),
        mayFollow: message.mayFollow,
        partitions: eachOnce(message.partitions).map((wire, at) => askedFromWire(`partitions[${at}]`, wire)),
      };
    }),
};

export const fetchReplyCodec: Codec<readonly PartReply<FetchedReply>[]> = {
  encode: (results) => v1.FetchResponse.encode({ results: results.map(fetchedToWire) }).finish(),
  decode: (ownedBytes) => decodeMessage(v1.FetchResponse, ownedBytes, ({ results }) => results.map(fetchedFromWire)),
};

export const fetchStreamCallCodec: Codec<FetchStreamCall> = {
  encode: ({ subscribe, unsubscribe }) =>
    v1.FetchStreamRequest.encode({
      subscribe: subscribe.map(({ subscription, mayFollow, ...asked }) => {
        return { subscription, mayFollow, partition: askedToWire(asked) };
      }),
      unsubscribe: [...unsubscribe],
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.FetchStreamRequest, ownedBytes, ({ subscribe, unsubscribe }) => ({
      subscribe: subscribe.slice(0, partitionsPerCallMax + 1).map(subscriptionFromWire),
      unsubscribe: unsubscribe.map((place, at) => placeOf(`unsubscribe[${at}]`, place)),
    })),
};

export const fetchStreamReplyCodec: Codec<SubscribedReply> = {
  encode: ({ subscription, result }) =>
    v1.FetchStreamResponse.encode({ subscription, result: fetchedToWire(result) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(v1.FetchStreamResponse, ownedBytes, ({ subscription, result }) => ({
      subscription: count('subscription', subscription),
      result: fetchedFromWire(result ?? {}),
    })),
};

function subscriptionFromWire(
  { subscription, mayFollow, partition, isolationLevel }: odradek.v1.FetchSubscription.$Properties,
  at: number,
): FetchStreamCall['subscribe'][number] {
  const field = `subscribe[${at}]`;
  checkIsolation(`${field}.isolation_level`, isolationLevel);
  return {
    subscription: count(`${field}.subscription`, subscription),
    mayFollow: mayFollow ?? false,
    ...askedFromWire(`${field}.partition`, partition ?? {}),
  };
}

/** Without transactions both levels show the same. */
function checkIsolation(field: string, level: odradek.v1.IsolationLevel | null | undefined): void {
  if ((level ?? v1.IsolationLevel.ISOLATION_LEVEL_UNSPECIFIED) !== v1.IsolationLevel.ISOLATION_LEVEL_UNSPECIFIED)
    isolations.fromWire(field, level);
}

type FetchAskedFor = FetchCall['partitions'][number];

function askedToWire({ from, bytesMax, leaderEpoch, ...place }: FetchAskedFor): odradek.v1.FetchPartition.$Properties {
  return { ...place, leaderEpoch: leaderEpoch ?? null, offset: from, maxBytes: bytesMax ?? 0 };
}

function askedFromWire(field: string, wire: odradek.v1.FetchPartition.$Properties): FetchAskedFor {
  return {
    ...ledPlaceFrom(field, wire),
    from: offsetFrom(`${field}.offset`, wire.offset),
    bytesMax: limitFrom(`${field}.max_bytes`, wire.maxBytes),
  };
}

function fetchedToWire(result: PartReply<FetchedReply>): odradek.v1.FetchResult.$Properties {
  return {
    topicId: result.topicId,
    partition: result.partition,
    ...problemToWire(result.problem),
    batches: result.ownedBatches ?? nothing,
    nextOffset: result.next ?? 0,
    highWatermark: result.watermark ?? null,
    lastStableOffset: result.lastStable ?? null,
    logStartOffset: result.logStart ?? 0,
    leaderEpoch: result.leaderEpoch ?? 0,
    ...(result.nearest === undefined ? {} : { nearest: { ...result.nearest } }),
  };
}

function fetchedFromWire(wire: odradek.v1.FetchResult.$Properties): PartReply<FetchedReply> {
  return partFrom(wire, {
    ownedBatches: wire.batches ?? nothing,
    next: offsetFrom('next_offset', wire.nextOffset),
    watermark: optionalFrom(wire.highWatermark, (value) => offsetFrom('high_watermark', value)),
    lastStable: optionalFrom(wire.lastStableOffset, (value) => offsetFrom('last_stable_offset', value)),
    logStart: offsetFrom('log_start_offset', wire.logStartOffset),
    leaderEpoch: epochFrom('leader_epoch', wire.leaderEpoch),
    nearest: optionalFrom(wire.nearest, ({ brokerId, endpoint }) => ({
      brokerId: must('nearest.broker_id', brokerIdFromOutside(brokerId)),
      endpoint: endpoint ?? '',
    })),
  });
}

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
        const field = `partitions[${at}]`;
        const before = optionalFrom(wire.beforeOffset, (value) => offsetFrom(`${field}.before_offset`, value));
        return { ...placeOf(field, wire), before };
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
