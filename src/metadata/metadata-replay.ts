/**
 * Records to image: the one way in which an image comes to be, on the controller, on every voter and on every observer.
 *
 * A replay is a private copy of an image that entries of the log are added to, any number of them; `finish` makes it
 * an image that readers may have. So a record costs what it changes, not what there is, and readers never see half a
 * batch. Nothing is judged here: what a record says is so. What it must not say is asserted (M3, M6, M8), because
 * then a controller has decided what it must not, and no node may go on from that.
 * Read next: topic-draft.ts (topics and partitions), image-invariants.ts.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import { brokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { MetadataDelta } from './metadata-delta.ts';
import {
  configKey,
  type BrokerImage,
  type BrokerState,
  type ConfigResource,
  type MetadataImage,
} from './metadata-image.ts';
import { metadataLimits, type MetadataLimits } from './metadata-limits.ts';
import type { AnsweredRequest, BrokerRegistered, MetadataBatch, MetadataRecord } from './metadata-record.ts';
import { TopicDraft, type BrokerLoad } from './topic-draft.ts';

/** The same on all nodes: what is remembered is part of the image. */
export type RememberLimits = Pick<MetadataLimits, 'rememberedRequestsMax'>;

export class MetadataReplay {
  readonly #before: MetadataImage;
  readonly #limits: RememberLimits;
  readonly #topics: TopicDraft;
  readonly #brokers;
  readonly #configs;
  readonly #features;
  readonly #requestsById;
  readonly #requestIds;
  readonly #brokersChanged = new Set<BrokerId>();
  readonly #configsChanged = new Set<string>();
  readonly #featuresChanged = new Set<string>();
  #revision: LogIndex;
  #batchCount: number;
  #nextProducerId: number;

  constructor(before: MetadataImage, limits: RememberLimits = metadataLimits) {
    this.#before = before;
    this.#limits = limits;
    this.#topics = new TopicDraft(before);
    this.#brokers = before.brokers.edit();
    this.#configs = before.configs.edit();
    this.#features = before.features.edit();
    this.#requestsById = before.requests.byId.edit();
    this.#requestIds = before.requests.idsByIndex.edit();
    this.#revision = before.revision;
    this.#batchCount = before.batchCount;
    this.#nextProducerId = before.nextProducerId;
  }

  get revision(): LogIndex {
    return this.#revision;
  }

  /** An entry of the log that says nothing about the metadata. */
  advanceTo(index: LogIndex): void {
    assert(index > this.#revision, 'entries are replayed in order, each once', () => ({ index, at: this.#revision }));
    this.#revision = index;
  }

  /** False for a void batch, which changes nothing: it was decided on a batch that did not come to be. */
  addBatch(index: LogIndex, batch: MetadataBatch): boolean {
    this.advanceTo(index);
    if (batch.number !== this.#batchCount + 1) return false;
    this.#batchCount = batch.number;
    for (const record of batch.records) this.addRecord(record);
    if (batch.request !== undefined) this.remember(index, batch.request);
    return true;
  }

  /** M10: what was answered is answered again, however often it is asked for, until so many others came. */
  remember(index: LogIndex, { requestId, answer }: AnsweredRequest): void {
    assert(this.#requestsById.get(requestId) === undefined, 'M10: a request is carried out once', () => ({
      requestId,
    }));
    this.#requestsById.set(requestId, { index, answer });
    this.#requestIds.set(index, requestId);
    while (this.#requestIds.size > this.#limits.rememberedRequestsMax) this.#forgetOldest();
  }

  /** For the restoring of a snapshot, which says where it stands. */
  setPosition({ revision, batchCount }: Pick<MetadataImage, 'revision' | 'batchCount'>): void {
    this.#revision = revision;
    this.#batchCount = batchCount;
  }

  addRecord(record: MetadataRecord): void {
    switch (record.type) {
      case 'broker-registered':
        return this.#registerBroker(record);
      case 'broker-state-changed':
        return this.#changeBrokerState(record.brokerId, record.state);
      case 'topic-created':
        return this.#topics.create(record, this.#revision);
      case 'topic-deleted':
        this.#topics.delete(record.topicId);
        return this.#dropConfigs({ scope: 'topic', topicId: record.topicId });
      case 'partition-created':
        return this.#topics.createPartition(record, this.#revision);
      case 'partition-changed':
        return this.#topics.changePartition(record);
      case 'config-set':
        return this.#setConfig(record);
      case 'feature-level-set':
        return this.#setFeature(record.name, record.level);
      case 'producer-ids-allocated':
        assert(record.nextProducerId > this.#nextProducerId, 'M8: a producer id is given once', { ...record });
        this.#nextProducerId = record.nextProducerId;
        return undefined;
      default:
        return assertUnreachable(record);
    }
  }

  /** The replay must not be used any more. */
  finish(): MetadataDelta {
    for (const [brokerId, load] of this.#topics.loads) this.#addLoad(brokerId, load);
    const { topics, topicIdsByName, partitionCount, delta } = this.#topics.finish();
    const after: MetadataImage = {
      revision: this.#revision,
      batchCount: this.#batchCount,
      brokers: this.#brokers.finish(),
      topics,
      topicIdsByName,
      partitionCount,
      configs: this.#configs.finish(),
      features: this.#features.finish(),
      nextProducerId: this.#nextProducerId,
      requests: { byId: this.#requestsById.finish(), idsByIndex: this.#requestIds.finish() },
    };
    return {
      before: this.#before,
      after,
      isWhole: false,
      brokers: this.#brokersChanged,
      ...delta,
      configs: this.#configsChanged,
      features: this.#featuresChanged,
    };
  }

  #registerBroker({ type: _type, brokerEpoch: saidEpoch, ...registration }: BrokerRegistered): void {
    const { brokerId } = registration;
    const before = this.#brokers.get(brokerId);
    const epoch = saidEpoch ?? brokerEpoch(this.#revision);
    assert(before === undefined || epoch > before.brokerEpoch, 'M5: broker epochs grow', { brokerId, epoch });
    const { replicaCount = 0, leaderCount = 0 } = before ?? {};
    this.#setBroker({ ...registration, brokerEpoch: epoch, state: 'fenced', replicaCount, leaderCount });
  }

  #changeBrokerState(brokerId: BrokerId, state: BrokerState): void {
    const broker = this.#brokers.get(brokerId);
    assert(broker !== undefined, 'only a registered broker changes its state', { brokerId });
    this.#setBroker({ ...broker, state });
  }

  /** Counts are no change that anybody waits for, so they are in no list. */
  #addLoad(brokerId: BrokerId, { replicas, leaders }: BrokerLoad): void {
    const broker = this.#brokers.get(brokerId);
    assert(broker !== undefined, 'M11: a replica is placed on a registered broker', { brokerId });
    const replicaCount = broker.replicaCount + replicas;
    const leaderCount = broker.leaderCount + leaders;
    assert(replicaCount >= leaderCount && leaderCount >= 0, 'M12: a broker leads only what it keeps', { brokerId });
    this.#brokers.set(brokerId, { ...broker, replicaCount, leaderCount });
  }

  #setBroker(broker: BrokerImage): void {
    this.#brokers.set(broker.brokerId, broker);
    this.#brokersChanged.add(broker.brokerId);
  }

  #setConfig({ resource, name, value }: Extract<MetadataRecord, { type: 'config-set' }>): void {
    const key = configKey(resource);
    if (resource.scope === 'topic') this.#topics.touch(resource.topicId, this.#revision);
    const values = new Map(this.#configs.get(key) ?? []);
    if (value === undefined) values.delete(name);
    else values.set(name, value);
    if (values.size === 0) this.#configs.delete(key);
    else this.#configs.set(key, inOrderOfNames(values));
    this.#configsChanged.add(key);
  }

  #dropConfigs(resource: ConfigResource): void {
    const key = configKey(resource);
    if (this.#configs.delete(key)) this.#configsChanged.add(key);
  }

  #setFeature(name: string, level: number): void {
    if (level === 0) this.#features.delete(name);
    else this.#features.set(name, level);
    this.#featuresChanged.add(name);
  }

  #forgetOldest(): void {
    const index = this.#requestIds.firstKey();
    const requestId = index === undefined ? undefined : this.#requestIds.get(index);
    assert(index !== undefined && requestId !== undefined, 'a full memory has an oldest request');
    this.#requestIds.delete(index);
    assert(this.#requestsById.delete(requestId), 'a request is remembered by its id and by its place', { requestId });
  }
}

/** So that equal configs are equal bytes in a snapshot, in whatever order they were set. */
function inOrderOfNames(values: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
}
