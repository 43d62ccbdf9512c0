/**
 * What can be wrong with a log, by name, and how it is reported.
 *
 * A name has one severity. A `violation` breaks a promise; what is `noted` is allowed and worth knowing: what a weaker
 * setting gave up, or what the model of a log never promised. The table of README.md is held equal to the one here.
 */
import type { HistoryPartition, HistoryValue } from './log-history.ts';
import type { ObservedLog } from './observed-log.ts';

export type Severity = 'violation' | 'noted';

export const logAnomalies = {
  'inconsistent-offsets': { severity: 'violation', meaning: 'two values at one offset' },
  duplicate: { severity: 'violation', meaning: 'one value of an idempotent producer at two offsets' },
  'retry-duplicate': { severity: 'noted', meaning: 'one value of a producer that is not idempotent at two offsets' },
  'phantom-read': { severity: 'violation', meaning: 'a value was polled that nobody sent' },
  'aborted-read': { severity: 'violation', meaning: 'a value was polled whose send certainly failed (G1a)' },
  'precommitted-read': { severity: 'violation', meaning: 'a transaction polled what it was sending itself' },
  'intermediate-read': { severity: 'noted', meaning: 'a poll ended in the midst of the values of a transaction (G1b)' },
  'lost-write': { severity: 'violation', meaning: 'acknowledged, passed by readers, and never polled by anybody' },
  'lost-weak-write': { severity: 'noted', meaning: 'like lost-write or unseen, but with acks none or leader' },
  'torn-transaction': { severity: 'violation', meaning: 'of a transaction of unknown outcome a part is there' },
  unseen: { severity: 'violation', meaning: 'acknowledged, and not there when everything was read to the end' },
  'not-yet-seen': { severity: 'noted', meaning: 'acknowledged and never polled, but nobody read to the end' },
  'internal-nonmonotonic-poll': { severity: 'violation', meaning: 'offsets went back within one poll or transaction' },
  'internal-poll-skip': { severity: 'violation', meaning: 'one poll or transaction left out a value between others' },
  'nonmonotonic-poll': { severity: 'violation', meaning: 'a poll began before the position of its consumer' },
  'poll-skip': { severity: 'violation', meaning: 'a poll began behind a value that its consumer had not had yet' },
  'rebalance-rewind': { severity: 'noted', meaning: 'like nonmonotonic-poll, in a group that may have rebalanced' },
  'rebalance-skip': { severity: 'noted', meaning: 'like poll-skip, in a group that may have rebalanced' },
  'commit-ahead': { severity: 'violation', meaning: 'a consumer committed past a value that it had not polled' },
  'internal-nonmonotonic-send': { severity: 'violation', meaning: 'a transaction is in the log in another order' },
  'nonmonotonic-send': { severity: 'violation', meaning: 'an idempotent producer is in the log in another order' },
  'reordered-retry': { severity: 'noted', meaning: 'like nonmonotonic-send, of a producer that is not idempotent' },
  'realtime-nonmonotonic-send': {
    severity: 'violation',
    meaning: 'a send has a lower offset than what was there before it began',
  },
  'send-skip': { severity: 'noted', meaning: 'the values of others stand between those of a transaction' },
  G1c: { severity: 'violation', meaning: 'operations polled each other’s values in a circle' },
  'G1c-realtime': { severity: 'violation', meaning: 'such a circle, one step of which is "ended before it began"' },
  'G1c-with-writes': { severity: 'noted', meaning: 'such a circle, some steps of which are the order of sends' },
  G0: { severity: 'noted', meaning: 'transactions precede each other in different partitions, or interleave' },
  G2: { severity: 'noted', meaning: 'such a circle, some steps of which are "polled before it was there"' },
} as const satisfies Record<string, { severity: Severity; meaning: string }>;

export type LogAnomalyName = keyof typeof logAnomalies;

export interface LogAnomaly {
  readonly name: LogAnomalyName;
  readonly severity: Severity;
  /** Undefined where several partitions take part. */
  readonly partition: HistoryPartition | undefined;
  /** The first of them, where there are many. */
  readonly values: readonly HistoryValue[];
  readonly offsets: readonly number[];
  /** What proves it, as lines of the history, from 1. */
  readonly lines: readonly number[];
  /** One sentence for people. */
  readonly explanation: string;
}

export interface AnomalyEvidence {
  readonly log?: ObservedLog;
  readonly values?: readonly HistoryValue[];
  readonly offsets?: readonly number[];
  readonly lines: readonly (number | undefined)[];
  readonly explanation: string;
}

/** More values than that tell nobody more. */
export const valuesNamedMax = 10;

/** Counts all anomalies and keeps the first of each name: a broken log breaks in a million places at once. */
export class AnomalyReport {
  readonly #keptPerNameMax: number;
  readonly #counts = new Map<LogAnomalyName, number>();
  readonly #kept: LogAnomaly[] = [];

  constructor(keptPerNameMax: number) {
    this.#keptPerNameMax = keptPerNameMax;
  }

  get counts(): ReadonlyMap<LogAnomalyName, number> {
    return this.#counts;
  }

  /** In the order of the table. */
  get anomalies(): readonly LogAnomaly[] {
    const names = Object.keys(logAnomalies);
    return this.#kept.toSorted((left, right) => names.indexOf(left.name) - names.indexOf(right.name));
  }

  /** `evidence` is asked only for what is kept. */
  add(name: LogAnomalyName, evidence: () => AnomalyEvidence): void {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    if (count > this.#keptPerNameMax) return;
    const { log, values = [], offsets = [], lines, explanation } = evidence();
    const proof = new Set(lines.filter((line) => line !== undefined));
    this.#kept.push({
      name,
      severity: logAnomalies[name].severity,
      partition: log && { topic: log.topic, partition: log.partition },
      values: values.slice(0, valuesNamedMax),
      offsets: offsets.slice(0, valuesNamedMax),
      lines: [...proof].toSorted((left, right) => left - right),
      explanation,
    });
  }
}

export function quote(values: readonly HistoryValue[]): string {
  const named = values.slice(0, valuesNamedMax).map((value) => JSON.stringify(value));
  return values.length > named.length
    ? `${named.join(', ')} and ${values.length - named.length} more`
    : named.join(', ');
}
