/**
 * Holds what is beside a segment, its index and its stamps, against the batches that are really there, one after the
 * other. What does not fit costs no record: an index is made again, and a batch that follows on the one before it is
 * believed without a stamp.
 */
import type { ScannedBatch } from './segment-scan.ts';
import type { SparseIndex } from './sparse-index.ts';
import type { StampTable } from './stamp.ts';

export class SegmentHints {
  readonly #index: SparseIndex | undefined;
  readonly #stamps: StampTable;
  /** Every batch that begins before has a stamp. */
  readonly #stampedEnd: number;
  #unstampedCount = 0;
  #misplacedCount = 0;

  constructor(
    index: SparseIndex | undefined,
    { stamps, stampedEnd }: { readonly stamps: StampTable; readonly stampedEnd: number },
  ) {
    this.#index = index;
    this.#stamps = stamps;
    this.#stampedEnd = stampedEnd;
  }

  get unstampedCount(): number {
    return this.#unstampedCount;
  }

  /** Batches within which an entry of the index lies, or at whose beginning one that names another batch. */
  get misplacedCount(): number {
    return this.#misplacedCount;
  }

  onBatch({ position, sizeBytes, baseOffset }: ScannedBatch): void {
    if (position < this.#stampedEnd && this.#stamps.at(position) === undefined) this.#unstampedCount += 1;
    const entry = this.#index?.after(position - 1);
    if (entry === undefined || entry.position >= position + sizeBytes) return;
    if (entry.position !== position || entry.baseOffset !== baseOffset) this.#misplacedCount += 1;
  }
}
