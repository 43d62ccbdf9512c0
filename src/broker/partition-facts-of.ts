/**
 * What the metadata says of one partition, in the words of its replicas: who keeps it, who leads it, and the configs in
 * force. Pure.
 */
import { assert } from '../base/assert.ts';
import type { BrokerId, DirectoryId } from '../base/ids.ts';
import { configValue } from '../metadata/effective-configs.ts';
import { inSyncMinOf } from '../metadata/in-sync-members.ts';
import type { ConfigResource, MetadataImage, PartitionImage } from '../metadata/metadata-image.ts';
import type { PartitionMetadata, ReplicaMetadata } from '../partition/partition-metadata.ts';
import { logSettingsDefault, type FlushPolicy, type LogSettings } from '../storage/log-settings.ts';
import { segmentBytesLimit } from '../storage/stamp.ts';
import { storedBatchBytesMax } from '../storage/stamped-batch.ts';
import type { PartitionKey } from './partition-key.ts';

export function findPartition(image: MetadataImage, { topicId, partition }: PartitionKey): PartitionImage | undefined {
  return image.topics.get(topicId)?.partitions[partition];
}

/** Whether the committed metadata wants a replica of it there. */
export function isPlacedOn(
  image: MetadataImage,
  key: PartitionKey,
  place: { readonly brokerId: BrokerId; readonly directory: DirectoryId },
): boolean {
  const replicas = findPartition(image, key)?.replicas ?? [];
  return replicas.some(({ brokerId, directory }) => brokerId === place.brokerId && directory === place.directory);
}

/** Undefined when there is no such partition (any more). */
export function partitionMetadataOf(image: MetadataImage, key: PartitionKey): PartitionMetadata | undefined {
  const partition = findPartition(image, key);
  if (partition === undefined) return undefined;
  const { inSync, leader, leaderEpoch, partitionEpoch, recovery, uncleanEpoch, uncleanEpochBefore } = partition;
  const replicas = partition.replicas.map(({ brokerId, directory }): ReplicaMetadata => {
    const broker = image.brokers.get(brokerId);
    assert(broker !== undefined, 'M11: a replica is placed on a registered broker', { brokerId });
    return { brokerId, directory, brokerEpoch: broker.brokerEpoch, isActive: broker.state === 'active' };
  });
  return {
    revision: image.revision,
    replicas,
    inSync,
    leader,
    leaderEpoch,
    partitionEpoch,
    recovery,
    uncleanEpoch,
    uncleanEpochBefore,
    inSyncMin: inSyncMinOf(image, key.topicId, replicas.length),
    durability: configOf(image, key, 'durability') === 'replicated' ? 'replicated' : 'flushed',
  };
}

export function logSettingsOf(image: MetadataImage, key: PartitionKey): LogSettings {
  return {
    ...logSettingsDefault,
    flush: flushOf(configOf(image, key, 'durability')),
    // A segment is as large as the setting allows, and positions in it fit into four bytes.
    segmentBytesMax: Math.min(numberOf(image, key, 'segment.bytes'), segmentBytesLimit - storedBatchBytesMax),
    segmentAgeMsMax: numberOf(image, key, 'segment.ms'),
  };
}

/** Undefined: no limit. */
export interface Retention {
  readonly bytesMax: number | undefined;
  readonly ageMsMax: number | undefined;
}

export function retentionOf(image: MetadataImage, key: PartitionKey): Retention {
  if (!configOf(image, key, 'cleanup.policy').split(',').includes('delete'))
    return { bytesMax: undefined, ageMsMax: undefined };
  return {
    bytesMax: limitOf(numberOf(image, key, 'retention.bytes')),
    ageMsMax: limitOf(numberOf(image, key, 'retention.ms')),
  };
}

function flushOf(durability: string): FlushPolicy {
  return durability === 'replicated'
    ? { type: 'every', bytes: replicatedFlushBytes, ms: 1000 }
    : { type: 'each-append' };
}

/** Nobody waits for it; it bounds what a power cut takes from all replicas at once. */
const replicatedFlushBytes = 32 * 1024 * 1024;

function limitOf(value: number): number | undefined {
  return value < 0 ? undefined : value;
}

function numberOf(image: MetadataImage, key: PartitionKey, name: string): number {
  const value = Number(configOf(image, key, name));
  assert(Number.isSafeInteger(value), 'a config was checked when it was set', { name, value });
  return value;
}

function configOf(image: MetadataImage, { topicId }: PartitionKey, name: string): string {
  const topic: ConfigResource = { scope: 'topic', topicId };
  return configValue(image, topic, name);
}
