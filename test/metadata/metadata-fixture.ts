/**
 * Words for tests of the metadata: small records with everything that does not matter filled in.
 */
import { partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId, directoryId, incarnationId, topicId, type BrokerId, type TopicId } from '../../src/base/ids.ts';
import { leaderEpoch } from '../../src/base/offsets.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import type { MetadataAnswer } from '../../src/metadata/metadata-command.ts';
import { emptyImage, type MetadataImage, type PartitionImage } from '../../src/metadata/metadata-image.ts';
import type { BrokerRegistered, MetadataRecord, PartitionChanged } from '../../src/metadata/metadata-record.ts';
import { MetadataReplay } from '../../src/metadata/metadata-replay.ts';

export const idOf = (number: number): string => number.toString(16).padStart(32, '0');
export const topicOf = (number: number): TopicId => topicId(idOf(number));
export const brokers = (...numbers: readonly number[]): BrokerId[] => numbers.map((number) => brokerId(number));

export function registered(number: number, more: Partial<BrokerRegistered> = {}): BrokerRegistered {
  return {
    type: 'broker-registered',
    brokerId: brokerId(number),
    incarnation: incarnationId(idOf(1000 + number)),
    brokerEpoch: undefined,
    directories: [directoryId(idOf(2000 + number))],
    rack: undefined,
    endpoints: { api: `b${number}:7091`, peer: `b${number}:7191` },
    features: [],
    ...more,
  };
}

export function active(number: number): MetadataRecord {
  return { type: 'broker-state-changed', brokerId: brokerId(number), state: 'active' };
}

export function created(topic: number, name: string): MetadataRecord {
  return { type: 'topic-created', topicId: topicOf(topic), name, changedRevision: undefined };
}

export function partitionOn(...numbers: readonly number[]): PartitionImage {
  return {
    replicas: brokers(...numbers).map((id) => ({ brokerId: id, directory: directoryId(idOf(2000 + id)) })),
    inSync: brokers(...numbers),
    eligible: [],
    aside: [],
    leader: brokers(...numbers)[0],
    recovery: 'recovered',
    uncleanEpoch: undefined,
    uncleanEpochBefore: undefined,
    leaderEpoch: leaderEpoch(0),
    partitionEpoch: partitionEpoch(0),
  };
}

export function placed(topic: number, partition: PartitionImage): MetadataRecord {
  return { type: 'partition-created', topicId: topicOf(topic), partition };
}

export function partitionChanged(
  topic: number,
  [leaderEpochAfter, partitionEpochAfter]: readonly [number, number],
  more: Partial<PartitionChanged> = {},
): MetadataRecord {
  return {
    type: 'partition-changed',
    topicId: topicOf(topic),
    partition: 0,
    leaderEpoch: leaderEpoch(leaderEpochAfter),
    partitionEpoch: partitionEpoch(partitionEpochAfter),
    ...more,
  };
}

export const someAnswer: MetadataAnswer = { type: 'configs-updated' };

/** Each list is a batch, the first of them at the index after the image's. */
export function imageAfter(
  batches: readonly (readonly MetadataRecord[])[],
  from: MetadataImage = emptyImage,
): MetadataImage {
  const replay = new MetadataReplay(from);
  batches.forEach((records, at) => {
    const number = from.batchCount + at + 1;
    replay.addBatch(logIndex(from.revision + at + 1), { number, request: undefined, records });
  });
  return replay.finish().after;
}
