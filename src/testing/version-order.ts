/**
 * The order of the records of one partition, as far as a history proves it, and which of them may be missing.
 *
 * Offsets need not be dense: markers of transactions take some, compaction leaves holes. So what lies between two
 * offsets is only what somebody was told of or has seen. Where knowledge conflicts (two values at one offset), that
 * offset proves nothing further: the conflict itself is reported, and not what would follow from one side of it.
 */
import type { HistoryPartition } from './log-history.ts';
import { highestOffsetOf, type ObservedLog, type ObservedValue, type Place } from './observed-log.ts';

export interface VanishRules {
  /** Of these a value may vanish once a later one has its key, and a tombstone by itself. */
  readonly compactedTopics?: readonly string[];
  /** Below these, records were deleted: by retention, or because somebody asked for it. */
  readonly logStarts?: readonly (HistoryPartition & { readonly offset: number })[];
}

export class VersionOrder {
  readonly log: ObservedLog;
  /** By offset. */
  readonly places: readonly Place[];
  /** More than one value at one offset. */
  readonly conflicts: readonly (readonly Place[])[];
  /** What every reader who passes by must get: seen by somebody, rightly there, and not allowed to vanish. */
  readonly lasting: readonly Place[];
  readonly #conflicted = new Set<number>();
  readonly #start: number;
  readonly #keys: ReadonlyMap<string, KeyFacts> | undefined;

  constructor(log: ObservedLog, { compactedTopics = [], logStarts = [] }: VanishRules) {
    this.log = log;
    this.places = [...log.values.values()]
      .flatMap(({ places }) => places)
      .sort((left, right) => left.offset - right.offset);
    this.conflicts = conflictsIn(this.places);
    for (const [place] of this.conflicts) if (place !== undefined) this.#conflicted.add(place.offset);
    const starts = logStarts.filter(({ topic, partition }) => topic === log.topic && partition === log.partition);
    this.#start = Math.max(0, ...starts.map(({ offset }) => offset));
    this.#keys = compactedTopics.includes(log.topic) ? keyFactsOf(log) : undefined;
    this.lasting = this.places.filter((place) => this.#lasts(place));
  }

  isConflicted(offset: number): boolean {
    return this.#conflicted.has(offset);
  }

  /** The places of `places` or `lasting` from one offset up to, and without, another. */
  static between(sorted: readonly Place[], { from, to }: { from: number; to: number }): readonly Place[] {
    return sorted.slice(firstAtOrAbove(sorted, from), firstAtOrAbove(sorted, to));
  }

  static hasBetween(sorted: readonly Place[], { from, to }: { from: number; to: number }): boolean {
    return (sorted[firstAtOrAbove(sorted, from)]?.offset ?? Infinity) < to;
  }

  /** Whether the rules of its topic let a value be absent. */
  mayVanish(value: ObservedValue): boolean {
    const offset = highestOffsetOf(value) ?? value.toldOffset;
    // Where its place is unknown, it may have been before the start, if there was anything.
    if (this.#start > 0 && (offset ?? 0) < this.#start) return true;
    const { key, tombstone } = value.terms;
    if (this.#keys === undefined) return false;
    if (tombstone === true) return true;
    const facts = key === undefined ? undefined : this.#keys.get(key);
    if (facts === undefined) return false;
    // A send of the key whose place nobody knows may be later than this one; this one itself does not count.
    const others = facts.unplaced - (value.places.length === 0 ? 1 : 0);
    return others > 0 || facts.highest > (highestOffsetOf(value) ?? -1);
  }

  #lasts({ value, offset, polledLine }: Place): boolean {
    if (polledLine === undefined || this.#conflicted.has(offset)) return false;
    return value.writer !== undefined && value.writer.outcome !== 'fail' && !this.mayVanish(value);
  }
}

interface KeyFacts {
  highest: number;
  unplaced: number;
}

function keyFactsOf(log: ObservedLog): ReadonlyMap<string, KeyFacts> {
  const keys = new Map<string, KeyFacts>();
  for (const value of log.values.values()) {
    const { key } = value.terms;
    if (key === undefined || value.writer?.outcome === 'fail') continue;
    const facts = keys.get(key) ?? { highest: -1, unplaced: 0 };
    keys.set(key, facts);
    const highest = highestOffsetOf(value);
    if (highest === undefined) facts.unplaced += 1;
    else facts.highest = Math.max(facts.highest, highest);
  }
  return keys;
}

function conflictsIn(sorted: readonly Place[]): (readonly Place[])[] {
  const conflicts: Place[][] = [];
  for (const [at, place] of sorted.entries()) {
    if (sorted[at - 1]?.offset !== place.offset) continue;
    const last = conflicts.at(-1);
    if (last?.[0]?.offset === place.offset) last.push(place);
    else conflicts.push([sorted[at - 1] as Place, place]);
  }
  return conflicts;
}

function firstAtOrAbove(sorted: readonly Place[], offset: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.offset ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
