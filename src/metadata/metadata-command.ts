/**
 * What can be asked of the metadata, what is answered, and why it may be refused.
 *
 * A command is decided by the controller on the newest image, uncommitted batches included, and answered once that
 * is committed. A refusal had no effect. Whoever may retry sends the same request id again:
 * the command is carried out once and answered alike. Bounds: `metadata-limits.ts`.
 */
import type { BrokerEpoch, PartitionEpoch } from '../base/epochs.ts';
import type { BrokerId, ClusterId, DirectoryId, IncarnationId, TopicId } from '../base/ids.ts';
import type { LeaderEpoch } from '../base/offsets.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { BrokerEndpoints, ConfigScope, FeatureRange, RecoveryState } from './metadata-image.ts';

export interface MetadataRequest {
  /** 1 to `requestIdLengthMax` characters, chosen by whoever asks first. */
  readonly requestId: string;
  readonly command: MetadataCommand;
}

export type MetadataCommand =
  | CreateTopic
  | UpdateTopic
  | DeleteTopic
  | UpdateConfigs
  | UpdateFeatures
  | RegisterBroker
  | ShutDownBroker
  | AllocateProducerIds
  | ChangeInSync
  | StepAside;

/** A name means the topic that bears it when the command is decided; with an id beside it, that one or none. */
export type TopicRef =
  | { readonly by: 'name'; readonly name: string; readonly topicId: TopicId | undefined }
  | { readonly by: 'id'; readonly topicId: TopicId };

export interface ConfigChange {
  readonly name: string;
  /** Undefined: back to what is inherited. */
  readonly value: string | undefined;
}

/** The brokers of one partition, the preferred leader first. */
export type Assignment = readonly BrokerId[];

export interface CreateTopic {
  readonly type: 'create-topic';
  readonly name: string;
  /** Undefined: as many as `assignments`, else what the cluster's configs say. */
  readonly partitionCount: number | undefined;
  readonly replicationFactor: number | undefined;
  /** One per partition; empty: placed by the controller. */
  readonly assignments: readonly Assignment[];
  readonly configs: readonly ConfigChange[];
  /** A topic of that name is an answer, not a refusal, whatever its partitions. */
  readonly ifNotExists: boolean;
  readonly validateOnly: boolean;
}

/** Everything or nothing. */
export interface UpdateTopic {
  readonly type: 'update-topic';
  readonly topic: TopicRef;
  /** All of them afterwards, so never fewer than now. Undefined: as it is. */
  readonly partitionCount: number | undefined;
  /** One per new partition; empty: placed by the controller. */
  readonly assignments: readonly Assignment[];
  readonly configs: readonly ConfigChange[];
  /** Refused when the topic's `changedRevision` is another. Undefined: whatever it is. */
  readonly expectedRevision: LogIndex | undefined;
  readonly validateOnly: boolean;
}

export interface DeleteTopic {
  readonly type: 'delete-topic';
  readonly topic: TopicRef;
  /** That there is none is an answer, not a refusal. */
  readonly ifExists: boolean;
  readonly expectedRevision: LogIndex | undefined;
  readonly validateOnly: boolean;
}

/** Of the cluster or of a broker; a topic's are `update-topic`'s. */
export interface UpdateConfigs {
  readonly type: 'update-configs';
  readonly resource: { readonly scope: 'cluster' } | { readonly scope: 'broker'; readonly brokerId: BrokerId };
  readonly configs: readonly ConfigChange[];
  readonly validateOnly: boolean;
}

export interface UpdateFeatures {
  readonly type: 'update-features';
  readonly updates: readonly FeatureUpdate[];
  readonly validateOnly: boolean;
}

export interface FeatureUpdate {
  readonly name: string;
  readonly level: number;
  readonly allowDowngrade: boolean;
}

export interface RegisterBroker {
  readonly type: 'register-broker';
  readonly brokerId: BrokerId;
  /** The cluster that the broker means to join. */
  readonly clusterId: ClusterId;
  readonly incarnation: IncarnationId;
  readonly directories: readonly DirectoryId[];
  readonly rack: string | undefined;
  readonly endpoints: BrokerEndpoints;
  readonly features: readonly FeatureRange[];
}

/** A broker is about to stop: what it leads goes to others, as far as there are others. */
export interface ShutDownBroker {
  readonly type: 'shut-down-broker';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

export interface AllocateProducerIds {
  readonly type: 'allocate-producer-ids';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
}

/** A leader wants other in-sync sets for partitions that it leads. Each is decided for itself. */
export interface ChangeInSync {
  readonly type: 'change-in-sync';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** 1 to `partitionChangesMax`, each about another partition. */
  readonly changes: readonly InSyncChange[];
}

/** Compare and set: only in that leadership, and only if nothing about the partition has changed since. */
export interface InSyncChange {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  /** All of the set, in the life in which the leader knows them: whoever registered again is another (KIP-903). */
  readonly members: readonly { readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch }[];
  readonly recovery: RecoveryState;
}

/** `stale`: the partition has changed meanwhile, perhaps by an earlier attempt of this very change. */
export type InSyncChangeOutcome = 'accepted' | 'refused' | 'stale';

/** Replicas that cannot go on: others should lead, and nobody should wait for them. Or that can again. */
export interface StepAside {
  readonly type: 'step-aside';
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** 1 to `partitionChangesMax`. Of a leadership that is over, nothing follows. */
  readonly partitions: readonly AsidePartition[];
}

export interface AsidePartition {
  readonly topicId: TopicId;
  readonly partition: number;
  readonly leaderEpoch: LeaderEpoch;
  /** It lacks what it may have acknowledged, so it is not one that holds everything either. */
  readonly hasLost: boolean;
  /** It can go on again: whatever it said before is over. Of any leadership. */
  readonly isBack: boolean;
}

export type MetadataAnswer =
  | TopicCreated
  | {
      readonly type: 'topic-updated';
      readonly topicId: TopicId;
      readonly name: string;
      readonly partitionCount: number;
    }
  /** No topic: there was none, and that was fine. */
  | { readonly type: 'topic-deleted'; readonly topicId: TopicId | undefined; readonly name: string | undefined }
  | { readonly type: 'configs-updated' }
  | { readonly type: 'features-updated' }
  | { readonly type: 'broker-registered'; readonly brokerId: BrokerId; readonly incarnation: IncarnationId }
  /** How many partitions it leads still, because nobody else can. */
  | { readonly type: 'broker-shutting-down'; readonly brokerId: BrokerId; readonly leadershipsKept: number }
  | { readonly type: 'producer-ids-allocated'; readonly firstProducerId: number; readonly count: number }
  /** In the order of the changes. */
  | { readonly type: 'in-sync-changed'; readonly outcomes: readonly InSyncChangeOutcome[] }
  | { readonly type: 'stepped-aside'; readonly brokerId: BrokerId };

export interface TopicCreated {
  readonly type: 'topic-created';
  readonly topicId: TopicId;
  readonly name: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** It was there before, and `ifNotExists` was set. */
  readonly existedBefore: boolean;
}

/** Had no effect, and says what a message to a person needs. */
export type MetadataRefusal =
  /** A value that is never allowed; `field` as in the command, such as `configs.retention.ms`. */
  | { readonly type: 'invalid'; readonly field: string; readonly why: string }
  | { readonly type: 'invalid-topic-name'; readonly name: string; readonly why: string }
  | { readonly type: 'topic-exists'; readonly name: string; readonly topicId: TopicId }
  | { readonly type: 'topic-not-found'; readonly topic: TopicRef }
  /** The topic of that name is another than the id says. */
  | { readonly type: 'topic-id-mismatch'; readonly name: string; readonly named: TopicId; readonly current: TopicId }
  | {
      readonly type: 'topic-changed';
      readonly name: string;
      readonly expected: LogIndex;
      readonly changedRevision: LogIndex;
    }
  | { readonly type: 'invalid-partition-count'; readonly wanted: number; readonly min: number; readonly max: number }
  | { readonly type: 'invalid-replication-factor'; readonly wanted: number; readonly max: number }
  /** Fewer brokers can take replicas now than a partition wants. */
  | { readonly type: 'too-few-brokers'; readonly wanted: number; readonly available: number }
  | { readonly type: 'invalid-assignment'; readonly partition: number; readonly why: string }
  | { readonly type: 'unknown-config'; readonly name: string }
  | { readonly type: 'config-not-settable'; readonly name: string; readonly scopes: readonly ConfigScope[] }
  | { readonly type: 'invalid-config'; readonly name: string; readonly value: string; readonly why: string }
  | { readonly type: 'unknown-feature'; readonly name: string }
  /** `brokerId`: who cannot work at that level; undefined: this release cannot. */
  | {
      readonly type: 'unsupported-feature-level';
      readonly name: string;
      readonly level: number;
      readonly levelMin: number;
      readonly levelMax: number;
      readonly brokerId: BrokerId | undefined;
    }
  | { readonly type: 'downgrade-not-allowed'; readonly name: string; readonly level: number; readonly current: number }
  | { readonly type: 'broker-not-found'; readonly brokerId: BrokerId }
  | { readonly type: 'stale-broker-epoch'; readonly brokerId: BrokerId; readonly current: BrokerEpoch }
  | { readonly type: 'cluster-id-mismatch'; readonly named: ClusterId; readonly ours: ClusterId }
  /** Another process lives under that number. It is free once that one's session is over. */
  | { readonly type: 'broker-id-in-use'; readonly brokerId: BrokerId; readonly incarnation: IncarnationId }
  /** The request id was used for another command. */
  | { readonly type: 'request-id-reused'; readonly requestId: string }
  | { readonly type: 'limit-reached'; readonly limit: string; readonly max: number };
