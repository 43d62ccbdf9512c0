/**
 * Which term each entry of the log has, without holding the entries.
 *
 * One row per term that wrote anything, so a log of millions of entries needs a few rows. That is what lets a voter
 * check and answer "what is your term at index i" for entries that are on the disk alone.
 */
import { assert } from '../base/assert.ts';
import { logIndex, type LogIndex, type Term } from '../base/raft-position.ts';
import type { LogPosition, TermStart } from './raft-entry.ts';

export class TermHistory {
  /** Ascending in both fields. The first row stands for the entry right before the log. */
  #starts: TermStart[];

  constructor(starts: readonly TermStart[]) {
    assert(starts.length >= 1, 'a log knows the term right before its first entry');
    this.#starts = [];
    for (const start of starts) this.append(start.firstIndex, start.term);
  }

  get starts(): readonly TermStart[] {
    return this.#starts;
  }

  /** Undefined below the first row; the caller bounds `index` above. */
  termAt(index: LogIndex): Term | undefined {
    // From the end: almost every question is about the newest entries.
    for (let row = this.#starts.length - 1; row >= 0; row -= 1) {
      const start = this.#row(row);
      if (start.firstIndex <= index) return start.term;
    }
    return undefined;
  }

  append(index: LogIndex, term: Term): void {
    const last = this.#starts.at(-1);
    assert(
      last === undefined || (index > last.firstIndex && term >= last.term),
      'terms never go down along a log',
      () => ({ index, term, last }),
    );
    if (last === undefined || term > last.term) this.#starts.push({ term, firstIndex: index });
  }

  truncateFrom(index: LogIndex): void {
    while (this.#row(this.#starts.length - 1).firstIndex >= index) {
      this.#starts.pop();
      assert(this.#starts.length >= 1, 'a truncation leaves what is before the log', () => ({ index }));
    }
  }

  /** Forgets everything below `previous`, which becomes the entry right before the log. */
  startAfter(previous: LogPosition): void {
    const later = this.#starts.filter((start) => start.firstIndex > previous.index && start.term > previous.term);
    this.#starts = [{ term: previous.term, firstIndex: previous.index }, ...later];
  }

  /** The last index up to `index` whose term is at most `term`; undefined when it lies below the first row. */
  lastIndexWithTermAtMost(term: Term, index: LogIndex): LogIndex | undefined {
    let upTo = index;
    for (let row = this.#starts.length - 1; row >= 0; row -= 1) {
      const start = this.#row(row);
      if (start.firstIndex > upTo) continue;
      if (start.term <= term) return upTo;
      if (start.firstIndex === 0) return undefined;
      upTo = logIndex(start.firstIndex - 1);
    }
    return undefined;
  }

  #row(at: number): TermStart {
    const start = this.#starts[at];
    assert(start !== undefined, 'a row of the term history exists', () => ({ at, rows: this.#starts.length }));
    return start;
  }
}
