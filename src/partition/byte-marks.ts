/**
 * How many bytes of the log lie below an offset, as far as they came by since the replica was opened.
 *
 * Exact for recent offsets, coarser for more: a full list forgets every other mark, which makes what it answers too
 * low, never too high.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';

interface Mark {
  readonly offset: Offset;
  readonly bytes: number;
}

const marksMax = 512;

export class ByteMarks {
  /** Rising in both; the first is at or below every offset that will be asked for again. */
  #marks: Mark[];

  constructor(logEnd: Offset) {
    this.#marks = [{ offset: logEnd, bytes: 0 }];
  }

  get total(): number {
    return this.#marks.at(-1)?.bytes ?? 0;
  }

  append(nextOffset: Offset, bytes: number): void {
    const last = this.#marks.at(-1);
    assert(last !== undefined && nextOffset > last.offset, 'bytes are counted in the order of offsets', { nextOffset });
    this.#marks.push({ offset: nextOffset, bytes: last.bytes + bytes });
    if (this.#marks.length <= marksMax) return;
    this.#marks = this.#marks.filter((_, at) => at % 2 === 0 || at === this.#marks.length - 1);
  }

  below(offset: Offset): number {
    return this.#lastUpTo(offset)?.bytes ?? 0;
  }

  /** Nothing below `offset` is asked for any more. */
  forget(offset: Offset): void {
    const last = this.#lastUpTo(offset);
    const first = this.#marks[0];
    if (last === undefined || first === undefined || first === last) return;
    const at = this.#marks.indexOf(last);
    // Dropping a few at a time would move the whole list each time.
    if (at >= marksMax / 4 || at === this.#marks.length - 1) this.#marks.splice(0, at);
  }

  /** The bytes of what is cut were counted, and stay so. */
  cutTo(end: Offset): void {
    this.#marks = [{ offset: end, bytes: this.total }];
  }

  #lastUpTo(offset: Offset): Mark | undefined {
    let low = 0;
    let high = this.#marks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#marks[middle]?.offset ?? offset) <= offset) low = middle + 1;
      else high = middle;
    }
    return this.#marks[low - 1];
  }
}
