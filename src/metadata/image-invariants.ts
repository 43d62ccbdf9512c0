/**
 * What holds of every image, and of every two that follow each other. Looks at everything, so it is for tests and
 * simulations; what costs nothing is asserted while replaying (metadata-replay.ts, topic-draft.ts).
 */
import { assert } from '../base/assert.ts';
import type { BrokerId } from '../base/ids.ts';
import { inSyncMinOf } from './in-sync-members.ts';
import type { MetadataDelta } from './metadata-delta.ts';
import { configKey, type MetadataImage, type PartitionImage, type TopicImage } from './metadata-image.ts';

export function assertImageInvariants(image: MetadataImage): void {
  const counted = { partitions: 0, replicas: new Map<BrokerId, number>(), leaders: new Map<BrokerId, number>() };
  assert(image.topics.size === image.topicIdsByName.size, 'M6: each topic bears one name, and each name one topic');
  for (const topic of image.topics.values()) {
    assert(image.topicIdsByName.get(topic.name) === topic.topicId, 'M6: a name leads to its topic', { ...topic });
    assert(topic.changedRevision <= image.revision, 'M1: nothing is from a later revision', { topic: topic.name });
    assert(topic.partitions.length > 0, 'M11: a topic has partitions', { topic: topic.name });
    counted.partitions += topic.partitions.length;
    topic.partitions.forEach((partition, number) => {
      assertPartition(image, topic, number);
      for (const { brokerId } of partition.replicas) countOne(counted.replicas, brokerId);
      if (partition.leader !== undefined) countOne(counted.leaders, partition.leader);
    });
  }
  assert(counted.partitions === image.partitionCount, 'M12: partitions are counted', { counted: counted.partitions });
  for (const { brokerId, replicaCount, leaderCount, directories, brokerEpoch } of image.brokers.values()) {
    const facts = { brokerId, replicaCount, leaderCount };
    assert(replicaCount === (counted.replicas.get(brokerId) ?? 0), 'M12: replicas of a broker are counted', facts);
    assert(leaderCount === (counted.leaders.get(brokerId) ?? 0), 'M12: leaderships of a broker are counted', facts);
    assert(directories.length > 0, 'M11: a broker has a directory', facts);
    assert(brokerEpoch <= image.revision, 'M5: a broker epoch is the entry that registered it', facts);
  }
  assertConfigs(image);
  assertRequests(image);
}

/** Besides each image on its own: what one may never become. */
export function assertStepInvariants({ before, after }: Pick<MetadataDelta, 'before' | 'after'>): void {
  assert(after.revision >= before.revision && after.batchCount >= before.batchCount, 'M1: images go forward');
  assert(after.nextProducerId >= before.nextProducerId, 'M8: producer ids are not taken back');
  for (const broker of before.brokers.values()) {
    const later = after.brokers.get(broker.brokerId);
    assert(later !== undefined, 'M5: a broker is not forgotten', { brokerId: broker.brokerId });
    assert(later.brokerEpoch >= broker.brokerEpoch, 'M5: broker epochs grow', { brokerId: broker.brokerId });
  }
  for (const topic of before.topics.values()) {
    const later = after.topics.get(topic.topicId);
    if (later === undefined || later === topic) continue;
    assert(later.name === topic.name, 'M6: a topic keeps its name', { before: topic.name, after: later.name });
    assert(later.partitions.length >= topic.partitions.length, 'M9: a partition goes only with its topic');
    topic.partitions.forEach((partition, number) => {
      assertEpochsGrow(partition, later.partitions[number] as PartitionImage);
    });
  }
}

function assertPartition(image: MetadataImage, topic: TopicImage, number: number): void {
  const partition = topic.partitions[number] as PartitionImage;
  const { replicas, inSync, eligible, aside, leader } = partition;
  const facts = () => ({ topic: topic.name, number, partition });
  const ids = replicas.map(({ brokerId }) => brokerId);
  assert(
    ids.length > 0 && new Set(ids).size === ids.length,
    'M11: a partition has replicas on different brokers',
    facts,
  );
  for (const { brokerId, directory } of replicas) {
    const broker = image.brokers.get(brokerId);
    assert(broker !== undefined && directory.length > 0, 'M11: a replica is placed on a registered broker', facts);
  }
  assert(inSync.length > 0 && new Set(inSync).size === inSync.length, 'M4: an in-sync set is never empty', facts);
  assert(
    [...inSync, ...eligible].every((member) => ids.includes(member)),
    'M4: members are replicas',
    facts,
  );
  assert(
    aside.every((member) => ids.includes(member)) && new Set(aside).size === aside.length,
    'M15: replicas are aside, each once',
    facts,
  );
  assert(!eligible.some((member) => inSync.includes(member)), 'M4: nobody is in sync and eligible at once', facts);
  const needed = Math.min(inSyncMinOf(image, topic.topicId, replicas.length), replicas.length);
  assert(eligible.length === 0 || inSync.length < needed, 'M13: with enough in sync nobody else is eligible', facts);
  for (const member of inSync) {
    const isFenced = image.brokers.get(member)?.state === 'fenced';
    assert(!isFenced || inSync.length === 1, 'M4: a fenced broker is in sync only as the last', facts);
  }
  if (leader === undefined) return;
  assert(inSync.includes(leader), 'M4: a leader is in sync', facts);
  assert(image.brokers.get(leader)?.state !== 'fenced', 'M7: a fenced broker leads nothing', facts);
  assert(!aside.includes(leader), 'M15: nobody leads who is aside', facts);
}

function assertEpochsGrow(before: PartitionImage, after: PartitionImage): void {
  if (before === after) return;
  const facts = () => ({ before, after });
  assert(after.partitionEpoch > before.partitionEpoch, 'M3: a partition epoch grows with each change', facts);
  assert(after.leaderEpoch >= before.leaderEpoch, 'M3: a leader epoch never goes back', facts);
  assert(
    after.leader === before.leader || after.leaderEpoch > before.leaderEpoch,
    'M3: another leader, a higher epoch',
    facts,
  );
  assertElection(before, after);
}

/** M16: whoever leads had everything, or it is remembered that it may not have had. */
function assertElection(before: PartitionImage, after: PartitionImage): void {
  const { leader, leaderEpoch, uncleanEpoch } = after;
  const facts = () => ({ before, after });
  assert((uncleanEpoch ?? 0) >= (before.uncleanEpoch ?? 0), 'M16: an unclean election is not forgotten', facts);
  if (leader === undefined || leaderEpoch === before.leaderEpoch || uncleanEpoch === leaderEpoch) return;
  const held = [...before.inSync, ...before.eligible].includes(leader);
  // Of two records of one batch, the first may have made it in sync.
  assert(
    held || after.partitionEpoch > before.partitionEpoch + 1,
    'M16: a leader held all that was acknowledged',
    facts,
  );
}

function assertConfigs(image: MetadataImage): void {
  const keys = new Set([configKey({ scope: 'cluster' })]);
  for (const brokerId of image.brokers.keys()) keys.add(configKey({ scope: 'broker', brokerId }));
  for (const topicId of image.topics.keys()) keys.add(configKey({ scope: 'topic', topicId }));
  for (const [key, values] of image.configs.entries())
    assert(keys.has(key) && values.size > 0, 'M9: configs belong to something that exists', { key });
}

function assertRequests({ requests: { byId, idsByIndex } }: MetadataImage): void {
  assert(byId.size === idsByIndex.size, 'M10: a request is remembered by its id and by its place');
  for (const [index, requestId] of idsByIndex.entries())
    assert(byId.get(requestId)?.index === index, 'M10: a request is remembered where it was answered', { requestId });
}

function countOne(counts: Map<BrokerId, number>, brokerId: BrokerId): void {
  counts.set(brokerId, (counts.get(brokerId) ?? 0) + 1);
}
