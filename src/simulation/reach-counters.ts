/**
 * "Sometimes" counters: how often something worth reaching was reached.
 *
 * A campaign in which a declared counter stays at zero proves less than it seems to, so it fails. Code under
 * simulation counts without knowing it: every sentence of its event log is a counter.
 */
export class ReachCounters {
  readonly #counts = new Map<string, number>();

  count(name: string, times = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + times);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** By name, in alphabetical order. */
  entries(): readonly (readonly [name: string, count: number])[] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  addAll(other: Iterable<readonly [name: string, count: number]>): void {
    for (const [name, count] of other) this.count(name, count);
  }
}

/** The name under which a sentence of the event log counts. */
export function sentenceCounter(sentence: string): string {
  return `said: ${sentence}`;
}
