/**
 * What voters say to each other.
 *
 * Every message carries the sender's own current term, made durable by the sender before it left. Which cluster
 * the sender belongs to and which directory it writes to are in the envelope, which is the driver's; the core is
 * told the directory beside the message. Any message may be lost, repeated or overtaken by a later one.
 *
 * There is no message for reads and none for observers. A voter that does not lead refuses a read and names the
 * leader, and the call is forwarded as a call. Observers are served committed entries by any voter's driver, out
 * of the log: what is committed never changes, so nobody has to be asked.
 */
import type { LogIndex, Term } from '../base/raft-position.ts';
import type { Entry, LogPosition, SnapshotMetadata } from './raft-entry.ts';

/** "Would you vote for me in the term after mine?" Changes nothing at the receiver. */
export interface PreVoteRequest {
  readonly type: 'pre-vote-request';
  readonly term: Term;
  readonly last: LogPosition;
}

export interface PreVoteReply {
  readonly type: 'pre-vote-reply';
  readonly term: Term;
  /** The term of the request that this answers. */
  readonly requestTerm: Term;
  readonly granted: boolean;
}

export interface VoteRequest {
  readonly type: 'vote-request';
  readonly term: Term;
  readonly last: LogPosition;
  /** The leader itself asked for this election, so that having heard from it lately is no objection. */
  readonly isTransfer: boolean;
}

export interface VoteReply {
  readonly type: 'vote-reply';
  readonly term: Term;
  readonly granted: boolean;
}

/** Entries, or none: then it is a heartbeat. `previous` 0/0 matches every log. */
export interface AppendRequest {
  readonly type: 'append-request';
  readonly term: Term;
  readonly previous: LogPosition;
  readonly entries: readonly Entry[];
  /** The sender's commit index, which may lie beyond these entries. */
  readonly commitIndex: LogIndex;
  /** Counts up over one leadership. A reply that echoes it proves contact after it was sent. */
  readonly round: number;
}

export interface AppendReply {
  readonly type: 'append-reply';
  readonly term: Term;
  readonly round: number;
  /** The sender's log equals the leader's up to here, and is on the sender's disk up to here. */
  readonly matchedIndex: LogIndex;
}

/** The log has no entry with the position that the leader named as previous. */
export interface AppendRejection {
  readonly type: 'append-rejection';
  readonly term: Term;
  readonly round: number;
  readonly rejectedIndex: LogIndex;
  /** The last place at or below rejectedIndex at which the two logs could still agree. */
  readonly hint: LogPosition;
}

/** One piece of a snapshot's bytes; the next is sent when the reply to this one is in. */
export interface SnapshotChunkRequest {
  readonly type: 'snapshot-chunk-request';
  readonly term: Term;
  readonly round: number;
  readonly snapshot: SnapshotMetadata;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** An installed snapshot is answered with an append-reply instead. */
export interface SnapshotChunkReply {
  readonly type: 'snapshot-chunk-reply';
  readonly term: Term;
  readonly round: number;
  readonly snapshotIndex: LogIndex;
  /** Bytes that the sender holds of that snapshot, and so the offset it wants next. */
  readonly nextOffset: number;
}

/** From a leader that hands over: campaign at once. */
export interface TimeoutNow {
  readonly type: 'timeout-now';
  readonly term: Term;
}

export type RaftMessage =
  | PreVoteRequest
  | PreVoteReply
  | VoteRequest
  | VoteReply
  | AppendRequest
  | AppendReply
  | AppendRejection
  | SnapshotChunkRequest
  | SnapshotChunkReply
  | TimeoutNow;
