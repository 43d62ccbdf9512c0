/**
 * What becomes of partitions when a broker comes, goes or is restarted: leaders and in-sync sets. Pure.
 *
 * A leader is the first of the replicas that is in sync and may lead; where none of them may, one that is eligible. A
 * broker that goes leaves every in-sync set but those of which it is the last member: that one is kept, because only
 * it has what was acknowledged, and the partition waits without a leader until it is back (M4, M7).
 * Read next: election-rounds.ts, for leaders who change although nobody comes or goes.
 */
import { partitionEpoch } from '../base/epochs.ts';
import type { BrokerId, TopicId } from '../base/ids.ts';
import { leaderEpoch, type LeaderEpoch } from '../base/offsets.ts';
import { configValue } from './effective-configs.ts';
import { inSyncMinOf, withInSync, type Members } from './in-sync-members.ts';
import type { MetadataImage, PartitionImage, TopicImage } from './metadata-image.ts';
import type { PartitionChanged } from './metadata-record.ts';

/**
 * `stops-leading`: it is fenced, or another life of it begins, so it may not lead under the epoch that it had.
 * `hands-over`: it is about to stop, and leads on where nobody else can.
 * `begins-anew`: another life of it begins. Where written offsets count, that one may lack what was only written.
 */
export type Departure = 'stops-leading' | 'hands-over' | 'begins-anew';

/** For every partition that the broker's going changes. */
export function changesOnDeparture(
  image: MetadataImage,
  brokerId: BrokerId,
  departure: Departure,
): readonly PartitionChanged[] {
  return changesOf(image, (topic, partition) => {
    const change = changeOnDeparture(image, { topic, partition }, brokerId, departure);
    return departure === 'begins-anew' ? changeOfLife(image, { topic, partition }, brokerId, change) : change;
  });
}

/** What was said of the former life is not so of the next. */
function changeOfLife(
  image: MetadataImage,
  { topic, partition }: PartitionPlace,
  brokerId: BrokerId,
  change: Change | undefined,
): Change | undefined {
  const { eligible, aside } = { ...partition, ...change };
  const others = (members: readonly BrokerId[]): readonly BrokerId[] => members.filter((member) => member !== brokerId);
  const isForgetful = countsWritten(image, topic) && eligible.includes(brokerId);
  if (!isForgetful && !aside.includes(brokerId)) return change;
  return { ...change, aside: others(aside), eligible: isForgetful ? others(eligible) : eligible };
}

function changeOnDeparture(
  image: MetadataImage,
  { topic, partition }: PartitionPlace,
  brokerId: BrokerId,
  departure: Departure,
): Change | undefined {
  if (!partition.inSync.includes(brokerId)) return undefined;
  const others = partition.inSync.filter((member) => member !== brokerId);
  if (partition.leader !== brokerId)
    return others.length === 0 ? undefined : setsWith(image, topic.topicId, partition, others);
  const heir = heirOf(image, topic.topicId, partition, brokerId);
  if (heir !== undefined) return heir;
  if (departure === 'hands-over') return undefined;
  const sets = others.length === 0 ? {} : setsWith(image, topic.topicId, partition, others);
  return { ...sets, leader: 'none' };
}

interface PartitionPlace {
  readonly topic: TopicImage;
  readonly partition: PartitionImage;
}

function countsWritten(image: MetadataImage, { topicId }: TopicImage): boolean {
  return configValue(image, { scope: 'topic', topicId }, 'durability') === 'replicated';
}

/** For every partition without a leader that waits for this broker, which may lead from now on. */
export function changesOnReturn(image: MetadataImage, brokerId: BrokerId): readonly PartitionChanged[] {
  return changesOf(image, (topic, partition) => changeOnReturn(image, { topic, partition }, brokerId));
}

function changeOnReturn(
  image: MetadataImage,
  { topic, partition }: PartitionPlace,
  brokerId: BrokerId,
): Change | undefined {
  const { leader, inSync, eligible, aside } = partition;
  if (leader !== undefined || aside.includes(brokerId)) return undefined;
  if (inSync.includes(brokerId)) return { leader: brokerId };
  // Nobody in sync can lead, and it holds all that was acknowledged.
  if (!eligible.includes(brokerId)) return undefined;
  return { ...setsWith(image, topic.topicId, partition, [brokerId]), leader: brokerId };
}

/** The replica can go on again, and leads where everybody waits for it. Undefined when nothing changes by it. */
export function changeOnComeBack(
  image: MetadataImage,
  { topicId, partition: number }: { readonly topicId: TopicId; readonly partition: number },
  { brokerId, leaderEpoch: asked }: { readonly brokerId: BrokerId; readonly leaderEpoch: LeaderEpoch },
): PartitionChanged | undefined {
  const topic = image.topics.get(topicId);
  const before = topic?.partitions[number];
  if (topic === undefined || before === undefined) return undefined;
  // Nobody heard that it was aside; it does not lead again in an epoch that it gave up.
  if (before.leader === brokerId && before.leaderEpoch === asked) return recordOf(topic, number, { leader: brokerId });
  if (!before.aside.includes(brokerId)) return undefined;
  const aside = before.aside.filter((member) => member !== brokerId);
  const partition = { ...before, aside };
  const led = isActive(image, brokerId) ? changeOnReturn(image, { topic, partition }, brokerId) : undefined;
  return recordOf(topic, number, { ...led, aside });
}

/**
 * The replica takes no part any more: another one leads, or nobody can. Undefined when that is so already. The last
 * member of an in-sync set stays one (M4), unless somebody eligible takes its place.
 */
export function changeOnStepAside(
  image: MetadataImage,
  { topicId, partition: number }: { readonly topicId: TopicId; readonly partition: number },
  { brokerId, hasLost }: { readonly brokerId: BrokerId; readonly hasLost: boolean },
): PartitionChanged | undefined {
  const topic = image.topics.get(topicId);
  const partition = topic?.partitions[number];
  if (topic === undefined || partition === undefined) return undefined;
  const { inSync, eligible, aside, leader } = partition;
  const isMember = inSync.includes(brokerId);
  const others = inSync.filter((member) => member !== brokerId);
  const left = isMember && others.length > 0 ? setsWith(image, topicId, partition, others) : { inSync, eligible };
  const heir = leader === brokerId ? heirOf(image, topicId, partition, brokerId) : undefined;
  const change: Change = heir ?? (leader === brokerId ? { ...left, leader: 'none' } : left);
  // What it lacks it could not answer for.
  const kept = (change.eligible ?? eligible).filter((member) => !hasLost || member !== brokerId);
  const isNews = !aside.includes(brokerId) && partition.replicas.some((replica) => replica.brokerId === brokerId);
  const staysMember = isMember && others.length === 0;
  const isSame = change.leader === undefined && (staysMember || !isMember) && kept.length === eligible.length;
  if (isSame && !isNews) return undefined;
  return recordOf(topic, number, { ...change, eligible: kept, aside: isNews ? [...aside, brokerId] : aside });
}

/** Whether it may lead anything. */
export function isActive(image: MetadataImage, brokerId: BrokerId): boolean {
  return image.brokers.get(brokerId)?.state === 'active';
}

/** Whether it may lead this partition: active, and its replica can go on. */
export function mayLead(image: MetadataImage, { aside }: PartitionImage, brokerId: BrokerId): boolean {
  return isActive(image, brokerId) && !aside.includes(brokerId);
}

/** M13: what was acknowledged under another minimum says nothing about who holds what under this one. */
export function clearedEligible(
  image: MetadataImage,
  isAffected: (topic: TopicImage) => boolean,
): readonly PartitionChanged[] {
  return changesOf(image, (topic, { eligible }) =>
    eligible.length > 0 && isAffected(topic) ? { eligible: [] } : undefined,
  );
}

/** Who leads after this one: in sync, or else eligible. */
function heirOf(
  image: MetadataImage,
  topicId: TopicId,
  partition: PartitionImage,
  brokerId: BrokerId,
): Change | undefined {
  const others = partition.inSync.filter((member) => member !== brokerId);
  const leader = others.find((member) => mayLead(image, partition, member));
  if (leader !== undefined) return { ...setsWith(image, topicId, partition, others), leader };
  const eligible = partition.eligible.find((member) => member !== brokerId && mayLead(image, partition, member));
  if (eligible === undefined) return undefined;
  return { ...setsWith(image, topicId, partition, [eligible]), leader: eligible };
}

function setsWith(
  image: MetadataImage,
  topicId: TopicId,
  partition: PartitionImage,
  members: readonly BrokerId[],
): Members {
  return withInSync(partition, members, inSyncMinOf(image, topicId, partition.replicas.length));
}

/** What of a partition changes, apart from its epochs. */
export type Change = Omit<PartitionChanged, 'type' | 'topicId' | 'partition' | 'leaderEpoch' | 'partitionEpoch'>;

export function changesOf(
  image: MetadataImage,
  changeOf: (topic: TopicImage, partition: PartitionImage) => Change | undefined,
): readonly PartitionChanged[] {
  const changes: PartitionChanged[] = [];
  for (const topic of image.topics.values()) {
    topic.partitions.forEach((partition, number) => {
      const change = changeOf(topic, partition);
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
