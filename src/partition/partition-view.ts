/**
 * A partition core as others may look at it: its driver, the APIs, the checks of partition-invariants.ts.
 *
 * Live: every field is read from the core at the time it is asked for. Nothing here changes anything.
 */
import type { EpochEnd, EpochStart } from '../base/epoch-history.ts';
import type { BrokerEpoch, PartitionEpoch } from '../base/epochs.ts';
import type { BrokerId, DirectoryId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { Conversation } from './partition-message.ts';
import { servingLeader, type LeaderRefusal } from './leader-requests.ts';
import type { PartitionCore } from './partition-core.ts';
import type { AsideReason } from './partition-effect.ts';
import { shownWatermark } from './partition-fetch.ts';
import type { PartitionMetadata } from './partition-metadata.ts';
import type { PartitionLimits, ReopenedLog } from './partition-options.ts';
import type { ProducerState } from './producer-sequences.ts';

export interface FollowerView {
  readonly brokerId: BrokerId;
  readonly isAttached: boolean;
  readonly next: Offset | undefined;
  readonly durable: Offset | undefined;
}

export class PartitionView {
  readonly #core: PartitionCore;

  constructor(core: PartitionCore) {
    this.#core = core;
  }

  get brokerId(): BrokerId {
    return this.#core.brokerId;
  }

  get brokerEpoch(): BrokerEpoch {
    return this.#core.brokerEpoch;
  }

  get directory(): DirectoryId {
    return this.#core.directory;
  }

  get limits(): PartitionLimits {
    return this.#core.limits;
  }

  get role(): 'idle' | 'follower' | 'leader' {
    return this.#core.role.name;
  }

  /** Of the role; undefined when idle. */
  get leaderEpoch(): LeaderEpoch | undefined {
    return this.#core.role.name === 'idle' ? undefined : this.#core.role.leaderEpoch;
  }

  get partitionEpoch(): PartitionEpoch | undefined {
    return this.#core.metadata?.partitionEpoch;
  }

  get metadata(): PartitionMetadata | undefined {
    return this.#core.metadata;
  }

  /** The latest of this life. */
  get session(): number {
    return this.#core.session;
  }

  /** What whoever opens this log again within the life of its broker has to know. */
  get reopening(): ReopenedLog {
    const { fencedEpoch, session, role } = this.#core;
    // It may not have heard yet that its log failed.
    return { ledEpoch: role.name === 'leader' ? role.leaderEpoch : fencedEpoch, session };
  }

  get aside(): AsideReason | undefined {
    return this.#core.aside;
  }

  /** Leads, and answers for all that was committed before it. */
  get isEstablished(): boolean {
    return this.#core.role.name === 'leader' && this.#core.role.isEstablished;
  }

  get isRecovering(): boolean {
    return this.#core.role.name === 'leader' && this.#core.role.recovery !== undefined;
  }

  /** Follows, and its log agrees with the leader's. */
  get isFollowing(): boolean {
    return this.#core.role.name === 'follower' && this.#core.role.phase === 'following';
  }

  get generation(): number {
    return this.#core.log.generation;
  }

  /** The log is being made to agree with the leader's, and says nothing of itself until that is done. */
  get isCutting(): boolean {
    return this.#core.log.isCutting;
  }

  get localStart(): Offset {
    return this.#core.log.localStart;
  }

  get assigned(): Offset {
    return this.#core.log.assigned;
  }

  get written(): Offset {
    return this.#core.log.written;
  }

  get durable(): Offset {
    return this.#core.log.durable;
  }

  get epochs(): readonly EpochStart[] {
    return this.#core.log.epochs.starts;
  }

  /** Where an epoch ends in this log, for consumers that look whether what they read was taken back (KIP-320). */
  endOfEpoch(epoch: LeaderEpoch): EpochEnd | undefined {
    return this.#core.log.epochs.endOf(epoch, this.#core.log.assigned);
  }

  /** Why this replica does not answer as the leader of that epoch, or of any when undefined; undefined: it does. */
  whyNotLead(asked: LeaderEpoch | undefined): LeaderRefusal | undefined {
    const served = servingLeader(this.#core, asked);
    if (!('name' in served)) return served;
    return served.isEstablished ? undefined : { type: 'recovering' };
  }

  /** What this replica knows to be committed. */
  get watermark(): Offset {
    return this.#core.watermark;
  }

  /** Under which leadership it learned that. */
  get watermarkEpoch(): LeaderEpoch | undefined {
    return this.#core.watermarkEpoch;
  }

  /** What it says about it: undefined while it leads and does not know how far consumers may have read. */
  get shownWatermark(): Offset | undefined {
    return shownWatermark(this.#core);
  }

  /** Where the partition begins, as it shows it; and as it has written it down. */
  get start(): Offset {
    return this.#core.start.agreed;
  }

  get writtenStart(): Offset {
    return this.#core.start.written;
  }

  get producers(): readonly ProducerState[] {
    return this.#core.producers.snapshot();
  }

  /** What counts for the watermark; empty unless it leads. */
  get maximalInSync(): readonly BrokerId[] {
    return this.#core.role.name === 'leader' ? this.#core.role.inSync.maximal : [];
  }

  get producesWaiting(): number {
    return this.#core.role.name === 'leader' ? this.#core.role.produces.count : 0;
  }

  get fetchesWaiting(): number {
    return this.#core.fetches.count;
  }

  /** What a leader knows of the others; empty unless it leads. */
  /** Whether this leader still talks to that broker in that session. */
  isCurrent(broker: BrokerId, { leaderEpoch, session }: Pick<Conversation, 'leaderEpoch' | 'session'>): boolean {
    const { role } = this.#core;
    if (role.name !== 'leader' || role.leaderEpoch !== leaderEpoch) return false;
    return role.followers.get(broker)?.session?.session === session;
  }

  followers(): readonly FollowerView[] {
    const { role } = this.#core;
    if (role.name !== 'leader') return [];
    return [...role.followers.values()].map(({ replica, session, confirmed }) => {
      const isAttached = session !== undefined;
      return { brokerId: replica.brokerId, isAttached, next: confirmed?.next, durable: confirmed?.durable };
    });
  }
}
