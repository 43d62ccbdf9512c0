/**
 * How a node without a vote follows the quorum's log: what it says first, and what it is sent.
 */
import type { ClusterId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { Entry } from './raft-entry.ts';

export interface FollowStart {
  readonly clusterId: ClusterId;
  /** The follower has everything up to here; 0: nothing. */
  readonly revision: LogIndex;
}

export type FollowPart =
  /** Nothing new; the voter is there, and knows a leader. Sent now and then. */
  | { readonly type: 'alive' }
  /** Committed, without gaps, after what the follower has. */
  | { readonly type: 'entries'; readonly entries: readonly Entry[] }
  /** Of a state that replaces what the follower has; in order, up to the last piece. */
  | { readonly type: 'snapshot-piece'; readonly piece: Uint8Array; readonly isLast: boolean };
