/**
 * What reads that are under way may still hand out. A truncation makes room for other bytes at the same offsets, so a
 * read that it overtakes keeps only what stays.
 */
import { assert } from '../base/assert.ts';
import { offset, type Offset } from '../base/offsets.ts';

export interface ReadGuard {
  /** First offset that this read may not hand out. Goes down when a truncation begins. */
  readonly below: Offset;
}

/** Far more than there are callers: each has a few reads under way. */
const readsMax = 1_000_000;

export class ReadGuards {
  readonly #guards = new Set<{ below: Offset }>();

  async during<Value>(below: Offset, read: (guard: ReadGuard) => Promise<Value>): Promise<Value> {
    assert(this.#guards.size < readsMax, 'reads under way are bounded by those who ask', { readsMax });
    const guard = { below };
    this.#guards.add(guard);
    try {
      return await read(guard);
    } finally {
      this.#guards.delete(guard);
    }
  }

  /** Called before the first byte is cut. */
  truncatingTo(end: Offset): void {
    for (const guard of this.#guards) guard.below = offset(Math.min(guard.below, end));
  }
}
