/**
 * Virtual time: one heap of things that will happen.
 *
 * Ordered by time, then by a tie-break drawn from the seed (so that seeds explore both orders of things that
 * happen at the same instant), then by the order of scheduling. Time is kept in whole 1024ths of a millisecond,
 * so that sums of times are exact and a timer can never fire a rounding error too early.
 *
 * Knows nothing of processes: simulated-process.ts decides whether an action still has someone to run it.
 * Read next: simulation.ts, which takes the actions out one by one.
 */
import { assert } from '../base/assert.ts';
import type { SimulatedRandom } from './simulated-random.ts';

/** More than this many actions at one instant means that virtual time stands still: a loop without a delay. */
const actionsAtOneInstantMax = 100_000;
const actionsWaitingMax = 4_000_000;

export interface ScheduledAction {
  cancel(): void;
}

class HeapEntry implements ScheduledAction {
  readonly atMs: number;
  readonly tieBreak: number;
  readonly sequence: number;
  action: (() => void) | undefined;

  constructor(atMs: number, tieBreak: number, sequence: number, action: () => void) {
    this.atMs = atMs;
    this.tieBreak = tieBreak;
    this.sequence = sequence;
    this.action = action;
  }

  cancel(): void {
    this.action = undefined;
  }

  isBefore(other: HeapEntry): boolean {
    if (this.atMs !== other.atMs) return this.atMs < other.atMs;
    if (this.tieBreak !== other.tieBreak) return this.tieBreak < other.tieBreak;
    return this.sequence < other.sequence;
  }
}

/** Rounds up to the grid of virtual time. */
export function onGridMs(timeMs: number): number {
  return Math.ceil(timeMs * 1024) / 1024;
}

export class SimulatedScheduler {
  readonly #heap: HeapEntry[] = [];
  readonly #tieBreaks: SimulatedRandom;
  #nowMs = 0;
  #sequence = 0;
  #ran = 0;
  #ranAtThisInstant = 0;

  constructor(random: SimulatedRandom) {
    this.#tieBreaks = random.fork('tie-breaks');
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Actions run so far; a logical time that never repeats. */
  get actionsRun(): number {
    return this.#ran;
  }

  /** When the next action runs; undefined when nothing will ever happen again. */
  get nextMs(): number | undefined {
    while (this.#heap[0]?.action === undefined && this.#heap.length > 0) this.#pop();
    return this.#heap[0]?.atMs;
  }

  /** Runs `action` when `delayMs` have passed, in a seeded order among the actions of that instant. */
  after(delayMs: number, action: () => void): ScheduledAction {
    assert(delayMs >= 0, 'nothing is scheduled into the past', () => ({ delayMs }));
    return this.#push(this.#nowMs + onGridMs(delayMs), this.#tieBreaks.word(), action);
  }

  /** Runs `action` at this instant, after everything else that was scheduled this way and before what `after` scheduled. */
  soon(action: () => void): ScheduledAction {
    return this.#push(this.#nowMs, -1, action);
  }

  /** Advances to the next action and runs it; false when nothing will ever happen again. */
  runNext(): boolean {
    if (this.nextMs === undefined) return false;
    const next = this.#pop();
    const action = next?.action;
    assert(next !== undefined && action !== undefined, 'there is a next action');
    this.#advanceTo(next.atMs);
    this.#ran += 1;
    next.action = undefined;
    action();
    return true;
  }

  /** Lets time pass in which nothing happens. */
  passUntil(timeMs: number): void {
    assert(timeMs <= (this.nextMs ?? Infinity), 'no action is passed over', { timeMs });
    this.#nowMs = Math.max(this.#nowMs, Math.floor(timeMs * 1024) / 1024);
  }

  #advanceTo(timeMs: number): void {
    assert(timeMs >= this.#nowMs, 'virtual time never goes back', () => ({ timeMs, nowMs: this.#nowMs }));
    this.#ranAtThisInstant = timeMs === this.#nowMs ? this.#ranAtThisInstant + 1 : 0;
    assert(
      this.#ranAtThisInstant < actionsAtOneInstantMax,
      'virtual time moves: nothing loops for ever within one instant',
      () => ({ nowMs: this.#nowMs, actionsAtOneInstantMax }),
    );
    this.#nowMs = timeMs;
  }

  #push(atMs: number, tieBreak: number, action: () => void): HeapEntry {
    const heap = this.#heap;
    assert(heap.length < actionsWaitingMax, 'the waiting actions are bounded', () => ({ actionsWaitingMax }));
    this.#sequence += 1;
    const entry = new HeapEntry(atMs, tieBreak, this.#sequence, action);
    let at = heap.length;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt] as HeapEntry;
      if (!entry.isBefore(parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = entry;
    return entry;
  }

  #pop(): HeapEntry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let childAt = at * 2 + 1;
      if (childAt >= heap.length) break;
      const sibling = heap[childAt + 1];
      if (sibling?.isBefore(heap[childAt] as HeapEntry) === true) childAt += 1;
      const child = heap[childAt] as HeapEntry;
      if (!child.isBefore(last)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
    return top;
  }
}
