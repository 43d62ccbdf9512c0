/**
 * Lines with the time since the beginning, and how busy the machine was: how long this program, which does little
 * itself, waited for its turn. Voters that waited longer than an election timeout elect, and rightly so.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const lateResolutionMs = 10;

export class Timeline {
  readonly #startedMs = performance.now();
  readonly #say: (line: string) => void;
  readonly #delays = monitorEventLoopDelay({ resolution: lateResolutionMs });

  constructor(say: (line: string) => void) {
    this.#say = say;
    this.#delays.enable();
  }

  /** For the end of a report, to tell a slow quorum from a starved one. */
  describeMachine(): string {
    const lateMs = (nanoseconds: number): string => Math.max(0, nanoseconds / 1e6 - lateResolutionMs).toFixed(0);
    const { max } = this.#delays;
    return `timers of this program came up to ${lateMs(max)} ms late, 1 in 100 by ${lateMs(this.#delays.percentile(99))} ms or more`;
  }

  get nowMs(): number {
    return performance.now() - this.#startedMs;
  }

  say(line: string): void {
    this.sayAt(this.nowMs, line);
  }

  sayAt(atMs: number, line: string): void {
    this.#say(`${(atMs / 1000).toFixed(1).padStart(6)} s  ${line}`);
  }
}
