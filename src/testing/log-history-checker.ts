/**
 * The judge of every history of a log, whoever wrote it: the simulator, the programs that kill real processes, users.
 *
 * It knows nothing of brokers. From what clients were told it works out what the log must have been, and names whatever
 * cannot have been. The ideas are those of Jepsen's Kafka workload and of Elle; the code is our own. Time n log n in
 * lines and polled values, memory a constant for each. Begin with log-history.ts, then observed-history.ts.
 */
import { ok, refused, type Result } from '../base/result.ts';
import { findCycles } from './cycle-anomalies.ts';
import { AnomalyReport, logAnomalies, type LogAnomaly, type LogAnomalyName } from './log-anomaly.ts';
import { parseHistoryLine } from './log-history-parser.ts';
import type { HistoryFlaw, HistoryLine } from './log-history.ts';
import { findLosses } from './loss-anomalies.ts';
import { ObservedHistory } from './observed-history.ts';
import type { ObservedLog } from './observed-log.ts';
import { findOffsetAnomalies } from './offset-anomalies.ts';
import { findPollAnomalies } from './poll-anomalies.ts';
import { findPollJumps, type PollJump } from './poll-jumps.ts';
import { findLateSends, findSendAnomalies } from './send-anomalies.ts';
import { VersionOrder, type VanishRules } from './version-order.ts';
import { findAbortedReads, findTransactionReads } from './read-anomalies.ts';

export interface LogCheckOptions extends VanishRules {
  /** Whether, after the last send had ended, somebody read every partition to its end. */
  readonly readToTheEnd?: boolean;
  /** How many anomalies of each name are kept; all are counted. */
  readonly keptPerNameMax?: number;
}

export interface LogVerdict {
  /** No violation. */
  readonly holds: boolean;
  /** Violations and what is noted, in the order of the table. */
  readonly anomalies: readonly LogAnomaly[];
  readonly counts: ReadonlyMap<LogAnomalyName, number>;
  readonly summary: LogSummary;
}

/** A history that holds proves as much as it has seen. */
export interface LogSummary {
  readonly lines: number;
  readonly partitions: number;
  readonly highestOffset: number | undefined;
  readonly sends: SendCounts;
  /** Values that were polled at least once. */
  readonly valuesPolled: number;
  readonly polls: number;
  readonly transactions: number;
  readonly crashes: number;
  readonly faults: number;
}

export interface SendCounts {
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Of the unknown, those that somebody polled. */
  readonly unknownPolled: number;
}

const keptPerNameMaxDefault = 100;

/** Line by line, for histories that are read from a file or judged while they are made. */
export class LogHistoryChecker {
  readonly #history = new ObservedHistory();
  readonly #options: LogCheckOptions;

  constructor(options: LogCheckOptions = {}) {
    this.#options = options;
  }

  /** What a flaw was found in is not judged any further. */
  add(line: HistoryLine): Result<void, HistoryFlaw> {
    return this.#history.add(line);
  }

  /** The same, from the text of one line. */
  addText(text: string): Result<void, HistoryFlaw> {
    const parsed = parseHistoryLine(text);
    return parsed.ok ? this.add(parsed.value) : refused({ line: this.#history.lines + 1, reason: parsed.problem });
  }

  finish(): LogVerdict {
    const history = this.#history;
    const { readToTheEnd = false, keptPerNameMax = keptPerNameMaxDefault } = this.#options;
    const report = new AnomalyReport(keptPerNameMax);
    const orders = new Map(history.logs.map((log) => [log, new VersionOrder(log, this.#options)]));
    const jumps = findPollJumps(history);
    const jumpsOf = groupByLog(jumps);
    for (const [log, order] of orders) {
      findOffsetAnomalies(order, report);
      findAbortedReads(log, report);
      findLateSends(order, report);
      findLosses({ order, jumps: jumpsOf.get(log) ?? [], readToTheEnd }, report);
    }
    for (const operation of history.operations) findTransactionReads(operation, report);
    findPollAnomalies(jumps, orders, report);
    findSendAnomalies(history.operations, orders, report);
    findCycles(history.operations, orders, report);
    const holds = [...report.counts.keys()].every((name) => logAnomalies[name].severity === 'noted');
    return { holds, anomalies: report.anomalies, counts: report.counts, summary: summaryOf(history) };
  }
}

/** A whole history at once. */
export function checkLogHistory(
  lines: Iterable<HistoryLine>,
  options: LogCheckOptions = {},
): Result<LogVerdict, HistoryFlaw> {
  const checker = new LogHistoryChecker(options);
  for (const line of lines) {
    const added = checker.add(line);
    if (!added.ok) return added;
  }
  return ok(checker.finish());
}

function groupByLog(jumps: readonly PollJump[]): ReadonlyMap<ObservedLog, PollJump[]> {
  const groups = new Map<ObservedLog, PollJump[]>();
  for (const jump of jumps) {
    const group = groups.get(jump.log);
    if (group === undefined) groups.set(jump.log, [jump]);
    else group.push(jump);
  }
  return groups;
}

function summaryOf({ lines, logs, operations, marks }: ObservedHistory): LogSummary {
  const sends = { ok: 0, failed: 0, unknown: 0, unknownPolled: 0 };
  const counted = { polls: 0, transactions: 0 };
  for (const { f, outcome, sends: values } of operations) {
    if (f === 'poll') counted.polls += 1;
    if (f === 'txn') counted.transactions += 1;
    sends[outcome === 'fail' ? 'failed' : outcome] += values.length;
    if (outcome === 'unknown') sends.unknownPolled += values.filter(({ isPolled }) => isPolled).length;
  }
  let valuesPolled = 0;
  for (const { values } of logs) for (const { isPolled } of values.values()) if (isPolled) valuesPolled += 1;
  const highest = Math.max(-1, ...logs.map(({ highestOffset }) => highestOffset));
  return {
    lines,
    partitions: logs.length,
    highestOffset: highest < 0 ? undefined : highest,
    sends,
    valuesPolled,
    ...counted,
    ...marks,
  };
}
