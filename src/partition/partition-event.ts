/**
 * Everything that can happen to one replica of a partition.
 *
 * One event at a time, in the order in which things happened. Time arrives with ticks alone: a wait that begins with
 * another event is counted from the tick after it. Read next: partition-effect.ts, which says what the driver owes.
 */
import type { Branded } from '../base/brand.ts';
import type { EpochStart } from '../base/epoch-history.ts';
import type { PartitionEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { NewBatch } from './partition-batch.ts';
import type { PartitionMessage } from './partition-message.ts';
import type { PartitionMetadata } from './partition-metadata.ts';
import type { ProducerState } from './producer-sequences.ts';

/** Chosen by the driver, unique among what it is still waiting for. */
export type RequestId = Branded<number, 'RequestId'>;

export type Acks = 'none' | 'leader' | 'all';

/** What was agreed on with whoever asks: which leadership it believes to talk to, and how long it waits. */
interface Request {
  readonly requestId: RequestId;
  /** Undefined: it does not say. */
  readonly leaderEpoch: LeaderEpoch | undefined;
  /** By the clock of the ticks. Already past: no waiting. */
  readonly deadlineMs: number;
}

export interface ProduceEvent extends Request {
  readonly type: 'produce';
  readonly acks: Acks;
  readonly batch: NewBatch;
}

export interface FetchEvent extends Request {
  readonly type: 'fetch';
  readonly from: Offset;
  /** Bytes to wait for when it waits at the end. Whoever is behind the end is answered at once. */
  readonly bytesMin: number;
  /** Whoever asks is content with a replica that only follows. */
  readonly mayFollow: boolean;
}

export interface DeleteRecordsEvent extends Request {
  readonly type: 'delete-records';
  /** Records below it go; undefined: all that consumers could have read. */
  readonly before: Offset | undefined;
}

/** Where the log is. An earlier generation speaks of a log that was cut meanwhile. */
export interface LogMovedEvent {
  readonly type: 'log-moved';
  readonly generation: number;
  readonly written: Offset;
  readonly durable: Offset;
}

/**
 * `accepted`: the change is in the quorum's log, and metadata that says so will come. `refused`: it was not made and
 * never will be. `unknown`: everything else, a timeout or a changed partition epoch included.
 */
export type InSyncOutcome = 'accepted' | 'refused' | 'unknown';

export type PartitionEvent =
  /** `nowMs` is monotone and counts from anywhere. */
  | { readonly type: 'tick'; readonly nowMs: number }
  /** In the order of revisions; may skip some. */
  | { readonly type: 'metadata'; readonly metadata: PartitionMetadata }
  /** The driver has checked who sent it, and the bytes of every batch in it. */
  | { readonly type: 'message'; readonly from: BrokerId; readonly message: PartitionMessage }
  /** The connection to that broker ended, or was made anew: what was on its way may be lost. */
  | { readonly type: 'link-lost'; readonly broker: BrokerId }
  // Requests
  | ProduceEvent
  | FetchEvent
  | DeleteRecordsEvent
  /** Whoever asked is gone; it gets no answer. */
  | { readonly type: 'fetch-cancelled'; readonly requestId: RequestId }
  /** Retention wants the partition to begin here. Only the leader listens. */
  | { readonly type: 'retention'; readonly before: Offset }
  // Answers to effects
  | LogMovedEvent
  /** The log is cut and synced. `producers` is what replaying the batches that are left comes to. */
  | { readonly type: 'log-cut'; readonly generation: number; readonly producers: readonly ProducerState[] }
  | { readonly type: 'start-written'; readonly start: Offset }
  /** The log begins here now: at a batch, at or below what `drop-below` named. */
  | { readonly type: 'dropped'; readonly generation: number; readonly localStart: Offset }
  /** The bytes up to `next` were read and are on their way. */
  | {
      readonly type: 'pushed';
      readonly to: BrokerId;
      readonly pushId: number;
      readonly next: Offset;
      readonly bytes: number;
    }
  | { readonly type: 'in-sync-answered'; readonly partitionEpoch: PartitionEpoch; readonly outcome: InSyncOutcome }
  // The state of the log
  /** Nothing more can be appended, and nobody knows what of the last writes is there. The log is opened anew. */
  | { readonly type: 'log-failed' }
  /** Bytes of this replica are not what was written. */
  | { readonly type: 'damage-found'; readonly from: Offset; readonly to: Offset }
  /** The disk would not give what it may well hold: nothing is known to be damaged. */
  | { readonly type: 'read-failed' }
  /**
   * All of the log can be read again: what was damaged is put back from another replica, or was cut off. `epochs` and
   * `producers` are what its batches come to.
   */
  | {
      readonly type: 'repaired';
      readonly epochs: readonly EpochStart[];
      readonly producers: readonly ProducerState[];
    }
  /** Where the log is damaged from `from` on, whoever leads in that epoch has something else, or nothing. */
  | { readonly type: 'damage-not-shared'; readonly from: Offset; readonly leaderEpoch: LeaderEpoch };
