/**
 * What every part of one simulation shares: time, chance, the trace, the counters, and the first problem found.
 *
 * Read next: incarnation.ts, one life of a process in this world.
 */
import type { Facts } from '../base/assert.ts';
import type { Clock } from '../ports/clock.ts';
import type { Incarnation } from './incarnation.ts';
import { ReachCounters } from './reach-counters.ts';
import { SimulatedRandom } from './simulated-random.ts';
import { SimulatedScheduler } from './simulated-scheduler.ts';
import { SimulationTrace } from './simulation-trace.ts';

export interface SimulationProblem {
  /** A constant sentence, so that equal problems of different seeds are equal strings. */
  readonly what: string;
  readonly facts: Facts;
  /** Where it came from, when something was thrown. */
  readonly cause?: unknown;
}

export interface WorldOptions {
  readonly seed: number;
  readonly traceLinesKept?: number;
  /** Gets every line of the trace as it is written. */
  readonly observe?: (line: string) => void;
}

const traceLinesKeptDefault = 50;

export class SimulatedWorld {
  readonly seed: number;
  readonly random: SimulatedRandom;
  readonly scheduler: SimulatedScheduler;
  readonly trace: SimulationTrace;
  readonly reached = new ReachCounters();
  /** Whose code ran last; promise callbacks of this turn, and what they throw, belong to it. */
  enteredLast: Incarnation | undefined;
  #problem: SimulationProblem | undefined;

  constructor({ seed, traceLinesKept = traceLinesKeptDefault, observe }: WorldOptions) {
    this.seed = seed;
    this.random = new SimulatedRandom(seed);
    this.scheduler = new SimulatedScheduler(this.random.fork('scheduler'));
    this.trace = new SimulationTrace(() => this.scheduler.nowMs, {
      linesKept: traceLinesKept,
      ...(observe === undefined ? {} : { observe }),
    });
  }

  /** Virtual time itself, for what belongs to a machine and not to a process on it, such as its disk. */
  get clock(): Pick<Clock, 'monotonicMs' | 'callAfterMs'> {
    const { scheduler } = this;
    return {
      monotonicMs: () => scheduler.nowMs,
      callAfterMs: (delayMs, action) => scheduler.after(delayMs, action),
    };
  }

  get nowMs(): number {
    return this.scheduler.nowMs;
  }

  /** The first one; it ends the run. What goes wrong after it is mostly its consequence. */
  get problem(): SimulationProblem | undefined {
    return this.#problem;
  }

  fail(problem: SimulationProblem): void {
    if (this.#problem !== undefined) return;
    this.#problem = problem;
    this.trace.record('world', `PROBLEM: ${problem.what}`);
  }
}
