/**
 * The quorum as services use it: calls that end at the leader, whichever voter was asked, and the committed log.
 */
import type { LeaderAnswer, LeaderCall, LeaderRefusal } from '../raft/leader-call.ts';
import type { Entry } from '../raft/raft-entry.ts';
import type { CommittedRecords } from './committed-records.ts';

export type QuorumCall = LeaderCall;
export type QuorumAnswer = LeaderAnswer;
export type QuorumRefusal = LeaderRefusal;
export type CommittedRecord = Entry;

export interface QuorumCalls {
  /** `waitMs` bounds how long a leader is looked for. */
  ask(call: QuorumCall, waitMs: number): Promise<QuorumAnswer>;
  /** Undefined until the voter knows its cluster. */
  readonly records: CommittedRecords | undefined;
}
