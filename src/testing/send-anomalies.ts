/**
 * Whether records are in the log in the order in which they were sent.
 *
 * A producer's own sends keep their order, also those in flight at the same time. Across producers, what began after
 * something was known to be in the log comes after it. A producer that crashed is another one afterwards: what it had
 * in flight may still arrive.
 */
import { quote, type AnomalyEvidence, type AnomalyReport } from './log-anomaly.ts';
import type { LogOperation } from './observed-history.ts';
import { lineOfPlace, onlyOffset, type ObservedLog, type ObservedValue, type Place } from './observed-log.ts';
import { VersionOrder } from './version-order.ts';

interface LastSend {
  readonly value: ObservedValue;
  readonly operation: LogOperation;
}

/** Operations in the order in which they were invoked. */
export function findSendAnomalies(
  operations: readonly LogOperation[],
  orders: ReadonlyMap<ObservedLog, VersionOrder>,
  report: AnomalyReport,
): void {
  const lastOf = new Map<number, Map<ObservedLog, LastSend>>();
  for (const operation of operations) {
    if (operation.sends.length === 0) continue;
    let lasts = lastOf.get(operation.process);
    if (lasts === undefined) lastOf.set(operation.process, (lasts = new Map<ObservedLog, LastSend>()));
    for (const value of operation.sends) {
      const offset = onlyOffset(value);
      if (offset === undefined || orders.get(value.log)?.isConflicted(offset) === true) continue;
      const last = lasts.get(value.log);
      if (last?.operation.life === operation.life) comparePair({ last, value, operation }, orders, report);
      lasts.set(value.log, { value, operation });
    }
  }
}

/** What was in the log for certain when a send began is before it. */
export function findLateSends(order: VersionOrder, report: AnomalyReport): void {
  const { log } = order;
  for (const value of log.values.values()) {
    const { writer, floor, floorLine, places } = value;
    const seenBefore = places.some((place) => lineOfPlace(place) < (writer?.invokedLine ?? 0));
    // Polled before it was sent: that is a circle in time, and reported as one.
    if (writer === undefined || writer.outcome === 'fail' || seenBefore) continue;
    for (const place of places) {
      if (place.offset > floor || order.isConflicted(place.offset)) continue;
      report.add('realtime-nonmonotonic-send', () => ({
        log,
        values: [value.value],
        offsets: [place.offset, floor],
        lines: [floorLine, writer.invokedLine, lineOfPlace(place)],
        explanation:
          `${quote([value.value])} is at offset ${place.offset} of ${log.name}, although offset ${floor} was taken ` +
          `(line ${floorLine}) before it was sent.`,
      }));
    }
  }
}

interface SendPair {
  readonly last: LastSend;
  readonly value: ObservedValue;
  readonly operation: LogOperation;
}

function comparePair(pair: SendPair, orders: ReadonlyMap<ObservedLog, VersionOrder>, report: AnomalyReport): void {
  const { last, value, operation } = pair;
  const before = onlyOffset(last.value) as number;
  const after = onlyOffset(value) as number;
  const isInternal = last.operation === operation;
  if (after <= before) {
    const isPromised = last.value.terms.idempotent !== false && value.terms.idempotent !== false;
    const external = isPromised ? 'nonmonotonic-send' : 'reordered-retry';
    report.add(isInternal ? 'internal-nonmonotonic-send' : external, () => describeInversion(pair, [before, after]));
    return;
  }
  if (!isInternal) return;
  const places = orders.get(value.log)?.places ?? [];
  const gap = { from: before + 1, to: after };
  if (VersionOrder.hasBetween(places, gap))
    report.add('send-skip', () => describeSkip(pair, VersionOrder.between(places, gap)));
}

function describeInversion(pair: SendPair, offsets: readonly [number, number]): AnomalyEvidence {
  const { last, value, operation } = pair;
  const { log } = value;
  const values = [last.value.value, value.value];
  const explanation =
    `Process ${operation.process} sent ${quote(values)} to ${log.name} in this order, ` +
    `and they are at the offsets ${offsets.join(' and ')}.`;
  return { log, values, offsets, lines: linesOf(pair), explanation };
}

function describeSkip(pair: SendPair, skipped: readonly Place[]): AnomalyEvidence {
  const { last, value } = pair;
  const { log } = value;
  const own = [last.value.value, value.value];
  const between = skipped.map((place) => place.value.value);
  const offsets = skipped.map(({ offset }) => offset);
  const explanation = `A transaction sent ${quote(own)} to ${log.name}, and ${quote(between)} is in between.`;
  return { log, values: [...own, ...between], offsets, lines: linesOf(pair), explanation };
}

function linesOf({ last, value, operation }: SendPair): number[] {
  const places = [...last.value.places, ...value.places];
  return [last.operation.invokedLine, operation.invokedLine, ...places.map(lineOfPlace)];
}
