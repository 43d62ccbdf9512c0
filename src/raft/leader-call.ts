/**
 * Calls that only the leader can answer, as a value: a voter that does not lead passes them on as they are.
 *
 * Whoever asks must know three outcomes apart: it is done, it had no effect, nobody knows. A command that ended in
 * the third may be asked for again: a request id is carried out once.
 */
import type { ClusterId, VoterId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { ProposalProblem } from './raft-effect.ts';
import type { VoterChange } from './raft-event.ts';

/** Answered by the leader's Raft, whoever asks. */
export type RaftCall =
  | { readonly type: 'read-index' }
  | { readonly type: 'change-voters'; readonly change: VoterChange }
  | { readonly type: 'transfer'; readonly target: VoterId | undefined };

export type LeaderCall =
  | RaftCall
  /** Answered by the controller, which is where Raft's leader is; carries its own request id. */
  | { readonly type: 'control'; readonly request: Uint8Array };

/** On its way to another voter. */
export interface AddressedCall {
  readonly clusterId: ClusterId;
  readonly call: LeaderCall;
}

/** Had no effect. */
export type LeaderRefusal =
  | ProposalProblem
  | { readonly type: 'transfer-timed-out'; readonly target: VoterId | undefined }
  /** The voter that was asked is starting or stopping. */
  | { readonly type: 'not-serving' };

export type LeaderAnswer =
  /**
   * `reply` is what the controller answered, else empty; `index` is 0 for a transfer. `isAfterUnknown`: an attempt
   * before this one may still be on its way, so what was refused now may yet be carried out. Never sent.
   */
  | { readonly type: 'done'; readonly index: LogIndex; readonly reply: Uint8Array; readonly isAfterUnknown?: true }
  | { readonly type: 'refused'; readonly problem: LeaderRefusal }
  | { readonly type: 'outcome-unknown' };
