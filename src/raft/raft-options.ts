/**
 * What a Raft core is made from: who it is, how patient it is, how much it holds, and what the store remembers.
 */
import { assert } from '../base/assert.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { Entry, HardState, SnapshotMetadata, TermStart, VoterSet } from './raft-entry.ts';

export interface RaftLimits {
  readonly heartbeatMs: number;
  /** Drawn anew for every wait, from min to max inclusive. */
  readonly electionTimeoutMsMin: number;
  readonly electionTimeoutMsMax: number;
  /** One command; larger ones are refused. */
  readonly commandBytesMax: number;
  /** Entries of one append request, unless a single entry is larger. */
  readonly appendBytesMax: number;
  readonly appendEntriesMax: number;
  /** Append requests with entries that one follower may be sent before it answers. */
  readonly inFlightAppendsMax: number;
  readonly inFlightBytesMax: number;
  /** Entries that a leader appended and has not committed; proposals beyond are refused. */
  readonly uncommittedEntriesMax: number;
  readonly uncommittedBytesMax: number;
  /** Entries that wait for the disk; a follower takes no more beyond it. */
  readonly unpersistedBytesMax: number;
  /** Recent entries kept in memory for followers; older ones are loaded from the store. */
  readonly recentBytesMax: number;
  /** One `load-entries` and one `apply`. */
  readonly loadBytesMax: number;
  readonly snapshotChunkBytesMax: number;
  readonly pendingReadsMax: number;
  /** How long a joining voter may take to catch up. */
  readonly catchUpMsMax: number;
}

const mebibyte = 1024 * 1024;

export const defaultRaftLimits: RaftLimits = {
  heartbeatMs: 100,
  electionTimeoutMsMin: 300,
  electionTimeoutMsMax: 600,
  commandBytesMax: 4 * mebibyte,
  appendBytesMax: mebibyte,
  appendEntriesMax: 4096,
  inFlightAppendsMax: 8,
  inFlightBytesMax: 4 * mebibyte,
  uncommittedEntriesMax: 16_384,
  uncommittedBytesMax: 32 * mebibyte,
  unpersistedBytesMax: 32 * mebibyte,
  recentBytesMax: 16 * mebibyte,
  loadBytesMax: mebibyte,
  snapshotChunkBytesMax: 256 * 1024,
  pendingReadsMax: 4096,
  catchUpMsMax: 60_000,
};

/** What the store found when it opened. */
export interface RaftInitialState {
  readonly hardState: HardState;
  /** The newest, already restored into the state machine by the driver. */
  readonly snapshot: SnapshotMetadata;
  /** The log holds [firstIndex, lastIndex]; firstIndex is lastIndex + 1 when it is empty. */
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  /**
   * The terms of the log in order: where each begins, first of all the term of the entry right before firstIndex
   * (term 0 at index 0 for a log from the beginning). So every term in the log is known without its entries.
   */
  readonly termStarts: readonly TermStart[];
  /** Every `voters` entry that the log holds above snapshot.lastIndex, in order. */
  readonly voterSets: readonly VoterSet[];
  /** The newest entries of the log, contiguous up to lastIndex; as many as the store cares to give, or none. */
  readonly recentEntries: readonly Entry[];
}

export interface RaftOptions {
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId;
  readonly limits: RaftLimits;
  readonly initial: RaftInitialState;
  readonly nowMs: number;
  /** A whole number from 0 to bound - 1. */
  readonly integerBelow: (bound: number) => number;
}

export function assertLimits(limits: RaftLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    assert(Number.isSafeInteger(value) && value >= 1, 'every limit is a whole number from 1 on', { name, value });
  }
  assert(limits.electionTimeoutMsMin >= 2 * limits.heartbeatMs, 'one lost heartbeat starts no election', {
    electionTimeoutMsMin: limits.electionTimeoutMsMin,
    heartbeatMs: limits.heartbeatMs,
  });
  assert(limits.electionTimeoutMsMin < limits.electionTimeoutMsMax, 'voters wait for different times', {
    electionTimeoutMsMin: limits.electionTimeoutMsMin,
    electionTimeoutMsMax: limits.electionTimeoutMsMax,
  });
}
