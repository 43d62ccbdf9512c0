/**
 * Reads every log again and again, at a pace that nobody notices, so that a bit that flipped where nobody reads is
 * found while another replica still has what was there.
 *
 * One piece of one log at a time, over all logs of a broker. A log that cannot be read says so itself; the scrubber
 * goes on with the next.
 */
import type { Offset } from '../base/offsets.ts';
import type { Clock, Timer } from '../ports/clock.ts';

export interface ScrubPace {
  /** 0: never. */
  readonly bytesPerSecond: number;
  /** From the beginning of a round to that of the next, at least. */
  readonly roundMs: number;
}

export interface ScrubbedLog {
  readonly logEnd: Offset;
  /** Where the next look goes on, and how much was read; undefined at the end, or where nothing can be read now. */
  look(from: Offset | undefined): Promise<{ readonly next: Offset; readonly bytes: number } | undefined>;
}

export interface LogScrubberOptions {
  readonly clock: Clock;
  readonly pace: ScrubPace;
  /** Those that there are when a round begins. */
  readonly logs: () => readonly ScrubbedLog[];
  readonly onBug: (bug: unknown) => void;
}

export class LogScrubber {
  readonly #options: LogScrubberOptions;
  #left: ScrubbedLog[] = [];
  #from: Offset | undefined;
  /** Where the log ended when its turn began: one that grows faster than this reads must not keep the others waiting. */
  #upTo: Offset | undefined;
  #roundBeganMs = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: LogScrubberOptions) {
    this.#options = options;
  }

  /** The first round begins one round from now: a start has looked at what it had to. */
  start(): void {
    const { clock, pace } = this.#options;
    if (pace.bytesPerSecond === 0) return;
    this.#roundBeganMs = clock.monotonicMs();
    this.#goOnAfter(pace.roundMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #goOnAfter(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.callAfterMs(delayMs, () => {
      this.#look().catch(this.#options.onBug);
    });
  }

  async #look(): Promise<void> {
    const { pace, logs, clock } = this.#options;
    if (this.#left.length === 0) {
      this.#roundBeganMs = clock.monotonicMs();
      this.#left = [...logs()];
    }
    // A log that has nothing to read costs no wait: a thousand of them are one turn.
    for (let log = this.#left.at(-1); log !== undefined && !this.#isStopped; log = this.#left.at(-1)) {
      this.#upTo ??= log.logEnd;
      const looked = await log.look(this.#from);
      const isOver = looked === undefined || looked.next >= this.#upTo;
      this.#from = isOver ? undefined : looked.next;
      if (isOver) {
        this.#left.pop();
        this.#upTo = undefined;
      }
      if (looked === undefined) continue;
      const paceMs = Math.ceil((looked.bytes * 1000) / pace.bytesPerSecond);
      return this.#goOnAfter(this.#left.length > 0 ? paceMs : Math.max(paceMs, this.#untilNextRoundMs()));
    }
    this.#goOnAfter(this.#untilNextRoundMs());
  }

  #untilNextRoundMs(): number {
    const { pace, clock } = this.#options;
    return Math.max(0, this.#roundBeganMs + pace.roundMs - clock.monotonicMs());
  }
}
