/**
 * What one watcher of the metadata has still to be told, and the next message to it.
 *
 * Pure: it knows ids that were touched and looks them up in the newest image, so a slow watcher costs a set of ids and
 * never a queue of changes; what changed twice meanwhile is told once. A watcher that is more than `touchedMax` ids
 * behind is told everything anew. Who sends, and when: metadata-watches.ts.
 */
import type { BrokerId, TopicId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { MetadataImage, TopicImage } from '../metadata/metadata-image.ts';
import {
  placeOfBroker,
  placesOfTopic,
  type BrokerPlace,
  type MetadataChange,
  type TopicPlaces,
} from '../wire/metadata-messages.ts';
import type { TouchedIds } from './metadata-history.ts';

export interface WatchLimits {
  readonly touchedMax: number;
  /** Topics and partitions in one message, so that each is far below the limit of a message. */
  readonly itemsPerMessageMax: number;
}

export const watchLimitsDefault: WatchLimits = { touchedMax: 10_000, itemsPerMessageMax: 2000 };

export class MetadataWatch {
  readonly #limits: WatchLimits;
  readonly #brokers = new Set<BrokerId>();
  readonly #topics = new Set<TopicId>();
  /** The topic to go on with while everything is told; undefined: nothing of that kind. */
  #whole: { next: TopicId | undefined; isBegun: boolean } | undefined;
  #isTold: boolean;

  /** `missed`: what the watcher has not heard of; undefined: everything. */
  constructor(missed: TouchedIds | undefined, limits: WatchLimits = watchLimitsDefault) {
    this.#limits = limits;
    this.#isTold = false;
    if (missed === undefined) this.restart();
    else this.touch(missed);
  }

  touch({ brokers, topics }: TouchedIds): void {
    for (const brokerId of brokers) this.#brokers.add(brokerId);
    for (const topicId of topics) this.#topics.add(topicId);
    if (brokers.size + topics.size > 0) this.#isTold = false;
    if (this.#brokers.size + this.#topics.size > this.#limits.touchedMax) this.restart();
  }

  restart(): void {
    this.#brokers.clear();
    this.#topics.clear();
    this.#whole = { next: undefined, isBegun: false };
    this.#isTold = false;
  }

  /** Undefined when the watcher knows all. */
  nextMessage(image: MetadataImage): MetadataChange | undefined {
    if (this.#isTold) return undefined;
    const message = this.#whole === undefined ? this.#tellTouched(image) : this.#tellWhole(image, this.#whole);
    this.#isTold = message.isComplete;
    return message;
  }

  /** In the order of topic ids. What changes behind the place that was reached is touched, and told afterwards. */
  #tellWhole(image: MetadataImage, whole: { next: TopicId | undefined; isBegun: boolean }): MetadataChange {
    const isRestart = !whole.isBegun;
    const topics: TopicPlaces[] = [];
    let items = 0;
    let next: TopicId | undefined;
    for (const [topicId, topic] of image.topics.entries(whole.next)) {
      if (items >= this.#limits.itemsPerMessageMax) {
        next = topicId;
        break;
      }
      topics.push(placesOfTopic(topic));
      this.#topics.delete(topicId);
      items += 1 + topic.partitions.length;
    }
    this.#whole = next === undefined ? undefined : { next, isBegun: true };
    const brokers = isRestart ? brokersOf(image) : [];
    return this.#message(image.revision, { isRestart, brokers, topics });
  }

  #tellTouched(image: MetadataImage): MetadataChange {
    const brokers: BrokerPlace[] = [];
    const removedBrokerIds: BrokerId[] = [];
    for (const brokerId of this.#brokers) {
      const broker = image.brokers.get(brokerId);
      if (broker === undefined || broker.state === 'fenced') removedBrokerIds.push(brokerId);
      else brokers.push(placeOfBroker(broker));
    }
    this.#brokers.clear();
    const topics: TopicPlaces[] = [];
    const removedTopicIds: TopicId[] = [];
    let items = 0;
    for (const topicId of this.#topics) {
      if (items >= this.#limits.itemsPerMessageMax) break;
      const topic: TopicImage | undefined = image.topics.get(topicId);
      if (topic === undefined) removedTopicIds.push(topicId);
      else topics.push(placesOfTopic(topic));
      this.#topics.delete(topicId);
      items += 1 + (topic?.partitions.length ?? 0);
    }
    return this.#message(image.revision, { brokers, removedBrokerIds, topics, removedTopicIds });
  }

  #message(revision: LogIndex, parts: Partial<MetadataChange>): MetadataChange {
    const isComplete = this.#whole === undefined && this.#brokers.size + this.#topics.size === 0;
    const nothing = { isRestart: false, brokers: [], removedBrokerIds: [], topics: [], removedTopicIds: [] };
    return { ...nothing, ...parts, revision, isComplete };
  }
}

/** A fenced broker leads nothing, so nobody is sent to it. */
export function brokersOf({ brokers }: MetadataImage): BrokerPlace[] {
  return [...brokers.values()].filter(({ state }) => state !== 'fenced').map(placeOfBroker);
}
