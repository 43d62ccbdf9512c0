/**
 * The cluster's metadata at one revision, for everybody who reads it: brokers, topics, partitions, configs, features.
 *
 * Immutable: whoever holds an image may keep it and look things up in it for as long as it likes; a later revision
 * is another image that shares what did not change. All maps are in the order of their keys, so lists are paged with
 * `entries(from)` and look the same on every node. Lookups take well under a microsecond.
 * Made by metadata-replay.ts alone. A topic by name or id: find-topic.ts; configs in force:
 * effective-configs.ts.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { BrokerEpoch, PartitionEpoch } from '../base/epochs.ts';
import type { BrokerId, DirectoryId, IncarnationId, TopicId } from '../base/ids.ts';
import type { LeaderEpoch } from '../base/offsets.ts';
import { OrderedMap } from '../base/ordered-map.ts';
import { indexZero, type LogIndex } from '../base/raft-position.ts';
import type { MetadataAnswer } from './metadata-command.ts';

export interface MetadataImage {
  /** The last entry of the quorum's log that is part of this image, whatever it carried. */
  readonly revision: LogIndex;
  /** How many batches of records are. A batch names the number that it was decided for (metadata-record.ts). */
  readonly batchCount: number;
  readonly brokers: OrderedMap<BrokerId, BrokerImage>;
  readonly topics: OrderedMap<TopicId, TopicImage>;
  /** Of the topics that exist now. */
  readonly topicIdsByName: OrderedMap<string, TopicId>;
  /** Partitions of all topics. */
  readonly partitionCount: number;
  /** What was set, by `configKey` of the resource; resources without any are absent. */
  readonly configs: OrderedMap<string, ConfigValues>;
  /** Finalised levels by feature; a feature that is absent is at level 0, which means off. */
  readonly features: OrderedMap<string, number>;
  /** The first producer id that nobody was given yet. */
  readonly nextProducerId: number;
  readonly requests: RequestMemory;
}

/**
 * What a broker may do. `fenced`: it is not heard from, or has not caught up since it registered: it leads nothing.
 * `shutting-down`: it hands over what it leads, and is given nothing new.
 */
export type BrokerState = 'fenced' | 'active' | 'shutting-down';

export interface BrokerImage {
  readonly brokerId: BrokerId;
  readonly incarnation: IncarnationId;
  /** Index of the entry that registered it: never the same twice, and growing. */
  readonly brokerEpoch: BrokerEpoch;
  /** At least one, in the order in which the broker named them. */
  readonly directories: readonly DirectoryId[];
  readonly rack: string | undefined;
  readonly endpoints: BrokerEndpoints;
  /** Levels that it can work at, by feature. */
  readonly features: readonly FeatureRange[];
  readonly state: BrokerState;
  /** Partitions that it keeps, and those that it leads now. */
  readonly replicaCount: number;
  readonly leaderCount: number;
}

export interface BrokerEndpoints {
  /** Where clients reach it. */
  readonly api: string;
  /** Where other nodes reach it. */
  readonly peer: string;
}

export interface FeatureRange {
  readonly name: string;
  readonly levelMin: number;
  readonly levelMax: number;
}

export interface TopicImage {
  readonly topicId: TopicId;
  readonly name: string;
  /** The entry that last changed what was asked for: its making, its partitions' number, its configs; no leader. */
  readonly changedRevision: LogIndex;
  /** The partition of number n is at place n. Never empty. */
  readonly partitions: readonly PartitionImage[];
}

export interface PartitionImage {
  /** The first is the preferred leader. */
  readonly replicas: readonly Replica[];
  /** The committed in-sync set, in the order of the replicas. Never empty: the last member stays, even fenced. */
  readonly inSync: readonly BrokerId[];
  /** Left the in-sync set while it was too small to acknowledge anything, so they hold all that was acknowledged. */
  readonly eligible: readonly BrokerId[];
  /** Said that they cannot go on, such as by a damaged log. Until their broker begins another life, or they are in sync again, they are not elected. */
  readonly aside: readonly BrokerId[];
  /** Undefined: no member of the in-sync set can lead now. */
  readonly leader: BrokerId | undefined;
  /** Whether the leader must check its log against others before it serves; set by elections that may have lost records. */
  readonly recovery: RecoveryState;
  /** The last leader epoch that was elected outside of the in-sync and eligible replicas, ever; and the one before. */
  readonly uncleanEpoch: LeaderEpoch | undefined;
  readonly uncleanEpochBefore: LeaderEpoch | undefined;
  /** Never goes down; goes up with every change of the leader, and with every registration of the leading broker. */
  readonly leaderEpoch: LeaderEpoch;
  /** Goes up by one with every change of anything here. */
  readonly partitionEpoch: PartitionEpoch;
}

export interface Replica {
  readonly brokerId: BrokerId;
  /** Which of the broker's directories holds it. */
  readonly directory: DirectoryId;
}

/** `recovering`: the leader was elected outside of the in-sync set. */
export type RecoveryState = 'recovered' | 'recovering';

export type ConfigScope = 'cluster' | 'broker' | 'topic';

export type ConfigResource =
  | { readonly scope: 'cluster' }
  | { readonly scope: 'broker'; readonly brokerId: BrokerId }
  | { readonly scope: 'topic'; readonly topicId: TopicId };

export type ConfigValues = ReadonlyMap<string, string>;

/** The latest requests that changed something, and what they were answered: a retry gets that answer again. */
export interface RequestMemory {
  readonly byId: OrderedMap<string, RememberedRequest>;
  /** By the entry that carried out the request, so that the first is the next to be forgotten. */
  readonly idsByIndex: OrderedMap<number, string>;
}

export interface RememberedRequest {
  readonly index: LogIndex;
  readonly answer: MetadataAnswer;
}

/** The key of a resource in `configs`. */
export function configKey(resource: ConfigResource): string {
  switch (resource.scope) {
    case 'cluster':
      return 'cluster';
    case 'broker':
      return `broker/${resource.brokerId}`;
    case 'topic':
      return `topic/${resource.topicId}`;
    default:
      return assertUnreachable(resource);
  }
}

/** Before the first entry of the log. */
export const emptyImage: MetadataImage = {
  revision: indexZero,
  batchCount: 0,
  brokers: OrderedMap.empty(),
  topics: OrderedMap.empty(),
  topicIdsByName: OrderedMap.empty(),
  partitionCount: 0,
  configs: OrderedMap.empty(),
  features: OrderedMap.empty(),
  nextProducerId: 0,
  requests: { byId: OrderedMap.empty(), idsByIndex: OrderedMap.empty() },
};
