/**
 * odradek.v1.LogService: batches into and out of the partitions of this broker. A call asks many partitions, and each is answered
 * for itself. What is read from a request stays the bytes that were received; nothing here looks at records.
 *
 * Bounds: partitions per call (wire/log-parts.ts), bytes of a request (`requestBytesMax`) and of a reply, and every wait.
 * Read next: partition-calls.ts, produce-stream.ts, fetch-stream.ts, broker/partition-door.ts.
 */
import { ok, refused, type Result } from '../base/result.ts';
import type { FetchEnd, Pending } from '../broker/partition-door.ts';
import {
  deleteRecordsCallCodec,
  deleteRecordsReplyCodec,
  epochEndCallCodec,
  epochEndReplyCodec,
  fetchCallCodec,
  fetchReplyCodec,
  initProducerReplyCodec,
  initProducerRequestCodec,
  listOffsetsCallCodec,
  listOffsetsReplyCodec,
  produceCallCodec,
  produceReplyCodec,
} from '../wire/produce-fetch-messages.ts';
import type {
  DeletedReply,
  DeleteRecordsCall,
  EpochEndCall,
  EpochEndReply,
  FetchCall,
  FetchedReply,
  ListOffsetsCall,
  OffsetReply,
  PartReply,
} from '../wire/produce-fetch-values.ts';
import type { ApiProblem } from './api-problem.ts';
import { fetchStream } from './fetch-stream.ts';
import {
  batchesBytesMax,
  deadlineOf,
  doorAt,
  fetchedReply,
  isDoor,
  partitionBytesDefault,
  produce,
  waitMsMax,
  type LogCall,
  type LogHost,
  type LogServiceParts,
} from './partition-calls.ts';
import { problemOfEnd, problemOfPartition } from './partition-problem.ts';
import { produceStream } from './produce-stream.ts';
import type { Service } from './service-table.ts';
import { unaryMethod } from './unary-method.ts';

export const logServiceName = 'odradek.v1.LogService';

const replyBytesDefault = 4 * 1024 * 1024;

export function logService(parts: LogServiceParts): Service {
  const { messageBytesMax } = parts;
  return {
    name: logServiceName,
    methods: {
      Produce: unaryMethod({
        request: produceCallCodec,
        reply: produceReplyCodec,
        requestBytesMax: messageBytesMax,
        answer: (context, call) => withHost(parts, (host) => produce({ ...parts, host, context }, call)),
      }),
      ProduceStream: produceStream(parts),
      FetchStream: fetchStream(parts),
      Fetch: unaryMethod({
        request: fetchCallCodec,
        reply: fetchReplyCodec,
        answer: (context, call) => withHost(parts, (host) => fetch({ ...parts, host, context }, call)),
      }),
      ListOffsets: unaryMethod({
        request: listOffsetsCallCodec,
        reply: listOffsetsReplyCodec,
        answer: (_context, call) => withHost(parts, (host) => listOffsets(host, call)),
      }),
      GetEpochEndOffset: unaryMethod({
        request: epochEndCallCodec,
        reply: epochEndReplyCodec,
        answer: (_context, call) => withHost(parts, (host) => Promise.resolve(epochEnds(host, call))),
      }),
      DeleteRecords: unaryMethod({
        request: deleteRecordsCallCodec,
        reply: deleteRecordsReplyCodec,
        answer: (context, call) => withHost(parts, (host) => deleteRecords({ ...parts, host, context }, call)),
      }),
      InitProducer: unaryMethod({
        request: initProducerRequestCodec,
        reply: initProducerReplyCodec,
        answer: async () => {
          const host = parts.find();
          if (!host.ok) return host;
          const taken = await host.value.producerIds.take();
          return taken.ok ? ok({ producerId: taken.value, producerEpoch: 0 }) : refused(noController);
        },
      }),
    },
  };
}

const noController: ApiProblem = {
  error: 'not-controller',
  message: 'no controller gave this broker producer ids in time; retry',
  retryAfterMs: 250,
};

async function withHost<Reply>(
  { find }: LogServiceParts,
  answer: (host: LogHost) => Promise<Reply>,
): Promise<Result<Reply, ApiProblem>> {
  const host = find();
  return host.ok ? ok(await answer(host.value)) : host;
}

/** Answered at once when there is enough; else when the first partition has something, or the time is up. */
async function fetch(call: LogCall, asked: FetchCall): Promise<PartReply<FetchedReply>[]> {
  const { clock, context } = call;
  const first = await readAll(call, asked, clock.monotonicMs()).all();
  const waitMs = Math.min(asked.maxWaitMs, waitMsMax);
  const bytes = first.reduce((total, part) => total + (part.ownedBatches?.length ?? 0), 0);
  const isEnough = bytes >= Math.max(1, asked.bytesMin) || first.some(({ problem }) => problem !== undefined);
  if (isEnough || waitMs === 0) return first;
  const deadlineMs = Math.min(clock.monotonicMs() + waitMs, context.deadlineAtMs ?? Infinity);
  const waiting = readAll(call, asked, deadlineMs);
  context.cancelled.addEventListener('abort', () => waiting.cancel(), { once: true });
  await waiting.any();
  waiting.cancel();
  const second = await waiting.all();
  // Who was given up has nothing new: what is known of it is what was known before.
  return second.map((part, at) => (part.problem === undefined ? part : (first[at] ?? part)));
}

interface Reads {
  any(): Promise<unknown>;
  all(): Promise<PartReply<FetchedReply>[]>;
  cancel(): void;
}

function readAll(call: LogCall, asked: FetchCall, deadlineMs: number): Reads {
  const { host, context } = call;
  const { image } = host;
  const { mayFollow, partitions } = asked;
  const reader = { ...host, rack: mayFollow ? context.rack : undefined };
  const bytesMax = Math.min(asked.bytesMax ?? replyBytesDefault, batchesBytesMax(call));
  const share = Math.max(1, Math.floor(bytesMax / partitions.length));
  const pending: Pending<FetchEnd>[] = [];
  const parts = partitions.map(async ({ from, leaderEpoch, ...rest }): Promise<PartReply<FetchedReply>> => {
    const place = { topicId: rest.topicId, partition: rest.partition };
    const door = doorAt(host, place);
    if (!isDoor(door)) return { ...place, problem: door };
    const limit = Math.min(rest.bytesMax ?? partitionBytesDefault, share);
    const read = door.fetch({ from, bytesMin: asked.bytesMin, bytesMax: limit, mayFollow, leaderEpoch, deadlineMs });
    pending.push(read);
    const end = await read.end;
    if (end.type !== 'read') return { ...place, problem: problemOfEnd({ image, place }, end) };
    return fetchedReply(reader, place, end);
  });
  return {
    any: () => Promise.race(parts),
    all: () => Promise.all(parts),
    cancel: () => pending.forEach((read) => read.cancel()),
  };
}

function listOffsets(host: LogHost, { partitions }: ListOffsetsCall): Promise<PartReply<OffsetReply>[]> {
  const { image } = host;
  return Promise.all(
    partitions.map(async ({ wanted, leaderEpoch, ...place }): Promise<PartReply<OffsetReply>> => {
      const door = doorAt(host, place);
      if (!isDoor(door)) return { ...place, problem: door };
      const end = await door.listOffset({ wanted, leaderEpoch });
      if (end.type === 'refused') return { ...place, problem: problemOfPartition({ image, place }, end.problem) };
      return {
        ...place,
        problem: undefined,
        offset: end.offset,
        timestampMs: end.timestampMs,
        leaderEpoch: end.leaderEpoch,
      };
    }),
  );
}

function epochEnds(host: LogHost, { partitions }: EpochEndCall): PartReply<EpochEndReply>[] {
  const { image } = host;
  return partitions.map(({ epoch, leaderEpoch, ...place }): PartReply<EpochEndReply> => {
    const door = doorAt(host, place);
    if (!isDoor(door)) return { ...place, problem: door };
    const end = door.epochEnd({ epoch, leaderEpoch });
    if (end.type === 'refused') return { ...place, problem: problemOfPartition({ image, place }, end.problem) };
    return { ...place, problem: undefined, epoch: end.epoch, end: end.end };
  });
}

function deleteRecords(
  call: LogCall,
  { timeoutMs, partitions }: DeleteRecordsCall,
): Promise<PartReply<DeletedReply>[]> {
  const { host } = call;
  const deadlineMs = deadlineOf(call, timeoutMs);
  return Promise.all(
    partitions.map(async ({ before, ...place }): Promise<PartReply<DeletedReply>> => {
      const door = doorAt(host, place);
      if (!isDoor(door)) return { ...place, problem: door };
      const end = await door.deleteRecords({ before, leaderEpoch: undefined, deadlineMs });
      if (end.type === 'done') return { ...place, problem: undefined, logStart: end.start };
      return { ...place, problem: problemOfEnd({ image: host.image, place }, end) };
    }),
  );
}
