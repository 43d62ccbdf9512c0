/**
 * What becomes of partitions when a broker comes, goes or is restarted: leaders and in-sync sets. Pure.
 *
 * A leader is the first of the replicas that is in sync and may lead. A broker that goes leaves every in-sync set but
 * those of which it is the last member: that one is kept, because only it has what was acknowledged, and the
 * partition waits without a leader until it is back (M4, M7).
 */
import { partitionEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import { leaderEpoch } from '../base/offsets.ts';
import type { MetadataImage, PartitionImage, TopicImage } from './metadata-image.ts';
import type { PartitionChanged } from './metadata-record.ts';

/**
 * `stops-leading`: it is fenced, or another life of it begins, so it may not lead under the epoch that it had.
 * `hands-over`: it is about to stop, and leads on where nobody else can.
 */
export type Departure = 'stops-leading' | 'hands-over';

/** For every partition that the broker's going changes. */
export function changesOnDeparture(
  image: MetadataImage,
  brokerId: BrokerId,
  departure: Departure,
): readonly PartitionChanged[] {
  return changesOf(image, (partition) => {
    if (!partition.inSync.includes(brokerId)) return undefined;
    const others = partition.inSync.filter((member) => member !== brokerId);
    if (partition.leader !== brokerId) return others.length === 0 ? undefined : { inSync: others };
    const leader = others.find((member) => mayLead(image, member));
    if (leader !== undefined) return { inSync: others, leader };
    if (departure === 'hands-over') return undefined;
    return { inSync: others.length === 0 ? partition.inSync : others, leader: 'none' };
  });
}

/** For every partition without a leader that waits for this broker, which may lead from now on. */
export function changesOnReturn(image: MetadataImage, brokerId: BrokerId): readonly PartitionChanged[] {
  return changesOf(image, ({ leader, inSync }) =>
    leader === undefined && inSync.includes(brokerId) ? { leader: brokerId } : undefined,
  );
}

export function mayLead(image: MetadataImage, brokerId: BrokerId): boolean {
  return image.brokers.get(brokerId)?.state === 'active';
}

type Change = Pick<PartitionChanged, 'leader' | 'inSync'>;

function changesOf(
  image: MetadataImage,
  changeOf: (partition: PartitionImage) => Change | undefined,
): readonly PartitionChanged[] {
  const changes: PartitionChanged[] = [];
  for (const topic of image.topics.values()) {
    topic.partitions.forEach((partition, number) => {
      const change = changeOf(partition);
      if (change !== undefined) changes.push(recordOf(topic, number, change));
    });
  }
  return changes;
}

function recordOf({ topicId, partitions }: TopicImage, partition: number, change: Change): PartitionChanged {
  const before = partitions[partition] as PartitionImage;
  return {
    type: 'partition-changed',
    topicId,
    partition,
    leaderEpoch: change.leader === undefined ? before.leaderEpoch : leaderEpoch(before.leaderEpoch + 1),
    partitionEpoch: partitionEpoch(before.partitionEpoch + 1),
    ...change,
  };
}
