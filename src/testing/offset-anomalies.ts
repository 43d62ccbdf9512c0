/**
 * Whether everybody agrees about what is where: one value at one offset, sent by somebody.
 */
import { quote, type AnomalyReport } from './log-anomaly.ts';
import { lineOfPlace, type ObservedValue } from './observed-log.ts';
import type { VersionOrder } from './version-order.ts';

export function findOffsetAnomalies(order: VersionOrder, report: AnomalyReport): void {
  const { log } = order;
  for (const places of order.conflicts) {
    report.add('inconsistent-offsets', () => {
      const values = places.map(({ value }) => value.value);
      const offset = places[0]?.offset ?? 0;
      const explanation = `Offset ${offset} of ${log.name} was told to hold ${quote(values)}.`;
      return { log, values, offsets: [offset], lines: places.map(lineOfPlace), explanation };
    });
  }
  for (const value of log.values.values()) {
    if (isTwice(value)) reportDuplicate(value, report);
    if (value.writer === undefined && value.isPolled) {
      report.add('phantom-read', () => ({
        log,
        values: [value.value],
        offsets: value.places.map(({ offset }) => offset),
        lines: value.places.map(lineOfPlace),
        explanation: `${quote([value.value])} was polled from ${log.name}, and nobody sent it there.`,
      }));
    }
  }
}

/** A weak acknowledgement may name an offset that is lost before the retry of a duplicate finds another. */
function isTwice({ places, toldOffset, isPolled }: ObservedValue): boolean {
  return places.length > 1 || (toldOffset !== undefined && isPolled && places[0]?.offset !== toldOffset);
}

function reportDuplicate(value: ObservedValue, report: AnomalyReport): void {
  const { log, places, toldOffset, writer } = value;
  const isPromised = value.terms.idempotent !== false && places.length > 1;
  report.add(isPromised ? 'duplicate' : 'retry-duplicate', () => {
    const known = places.map(({ offset }) => offset);
    const offsets = toldOffset === undefined || known.includes(toldOffset) ? known : [...known, toldOffset];
    offsets.sort((left, right) => left - right);
    return {
      log,
      values: [value.value],
      offsets,
      lines: [writer?.invokedLine, ...places.map(lineOfPlace)],
      explanation: `${quote([value.value])} was sent to ${log.name} once and is at the offsets ${offsets.join(', ')}.`,
    };
  });
}
