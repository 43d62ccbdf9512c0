/**
 * The messages between the leader and the followers of a partition, as odradek.internal.v1.PartitionSaying.
 */
import { isPosition, positionFromOutside } from '../base/brand.ts';
import { brokerEpochFromOutside } from '../base/epochs.ts';
import { directoryIdFromOutside } from '../base/ids.ts';
import { leaderEpochFromOutside, offsetFromOutside, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import { producerIdFromOutside } from '../base/producer-ids.ts';
import type {
  AttachMessage,
  Conversation,
  DivergedMessage,
  ProgressMessage,
  ResetMessage,
} from '../partition/partition-message.ts';
import type { ProducerState, RecentBatch } from '../partition/producer-sequences.ts';
import type { ArrivedPush, ControlMessage } from '../partition/replica-frame.ts';
import { must, unreadable } from './decode-message.ts';
import type { odradek } from './generated/messages.js';
import { uniqueIdFromBytes, uniqueIdToBytes } from './unique-id-bytes.ts';

type Wire = typeof odradek.internal.v1;
type Properties<Name extends keyof Wire> = Wire[Name] extends { encode(message: infer Message): unknown }
  ? Message
  : never;

const sequenceMax = 2 ** 31 - 1;
const producerEpochMax = 2 ** 15 - 1;
const nothing = new Uint8Array(0);

export function attachToWire(message: AttachMessage): Properties<'ReplicaAttach'> {
  const { directory, lastEpoch, logEnd, grantedBytes } = message;
  return { directoryId: uniqueIdToBytes(directory), lastEpoch: lastEpoch ?? null, logEnd, grantedBytes };
}

export function divergedToWire({ epoch, end }: DivergedMessage): Properties<'ReplicaDiverged'> {
  return { epoch, end };
}

export function resetToWire({ start, producers }: ResetMessage): Properties<'ReplicaReset'> {
  return { start, producers: producers.map(({ batches, ...producer }) => ({ ...producer, batches: [...batches] })) };
}

export function partitionSayingFromWire(saying: Properties<'PartitionSaying'>): ControlMessage | ArrivedPush {
  const conversation: Conversation = {
    leaderEpoch: epochOf('leader_epoch', saying.leaderEpoch),
    brokerEpoch: must('broker_epoch', brokerEpochFromOutside(saying.brokerEpoch ?? 0)),
    session: countOf('session', saying.session),
  };
  if (saying.push) return pushFromWire(conversation, saying.push);
  if (saying.progress) return progressFromWire(conversation, saying.progress);
  if (saying.attach) return attachFromWire(conversation, saying.attach);
  if (saying.diverged) {
    const { epoch, end } = saying.diverged;
    return { type: 'diverged', ...conversation, epoch: epochOf('epoch', epoch), end: offsetOf('end', end) };
  }
  if (saying.reset) {
    const producers = (saying.reset.producers ?? []).map(producerFromWire);
    return { type: 'reset', ...conversation, start: offsetOf('start', saying.reset.start), producers };
  }
  return unreadable('body', undefined, 'a message that this release knows');
}

function pushFromWire(conversation: Conversation, push: Properties<'ReplicaPush'>): ArrivedPush {
  const from = offsetOf('from', push.from);
  const next = offsetOf('next', push.next);
  if (next < from) unreadable('next', next, 'at or behind where the batches begin');
  return {
    type: 'push',
    ...conversation,
    from,
    next,
    watermark: offsetOf('watermark', push.watermark),
    startWanted: offsetOf('start_wanted', push.startWanted),
    start: offsetOf('start', push.start),
    ownedBatches: push.batches ?? nothing,
  };
}

function progressFromWire(conversation: Conversation, progress: Properties<'ReplicaProgress'>): ProgressMessage {
  const next = offsetOf('next', progress.next);
  const durable = offsetOf('durable', progress.durable);
  if (durable > next) unreadable('durable', durable, 'at or before where the written bytes end');
  return {
    type: 'progress',
    ...conversation,
    next,
    durable,
    watermark: offsetOf('watermark', progress.watermark),
    start: offsetOf('start', progress.start),
    grantedBytes: countOf('granted_bytes', progress.grantedBytes),
  };
}

function attachFromWire(conversation: Conversation, attach: Properties<'ReplicaAttach'>): AttachMessage {
  const { lastEpoch, logEnd, grantedBytes } = attach;
  return {
    type: 'attach',
    ...conversation,
    directory: uniqueIdFromBytes('directory_id', attach.directoryId, directoryIdFromOutside),
    lastEpoch: lastEpoch === undefined || lastEpoch === null ? undefined : epochOf('last_epoch', lastEpoch),
    logEnd: offsetOf('log_end', logEnd),
    grantedBytes: countOf('granted_bytes', grantedBytes),
  };
}

function producerFromWire(producer: Properties<'ReplicaProducer'>): ProducerState {
  const batches = (producer.batches ?? []).map(recentBatchFromWire);
  if (batches.length === 0) unreadable('batches', 'empty', 'what a producer is known by');
  return {
    producerId: must('producer_id', producerIdFromOutside(producer.producerId ?? 0)),
    producerEpoch: smallOf('producer_epoch', producer.producerEpoch, producerEpochMax),
    batches,
  };
}

function recentBatchFromWire(batch: Properties<'RecentProducerBatch'>): RecentBatch {
  return {
    baseSequence: smallOf('base_sequence', batch.baseSequence, sequenceMax),
    lastSequence: smallOf('last_sequence', batch.lastSequence, sequenceMax),
    baseOffset: offsetOf('base_offset', batch.baseOffset),
    nextOffset: offsetOf('next_offset', batch.nextOffset),
  };
}

function offsetOf(field: string, value: number | null | undefined): Offset {
  return must(field, offsetFromOutside(value ?? 0));
}

function epochOf(field: string, value: number | null | undefined): LeaderEpoch {
  return must(field, leaderEpochFromOutside(value ?? 0));
}

function countOf(field: string, value: number | null | undefined): number {
  return must(field, positionFromOutside<number>('count', value ?? 0));
}

function smallOf(field: string, value: number | null | undefined, largest: number): number {
  const number = value ?? 0;
  return isPosition(number) && number <= largest ? number : unreadable(field, value, `from 0 to ${largest}`);
}
