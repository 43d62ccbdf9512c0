/**
 * What the clients of the model share: the history that they write, chance, and the one fault that may be planted.
 */
import type { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import type { HistoryLine, HistoryMoment } from '../../src/testing/log-history.ts';
import type { ModelLog } from './model-log.ts';

export const modelFaults = {
  'an acknowledged record is dropped before anybody has polled it': ['lost-write'],
  'a record is dropped that somebody has polled': ['poll-skip', 'internal-poll-skip'],
  'the end of a log is lost before the last read': ['unseen'],
  'a retry of an idempotent producer is appended again': ['duplicate'],
  'two sends in flight are appended in the other order': ['nonmonotonic-send'],
  'a record is put where a marker was': ['realtime-nonmonotonic-send'],
  'a send is acknowledged at the offset of another': ['inconsistent-offsets'],
  'a reader sees the tail before a change of leaders cuts it off': [
    'inconsistent-offsets',
    'poll-skip',
    'internal-poll-skip',
  ],
  'a poll gives two values each the offset of the other': ['inconsistent-offsets'],
  'a poll leaves out one of its records': ['internal-poll-skip'],
  'a poll begins one record too late': ['poll-skip'],
  'a poll gives a record twice': ['internal-nonmonotonic-poll'],
  'a poll begins again where the one before it did': ['nonmonotonic-poll'],
  'a poll makes a value up': ['phantom-read'],
  'a send that was told to have failed is appended': ['aborted-read'],
  'a transaction that was told to have failed is committed': ['aborted-read'],
  'a transaction polls what it is sending': ['precommitted-read'],
  'a transaction is committed in some of its partitions': ['torn-transaction', 'unseen', 'lost-write'],
  'a consumer commits what it has not polled': ['commit-ahead'],
} as const;

export type ModelFault = keyof typeof modelFaults;

export class ModelRecorder {
  readonly lines: HistoryLine[] = [];
  readonly random: SimulatedRandom;
  readonly logs: readonly ModelLog[];
  readonly #fault: ModelFault | undefined;
  hasFault = false;
  /** Whoever reads in the end is trusted: it is the one who tells. */
  mayPlant = true;
  #values = 0;

  constructor(options: { random: SimulatedRandom; logs: readonly ModelLog[]; fault: ModelFault | undefined }) {
    this.random = options.random;
    this.logs = options.logs;
    this.#fault = options.fault;
  }

  /** Whether it happens here and now: once in a run. */
  plants(fault: ModelFault, isPossible: boolean): boolean {
    if (!isPossible || fault !== this.#fault || !this.mayPlant || this.hasFault) return false;
    if (!this.random.chance(0.5)) return false;
    this.hasFault = true;
    return true;
  }

  write(line: HistoryLine): void {
    this.lines.push(line);
  }

  moment(process: number): HistoryMoment {
    return { t: this.lines.length, process };
  }

  newValue(): string {
    this.#values += 1;
    return `v${this.#values}`;
  }
}
