/**
 * The topics and partitions of a replay (metadata-replay.ts), and how many of them each broker got or lost.
 *
 * A topic that is changed is copied once, with the list of its partitions; from then on it is changed in place, until
 * the draft is finished and readers may have it.
 */
import { assert } from '../base/assert.ts';
import type { BrokerId, TopicId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { MetadataDelta } from './metadata-delta.ts';
import type { MetadataImage, PartitionImage, TopicImage } from './metadata-image.ts';
import type { MetadataRecord, PartitionChanged, TopicCreatedRecord } from './metadata-record.ts';

/** What a broker has more than before; negative: less. */
export interface BrokerLoad {
  replicas: number;
  leaders: number;
}

interface OwnedTopic extends TopicImage {
  changedRevision: LogIndex;
  readonly partitions: PartitionImage[];
}

export class TopicDraft {
  readonly #topics;
  readonly #idsByName;
  readonly #owned = new Map<TopicId, OwnedTopic>();
  readonly #created = new Set<TopicId>();
  readonly #deleted = new Set<TopicId>();
  readonly #restored = new Set<TopicId>();
  readonly #partitions = new Map<TopicId, Set<number>>();
  readonly #loads = new Map<BrokerId, BrokerLoad>();
  #partitionCount: number;

  constructor(before: MetadataImage) {
    this.#topics = before.topics.edit();
    this.#idsByName = before.topicIdsByName.edit();
    this.#partitionCount = before.partitionCount;
  }

  get loads(): ReadonlyMap<BrokerId, BrokerLoad> {
    return this.#loads;
  }

  create({ topicId, name, changedRevision }: TopicCreatedRecord, revision: LogIndex): void {
    assert(this.#topics.get(topicId) === undefined, 'M8: a topic id is given once', { topicId, name });
    assert(this.#idsByName.get(name) === undefined, 'M6: a name belongs to one topic', { topicId, name });
    const topic: OwnedTopic = { topicId, name, changedRevision: changedRevision ?? revision, partitions: [] };
    if (changedRevision !== undefined) this.#restored.add(topicId);
    this.#owned.set(topicId, topic);
    this.#topics.set(topicId, topic);
    this.#idsByName.set(name, topicId);
    this.#created.add(topicId);
  }

  delete(topicId: TopicId): void {
    const topic = this.#mustGet(topicId);
    for (const partition of topic.partitions) this.#count(partition, -1);
    this.#topics.delete(topicId);
    assert(this.#idsByName.delete(topic.name), 'M6: a topic bears its name until it is deleted', { topicId });
    this.#owned.delete(topicId);
    this.#partitions.delete(topicId);
    if (!this.#created.delete(topicId)) this.#deleted.add(topicId);
  }

  createPartition(
    { topicId, partition }: Extract<MetadataRecord, { type: 'partition-created' }>,
    revision: LogIndex,
  ): void {
    this.touch(topicId, revision);
    const topic = this.#own(topicId);
    assert(partition.replicas.length > 0, 'M11: a partition has replicas', { topicId });
    topic.partitions.push(partition);
    this.#note(topicId, topic.partitions.length - 1);
    this.#count(partition, 1);
  }

  /** What was asked for is another from now on. A topic out of a snapshot has said when that was. */
  touch(topicId: TopicId, revision: LogIndex): void {
    const topic = this.#own(topicId);
    if (!this.#restored.has(topicId)) topic.changedRevision = revision;
  }

  changePartition(change: PartitionChanged): void {
    const topic = this.#own(change.topicId);
    const before = topic.partitions[change.partition];
    assert(before !== undefined, 'only a partition that exists is changed', { ...change });
    const after = changed(before, change);
    topic.partitions[change.partition] = after;
    this.#note(change.topicId, change.partition);
    this.#countLeader(before.leader, -1);
    this.#countLeader(after.leader, 1);
  }

  finish(): Pick<MetadataImage, 'topics' | 'topicIdsByName' | 'partitionCount'> & {
    readonly delta: Pick<MetadataDelta, 'topicsCreated' | 'topicsDeleted' | 'partitions'>;
  } {
    assert(this.#partitionCount >= 0, 'M12: partitions are counted');
    return {
      topics: this.#topics.finish(),
      topicIdsByName: this.#idsByName.finish(),
      partitionCount: this.#partitionCount,
      delta: { topicsCreated: this.#created, topicsDeleted: this.#deleted, partitions: this.#partitions },
    };
  }

  #mustGet(topicId: TopicId): TopicImage {
    const topic = this.#topics.get(topicId);
    assert(topic !== undefined, 'M9: only a topic that exists is changed or deleted', { topicId });
    return topic;
  }

  #own(topicId: TopicId): OwnedTopic {
    const owned = this.#owned.get(topicId);
    if (owned !== undefined) return owned;
    const topic = this.#mustGet(topicId);
    const copy: OwnedTopic = { ...topic, partitions: [...topic.partitions] };
    this.#owned.set(topicId, copy);
    this.#topics.set(topicId, copy);
    return copy;
  }

  #note(topicId: TopicId, partition: number): void {
    if (this.#created.has(topicId)) return;
    const noted = this.#partitions.get(topicId);
    if (noted === undefined) this.#partitions.set(topicId, new Set([partition]));
    else noted.add(partition);
  }

  #count({ replicas, leader }: PartitionImage, by: 1 | -1): void {
    this.#partitionCount += by;
    for (const { brokerId } of replicas) this.#load(brokerId).replicas += by;
    this.#countLeader(leader, by);
  }

  #countLeader(leader: BrokerId | undefined, by: 1 | -1): void {
    if (leader !== undefined) this.#load(leader).leaders += by;
  }

  #load(brokerId: BrokerId): BrokerLoad {
    const known = this.#loads.get(brokerId);
    if (known !== undefined) return known;
    const fresh = { replicas: 0, leaders: 0 };
    this.#loads.set(brokerId, fresh);
    return fresh;
  }
}

function changed(before: PartitionImage, change: PartitionChanged): PartitionImage {
  const { leader = before.leader, inSync, eligible, aside, recovery, leaderEpoch, partitionEpoch } = change;
  const isUnclean = recovery === 'recovering' && leaderEpoch > before.leaderEpoch;
  const after: PartitionImage = {
    replicas: before.replicas,
    inSync: inSync ?? before.inSync,
    eligible: eligible ?? before.eligible,
    aside: aside ?? before.aside,
    leader: leader === 'none' ? undefined : leader,
    recovery: recovery ?? before.recovery,
    uncleanEpoch: isUnclean ? leaderEpoch : before.uncleanEpoch,
    uncleanEpochBefore: isUnclean ? before.uncleanEpoch : before.uncleanEpochBefore,
    leaderEpoch,
    partitionEpoch,
  };
  const facts = () => ({ before, change });
  assert(partitionEpoch === before.partitionEpoch + 1, 'M3: a partition epoch grows by one with each change', facts);
  assert(leaderEpoch >= before.leaderEpoch, 'M3: a leader epoch never goes back', facts);
  assert(
    after.leader === before.leader || leaderEpoch > before.leaderEpoch,
    'M3: another leader, a higher epoch',
    facts,
  );
  assert(after.inSync.length > 0, 'M4: the last member of an in-sync set stays', facts);
  return after;
}
