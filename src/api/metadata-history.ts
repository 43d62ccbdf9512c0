/**
 * Which brokers and topics the latest changes of the metadata were about, so that a watcher that was away for a while
 * gets what it missed and not everything anew.
 *
 * Holds ids and no images: an image would keep alive all that was ever shared with it. Bound: `changesMax` changes.
 */
import { assert } from '../base/assert.ts';
import type { BrokerId, TopicId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';

export interface TouchedIds {
  readonly brokers: ReadonlySet<BrokerId>;
  readonly topics: ReadonlySet<TopicId>;
}

interface Change extends TouchedIds {
  readonly revision: LogIndex;
}

export class MetadataHistory {
  readonly #changesMax: number;
  #changes: Change[] = [];
  /** Every change after this revision is here. */
  #knownAfter: LogIndex;

  constructor(knownAfter: LogIndex, changesMax: number) {
    assert(changesMax >= 1, 'a history holds at least one change', { changesMax });
    this.#knownAfter = knownAfter;
    this.#changesMax = changesMax;
  }

  /** What watchers are told of it; undefined when everything may be different. */
  add(delta: MetadataDelta): TouchedIds | undefined {
    if (delta.isWhole) {
      this.#changes = [];
      this.#knownAfter = delta.after.revision;
      return undefined;
    }
    const { brokers, topicsCreated, topicsDeleted, partitions } = delta;
    const touched = { brokers, topics: new Set([...topicsCreated, ...topicsDeleted, ...partitions.keys()]) };
    if (touched.brokers.size + touched.topics.size === 0) return touched;
    this.#changes.push({ ...touched, revision: delta.after.revision });
    // Twice as many are let in, so that the oldest half goes at once and each costs constant time.
    if (this.#changes.length > 2 * this.#changesMax) this.#forgetOldest();
    return touched;
  }

  /** Everything that was touched after `revision`; undefined when that is not known any more. */
  since(revision: LogIndex): TouchedIds | undefined {
    if (revision < this.#knownAfter) return undefined;
    const brokers = new Set<BrokerId>();
    const topics = new Set<TopicId>();
    for (let at = this.#changes.length - 1; at >= 0; at -= 1) {
      const change = this.#changes[at];
      if (change === undefined || change.revision <= revision) break;
      for (const broker of change.brokers) brokers.add(broker);
      for (const topic of change.topics) topics.add(topic);
    }
    return { brokers, topics };
  }

  #forgetOldest(): void {
    const forgotten = this.#changes.splice(0, this.#changes.length - this.#changesMax);
    this.#knownAfter = forgotten.at(-1)?.revision ?? this.#knownAfter;
  }
}
