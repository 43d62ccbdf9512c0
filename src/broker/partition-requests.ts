/**
 * Who waits for what of one partition: the door that services come through, and the answers of the core on their way
 * out. What a fetch is answered with is read here, once the core has said that it may be.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import { newBatch } from '../partition/partition-batch.ts';
import type { FetchReadyEffect, PartitionEffect } from '../partition/partition-effect.ts';
import type { PartitionEvent, RequestId } from '../partition/partition-event.ts';
import type { PartitionView } from '../partition/partition-view.ts';
import type { PartitionLog } from '../storage/partition-log.ts';
import type {
  DeleteAsked,
  DeleteEnd,
  EpochEndAnswer,
  EpochEndAsked,
  FetchAsked,
  FetchEnd,
  ListOffsetEnd,
  OffsetAsked,
  PartitionDoor,
  Pending,
  ProduceAsked,
  ProduceEnd,
} from './partition-door.ts';

export type RunnerEnd = Extract<PartitionEffect, { readonly requestId: RequestId }>;

export interface PartitionRequestsOptions {
  readonly view: PartitionView;
  readonly log: PartitionLog;
  /** False: there is no room, and nothing came of it. */
  readonly submit: (event: PartitionEvent) => boolean;
  readonly onDamage: (from: Offset, to: Offset) => void;
  readonly onReadFailed: (cause: unknown) => void;
}

interface WaitingFetch {
  readonly bytesMax: number;
  readonly resolve: (end: FetchEnd) => void;
}

type FoundOffset = Omit<Extract<ListOffsetEnd, { type: 'found' }>, 'offset'>;

const overloaded = { type: 'limit-reached', limit: 'eventsWaitingMax' } as const;

export class PartitionRequests implements PartitionDoor {
  readonly #options: PartitionRequestsOptions;
  readonly #produces = new Map<RequestId, (end: ProduceEnd) => void>();
  readonly #fetches = new Map<RequestId, WaitingFetch>();
  readonly #deletes = new Map<RequestId, (end: DeleteEnd) => void>();
  #lastId = 0;
  #isOver = false;

  constructor(options: PartitionRequestsOptions) {
    this.#options = options;
  }

  get waitingCount(): number {
    return this.#produces.size + this.#fetches.size + this.#deletes.size;
  }

  produce({ acks, ownedBatch, leaderEpoch, deadlineMs }: ProduceAsked, onEnd: (end: ProduceEnd) => void): void {
    const requestId = this.#nextId();
    if (acks !== 'none') this.#produces.set(requestId, onEnd);
    const batch = newBatch(ownedBatch);
    const isTaken = this.#submit({ type: 'produce', requestId, acks, batch, leaderEpoch, deadlineMs });
    // Nobody is told what becomes of it.
    if (acks === 'none') onEnd({ type: 'done', baseOffset: undefined, start: this.#options.view.start });
    else if (!isTaken) this.#produced(requestId, this.#whyNotTaken());
  }

  fetch({ from, bytesMin, bytesMax, mayFollow, leaderEpoch, deadlineMs }: FetchAsked): Pending<FetchEnd> {
    const requestId = this.#nextId();
    const end = new Promise<FetchEnd>((resolve) => {
      this.#fetches.set(requestId, { bytesMax, resolve });
    });
    const event = { type: 'fetch', requestId, from, bytesMin, mayFollow, leaderEpoch, deadlineMs } as const;
    if (!this.#submit(event)) this.#fetched(requestId, this.#whyNotTaken());
    return { end, cancel: () => this.#cancelFetch(requestId) };
  }

  async listOffset({ wanted, leaderEpoch }: OffsetAsked): Promise<ListOffsetEnd> {
    const { view } = this.#options;
    const problem = this.#isOver ? notHere : view.whyNotLead(leaderEpoch);
    const { metadata, shownWatermark } = view;
    if (problem !== undefined) return { type: 'refused', problem };
    assert(metadata !== undefined && shownWatermark !== undefined, 'who leads and answers for it knows how far it is');
    const answer = { type: 'found', timestampMs: undefined, leaderEpoch: metadata.leaderEpoch } as const;
    switch (wanted.type) {
      case 'earliest':
        return { ...answer, offset: view.start };
      case 'latest':
        return { ...answer, offset: shownWatermark };
      case 'at-time':
        return this.#findByTime(wanted.timestampMs, shownWatermark, answer);
      default:
        return assertUnreachable(wanted);
    }
  }

  epochEnd({ epoch, leaderEpoch }: EpochEndAsked): EpochEndAnswer {
    const { view } = this.#options;
    const problem = this.#isOver ? notHere : view.whyNotLead(leaderEpoch);
    if (problem !== undefined) return { type: 'refused', problem };
    const found = view.endOfEpoch(epoch);
    return { type: 'found', epoch: found?.epoch, end: found?.end };
  }

  deleteRecords({ before, leaderEpoch, deadlineMs }: DeleteAsked): Promise<DeleteEnd> {
    const requestId = this.#nextId();
    return new Promise((resolve) => {
      this.#deletes.set(requestId, resolve);
      if (!this.#submit({ type: 'delete-records', requestId, before, leaderEpoch, deadlineMs }))
        this.#deleted(requestId, this.#whyNotTaken());
    });
  }

  onEnd(effect: RunnerEnd): undefined {
    const { requestId } = effect;
    switch (effect.type) {
      case 'produce-done':
        this.#produced(requestId, {
          type: 'done',
          baseOffset: effect.baseOffset,
          start: this.#options.view.start,
        });
        return;
      case 'produce-refused':
        this.#produced(requestId, { type: 'refused', problem: effect.problem });
        return;
      case 'produce-outcome-unknown':
        this.#produced(requestId, { type: 'outcome-unknown', why: effect.why });
        return;
      case 'fetch-ready':
        this.#read(effect);
        return;
      case 'fetch-refused':
        this.#fetched(requestId, { type: 'refused', problem: effect.problem });
        return;
      case 'records-deleted':
        this.#deleted(requestId, { type: 'done', start: effect.start });
        return;
      case 'delete-refused':
        this.#deleted(requestId, { type: 'refused', problem: effect.problem });
        return;
      case 'delete-outcome-unknown':
        this.#deleted(requestId, { type: 'outcome-unknown', why: effect.why });
        return;
      default:
        assertUnreachable(effect);
    }
  }

  /** The replica is here no longer; what was appended may yet be committed by others. */
  end(): void {
    this.#isOver = true;
    for (const requestId of this.#produces.keys())
      this.#produced(requestId, { type: 'outcome-unknown', why: 'leadership-lost' });
    for (const requestId of this.#fetches.keys()) this.#fetched(requestId, { type: 'gone' });
    for (const requestId of this.#deletes.keys())
      this.#deleted(requestId, { type: 'outcome-unknown', why: 'leadership-lost' });
  }

  #submit(event: PartitionEvent): boolean {
    return !this.#isOver && this.#options.submit(event);
  }

  #nextId(): RequestId {
    this.#lastId += 1;
    return this.#lastId as RequestId;
  }

  #whyNotTaken(): { readonly type: 'refused'; readonly problem: typeof overloaded | typeof notHere } {
    return { type: 'refused', problem: this.#isOver ? notHere : overloaded };
  }

  /** With acks=none nobody waits, whatever the core says. */
  #produced(requestId: RequestId, end: ProduceEnd): void {
    const onEnd = this.#produces.get(requestId);
    this.#produces.delete(requestId);
    onEnd?.(end);
  }

  #fetched(requestId: RequestId, end: FetchEnd): void {
    const waiting = this.#fetches.get(requestId);
    this.#fetches.delete(requestId);
    waiting?.resolve(end);
  }

  #deleted(requestId: RequestId, end: DeleteEnd): void {
    const resolve = this.#deletes.get(requestId);
    this.#deletes.delete(requestId);
    resolve?.(end);
  }

  #cancelFetch(requestId: RequestId): void {
    if (!this.#fetches.has(requestId)) return;
    this.#options.submit({ type: 'fetch-cancelled', requestId });
    this.#fetched(requestId, { type: 'gone' });
  }

  #read(ready: FetchReadyEffect): void {
    const { requestId, from, upTo } = ready;
    const waiting = this.#fetches.get(requestId);
    if (waiting === undefined) return;
    const { log } = this.#options;
    if (from === upTo || waiting.bytesMax === 0) {
      this.#fetched(requestId, readEnd(ready, nothing, from));
      return;
    }
    log.read({ from, bytesMax: waiting.bytesMax, below: upTo, check: 'whole' }).then(
      (read) => {
        if (read.ok) this.#fetched(requestId, readEnd(ready, read.value.ownedBytes, read.value.nextOffset));
        else if (read.problem.type === 'damaged') {
          const { from: first, to } = read.problem.range;
          this.#fetched(requestId, { type: 'damaged', from: first, to });
          this.#options.onDamage(first, to);
        } else this.#fetched(requestId, { type: 'refused', problem: this.#outOfRange() });
      },
      (cause: unknown) => {
        this.#fetched(requestId, { type: 'gone' });
        this.#options.onReadFailed(cause);
      },
    );
  }

  async #findByTime(timestampMs: number, below: Offset, answer: FoundOffset): Promise<ListOffsetEnd> {
    const { view, log, onDamage, onReadFailed } = this.#options;
    const found = await log.findByTime(timestampMs, below).catch(onReadFailed);
    // The replica steps aside, so somebody else is to be asked.
    if (found === undefined) return { type: 'refused', problem: notHere };
    if (!found.ok) {
      if (found.problem.type === 'damaged') onDamage(found.problem.range.from, found.problem.range.to);
      return { type: 'refused', problem: found.problem.type === 'damaged' ? notHere : this.#outOfRange() };
    }
    if (found.value === undefined) return { ...answer, offset: undefined };
    const { baseOffset, maxTimestampMs } = found.value;
    return { ...answer, offset: baseOffset > view.start ? baseOffset : view.start, timestampMs: maxTimestampMs };
  }

  /** It was dropped or cut off while it was being read. */
  #outOfRange(): { readonly type: 'offset-out-of-range'; readonly start: Offset; readonly watermark: Offset } {
    const { start, watermark } = this.#options.view;
    return { type: 'offset-out-of-range', start, watermark };
  }
}

const nothing = new Uint8Array(0);
const notHere = { type: 'not-leader', leader: undefined, leaderEpoch: undefined } as const;

function readEnd(
  { watermark, lastStable, start, leaderEpoch }: FetchReadyEffect,
  ownedBytes: Uint8Array,
  next: Offset,
): FetchEnd {
  return { type: 'read', ownedBytes, next, watermark, lastStable, start, leaderEpoch };
}
