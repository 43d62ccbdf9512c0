/**
 * What clients asked and were told, and whether one register could have told it.
 *
 * Written values are unique, so each read names its write, and linearizability of a register can be decided in
 * n log n (Gibbons and Korach, "Testing shared memories", 1997). The operations on one value form a cluster; its
 * zone lies between the earliest end and the latest start in it. If that end comes first, the value must have been
 * the current one during the whole zone ("forward"); otherwise it only needs one moment in it ("backward"). A
 * history is linearizable exactly when no read precedes its write, no two forward zones overlap, and no backward
 * zone lies within a forward one.
 */
import type { Operation } from './client-core.ts';

interface Observed {
  readonly operation: Operation;
  readonly value: number;
  readonly startedAt: number;
  /** Infinity: never heard of again; it may have happened at any time since, or not at all. */
  readonly endedAt: number;
}

export interface HistoryFlaw {
  readonly what: 'a read returns what was written' | 'every register behaves as if there were one copy of it';
  readonly register: number;
  readonly values: readonly number[];
}

interface Zone {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

export class RegisterHistory {
  readonly #open = new Map<number, { readonly operation: Operation; readonly startedAt: number }>();
  readonly #done: Observed[] = [];
  /** Orders what happened; virtual time alone would leave ties. */
  #moments = 0;

  get completed(): number {
    return this.#done.length;
  }

  invoked(operation: Operation): void {
    this.#moments += 1;
    this.#open.set(operation.id, { operation, startedAt: this.#moments });
  }

  returned({ id }: Operation, value: number): void {
    const open = this.#open.get(id);
    if (open === undefined) throw new TypeError(`operation ${id} returned without having been invoked`);
    this.#moments += 1;
    this.#open.delete(id);
    this.#done.push({ ...open, value, endedAt: this.#moments });
  }

  findFlaw(registers: number): HistoryFlaw | undefined {
    const unheard = [...this.#open.values()]
      .filter(({ operation }) => operation.kind === 'write')
      .map((open): Observed => ({ ...open, value: open.operation.value, endedAt: Infinity }));
    const all = [...this.#done, ...unheard];
    for (let register = 0; register < registers; register += 1) {
      const flaw = flawOf(all.filter(({ operation }) => operation.register === register));
      if (flaw !== undefined) return { ...flaw, register };
    }
    return undefined;
  }
}

function flawOf(observed: readonly Observed[]): Omit<HistoryFlaw, 'register'> | undefined {
  // The first value was written before everything.
  const clusters = new Map<number, { write: Pick<Observed, 'startedAt' | 'endedAt'>; reads: Observed[] }>([
    [0, { write: { startedAt: -1, endedAt: 0 }, reads: [] }],
  ]);
  for (const seen of observed)
    if (seen.operation.kind === 'write') clusters.set(seen.value, { write: seen, reads: [] });
  for (const seen of observed) {
    if (seen.operation.kind === 'write') continue;
    const cluster = clusters.get(seen.value);
    if (cluster === undefined || seen.endedAt < cluster.write.startedAt)
      return { what: 'a read returns what was written', values: [seen.value] };
    cluster.reads.push(seen);
  }
  const zones = [...clusters]
    // A write that nobody heard of and nobody saw need not have happened.
    .filter(([, { write, reads }]) => write.endedAt < Infinity || reads.length > 0)
    .map(([value, { write, reads }]): Zone => {
      const members = [write, ...reads];
      return {
        value,
        from: Math.min(...members.map(({ endedAt }) => endedAt)),
        to: Math.max(...members.map(({ startedAt }) => startedAt)),
      };
    });
  const clash = findClash(zones);
  return clash && { what: 'every register behaves as if there were one copy of it', values: clash };
}

function findClash(zones: readonly Zone[]): readonly number[] | undefined {
  const forward = zones.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  for (const [at, zone] of forward.entries()) {
    const next = forward[at + 1];
    if (next !== undefined && next.from < zone.to) return [zone.value, next.value];
  }
  const backward = zones.filter(({ from, to }) => from >= to);
  for (const { value, from, to } of backward) {
    // Forward zones do not overlap by now, so only the last one that begins before this zone can contain it.
    const around = lastBefore(forward, to);
    if (around !== undefined && from < around.to) return [around.value, value];
  }
  return undefined;
}

/** The last zone that begins before `moment`, by halving. */
function lastBefore(sorted: readonly Zone[], moment: number): Zone | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle]?.from ?? Infinity) < moment) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
