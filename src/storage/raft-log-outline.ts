/**
 * What the raft store keeps of its log in memory: the chain at every index and where each term begins.
 *
 * With it every entry that is read back is compared with what was written, however the store below lost or mixed
 * it up, and the term at any index is known without a read. It costs a number for each entry in the log, which
 * snapshots keep short.
 */
import { assert } from '../base/assert.ts';
import { logIndex, nextIndex, type LogIndex, type Term } from '../base/raft-position.ts';
import { chainAfter, type ChainedEntry, type RaftEntryRecord } from './raft-entry-record.ts';
import type { LogPlace } from './raft-state-record.ts';

/** Where a run of entries of one term begins. */
export interface TermRun {
  readonly term: Term;
  readonly firstIndex: LogIndex;
}

export class RaftLogOutline {
  #start: LogPlace;
  /** The chain at start + 1, start + 2, … */
  #chains: number[] = [];
  /** In order; the first run is the one that holds `start`. */
  #termRuns: TermRun[];

  constructor(start: LogPlace) {
    this.#start = start;
    this.#termRuns = [{ term: start.term, firstIndex: start.index }];
  }

  get start(): LogPlace {
    return this.#start;
  }

  get last(): LogPlace {
    return this.placeAt(logIndex(this.#start.index + this.#chains.length));
  }

  /** The first run begins at the place before the log, so that the term there is known too. */
  get termRuns(): readonly TermRun[] {
    return [...this.#termRuns];
  }

  /** From the place before the first entry to the last entry. */
  covers(index: LogIndex): boolean {
    return index >= this.#start.index && index <= this.#start.index + this.#chains.length;
  }

  placeAt(index: LogIndex): LogPlace {
    if (index === this.#start.index) return this.#start;
    const chain = this.#chains[index - this.#start.index - 1];
    assert(chain !== undefined, 'the outline is asked about what the log holds', { index, start: this.#start.index });
    return { index, term: this.#termAt(index), chain };
  }

  /** The entries as they follow on `after`, with their chains. Changes nothing. */
  static chained(after: LogPlace, entries: readonly RaftEntryRecord[]): readonly ChainedEntry[] {
    let previous = after;
    return entries.map((entry) => {
      assert(entry.index === nextIndex(previous.index), 'entries are written without a gap', {
        index: entry.index,
        previous: previous.index,
      });
      assert(entry.term >= previous.term, 'terms never go back along a log', { index: entry.index });
      const chain = chainAfter(previous.chain, entry);
      previous = { index: entry.index, term: entry.term, chain };
      return { ...entry, chain };
    });
  }

  append(place: LogPlace): void {
    const { index: lastIndex, term: lastTerm } = this.last;
    assert(place.index === nextIndex(lastIndex), 'the outline has no gap', { index: place.index, lastIndex });
    assert(place.term >= lastTerm, 'terms never go back along a log', { index: place.index, lastTerm });
    this.#chains.push(place.chain);
    if (place.term > lastTerm) this.#termRuns.push({ term: place.term, firstIndex: place.index });
  }

  /** Forgets `from` and everything after it. */
  cutFrom(from: LogIndex): void {
    assert(from > this.#start.index, 'nothing at or before the start of the log is truncated', { from });
    this.#chains.length = Math.min(this.#chains.length, from - this.#start.index - 1);
    this.#termRuns = this.#termRuns.filter((run, at) => at === 0 || run.firstIndex < from);
  }

  /** Forgets everything before `start`, which becomes the place before the first entry. */
  startAt(start: LogIndex): void {
    const place = this.placeAt(start);
    this.#chains = this.#chains.slice(start - this.#start.index);
    this.#termRuns = [
      { term: place.term, firstIndex: start },
      ...this.#termRuns.filter((run) => run.firstIndex > start),
    ];
    this.#start = place;
  }

  #termAt(index: LogIndex): Term {
    const run = this.#termRuns.findLast((candidate) => candidate.firstIndex <= index);
    assert(run !== undefined, 'every index of the log has a term', { index });
    return run.term;
  }
}
