/**
 * How many partitions have no leader, or fewer in-sync brokers than replicas: of a topic, and of all topics.
 *
 * Images share the topics that did not change, so each is counted once, however many images and callers there are.
 */
import type { MetadataImage, PartitionImage, TopicImage } from '../metadata/metadata-image.ts';

export interface PartitionCounts {
  readonly leaderless: number;
  readonly underReplicated: number;
}

const countsOfTopic = new WeakMap<TopicImage, PartitionCounts>();
const countsOfImage = new WeakMap<MetadataImage, PartitionCounts>();

export function countPartitions(topic: TopicImage): PartitionCounts {
  const known = countsOfTopic.get(topic);
  if (known !== undefined) return known;
  const counts = {
    leaderless: topic.partitions.filter(isLeaderless).length,
    underReplicated: topic.partitions.filter(isUnderReplicated).length,
  };
  countsOfTopic.set(topic, counts);
  return counts;
}

export function countAllPartitions(image: MetadataImage): PartitionCounts {
  const known = countsOfImage.get(image);
  if (known !== undefined) return known;
  let leaderless = 0;
  let underReplicated = 0;
  for (const topic of image.topics.values()) {
    const counts = countPartitions(topic);
    leaderless += counts.leaderless;
    underReplicated += counts.underReplicated;
  }
  const counts = { leaderless, underReplicated };
  countsOfImage.set(image, counts);
  return counts;
}

export function isLeaderless({ leader }: PartitionImage): boolean {
  return leader === undefined;
}

export function isUnderReplicated({ inSync, replicas }: PartitionImage): boolean {
  return inSync.length < replicas.length;
}
