/**
 * The controller's look ahead: the committed image, and on top of it every batch that is proposed and not yet ended.
 *
 * Commands are decided on it, so they need not wait for each other's disks. A batch that is refused takes with it all
 * that were decided after it: they are void wherever they may be in the log, because their numbers do not follow
 * (metadata-record.ts). Where an entry's index turns out to be another than was guessed (a change of voters came in
 * between), the look ahead is made anew, so that epochs which are indexes are right.
 */
import { assert } from '../base/assert.ts';
import { nextIndex } from '../base/raft-position.ts';
import type { BatchEnd } from './controller-event.ts';
import type { MetadataImage } from './metadata-image.ts';
import type { AnsweredRequest, MetadataBatch, MetadataRecord } from './metadata-record.ts';
import { MetadataReplay, type RememberLimits } from './metadata-replay.ts';

export interface PendingBatch {
  readonly batchId: number;
  readonly batch: MetadataBatch;
  /** Who waits for it: whoever asked, and whoever repeated the request meanwhile. */
  readonly callIds: number[];
  /** Who was given an answer without a batch on the image right after this one. */
  readonly answeredOn: number[];
  /** The index at which it was looked ahead to. */
  guess: number;
}

export class LookAhead {
  #image: MetadataImage;
  readonly #limits: RememberLimits;
  readonly #pending: PendingBatch[] = [];
  readonly #byRequest = new Map<string, PendingBatch>();

  constructor(committed: MetadataImage, limits: RememberLimits) {
    this.#image = committed;
    this.#limits = limits;
  }

  /** Everything decided, committed or not. */
  get image(): MetadataImage {
    return this.#image;
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Where nothing is pending, what is committed is all that there is, entries of others included. */
  catchUpWith(committed: MetadataImage): void {
    if (this.#pending.length === 0) this.#image = committed;
  }

  /** Whether some of the first `batchCount` batches may yet come to nothing, as far as anybody has said. */
  isPendingUpTo(batchCount: number): boolean {
    const [first] = this.#pending;
    return first !== undefined && first.batch.number <= batchCount;
  }

  get last(): PendingBatch | undefined {
    return this.#pending.at(-1);
  }

  findRequest(requestId: string): PendingBatch | undefined {
    return this.#byRequest.get(requestId);
  }

  add(batchId: number, records: readonly MetadataRecord[], request: AnsweredRequest | undefined): PendingBatch {
    const batch: MetadataBatch = { number: this.#image.batchCount + 1, request, records };
    const index = nextIndex(this.#image.revision);
    const pending: PendingBatch = { batchId, batch, callIds: [], answeredOn: [], guess: index };
    const replay = new MetadataReplay(this.#image, this.#limits);
    assert(replay.addBatch(index, batch), 'M2: what is decided follows what it was decided on');
    this.#image = replay.finish().after;
    this.#pending.push(pending);
    if (request !== undefined) this.#byRequest.set(request.requestId, pending);
    return pending;
  }

  /** Those that ended with it, the batch itself first; none when it ended before. */
  end(batchId: number, end: BatchEnd, committed: MetadataImage): readonly PendingBatch[] {
    const at = this.#pending.findIndex((pending) => pending.batchId === batchId);
    if (at < 0) return [];
    const isIn = end.type === 'committed' && !end.isVoid;
    assert(!isIn || at === 0, 'M2: batches are committed in the order in which they were decided', { batchId });
    const ended = this.#take(at, isIn ? 1 : this.#pending.length);
    if (this.#pending.length === 0) this.#image = committed;
    else if (!isIn || ended[0]?.guess !== end.index) this.#makeAnew(committed);
    return ended;
  }

  endAll(): readonly PendingBatch[] {
    return this.#take(0, this.#pending.length);
  }

  #take(from: number, count: number): readonly PendingBatch[] {
    const taken = this.#pending.splice(from, count);
    for (const { batch } of taken) if (batch.request !== undefined) this.#byRequest.delete(batch.request.requestId);
    return taken;
  }

  /** Some of the pending may be committed already, and not be said to be. */
  #makeAnew(committed: MetadataImage): void {
    const replay = new MetadataReplay(committed, this.#limits);
    for (const pending of this.#pending) {
      if (pending.batch.number <= committed.batchCount) continue;
      const index = nextIndex(replay.revision);
      pending.guess = index;
      assert(replay.addBatch(index, pending.batch), 'M2: what is pending follows what is committed');
    }
    this.#image = replay.finish().after;
  }
}
