/**
 * The three roles, each with the state that has a meaning in it and nowhere else. Roles are replaced, never converted.
 */
import type { BrokerId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { ProducerId } from '../base/producer-ids.ts';
import type { FollowerProgress } from './follower-progress.ts';
import type { InSyncSet } from './in-sync-set.ts';
import type { ProgressMessage } from './partition-message.ts';
import type { Patience } from './patience.ts';
import type { WaitingGuest, WaitingRoom } from './waiting-room.ts';
import type { WaitingProduces } from './waiting-produces.ts';

/** Leads nothing and follows nobody: no leader, no metadata of this life yet, no replica here, or stepped aside. */
export interface IdleRole {
  readonly name: 'idle';
}

export interface FollowerRole {
  readonly name: 'follower';
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  /** `attaching`: the leader has not agreed to this session. `cutting`: the log is being made to agree. */
  phase: 'attaching' | 'cutting' | 'following';
  readonly retry: Patience;
  /** What the leader told of itself, which may be beyond what this replica has. */
  leaderWatermark: Offset;
  leaderStart: Offset;
  /** Bytes that had come by when the session began. */
  bytesBefore: number;
  /** An answer is owed even if nothing moved. */
  isProgressDue: boolean;
  sent: ProgressMessage | undefined;
}

export interface WaitingDelete extends WaitingGuest {
  readonly before: Offset;
}

export interface LeaderRole {
  readonly name: 'leader';
  readonly leaderEpoch: LeaderEpoch;
  /** The log end when the leadership began. What lies below is other leaders' word, and what lies above is its own. */
  readonly epochStart: Offset;
  /** Where the partition was to begin by what was written down here then: what others have shown is not beyond. */
  readonly startAtElection: Offset;
  /** The watermark has reached it: all that was committed before is known to be. */
  isEstablished: boolean;
  /** Undefined once the metadata says that this leader has recovered. */
  recovery: LeaderRecovery | undefined;
  readonly followers: Map<BrokerId, FollowerProgress>;
  readonly inSync: InSyncSet;
  readonly produces: WaitingProduces;
  /** When the leadership began, and who wrote in it when: nobody who may still retry is forgotten (I6). */
  readonly sinceMs: number;
  readonly producersHeardMs: Map<ProducerId, number>;
  readonly deletes: WaitingRoom<WaitingDelete>;
}

export interface LeaderRecovery {
  readonly patience: Patience;
  /** Others that attached, and the furthest log end among all. */
  readonly heard: Set<BrokerId>;
  furthestEnd: Offset;
  isReported: boolean;
}

export type PartitionRole = IdleRole | FollowerRole | LeaderRole;

export const idle: IdleRole = { name: 'idle' };
