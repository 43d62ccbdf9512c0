/**
 * Everything that can happen to the Raft core.
 *
 * One event at a time, in the order in which things happened. Time arrives with ticks alone: every other event
 * takes place at the time of the last tick. Read next: raft-effect.ts, which says what the driver owes in return.
 */
import type { Branded } from '../base/brand.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { Entry, SnapshotMetadata, Voter } from './raft-entry.ts';
import type { RaftMessage } from './raft-message.ts';

/** Chosen by the driver, unique among what it is still waiting for. */
export type ProposalId = Branded<number, 'ProposalId'>;
export type ReadId = Branded<number, 'ReadId'>;

export interface Proposal {
  readonly proposalId: ProposalId;
  /** Handed over: nobody writes into them afterwards. */
  readonly bytes: Uint8Array;
}

export type VoterChange =
  /** The voter is brought up to date first and joins the set when it is. */
  | { readonly type: 'add'; readonly voter: Voter }
  | { readonly type: 'remove'; readonly voterId: VoterId; readonly directoryId: DirectoryId }
  /** New endpoints for a voter that keeps its number and directory. */
  | { readonly type: 'update'; readonly voter: Voter };

/** Why entries are being read back from the store. */
export type LoadPurpose = { readonly type: 'apply' } | { readonly type: 'replicate'; readonly to: VoterId };

export interface SnapshotChunk {
  readonly snapshot: SnapshotMetadata;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

export type RaftEvent =
  /** `nowMs` is monotone and counts from anywhere. Expected several times per heartbeat interval. */
  | { readonly type: 'tick'; readonly nowMs: number }
  /** The driver has checked that the sender is of this cluster, and which directory it writes to. */
  | {
      readonly type: 'message';
      readonly from: VoterId;
      readonly fromDirectory: DirectoryId;
      readonly message: RaftMessage;
    }
  | { readonly type: 'propose'; readonly proposals: readonly Proposal[] }
  | { readonly type: 'change-voters'; readonly proposalId: ProposalId; readonly change: VoterChange }
  | { readonly type: 'read'; readonly readId: ReadId }
  /** Hand leadership to `target`, or to whoever is furthest when undefined. */
  | { readonly type: 'transfer'; readonly target: VoterId | undefined }
  /** The `persist` or `install-snapshot` of this sequence is on the disk, synced. */
  | { readonly type: 'persisted'; readonly sequence: number }
  /** Contiguous from the requested index; empty when the store no longer holds that index. */
  | { readonly type: 'entries-loaded'; readonly purpose: LoadPurpose; readonly entries: readonly Entry[] }
  /** `chunk` is undefined when the store no longer holds that snapshot. */
  | { readonly type: 'snapshot-chunk-loaded'; readonly to: VoterId; readonly chunk: SnapshotChunk | undefined }
  /**
   * The `store-snapshot-chunk` of this snapshot is done; `nextOffset` bytes of it are held now. When the whole does
   * not pass its check: 0 bytes, and not the last, so that the transfer begins anew (R14).
   */
  | {
      readonly type: 'snapshot-chunk-stored';
      readonly snapshot: SnapshotMetadata;
      readonly nextOffset: number;
      readonly isLast: boolean;
    }
  /**
   * A snapshot of applied entries is on the disk, synced, and the store holds no entry below `firstIndex` any
   * longer (or is about to drop them). `firstIndex` is at most snapshot.lastIndex + 1.
   */
  | { readonly type: 'compacted'; readonly snapshot: SnapshotMetadata; readonly firstIndex: LogIndex };
