/**
 * What the Raft core asks of its driver: the contract between the two.
 *
 * Every `step` returns effects. The driver starts them in the order in which they are listed; it need not wait for
 * one before it starts the next. What must be durable before what is the core's business: an effect is listed only
 * once everything that it depends on has been reported durable, so a driver that delays, loses (`send`) or
 * overlaps effects cannot break a promise. In particular a vote, an acknowledgement and any other message that
 * reveals a term are listed after the `persisted` of what backs them; append requests of a leader are listed at
 * once, beside the `persist` of the same entries.
 *
 * The driver's duties
 * 1. Feed events one at a time, in order, and never from within a step.
 * 2. Perform `persist` and `install-snapshot` as one atomic, synced write each, and answer with `persisted`. There
 *    is at most one of the two in flight; whatever comes up meanwhile joins the next, which is the group commit.
 *    A write that fails ends the process: nobody knows what the disk holds then.
 * 3. Answer every `load-entries`, `load-snapshot-chunk` and `store-snapshot-chunk` once, in any order.
 * 4. Send messages of one peer in order where possible. Losing, repeating and reordering is harmless but slow.
 *    `to` may be a node outside the voters in force (a candidate of a newer set): answer on the stream it came by,
 *    or drop it.
 * 5. Give `apply` and `restore-snapshot` to the state machine in the order listed. Before the core is made, the
 *    driver has restored the newest snapshot itself; applying begins right after it.
 * 6. Answer a read only after the state machine has applied up to the `index` of its `read-ready`.
 * 7. Compact when it likes, behind what was given to `apply`, keep a snapshot while a peer is being sent it, and
 *    say so with `compacted`.
 * 8. Serve observers from the store, up to the last entry given to `apply` (committed, and durable here). The
 *    committed chain is the store's: CRC-32C over the previous chain and the encoded entry.
 */
import type { VoterId } from '../base/ids.ts';
import type { LogIndex, Term } from '../base/raft-position.ts';
import type { Entry, HardState, SnapshotMetadata, Voter } from './raft-entry.ts';
import type { LoadPurpose, ProposalId, ReadId, SnapshotChunk } from './raft-event.ts';
import type { RaftMessage } from './raft-message.ts';

export type NotLeader = { readonly type: 'not-leader'; readonly leader: VoterId | undefined };

/** Refused proposals were never appended. */
export type ProposalProblem =
  | NotLeader
  | { readonly type: 'transfer-in-progress'; readonly target: VoterId }
  | { readonly type: 'limit-reached'; readonly limit: string }
  | { readonly type: 'command-too-large'; readonly bytesMax: number }
  /** No entry of this leader's own term is committed yet, so nothing may build on the voter set. */
  | { readonly type: 'term-not-committed' }
  | { readonly type: 'change-in-progress' }
  | { readonly type: 'already-a-voter' }
  | { readonly type: 'not-a-voter' }
  | { readonly type: 'last-voter' }
  | { readonly type: 'catch-up-timed-out' };

/** A read that arrives before the leader has committed in its term waits for that; it is not refused. */
export type ReadProblem = NotLeader | { readonly type: 'limit-reached'; readonly limit: string };

export type TransferOutcome = 'done' | 'timed-out' | 'not-leader' | 'no-such-voter' | 'already-leader';

/**
 * One atomic synced write: drop every entry from `truncateFrom` on, then append `entries` (contiguous), then set
 * the hard state. Each part may be absent, not all of them.
 */
export interface PersistEffect {
  readonly type: 'persist';
  readonly sequence: number;
  readonly hardState: HardState | undefined;
  readonly truncateFrom: LogIndex | undefined;
  readonly entries: readonly Entry[];
}

/**
 * One atomic synced change: the received snapshot becomes the newest, the whole log is dropped (the next entry is
 * snapshot.lastIndex + 1), the hard state is set if given.
 */
export interface InstallSnapshotEffect {
  readonly type: 'install-snapshot';
  readonly sequence: number;
  readonly hardState: HardState | undefined;
  readonly snapshot: SnapshotMetadata;
}

export interface SendEffect {
  readonly type: 'send';
  readonly to: VoterId;
  readonly message: RaftMessage;
}

export type RaftEffect =
  // The disk
  | PersistEffect
  | InstallSnapshotEffect
  /** Append to the snapshot being received; offset 0 drops what was received before. Answered once written. */
  | { readonly type: 'store-snapshot-chunk'; readonly chunk: SnapshotChunk }
  /** Read up to `bytesMax` of the entries in [from, to], at least one entry. */
  | {
      readonly type: 'load-entries';
      readonly purpose: LoadPurpose;
      readonly from: LogIndex;
      readonly to: LogIndex;
      readonly bytesMax: number;
    }
  /** Of the snapshot at `snapshotIndex`; of the newest when undefined, and then from offset 0. */
  | {
      readonly type: 'load-snapshot-chunk';
      readonly to: VoterId;
      readonly snapshotIndex: LogIndex | undefined;
      readonly offset: number;
      readonly bytesMax: number;
    }
  // The network
  | SendEffect
  // The state machine
  /** Committed, durable here, contiguous, each entry once in the life of this core. */
  | { readonly type: 'apply'; readonly entries: readonly Entry[] }
  /** Replace the state by this installed snapshot; the next `apply` continues after it. */
  | { readonly type: 'restore-snapshot'; readonly snapshot: SnapshotMetadata }
  // Answers
  /** Listed after the `apply` of the entry. */
  | {
      readonly type: 'proposal-committed';
      readonly proposalId: ProposalId;
      readonly index: LogIndex;
      readonly term: Term;
    }
  | { readonly type: 'proposal-refused'; readonly proposalId: ProposalId; readonly problem: ProposalProblem }
  /** Appended, but this voter no longer leads: the next leader may or may not commit it. */
  | { readonly type: 'proposal-outcome-unknown'; readonly proposalId: ProposalId }
  | { readonly type: 'read-ready'; readonly readId: ReadId; readonly index: LogIndex }
  | { readonly type: 'read-refused'; readonly readId: ReadId; readonly problem: ReadProblem }
  | { readonly type: 'transfer-ended'; readonly target: VoterId | undefined; readonly outcome: TransferOutcome }
  // Facts, for logs, metrics and the driver's connections
  | { readonly type: 'became-follower'; readonly term: Term; readonly leader: VoterId | undefined }
  | { readonly type: 'became-candidate'; readonly term: Term; readonly isPreVote: boolean }
  | { readonly type: 'became-leader'; readonly term: Term }
  /** The first own-term entry is committed and applied: this leader's state is complete from here on. */
  | { readonly type: 'leadership-established'; readonly term: Term; readonly index: LogIndex }
  /** Whom this core talks to from now on: the voters in force and one that is joining, itself left out. */
  | { readonly type: 'peers-changed'; readonly peers: readonly Voter[] }
  /** The voters in force, by an entry that may yet be truncated. */
  | { readonly type: 'voters-changed'; readonly index: LogIndex; readonly voters: readonly Voter[] };
