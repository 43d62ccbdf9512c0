/**
 * What a leader knows of one other replica, within its leadership.
 *
 * What a replica confirmed stays true as long as it is in the same life and the leader in the same epoch: within an
 * epoch nobody cuts a log that fits. So it outlasts the session in which it was said; only who registers again, or
 * attaches with less, has to say it anew.
 */
import { assert } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import type { DirectoryId } from '../base/ids.ts';
import type { Offset } from '../base/offsets.ts';
import type { PartitionMetadata, ReplicaMetadata } from './partition-metadata.ts';
import type { AttachMessage, LeaderPositions, ProgressMessage } from './partition-message.ts';
import { Patience } from './patience.ts';

/** Below these the replica has told that it has everything. */
export interface Confirmed {
  readonly next: Offset;
  readonly durable: Offset;
  readonly start: Offset;
}

/** A conversation that the follower began and the leader agreed to: up to where it began, the logs are the same. */
export interface FollowerSession {
  readonly brokerEpoch: BrokerEpoch;
  readonly session: number;
  /** What was handed to the connection ends here. */
  sentTo: Offset;
  sentBytes: number;
  grantedBytes: number;
  /** The push that is being read. */
  pushId: number | undefined;
  /** The latest positions that it was told, and those that it told to know. */
  told: LeaderPositions | undefined;
  knownWatermark: Offset | undefined;
}

export class FollowerProgress {
  replica: ReplicaMetadata;
  session: FollowerSession | undefined;
  confirmed: Confirmed | undefined;
  /** The life of the broker that session and confirmations are of, and the directory. */
  brokerEpoch: BrokerEpoch | undefined;
  #directory: DirectoryId | undefined;
  /** Runs while the replica lacks something that the leader held when it began. */
  readonly behind = new Patience();
  #behindUntil: Offset | undefined;
  /** Runs while the replica is not done and nothing is said. */
  readonly silence = new Patience();

  constructor(replica: ReplicaMetadata) {
    this.replica = replica;
  }

  /** P11: a registration ends what was said in an earlier life. */
  onReplica(replica: ReplicaMetadata): void {
    this.replica = replica;
    if (this.brokerEpoch === undefined || this.brokerEpoch > replica.brokerEpoch) return;
    if (!this.isKnown) this.#forget(undefined, undefined);
  }

  /** What it said, it said in the life and of the directory that the metadata knows. */
  get isKnown(): boolean {
    return this.brokerEpoch === this.replica.brokerEpoch && this.#directory === this.replica.directory;
  }

  /** Overtaken by a later attach, or from a life that is over. */
  isStale({ brokerEpoch, directory, session }: AttachMessage): boolean {
    if (brokerEpoch < Math.max(this.replica.brokerEpoch, this.brokerEpoch ?? 0)) return true;
    if (brokerEpoch > (this.brokerEpoch ?? 0)) return false;
    // Two directories of one broker: the metadata says which of them is meant.
    if (directory !== this.#directory) return directory !== this.replica.directory;
    return this.session !== undefined && session <= this.session.session;
  }

  attach({ brokerEpoch, directory, session, logEnd, grantedBytes }: AttachMessage): FollowerSession {
    const isSame = brokerEpoch === this.brokerEpoch && directory === this.#directory;
    // With less than it said to have written: its log failed, and was opened again within the same life.
    if (!isSame || logEnd < (this.confirmed?.next ?? 0)) this.#forget(brokerEpoch, directory);
    this.session = {
      brokerEpoch,
      session,
      sentTo: logEnd,
      sentBytes: 0,
      grantedBytes,
      pushId: undefined,
      told: undefined,
      knownWatermark: undefined,
    };
    return this.session;
  }

  endSession(): void {
    this.session = undefined;
    this.silence.end();
  }

  /** True when the message is of this session and this life. */
  onProgress(message: ProgressMessage, logEnd: Offset): boolean {
    const { session } = this;
    if (session?.session !== message.session || this.brokerEpoch !== message.brokerEpoch) return false;
    const { next, durable, start } = message;
    assert(durable <= next && next <= logEnd, 'P10: a follower is not ahead of its leader', () => ({
      message,
      logEnd,
    }));
    const before = this.confirmed;
    this.confirmed = {
      next: laterOf(before?.next, next),
      durable: laterOf(before?.durable, durable),
      start: laterOf(before?.start, start),
    };
    session.grantedBytes = Math.max(session.grantedBytes, message.grantedBytes);
    session.knownWatermark = laterOf(session.knownWatermark, message.watermark);
    return true;
  }

  /** The offset that counts for the watermark; undefined until the replica has confirmed anything in this epoch. */
  position(durability: PartitionMetadata['durability']): Offset | undefined {
    return durability === 'flushed' ? this.confirmed?.durable : this.confirmed?.next;
  }

  /** Under load a replica is always a little behind, so what counts is how long ago it had all that there was then. */
  noteLag(position: Offset | undefined, logEnd: Offset): void {
    if (this.#behindUntil !== undefined && (position ?? -1) >= this.#behindUntil) {
      this.#behindUntil = undefined;
      this.behind.end();
    }
    if (this.#behindUntil === undefined && (position === undefined || position < logEnd)) {
      this.#behindUntil = logEnd;
      this.behind.begin();
    }
  }

  #forget(brokerEpoch: BrokerEpoch | undefined, directory: DirectoryId | undefined): void {
    this.brokerEpoch = brokerEpoch;
    this.#directory = directory;
    this.confirmed = undefined;
    this.endSession();
  }
}

function laterOf(one: Offset | undefined, other: Offset): Offset {
  return one !== undefined && one > other ? one : other;
}
