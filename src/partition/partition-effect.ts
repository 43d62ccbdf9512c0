/**
 * What the partition core asks of its driver: the contract between the two.
 *
 * Every `step` returns effects. The driver starts them in the order in which they are listed. What must be durable
 * before what is the core's business: an effect is listed only once everything that it depends on has been reported,
 * so a driver that delays, overlaps or (with `send` and `push`) loses effects cannot break a promise.
 *
 * The driver's duties
 * 1. Feed events one at a time, in order, and never from within a step. Make the core after the broker has registered
 *    and after the log is opened, with what both came to (partition-options.ts).
 * 2. `append`, `cut`, `reset` and `write-start` are one call of the log each, made in the order listed. A `cut` and a
 *    `reset` come after everything that was appended before, and are answered by `log-cut` with the generation given.
 *    The log flushes by its own policy and reports `log-moved` whenever its written or durable offset moves.
 *    A call that fails is answered by `log-failed`, once; then nothing more is asked of this log. It may be opened
 *    again within this life of the broker if it then holds all that counted: what was reported durable, or, where
 *    written offsets count, what was reported written. Else the broker has to register again, so that nobody goes by
 *    what it said before.
 * 3. `push`: read from the log at `from`, whole batches up to `bytesMax` and not beyond `upTo`, at least one; send them
 *    as a push message with the fields of the effect; answer `pushed`, also when there is no connection any more. What
 *    cannot be read is `damage-found`; of what was dropped meanwhile nothing is sent, and `next` is `from`. `lane` says
 *    which of the connections to that broker.
 * 4. Ask the controller for what `propose-in-sync` wants, and answer once. A call without an answer is `unknown`.
 * 5. Say `link-lost` on both sides when the connection between two brokers ends.
 * 6. Give a tick not long after `wake`; a time that is past means at the next convenience. Without a `wake` no tick is
 *    needed: an idle partition asks for none.
 * 7. Keep `view.watermark` somewhere now and then, so that the next core is made from it.
 */
import type { BrokerEpoch, PartitionEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { AssignedBatch } from './partition-batch.ts';
import type { RequestId } from './partition-event.ts';
import type { Conversation, LeaderPositions, PartitionMessage } from './partition-message.ts';
import type { ProducerState } from './producer-sequences.ts';

/** Whoever asks should ask the leader, if there is one. */
export type NotLeader = {
  readonly type: 'not-leader';
  readonly leader: BrokerId | undefined;
  readonly leaderEpoch: LeaderEpoch | undefined;
};

export type EpochProblem =
  /** Whoever asks believes in a leadership that is over. */
  | { readonly type: 'fenced-leader-epoch'; readonly leaderEpoch: LeaderEpoch }
  /** It knows of a leadership that this replica has not heard of yet. */
  | { readonly type: 'unknown-leader-epoch'; readonly leaderEpoch: LeaderEpoch };

/** Of a bound that holds for everybody; nothing was done. */
export type LimitReached = { readonly type: 'limit-reached'; readonly limit: string };

export type SequenceProblem =
  /** Another producer of the same id, and later, took over. */
  | { readonly type: 'fenced-producer-epoch'; readonly producerEpoch: number }
  /** Not the batch that comes next. `expected` is undefined when nothing is known of the producer. */
  | { readonly type: 'out-of-order-sequence'; readonly expected: number }
  | { readonly type: 'unknown-producer' }
  /** Appended, so long ago that its offset is forgotten. */
  | { readonly type: 'duplicate-sequence' };

/** P17: a refused batch was never appended by this request. */
export type ProduceProblem =
  | NotLeader
  | EpochProblem
  | LimitReached
  | SequenceProblem
  /** Leads, and may not serve before its log is known to be what can be had. */
  | { readonly type: 'recovering' }
  | { readonly type: 'not-enough-in-sync'; readonly inSync: number; readonly needed: number }
  | { readonly type: 'offsets-exhausted' };

/** Appended, or perhaps appended before by the request that this one repeats. */
export type UnknownOutcome = 'leadership-lost' | 'timed-out' | 'log-failed' | 'limit-reached';

export type FetchProblem =
  | NotLeader
  | EpochProblem
  | LimitReached
  | { readonly type: 'recovering' }
  | { readonly type: 'offset-out-of-range'; readonly start: Offset; readonly watermark: Offset }
  /** In the partition, and not on this replica any more. */
  | { readonly type: 'not-on-this-replica'; readonly localStart: Offset };

export type DeleteProblem =
  | NotLeader
  | EpochProblem
  | LimitReached
  | { readonly type: 'recovering' }
  | { readonly type: 'offset-out-of-range'; readonly start: Offset; readonly watermark: Offset };

/** What a fetch is answered with: read [from, upTo) as far as the bytes wanted go. Empty when its time was up. */
export interface FetchReadyEffect {
  readonly type: 'fetch-ready';
  readonly requestId: RequestId;
  readonly from: Offset;
  readonly upTo: Offset;
  /** Undefined: a leader that does not know yet how far consumers may have read (P2). */
  readonly watermark: Offset | undefined;
  /** The watermark, as long as there are no transactions. */
  readonly lastStable: Offset | undefined;
  readonly start: Offset;
  readonly leaderEpoch: LeaderEpoch;
}

/** Take exactly these as the in-sync set, if the partition is still in that epoch (compare and set). */
export interface InSyncProposal {
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  /** In the order of the replicas. Whoever registered again since then is not meant (KIP-903). */
  readonly members: readonly { readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch }[];
  /** Set by a leader that was elected as recovering, and has done what it could. */
  readonly recovery: 'recovered';
}

export type AsideReason = 'log-failed' | 'damaged' | 'lost-records';

export interface PushEffect extends Conversation, LeaderPositions {
  readonly type: 'push';
  /** For the answer. */
  readonly pushId: number;
  readonly to: BrokerId;
  readonly from: Offset;
  readonly upTo: Offset;
  readonly bytesMax: number;
  /** A follower that is not in sync must not delay one that is. */
  readonly lane: 'tail' | 'catch-up';
}

export interface ResetEffect {
  readonly type: 'reset';
  readonly generation: number;
  readonly start: Offset;
  /** What every later replay of this log begins with. */
  readonly producers: readonly ProducerState[];
}

export type PartitionEffect =
  // The log
  | { readonly type: 'append'; readonly batches: readonly AssignedBatch[] }
  /** Drop everything from `end` on. */
  | { readonly type: 'cut'; readonly generation: number; readonly end: Offset }
  /** Drop everything; the next batch is at `start`, which is where partition and log begin then. */
  | ResetEffect
  /** Write down durably where the partition is to begin. Drops nothing yet. */
  | { readonly type: 'write-start'; readonly start: Offset }
  /** Nobody may read below `start` any more: segments that lie below may go. Answered by `dropped`. */
  | { readonly type: 'drop-below'; readonly start: Offset }
  /**
   * Put back what is damaged, or find that all can be read after all; answered by `repaired`, whenever that is, and
   * after everything that was asked of the log before is done.
   */
  | { readonly type: 'repair' }
  // The other replicas
  | { readonly type: 'send'; readonly to: BrokerId; readonly message: PartitionMessage }
  | PushEffect
  // The controller
  | { readonly type: 'propose-in-sync'; readonly proposal: InSyncProposal }
  /**
   * This replica cannot go on: somebody else should lead, and nobody should wait for it. With `lost-records` it is not
   * to be elected in the ordinary way before another leader took it back.
   */
  | { readonly type: 'step-aside'; readonly reason: AsideReason }
  /** It can go on again: what it said before is over. */
  | { readonly type: 'come-back' }
  // Time
  | { readonly type: 'wake'; readonly atMs: number }
  // Answers
  | { readonly type: 'produce-done'; readonly requestId: RequestId; readonly baseOffset: Offset }
  | { readonly type: 'produce-refused'; readonly requestId: RequestId; readonly problem: ProduceProblem }
  | { readonly type: 'produce-outcome-unknown'; readonly requestId: RequestId; readonly why: UnknownOutcome }
  | FetchReadyEffect
  | { readonly type: 'fetch-refused'; readonly requestId: RequestId; readonly problem: FetchProblem }
  | { readonly type: 'records-deleted'; readonly requestId: RequestId; readonly start: Offset }
  | { readonly type: 'delete-refused'; readonly requestId: RequestId; readonly problem: DeleteProblem }
  | { readonly type: 'delete-outcome-unknown'; readonly requestId: RequestId; readonly why: UnknownOutcome }
  // Facts, for logs, metrics and connections
  | { readonly type: 'became-leader'; readonly leaderEpoch: LeaderEpoch; readonly logEnd: Offset }
  | { readonly type: 'became-follower'; readonly leaderEpoch: LeaderEpoch; readonly leader: BrokerId }
  | { readonly type: 'became-idle' }
  /** Everything before is known to be committed: this leader answers for it from here on. */
  | { readonly type: 'leadership-established'; readonly leaderEpoch: LeaderEpoch; readonly watermark: Offset }
  /** Records of this range may have been lost or replaced by an unclean election (P12). */
  | { readonly type: 'possible-loss'; readonly leaderEpoch: LeaderEpoch; readonly from: Offset; readonly to: Offset }
  /** What a leader sent was not what comes next; it was dropped, and is asked for again. */
  | { readonly type: 'push-refused'; readonly from: BrokerId; readonly logEnd: Offset };
