/**
 * The three roles, each with the state that has a meaning in it and nowhere else.
 *
 * Roles are replaced, never converted: whatever a leader believed is gone when it stops leading. The steps between
 * them are raft-become-role.ts.
 */
import type { VoterId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { SnapshotMetadata, Voter } from './raft-entry.ts';
import type { ProposalId, ReadId } from './raft-event.ts';
import type { Progress } from './raft-progress.ts';

/** No read waits for the first round of a leadership, so nobody need answer it before the disk has what came with it. */
export const firstRound = 1;

export interface FollowerRole {
  readonly name: 'follower';
  /** Of the current term; once known it stays, for there is no other. */
  leader: VoterId | undefined;
  leaderHeardMs: number;
  electionDeadlineMs: number;
  /** The log is known to equal the leader's up to here. Grows within a term. */
  verifiedIndex: LogIndex;
  /** The latest round heard from the leader, echoed in every answer. */
  round: number;
  /** The leader waits for an answer even if nothing new became durable. */
  isAckDue: boolean;
  ackedIndex: LogIndex;
  ackedRound: number;
  incoming: IncomingSnapshot | undefined;
}

/** A snapshot that is being received in chunks. */
export interface IncomingSnapshot {
  readonly snapshot: SnapshotMetadata;
  nextOffset: number;
  /** Every chunk is stored; what is missing is the turn of the disk. */
  isComplete: boolean;
}

export interface CandidateRole {
  readonly name: 'candidate';
  /** Only asking whether an election could be won. Nothing is promised, nothing persisted (R15). */
  readonly isPreVote: boolean;
  readonly isTransfer: boolean;
  readonly electionDeadlineMs: number;
  /** Its own vote is among them once that vote is durable. */
  readonly granted: Set<VoterId>;
  readonly refused: Set<VoterId>;
}

export interface LeaderRole {
  readonly name: 'leader';
  /** The no-op of this term. Once it is committed, so is everything before it. */
  readonly firstOwnIndex: LogIndex;
  /** Every other voter in force, and the one that is joining. */
  readonly progress: Map<VoterId, Progress>;
  heartbeatDueMs: number;
  round: number;
  isEstablished: boolean;
  reads: LeaderReads;
  transfer: LeaderTransfer | undefined;
  joining: JoiningVoter | undefined;
}

export interface PendingRead {
  readonly readId: ReadId;
  /** Everything that was acknowledged before the read arrived lies at or below. */
  readonly index: LogIndex;
}

export interface LeaderReads {
  /** Wait for a majority to answer `confirmRound`. */
  confirming: PendingRead[];
  confirmRound: number;
  /** Arrived since that round was sent; they ride with the next. */
  waiting: PendingRead[];
}

export interface LeaderTransfer {
  readonly target: VoterId;
  readonly deadlineMs: number;
}

export interface JoiningVoter {
  readonly proposalId: ProposalId;
  readonly voter: Voter;
  readonly deadlineMs: number;
  /** Catching up goes in rounds: reach what the log's end was when the round began (thesis 4.2.1). */
  roundTarget: LogIndex;
  roundStartMs: number;
}

export type RaftRole = FollowerRole | CandidateRole | LeaderRole;
