/**
 * What the quorum's log says about the metadata: records, in batches of which each is one entry.
 *
 * A record states what is so from now on; it was decided before it was written, so replaying it
 * needs no judgement and cannot be refused. All records of a batch count together or not at all. On disk they are
 * odradek.internal.v1.MetadataBatch. Read next: metadata-replay.ts.
 */
import type { BrokerEpoch, PartitionEpoch } from '../base/epochs.ts';
import type { BrokerId, TopicId } from '../base/ids.ts';
import type { LeaderEpoch } from '../base/offsets.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { MetadataAnswer } from './metadata-command.ts';
import type { BrokerImage, BrokerState, ConfigResource, PartitionImage, RecoveryState } from './metadata-image.ts';

/** One entry of the log: the outcome of one command. */
export interface MetadataBatch {
  /**
   * The number of this batch, counted from 1: it was decided on an image with one batch less. A batch whose number
   * does not follow is void, on every node: it was decided on something that did not come to be.
   */
  readonly number: number;
  /** Undefined where nobody asked, as for a fencing. */
  readonly request: AnsweredRequest | undefined;
  readonly records: readonly MetadataRecord[];
}

export interface AnsweredRequest {
  readonly requestId: string;
  /** What a repetition is answered. */
  readonly answer: MetadataAnswer;
}

export type MetadataRecord =
  | BrokerRegistered
  | { readonly type: 'broker-state-changed'; readonly brokerId: BrokerId; readonly state: BrokerState }
  | TopicCreatedRecord
  /** With all its partitions and configs. */
  | { readonly type: 'topic-deleted'; readonly topicId: TopicId }
  /** The next partition of its topic: its number is how many there were. */
  | { readonly type: 'partition-created'; readonly topicId: TopicId; readonly partition: PartitionImage }
  | PartitionChanged
  /** Undefined: back to what is inherited. */
  | {
      readonly type: 'config-set';
      readonly resource: ConfigResource;
      readonly name: string;
      readonly value: string | undefined;
    }
  | { readonly type: 'feature-level-set'; readonly name: string; readonly level: number }
  /** Ids below this one are given away. */
  | { readonly type: 'producer-ids-allocated'; readonly nextProducerId: number };

export interface TopicCreatedRecord {
  readonly type: 'topic-created';
  readonly topicId: TopicId;
  readonly name: string;
  /** Undefined in the log, where it is the entry that last changed it; a snapshot has to say it. */
  readonly changedRevision: LogIndex | undefined;
}

/** The broker is fenced until it has caught up with this very record. */
export type BrokerRegistered = Omit<BrokerImage, 'brokerEpoch' | 'state' | 'replicaCount' | 'leaderCount'> & {
  readonly type: 'broker-registered';
  /** Undefined in the log, where it is the entry's index; a snapshot has to say it. */
  readonly brokerEpoch: BrokerEpoch | undefined;
};

/** What stays out stays as it was. The epochs after the change are always there: replay checks that they grow. */
export interface PartitionChanged {
  readonly type: 'partition-changed';
  readonly topicId: TopicId;
  readonly partition: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  /** `none`: nobody leads. */
  readonly leader?: BrokerId | 'none';
  readonly inSync?: readonly BrokerId[];
  readonly eligible?: readonly BrokerId[];
  readonly aside?: readonly BrokerId[];
  /** `recovering` with a leader: that one was elected outside of the in-sync and eligible replicas. */
  readonly recovery?: RecoveryState;
}
