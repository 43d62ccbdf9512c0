/**
 * What leader and follower of one partition say to each other.
 *
 * The follower begins: it attaches with where its log ends, and the leader either pushes from there or says where the
 * logs part. Everything carries the leader epoch, the follower's life and its session, a number that the follower
 * raises whenever it begins anew: what belongs to another is dropped unread, so lost, repeated and overtaken messages
 * cost time and nothing else. All that a progress reports is a total, never a difference.
 */
import type { BrokerEpoch } from '../base/epochs.ts';
import type { DirectoryId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { AssignedBatch } from './partition-batch.ts';
import type { ProducerState } from './producer-sequences.ts';

export interface Conversation {
  readonly leaderEpoch: LeaderEpoch;
  /** Of the follower, and so of its life: a later life counts its sessions from the beginning. */
  readonly brokerEpoch: BrokerEpoch;
  readonly session: number;
}

/** Follower to leader: here my log ends, and this is the epoch of its last record. */
export interface AttachMessage extends Conversation {
  readonly type: 'attach';
  readonly directory: DirectoryId;
  /** Undefined: the log holds no record. */
  readonly lastEpoch: LeaderEpoch | undefined;
  readonly logEnd: Offset;
  /** Bytes that the follower takes before it says more. */
  readonly grantedBytes: number;
}

/**
 * Leader to follower, in answer to an attach: our logs part. Of the epochs up to yours the latest that I hold is
 * `epoch`, and it ends at `end` (KIP-279: an end without its epoch would be taken for another one's).
 */
export interface DivergedMessage extends Conversation {
  readonly type: 'diverged';
  readonly epoch: LeaderEpoch;
  readonly end: Offset;
}

/** Leader to follower, in answer to an attach: my log begins behind all of yours. Drop it and begin at `start`. */
export interface ResetMessage extends Conversation {
  readonly type: 'reset';
  readonly start: Offset;
  /** What the deleted batches come to, for telling retries of them. */
  readonly producers: readonly ProducerState[];
}

/** What rides on every push. */
export interface LeaderPositions {
  readonly watermark: Offset;
  /** Where the partition is to begin: every in-sync replica writes that down before it is so. */
  readonly startWanted: Offset;
  /** Where the partition begins, for all and for good. */
  readonly start: Offset;
}

/** Leader to follower: the batches of [from, next). The first one of a session says that the logs agree up to `from`. */
export interface PushMessage extends Conversation, LeaderPositions {
  readonly type: 'push';
  readonly from: Offset;
  readonly next: Offset;
  /** As they are in the leader's file; checksums and form were looked at by whoever took them off the wire. */
  readonly batches: readonly AssignedBatch[];
}

/** Follower to leader: this far I am. */
export interface ProgressMessage extends Conversation {
  readonly type: 'progress';
  /** Below it the bytes are in the file; on the disk. */
  readonly next: Offset;
  readonly durable: Offset;
  /** What it knows of the leader's positions; `start` is what it has written down durably. */
  readonly watermark: Offset;
  readonly start: Offset;
  /** Since the session began. Only grows. */
  readonly grantedBytes: number;
}

export type LeaderMessage = DivergedMessage | ResetMessage | PushMessage;
export type FollowerMessage = AttachMessage | ProgressMessage;
export type PartitionMessage = LeaderMessage | FollowerMessage;
