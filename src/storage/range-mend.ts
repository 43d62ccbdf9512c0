/**
 * Batches from elsewhere that take the place of a damaged range: which offset is needed next, and whether what came is
 * what was there.
 *
 * It was, where offset and epoch are those that this log gave out, because those name one batch on all replicas, and
 * where all of it together is as long as what is damaged. Whoever opened a damaged log may not know which epochs began
 * in there; then a batch beside it has to be the same as well, since two logs that agree in a batch agree in all before
 * it: the one behind, or at the end of the log, which goes on as its leader's does, the one before.
 * Read next: log-mender.ts.
 */
import type { EpochHistory } from '../base/epoch-history.ts';
import { offset, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { BatchHeader } from '../record/batch-header.ts';
import type { DamagedRange } from './damaged-range.ts';
import { judgeBatch, type BatchFlaw } from './stamped-batch.ts';
import { prefixChecksum, type Stamp } from './stamp.ts';

export type MendProblem =
  | { readonly type: 'flawed'; readonly flaw: BatchFlaw }
  /** That log went another way. */
  | { readonly type: 'other-epoch'; readonly baseOffset: number; readonly leaderEpoch: number }
  /** It is not as long as what was there. */
  | { readonly type: 'does-not-fit'; readonly at: Offset };

/** Where in the file they go. */
export interface MendingPiece {
  readonly position: number;
  readonly ownedBytes: Uint8Array;
}

export class RangeMend {
  readonly range: DamagedRange;
  readonly stamps: Stamp[] = [];
  readonly #epochs: EpochHistory;
  readonly #isAtEnd: boolean;
  #position: number;
  #next: Offset;
  #epoch: LeaderEpoch | undefined;
  #trustsOrder = false;

  /** `isAtEnd`: no batch follows on it in this log. */
  constructor(range: DamagedRange, epochs: EpochHistory, isAtEnd: boolean) {
    this.range = range;
    this.#epochs = epochs;
    this.#isAtEnd = isAtEnd;
    this.#position = range.position;
    this.#next = range.from;
    this.#epoch = epochs.epochBefore(range.from);
  }

  /** Where the next piece has to begin. */
  get next(): Offset {
    return this.#next;
  }

  get isFull(): boolean {
    return this.#position === this.range.endPosition;
  }

  /** Some epoch was believed by its place alone: a batch beside the range has to be compared. */
  get needsWitness(): boolean {
    return this.#trustsOrder;
  }

  /** What of a run of whole batches from `next` on belongs here. */
  take(ownedBytes: Uint8Array): Result<MendingPiece, MendProblem> {
    const position = this.#position;
    let at = 0;
    while (at < ownedBytes.length && !this.isFull) {
      const judged = judgeBatch(ownedBytes, at, { offset: this.#next, epoch: this.#epoch });
      if (!judged.ok) return refused({ type: 'flawed', flaw: judged.problem });
      const problem = this.#add(judged.value, prefixChecksum(ownedBytes, at));
      if (problem !== undefined) return refused(problem);
      at += judged.value.sizeBytes;
    }
    return at > 0 ? ok({ position, ownedBytes: ownedBytes.subarray(0, at) }) : refused(this.#misfit);
  }

  #add(header: BatchHeader, prefix: number): MendProblem | undefined {
    const { sizeBytes, baseOffset, nextOffset, leaderEpoch } = header;
    const { to, endPosition } = this.range;
    if (!header.checksumMatches()) return { type: 'flawed', flaw: { type: 'bad-checksum' } };
    if (nextOffset > to || this.#position + sizeBytes > endPosition) return this.#misfit;
    if (leaderEpoch !== this.#epochs.epochAt(offset(baseOffset))) {
      const isLater = !this.#isAtEnd && leaderEpoch > (this.#epochs.epochAt(to) ?? -1);
      if (isLater) return { type: 'other-epoch', baseOffset, leaderEpoch };
      this.#trustsOrder = true;
    }
    this.stamps.push({ position: this.#position, baseOffset: offset(baseOffset), prefixChecksum: prefix });
    this.#position += sizeBytes;
    this.#next = offset(nextOffset);
    this.#epoch = leaderEpoch as LeaderEpoch;
    return undefined;
  }

  get #misfit(): MendProblem {
    return { type: 'does-not-fit', at: this.#next };
  }
}
