/**
 * The partitions of this broker as services see them: what can be asked of one, and how each question ends.
 *
 * Whoever asks has checked the request and every byte of its batches. An end is a value, per partition, because one call asks
 * many of them; only a broken broker throws. What it takes to answer is the core's and its driver's.
 * Read next: partition/partition-event.ts and partition/partition-effect.ts, whose words these are.
 */
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type {
  DeleteProblem,
  EpochProblem,
  FetchProblem,
  FetchReadyEffect,
  LimitReached,
  NotLeader,
  ProduceProblem,
  UnknownOutcome,
} from '../partition/partition-effect.ts';
import type { Acks } from '../partition/partition-event.ts';
import type { PartitionKey } from './partition-key.ts';

/** Which leadership whoever asks believes in, and how long it waits by the monotonic clock. */
interface Asked {
  /** Undefined: it does not say. */
  readonly leaderEpoch: LeaderEpoch | undefined;
  readonly deadlineMs: number;
}

/** This broker does not keep the partition, or is only about to; or it does not exist, by the newest metadata here. */
export type NotHere =
  | { readonly type: 'not-here' }
  | { readonly type: 'opening' }
  /** Its log waits for room on the disk. */
  | { readonly type: 'disk-full' }
  | { readonly type: 'no-such-partition' };

export interface ProduceAsked extends Asked {
  readonly acks: Acks;
  /** Handed over; checked in everything but what only the partition knows. */
  readonly ownedBatch: Uint8Array;
}

export type ProduceEnd =
  /** Undefined with acks=none: whoever asks so hears nothing of what became of it. */
  | { readonly type: 'done'; readonly baseOffset: Offset | undefined; readonly start: Offset }
  | { readonly type: 'refused'; readonly problem: ProduceProblem }
  | { readonly type: 'outcome-unknown'; readonly why: UnknownOutcome };

export interface FetchAsked extends Asked {
  readonly from: Offset;
  readonly bytesMin: number;
  /** At least one batch is returned, however large it is. 0: none is read; the end only tells that there is something. */
  readonly bytesMax: number;
  readonly mayFollow: boolean;
}

export type FetchEnd =
  | (Pick<FetchReadyEffect, 'watermark' | 'lastStable' | 'start' | 'leaderEpoch'> & {
      readonly type: 'read';
      /** Whole batches in one piece, as they lie on the disk; the first may begin before `from`. Empty: nothing new in time. */
      readonly ownedBytes: Uint8Array;
      /** Where the next fetch goes on. */
      readonly next: Offset;
    })
  | { readonly type: 'refused'; readonly problem: FetchProblem }
  /** These offsets cannot be read here; another replica may have them. */
  | { readonly type: 'damaged'; readonly from: Offset; readonly to: Offset }
  /** Cancelled, or the partition left this broker meanwhile. */
  | { readonly type: 'gone' };

export type OffsetWanted =
  | { readonly type: 'earliest' }
  /** The watermark: what a consumer that wants only what is new begins at. */
  | { readonly type: 'latest' }
  /** The first batch with a record that is at least as new: its reader finds the record. */
  | { readonly type: 'at-time'; readonly timestampMs: number };

export interface OffsetAsked extends Pick<Asked, 'leaderEpoch'> {
  readonly wanted: OffsetWanted;
}

export type ListOffsetEnd =
  /** Undefined offset: no record is as new as that. */
  | {
      readonly type: 'found';
      readonly offset: Offset | undefined;
      readonly timestampMs: number | undefined;
      readonly leaderEpoch: LeaderEpoch;
    }
  | { readonly type: 'refused'; readonly problem: FetchProblem };

export type EpochEndAsked = { readonly epoch: LeaderEpoch } & Pick<Asked, 'leaderEpoch'>;

export type EpochEndAnswer =
  /** Undefined: all that this log holds is of later epochs. */
  | { readonly type: 'found'; readonly epoch: LeaderEpoch | undefined; readonly end: Offset | undefined }
  | {
      readonly type: 'refused';
      readonly problem: NotLeader | EpochProblem | LimitReached | { readonly type: 'recovering' };
    };

export interface DeleteAsked extends Asked {
  /** Undefined: all that consumers could have read. */
  readonly before: Offset | undefined;
}

export type DeleteEnd =
  | { readonly type: 'done'; readonly start: Offset }
  | { readonly type: 'refused'; readonly problem: DeleteProblem }
  | { readonly type: 'outcome-unknown'; readonly why: UnknownOutcome };

/** A question that takes time, and can be given up. Giving up twice, or after the end, does nothing. */
export interface Pending<End> {
  readonly end: Promise<End>;
  cancel(): void;
}

export interface PartitionDoor {
  /** Calls `onEnd` once; before it returns if the end is known at once. No promise: this is called for every batch. */
  produce(asked: ProduceAsked, onEnd: (end: ProduceEnd) => void): void;
  fetch(asked: FetchAsked): Pending<FetchEnd>;
  listOffset(asked: OffsetAsked): Promise<ListOffsetEnd>;
  epochEnd(asked: EpochEndAsked): EpochEndAnswer;
  deleteRecords(asked: DeleteAsked): Promise<DeleteEnd>;
}

export interface PartitionDoors {
  find(key: PartitionKey): PartitionDoor | NotHere;
}
