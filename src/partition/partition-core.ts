/**
 * What all roles of a replica share: its log, what it knows to be committed, who waits to read, and the effects of
 * the step that is being taken. Roles change here, and nowhere else.
 */
import { assert } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId, DirectoryId } from '../base/ids.ts';
import { offset, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import type { AsideReason, NotLeader, PartitionEffect, UnknownOutcome } from './partition-effect.ts';
import type { FetchEvent } from './partition-event.ts';
import type { PartitionMessage } from './partition-message.ts';
import type { PartitionMetadata } from './partition-metadata.ts';
import { assertOptions, type PartitionLimits, type PartitionOptions } from './partition-options.ts';
import { idle, type PartitionRole } from './partition-role.ts';
import { PartitionStart } from './partition-start.ts';
import { ProducerSequences, type ProducerState } from './producer-sequences.ts';
import { ReplicaLog } from './replica-log.ts';
import { WaitingRoom, type WaitingGuest } from './waiting-room.ts';

export interface WaitingFetch extends WaitingGuest {
  readonly event: FetchEvent;
  /** Bytes that have to lie below the watermark. */
  readonly bytesWanted: number;
}

export class PartitionCore {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly directory: DirectoryId;
  readonly limits: PartitionLimits;
  readonly log: ReplicaLog;
  readonly start: PartitionStart;
  readonly fetches: WaitingRoom<WaitingFetch>;
  producers: ProducerSequences;
  nowMs: number;
  metadata: PartitionMetadata | undefined;
  role: PartitionRole = idle;
  /** Raised with every attach, over all leaderships of this life. */
  session: number;
  /** Of pushes, over all leaderships of this life. */
  pushId = 0;
  /** Why this replica takes no part until it is repaired, or opened anew. */
  aside: AsideReason | undefined;
  /** Not led again: what this broker did in it before may not be in its log. */
  fencedEpoch: LeaderEpoch | undefined;
  /** Committed records, up to here or further, may not be in the log: it cannot lead as if it had them. */
  lacks: { readonly upTo: Offset; isOut: boolean } | undefined;
  /** Nobody was told yet that a log which failed is open again. */
  owesComeBack: boolean;
  #watermark: Offset;
  #watermarkEpoch: LeaderEpoch | undefined;
  #effects: PartitionEffect[] = [];
  #wakeMs: number | undefined;

  constructor(options: PartitionOptions) {
    assertOptions(options);
    const { limits, log } = options;
    this.brokerId = options.brokerId;
    this.brokerEpoch = options.brokerEpoch;
    this.directory = log.directory;
    this.limits = limits;
    this.nowMs = options.nowMs;
    this.fencedEpoch = options.reopened?.ledEpoch;
    this.session = options.reopened?.session ?? 0;
    this.log = new ReplicaLog(log);
    this.start = new PartitionStart(log);
    this.fetches = new WaitingRoom(limits.fetchesWaitingMax);
    this.producers = new ProducerSequences(this.#sequenceOptions(), log.producers);
    // Only committed records are deleted, so what was is below the watermark, however old the one that was kept.
    const known = offset(Math.max(log.watermark, log.start, log.localStart));
    this.#watermark = known < log.end ? known : log.end;
    this.#watermarkEpoch = this.log.epochBefore(this.#watermark);
    if (known > log.end || log.mayLack) this.lacks = { upTo: known, isOut: false };
    this.owesComeBack = options.reopened !== undefined;
    if (!log.isDamaged) return;
    this.aside = 'damaged';
    this.emit({ type: 'repair' });
  }

  /** Everything below was committed, as far as this replica knows. */
  get watermark(): Offset {
    return this.#watermark;
  }

  /** Under which leadership that was learned; later unclean elections may take it back. */
  get watermarkEpoch(): LeaderEpoch | undefined {
    return this.#watermarkEpoch;
  }

  /** P2: it never goes back. */
  moveWatermark(candidate: Offset, epoch: LeaderEpoch): void {
    assert(candidate >= this.#watermark, 'P2: the watermark does not go back', () => ({
      candidate,
      watermark: this.#watermark,
    }));
    assert(candidate <= this.log.written, 'P2: the watermark stays within what can be read', () => ({
      candidate,
      written: this.log.written,
    }));
    this.#watermark = candidate;
    this.#watermarkEpoch = epoch;
    this.log.bytes.forget(candidate < this.log.written ? candidate : this.log.written);
  }

  /** Only after an unclean election, and reported as possible loss (P12). */
  takeBackWatermark(cut: Offset): void {
    if (cut < this.#watermark) this.#watermark = cut;
  }

  /** A log that begins anew begins with what is committed. */
  restartWatermark(start: Offset): void {
    assert(start >= this.#watermark, 'P9: what is known to be committed is never dropped', () => ({ start }));
    this.#watermark = start;
  }

  /**
   * Taken back into the in-sync set by another leader, a replica holds again whatever it may have lost (P11). To be in
   * it all along proves nothing: then nobody noticed.
   */
  noteRejoined({ inSync, leader }: PartitionMetadata): void {
    if (this.lacks === undefined || leader === this.brokerId) return;
    if (!inSync.includes(this.brokerId)) this.lacks.isOut = true;
    else if (this.lacks.isOut) this.lacks = undefined;
  }

  /** The log is another one: what was replayed of it counts from here. */
  replaceProducers(states: readonly ProducerState[]): void {
    this.producers = new ProducerSequences(this.#sequenceOptions(), states);
  }

  get leaderEpoch(): LeaderEpoch | undefined {
    return this.metadata?.leaderEpoch;
  }

  notLeader(): NotLeader {
    return { type: 'not-leader', leader: this.metadata?.leader, leaderEpoch: this.leaderEpoch };
  }

  emit(effect: PartitionEffect): void {
    this.#effects.push(effect);
  }

  send(to: BrokerId, message: PartitionMessage): void {
    assert(to !== this.brokerId, 'nobody sends to itself');
    this.#effects.push({ type: 'send', to, message });
  }

  takeEffects(): readonly PartitionEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Ends whatever this replica did, with an answer for everybody who waits for it. */
  become(role: PartitionRole, why: UnknownOutcome = 'leadership-lost'): void {
    const before = this.role;
    if (before.name === 'leader') {
      before.produces.dismiss(({ requestId }) => this.emit({ type: 'produce-outcome-unknown', requestId, why }));
      before.deletes.release(({ requestId }) => {
        this.emit({ type: 'delete-outcome-unknown', requestId, why });
        return true;
      });
    }
    this.role = role;
    const problem = this.notLeader();
    this.fetches.release(({ requestId }) => {
      this.emit({ type: 'fetch-refused', requestId, problem });
      return true;
    });
  }

  /** This replica takes no further part, and the controller is told so. */
  stepAside(reason: AsideReason): void {
    assert(this.aside !== 'log-failed', 'a replica whose log failed is opened anew', () => ({ reason }));
    if (this.role.name === 'leader') this.fencedEpoch = this.role.leaderEpoch;
    this.aside = reason;
    this.become(idle, reason === 'log-failed' ? 'log-failed' : 'leadership-lost');
    this.emit({ type: 'step-aside', reason });
    if (reason === 'damaged') this.emit({ type: 'repair' });
    this.emit({ type: 'became-idle' });
  }

  /** Of a log that was opened damaged nobody has heard; and each leadership that counts on it has to. */
  sayAside({ inSync, leader }: PartitionMetadata): void {
    const isCountedOn = leader !== undefined && inSync.includes(this.brokerId);
    if (isCountedOn && this.aside !== undefined) this.emit({ type: 'step-aside', reason: this.aside });
  }

  /** Asks for a tick, unless one that is early enough was asked for already. */
  wakeAt(dueMs: number | undefined): void {
    if (dueMs === undefined || (this.#wakeMs !== undefined && this.#wakeMs <= dueMs)) return;
    this.#wakeMs = dueMs;
    this.emit({ type: 'wake', atMs: dueMs });
  }

  onTick(nowMs: number): void {
    assert(nowMs >= this.nowMs, 'time does not go back', () => ({ nowMs, last: this.nowMs }));
    this.nowMs = nowMs;
    this.#wakeMs = undefined;
  }

  #sequenceOptions(): { producersMax: number; window: number } {
    return { producersMax: this.limits.producersMax, window: this.limits.producerWindow };
  }
}
