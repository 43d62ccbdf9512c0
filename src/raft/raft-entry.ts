/**
 * What the quorum agrees on and what a voter must never forget: entries, term and vote, snapshots.
 *
 * Plain read-only values: they log, compare, replay and serialise for nothing. How they look on a disk or a wire
 * is the business of wire/. Read next: raft-message.ts.
 */
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { LogIndex, Term } from '../base/raft-position.ts';

/**
 * A voter is a number *and* a storage directory: a disk that was wiped comes back under another directory id and
 * is then nobody's voter until a voter change names it.
 */
export interface Voter {
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId;
  readonly peerEndpoint: string;
  readonly apiEndpoint: string;
}

export type EntryPayload =
  /** The first entry of every leadership: what it commits proves what came before. */
  | { readonly type: 'no-op' }
  /** Opaque to Raft. Owned by the entry: nobody writes into these bytes any more. */
  | { readonly type: 'command'; readonly bytes: Uint8Array }
  /** The whole new set, in force from the moment it is appended. */
  | { readonly type: 'voters'; readonly voters: readonly Voter[] };

export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly payload: EntryPayload;
}

/** Written in one synced batch, before any message that reveals it. The term never goes back. */
export interface HardState {
  readonly term: Term;
  readonly votedFor: VoterId | undefined;
}

/** A place in the log together with the term written there, which makes it unique over the cluster's life. */
export interface LogPosition {
  readonly index: LogIndex;
  readonly term: Term;
}

/**
 * Describes a snapshot: the state after every entry up to `lastIndex`, all of them committed.
 *
 * A log that was never compacted has one too, at index 0 and term 0: the state before everything. Its voters are
 * those that the quorum was founded with, or none on a node that waits to be added.
 */
export interface SnapshotMetadata {
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  /** The voters in force at lastIndex. */
  readonly voters: readonly Voter[];
  /**
   * The chain over every committed entry up to lastIndex, equal on all voters. The store computes it over the
   * entries' bytes; Raft carries it and never looks inside.
   */
  readonly committedChain: number;
}

/** Where a run of entries of one term begins. */
export interface TermStart {
  readonly term: Term;
  readonly firstIndex: LogIndex;
}

/** A set of voters and the entry that put it in force (the snapshot's index for the set a snapshot carries). */
export interface VoterSet {
  readonly index: LogIndex;
  readonly voters: readonly Voter[];
}

/** What an entry weighs besides its payload, on a wire or a disk, generously. */
const entryOverheadBytes = 32;
const voterBytes = 160;

/** The weight of an entry against limits in bytes: never less than what it takes in a message. */
export function entryBytes(entry: Entry): number {
  const { payload } = entry;
  if (payload.type === 'command') return entryOverheadBytes + payload.bytes.length;
  return payload.type === 'voters' ? entryOverheadBytes + voterBytes * payload.voters.length : entryOverheadBytes;
}
