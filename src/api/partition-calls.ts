/**
 * What calls and streams of LogService have in common: the partition that is meant, or why it is not here; how long to
 * wait; and the way of a batch from a request to its partition.
 */
import type { Result } from '../base/result.ts';
import type { FetchEnd, NotHere, PartitionDoor, PartitionDoors } from '../broker/partition-door.ts';
import type { ProducerIds } from '../broker/producer-id-blocks.ts';
import { configValue } from '../metadata/effective-configs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { Clock } from '../ports/clock.ts';
import { BatchHeader } from '../record/batch-header.ts';
import { checkProducedBatch, type ProduceRules } from '../record/produced-batch.ts';
import type {
  FetchedReply,
  PartProblem,
  PartReply,
  PlaceAsked,
  ProduceCall,
  ProducedReply,
} from '../wire/produce-fetch-values.ts';
import type { ApiProblem } from './api-problem.ts';
import { nearestReplica } from './nearest-replica.ts';
import type { OpenStreams } from './open-streams.ts';
import { problemOfAbsence, problemOfBatch, problemOfEnd } from './partition-problem.ts';
import type { RequestContext } from './request-context.ts';

/** The broker of this node, once it keeps partitions. */
export interface LogHost {
  readonly brokerId: BrokerId;
  readonly doors: PartitionDoors;
  readonly producerIds: Pick<ProducerIds, 'take'>;
  readonly image: MetadataImage;
}

export interface LogServiceParts {
  /** Refused while the node starts or stops, or its broker is not registered yet. */
  readonly find: () => Result<LogHost, ApiProblem>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'wallMs'>;
  /** Of a message that the node takes. */
  readonly messageBytesMax: number;
  readonly streams: OpenStreams;
}

export const waitMsMax = 30_000;
export const partitionBytesDefault = 1024 * 1024;
/** Of a reply, beside its batches. */
const replyRoomBytes = 256 * 1024;

export interface LogCall extends LogServiceParts {
  readonly host: LogHost;
  readonly context: RequestContext;
}

/** By the clock of this node: what the caller asked for, and no longer than it waits. */
export function deadlineOf({ clock, context }: LogCall, timeoutMs: number | undefined): number {
  const latest = clock.monotonicMs() + Math.min(timeoutMs ?? waitMsMax, waitMsMax);
  return Math.min(latest, context.deadlineAtMs ?? latest);
}

export function doorAt({ doors, image }: LogHost, place: PlaceAsked): PartitionDoor | PartProblem {
  const found: PartitionDoor | NotHere = doors.find(place);
  return 'type' in found ? problemOfAbsence({ image, place }, found) : found;
}

export function isDoor(found: PartitionDoor | PartProblem): found is PartitionDoor {
  return 'produce' in found;
}

export function produce(
  call: LogCall,
  { acks, timeoutMs, partitions }: ProduceCall,
): Promise<PartReply<ProducedReply>[]> {
  const { host } = call;
  const { image } = host;
  const deadlineMs = deadlineOf(call, timeoutMs);
  return Promise.all(
    partitions.map(({ ownedBatch, leaderEpoch, ...place }): Promise<PartReply<ProducedReply>> => {
      const door = doorAt(host, place);
      if (!isDoor(door)) return Promise.resolve({ ...place, problem: door });
      const problem = prepareBatch(call, place, ownedBatch);
      if (problem !== undefined) return Promise.resolve({ ...place, problem });
      return new Promise((resolve) => {
        door.produce({ acks, ownedBatch, leaderEpoch, deadlineMs }, (end) => {
          if (end.type === 'done')
            resolve({ ...place, problem: undefined, baseOffset: end.baseOffset, logStart: end.start });
          else resolve({ ...place, problem: problemOfEnd({ image, place }, end) });
        });
      });
    }),
  );
}

/** Looks at all of it but the records, and gives it this broker's time where the topic wants that. */
function prepareBatch(
  { clock, host: { image } }: LogCall,
  { topicId }: PlaceAsked,
  ownedBatch: Uint8Array,
): PartProblem | undefined {
  const numberOf = (name: string): number => Number(configValue(image, { scope: 'topic', topicId }, name));
  const isAppendTime = configValue(image, { scope: 'topic', topicId }, 'message.timestamp.type') === 'log-append-time';
  const nowMs = clock.wallMs();
  const rules: ProduceRules = {
    batchBytesMax: numberOf('max.message.bytes'),
    mayBeTransactional: false,
    mayBeControl: false,
    producerTimes: isAppendTime
      ? undefined
      : {
          nowMs,
          aheadMsMax: numberOf('message.timestamp.after.max.ms'),
          behindMsMax: numberOf('message.timestamp.before.max.ms'),
        },
  };
  const checked = checkProducedBatch(ownedBatch, rules);
  if (!checked.ok) return problemOfBatch(checked.problem);
  const { producerId } = checked.value;
  // Who takes an id that nobody was given could meet the producer who will be.
  if (producerId >= image.nextProducerId)
    return { error: 'unknown-producer', message: `producer id ${producerId} was never given out; call InitProducer` };
  if (isAppendTime) new BatchHeader(ownedBatch).stampAppendTime(Math.floor(nowMs));
  return undefined;
}

/** Batches that a message of this node has room for. */
export function batchesBytesMax({ messageBytesMax }: LogServiceParts): number {
  return Math.max(1, messageBytesMax - replyRoomBytes);
}

/** `rack` is where whoever asks stands, if a follower may answer it and it says so. */
export function fetchedReply(
  { image, brokerId, rack }: Pick<LogHost, 'image' | 'brokerId'> & { readonly rack: string | undefined },
  place: PlaceAsked,
  end: Extract<FetchEnd, { type: 'read' }>,
): PartReply<FetchedReply> {
  const { ownedBytes, next, watermark, lastStable, start, leaderEpoch } = end;
  const positions = { next, watermark, lastStable, logStart: start, leaderEpoch };
  const nearest = rack === undefined ? undefined : nearestReplica(image, place, { asked: brokerId, rack });
  return { ...place, problem: undefined, ownedBatches: ownedBytes, ...positions, nearest };
}
