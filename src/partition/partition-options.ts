/**
 * What a partition core is made from: whose replica it is, how patient it is, how much it holds, and what the log
 * came to when it was opened.
 */
import { assert } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import type { EpochStart } from '../base/epoch-history.ts';
import type { BrokerId, DirectoryId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { ProducerState } from './producer-sequences.ts';

export interface PartitionLimits {
  /** One push, unless a single batch is larger. */
  readonly pushBytesMax: number;
  /** What a follower lets its leader send ahead of its disk. */
  readonly followerWindowBytes: number;
  /** A leader asks again when a follower that is not done says nothing for this long. */
  readonly nudgeMs: number;
  readonly attachRetryMs: number;
  /** How long a member of the in-sync set may be behind before it leaves. */
  readonly lagMsMax: number;
  readonly inSyncRetryMs: number;
  /** How long a recovering leader waits for other replicas, to learn what they hold. */
  readonly recoveryWaitMs: number;
  readonly producesWaitingMax: number;
  readonly fetchesWaitingMax: number;
  readonly deletesWaitingMax: number;
  /** Batches that were appended and are not in the file yet; produce is refused beyond. */
  readonly unwrittenBytesMax: number;
  /** Idempotent producers remembered; the one that was quiet for longest is forgotten first. */
  readonly producersMax: number;
  /** Whoever was heard within this time is never forgotten: it could still retry. */
  readonly producerQuietMsMin: number;
  /** Batches of a producer that a retry is recognised by. */
  readonly producerWindow: number;
}

const mebibyte = 1024 * 1024;

export const defaultPartitionLimits: PartitionLimits = {
  pushBytesMax: 256 * 1024,
  followerWindowBytes: 4 * mebibyte,
  nudgeMs: 500,
  attachRetryMs: 500,
  lagMsMax: 10_000,
  inSyncRetryMs: 500,
  recoveryWaitMs: 5000,
  producesWaitingMax: 8192,
  fetchesWaitingMax: 1024,
  deletesWaitingMax: 64,
  unwrittenBytesMax: 32 * mebibyte,
  producersMax: 10_000,
  producerQuietMsMin: 600_000,
  producerWindow: 5,
};

/** All that the log holds is durable when it is opened. */
export interface OpenedLog {
  readonly directory: DirectoryId;
  readonly generation: number;
  /** First offset on this disk. */
  readonly localStart: Offset;
  /** Where the partition is to begin, as it was last written down. */
  readonly start: Offset;
  readonly end: Offset;
  readonly epochs: readonly EpochStart[];
  /** What replaying the batches comes to. */
  readonly producers: readonly ProducerState[];
  /** As it was last kept: everything below was committed. May lie beyond the end of a log that lost its tail. */
  readonly watermark: Offset;
  /** Opening dropped something that may have been acknowledged. */
  readonly mayLack: boolean;
  readonly isDamaged: boolean;
}

export interface ReopenedLog {
  /**
   * The last leader epoch that it led in, which is not led again: what the failed writes left behind may be on other
   * disks and not on its own.
   */
  readonly ledEpoch: LeaderEpoch | undefined;
  /** `view.session` of the core before: leaders take a session that is not later for an old message. */
  readonly session: number;
}

export interface PartitionOptions {
  readonly brokerId: BrokerId;
  /** Of this life of the broker: metadata from before it is not about it. */
  readonly brokerEpoch: BrokerEpoch;
  /** The log failed and was opened again within this life of the broker, having lost nothing that counted. */
  readonly reopened: ReopenedLog | undefined;
  readonly limits: PartitionLimits;
  readonly log: OpenedLog;
  readonly nowMs: number;
}

export function assertOptions({ limits, log }: PartitionOptions): void {
  for (const [name, value] of Object.entries(limits))
    assert(Number.isSafeInteger(value) && value >= 1, 'every limit is a whole number from 1 on', { name, value });
  assert(log.localStart <= log.end, 'a log ends after it starts', () => ({ ...log }));
}
