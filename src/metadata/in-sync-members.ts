/**
 * Who holds what was acknowledged: the in-sync set, and the replicas that left it while it was too small to acknowledge
 * anything (KIP-966). Pure.
 *
 * While fewer than `min.insync.replicas` are in sync nothing is acknowledged to acks=all. So whoever leaves then, or
 * leaves so few behind, still holds all that was: it is eligible to lead, until enough are in sync again.
 */
import type { BrokerId, TopicId } from '../base/ids.ts';
import { configValue } from './effective-configs.ts';
import type { MetadataImage, PartitionImage } from './metadata-image.ts';
import type { PartitionChanged } from './metadata-record.ts';

/** auto: 2 where there are at least 3 replicas, so that one disk may be lost for good; else 1. */
export function inSyncMinOf(image: MetadataImage, topicId: TopicId, replicaCount: number): number {
  const value = configValue(image, { scope: 'topic', topicId }, 'min.insync.replicas');
  if (value === 'auto') return replicaCount >= 3 ? 2 : 1;
  return Number(value);
}

export type Members = Required<Pick<PartitionChanged, 'inSync' | 'eligible'>>;

/** The sets once exactly `members` are in sync; at least one is. A partition with few replicas needs all of them, not more. */
export function withInSync(
  { inSync, eligible, replicas }: PartitionImage,
  members: readonly BrokerId[],
  inSyncMin: number,
): Members {
  const held = new Set([...inSync, ...eligible]);
  const ordered = replicas.map(({ brokerId }) => brokerId);
  const isEnough = members.length >= Math.min(inSyncMin, replicas.length);
  return {
    inSync: ordered.filter((brokerId) => members.includes(brokerId)),
    eligible: isEnough ? [] : ordered.filter((brokerId) => held.has(brokerId) && !members.includes(brokerId)),
  };
}
