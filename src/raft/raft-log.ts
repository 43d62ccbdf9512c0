/**
 * The log as the core sees it: its bounds, the term of every entry, and the newest entries themselves.
 *
 *   previous | on disk only .......... | recent (in memory) ............ | last
 *            ^ firstIndex              ^ recentFirstIndex
 *
 * Entries that are not applied or not yet durable are always recent. Older ones are dropped from memory beyond a
 * limit and read back from the store, by an effect, when a slow follower needs them. What of the log is durable is
 * raft-persistence.ts; what is committed is raft-core.ts.
 */
import { assert } from '../base/assert.ts';
import { logIndex, nextIndex, previousIndex, type LogIndex, type Term } from '../base/raft-position.ts';
import { entryBytes, type Entry, type LogPosition, type SnapshotMetadata } from './raft-entry.ts';
import type { RaftInitialState } from './raft-options.ts';
import { TermHistory } from './raft-term-history.ts';

/** Dropped slots at the front of the array before it is copied: amortises the copying. */
const droppedSlotsMax = 1024;

export class RaftLog {
  #previous: LogPosition;
  #lastIndex: LogIndex;
  #recent: Entry[];
  /** Slots of #recent, from its start, whose entries are forgotten. */
  #dropped = 0;
  #recentBytes = 0;
  #history: TermHistory;

  constructor(initial: RaftInitialState) {
    const { firstIndex, lastIndex, recentEntries } = initial;
    assert(lastIndex + 1 >= firstIndex && firstIndex >= 1, 'a log ends at or right before its first index', {
      firstIndex,
      lastIndex,
    });
    this.#history = new TermHistory(initial.termStarts);
    const before = previousIndex(firstIndex);
    const beforeTerm = this.#history.termAt(before);
    assert(beforeTerm !== undefined, 'the term right before the log is known', { firstIndex });
    this.#previous = { index: before, term: beforeTerm };
    this.#lastIndex = lastIndex;
    this.#recent = [...recentEntries];
    for (const entry of recentEntries) this.#recentBytes += entryBytes(entry);
    this.#assertRecent();
  }

  /** The position right before the first entry: 0/0, or the last entry that was compacted. */
  get previous(): LogPosition {
    return this.#previous;
  }

  get firstIndex(): LogIndex {
    return nextIndex(this.#previous.index);
  }

  get lastIndex(): LogIndex {
    return this.#lastIndex;
  }

  get last(): LogPosition {
    return { index: this.#lastIndex, term: this.mustTermAt(this.#lastIndex) };
  }

  get recentBytes(): number {
    return this.#recentBytes;
  }

  get recentFirstIndex(): LogIndex {
    return logIndex(this.#lastIndex + 1 - (this.#recent.length - this.#dropped));
  }

  /** Undefined outside of [previous, last]. */
  termAt(index: LogIndex): Term | undefined {
    if (index < this.#previous.index || index > this.#lastIndex) return undefined;
    return this.#history.termAt(index);
  }

  mustTermAt(index: LogIndex): Term {
    const term = this.termAt(index);
    assert(term !== undefined, 'the log knows the term of what it holds', () => ({
      index,
      previous: this.#previous,
      lastIndex: this.#lastIndex,
    }));
    return term;
  }

  holds(position: LogPosition): boolean {
    return this.termAt(position.index) === position.term;
  }

  /** Raft's "at least as up to date": the later last term wins, then the longer log. */
  isCoveredBy(candidateLast: LogPosition): boolean {
    const own = this.last;
    return candidateLast.term > own.term || (candidateLast.term === own.term && candidateLast.index >= own.index);
  }

  append(entry: Entry): void {
    assert(entry.index === this.#lastIndex + 1, 'entries are appended without gaps', () => ({
      index: entry.index,
      lastIndex: this.#lastIndex,
    }));
    this.#history.append(entry.index, entry.term);
    this.#recent.push(entry);
    this.#recentBytes += entryBytes(entry);
    this.#lastIndex = entry.index;
  }

  truncateFrom(index: LogIndex): void {
    assert(index > this.#previous.index && index <= this.#lastIndex, 'a truncation begins inside the log', () => ({
      index,
      previous: this.#previous,
      lastIndex: this.#lastIndex,
    }));
    const kept = Math.max(index - this.recentFirstIndex, 0) + this.#dropped;
    for (const entry of this.#recent.slice(kept)) this.#recentBytes -= entryBytes(entry);
    this.#recent.length = kept;
    this.#history.truncateFrom(index);
    this.#lastIndex = previousIndex(index);
  }

  /** Forgets the entries up to `upTo`, which the store dropped under a snapshot. */
  compact(upTo: LogIndex): void {
    assert(upTo <= this.#lastIndex, 'compaction stays within the log', () => ({ upTo, lastIndex: this.#lastIndex }));
    if (upTo <= this.#previous.index) return;
    const previous = { index: upTo, term: this.mustTermAt(upTo) };
    this.evict(upTo, 0);
    this.#previous = previous;
    this.#history.startAfter(previous);
  }

  /** Drops the oldest entries up to `upTo` from memory until no more than `bytesMax` remain. */
  evict(upTo: LogIndex, bytesMax: number): void {
    while (this.#recentBytes > bytesMax && this.recentFirstIndex <= Math.min(upTo, this.#lastIndex)) {
      const entry = this.#recent[this.#dropped];
      assert(entry !== undefined, 'an entry that is counted as recent is held');
      this.#recentBytes -= entryBytes(entry);
      this.#dropped += 1;
    }
    // Forgotten slots hold on to their entries, so they are few and short-lived.
    if (this.#dropped > droppedSlotsMax || this.#dropped === this.#recent.length) {
      this.#recent = this.#recent.slice(this.#dropped);
      this.#dropped = 0;
    }
  }

  /** Everything is replaced by the snapshot. */
  reset(snapshot: SnapshotMetadata): void {
    this.#previous = { index: snapshot.lastIndex, term: snapshot.lastTerm };
    this.#lastIndex = snapshot.lastIndex;
    this.#history = new TermHistory([{ term: snapshot.lastTerm, firstIndex: snapshot.lastIndex }]);
    this.#recent = [];
    this.#dropped = 0;
    this.#recentBytes = 0;
  }

  /** From memory: as many of [from, to] as the limits allow, at least one. Undefined when `from` is on disk only. */
  recent({ from, to, bytesMax, entriesMax }: RecentRange): readonly Entry[] | undefined {
    assert(from <= to && to <= this.#lastIndex, 'a range lies within the log', () => ({ from, to }));
    const recentFirst = this.recentFirstIndex;
    if (from < recentFirst) return undefined;
    const start = this.#dropped + (from - recentFirst);
    const endMax = start + Math.min(to - from + 1, entriesMax);
    let end = start;
    for (let bytes = 0; end < endMax; end += 1) {
      const entry = this.#recent[end];
      assert(entry !== undefined, 'recent entries reach to the end of the log', () => ({ from, end }));
      bytes += entryBytes(entry);
      if (bytes > bytesMax && end > start) break;
    }
    return this.#recent.slice(start, end);
  }

  /** The last place up to `rejected` where a log that has `rejected` could agree with this one, and its term here. */
  conflictHint(rejected: LogPosition): LogPosition {
    const upTo = logIndex(Math.min(rejected.index, this.#lastIndex));
    const index = this.#history.lastIndexWithTermAtMost(rejected.term, upTo);
    if (index === undefined || index < this.#previous.index) return this.#previous;
    return { index, term: this.mustTermAt(index) };
  }

  #assertRecent(): void {
    let expected: number = this.recentFirstIndex;
    assert(expected > this.#previous.index, 'recent entries lie within the log', { expected });
    for (const entry of this.#recent) {
      assert(entry.index === expected && this.termAt(entry.index) === entry.term, 'recent entries fit the log', {
        expected,
        found: entry.index,
      });
      expected += 1;
    }
  }
}

interface RecentRange {
  readonly from: LogIndex;
  readonly to: LogIndex;
  readonly bytesMax: number;
  readonly entriesMax: number;
}
