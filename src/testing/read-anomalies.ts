/**
 * Whether readers saw only what was there for them: nothing of a send that failed, nothing of a transaction that is
 * not over.
 */
import { quote, type AnomalyReport } from './log-anomaly.ts';
import type { LogOperation, PartitionRead } from './observed-history.ts';
import { highestOffsetOf, lineOfPlace, type ObservedLog, type ObservedValue } from './observed-log.ts';

/** A value is named once, however many readers saw it. */
export function findAbortedReads(log: ObservedLog, report: AnomalyReport): void {
  for (const { value, writer, isPolled, places } of log.values.values()) {
    if (!isPolled || writer?.outcome !== 'fail') continue;
    report.add('aborted-read', () => ({
      log,
      values: [value],
      offsets: places.map(({ offset }) => offset),
      lines: [writer.invokedLine, writer.completedLine, ...places.map(lineOfPlace)],
      explanation:
        `${quote([value])} was polled from ${log.name}, ` +
        `although line ${writer.completedLine} says that its ${writer.f} certainly failed.`,
    }));
  }
}

export function findTransactionReads(operation: LogOperation, report: AnomalyReport): void {
  for (const read of operation.reads) {
    const own = operation.sends.length === 0 ? [] : read.values.filter(({ writer }) => writer === operation);
    if (own.length > 0) reportPrecommitted({ operation, read, own }, report);
    const last = read.values.at(-1);
    const writer = last?.writer;
    if (last === undefined || writer?.f !== 'txn' || writer === operation || writer.outcome === 'fail') continue;
    const reached = highestOffsetOf(last) ?? 0;
    const hasMore = writer.sends.some((sent) => sent.log === read.log && (highestOffsetOf(sent) ?? -1) > reached);
    if (hasMore) reportIntermediate({ operation, last, writer }, report);
  }
}

function reportPrecommitted(
  { operation, read, own }: { operation: LogOperation; read: PartitionRead; own: readonly ObservedValue[] },
  report: AnomalyReport,
): void {
  report.add('precommitted-read', () => {
    const values = own.map(({ value }) => value);
    return {
      log: read.log,
      values,
      offsets: own.flatMap(({ places }) => places.map(({ offset }) => offset)),
      lines: [operation.invokedLine, operation.completedLine],
      explanation: `A transaction polled ${quote(values)} from ${read.log.name} before it had committed them itself.`,
    };
  });
}

function reportIntermediate(
  { operation, last, writer }: { operation: LogOperation; last: ObservedValue; writer: LogOperation },
  report: AnomalyReport,
): void {
  report.add('intermediate-read', () => ({
    log: last.log,
    values: [last.value],
    offsets: last.places.map(({ offset }) => offset),
    lines: [writer.invokedLine, writer.completedLine, operation.completedLine],
    explanation: `A poll of ${last.log.name} ended with ${quote([last.value])}, which is not the last of its transaction.`,
  }));
}
