/**
 * What was acknowledged and is not there.
 *
 * Lost for certain is what readers passed by, and none of them was given. What lies behind the last thing that anybody
 * polled may just not have been read yet; only whoever knows that everything was read to the end may call it missing.
 */
import { quote, type AnomalyReport, type LogAnomalyName } from './log-anomaly.ts';
import type { LogOperation } from './observed-history.ts';
import { highestOffsetOf, type ObservedLog, type ObservedValue } from './observed-log.ts';
import type { PollJump } from './poll-jumps.ts';
import { VersionOrder } from './version-order.ts';

interface Missing {
  readonly value: ObservedValue;
  readonly writer: LogOperation;
  readonly offset: number | undefined;
}

export interface LossQuestion {
  readonly order: VersionOrder;
  /** Of this partition. */
  readonly jumps: readonly PollJump[];
  readonly readToTheEnd: boolean;
}

export function findLosses({ order, jumps, readToTheEnd }: LossQuestion, report: AnomalyReport): void {
  const { log } = order;
  const missing = missingFrom(order);
  const passed = passedBy(missing, jumps);
  const unseen: Missing[] = [];
  for (const one of missing) {
    const jump = passed.get(one);
    const isPassed = jump !== undefined || isTaken(order, one);
    const isStrong = (one.value.terms.acks ?? 'all') === 'all';
    if (one.writer.outcome === 'unknown') {
      if (isPassed || readToTheEnd) reportMissing('torn-transaction', { one, jump }, report);
    } else if (!isStrong) {
      if (isPassed || readToTheEnd) reportMissing('lost-weak-write', { one, jump }, report);
    } else if (isPassed) {
      reportMissing('lost-write', { one, jump }, report);
    } else unseen.push(one);
  }
  if (unseen.length > 0) reportUnseen(readToTheEnd ? 'unseen' : 'not-yet-seen', { log, all: unseen }, report);
}

/** What should be there and that nobody polled, by offset; what has no offset comes last. */
function missingFrom(order: VersionOrder): readonly Missing[] {
  const missing: Missing[] = [];
  for (const value of order.log.values.values()) {
    const { writer, isPolled } = value;
    if (writer === undefined || isPolled || !mustBeThere(writer) || order.mayVanish(value)) continue;
    missing.push({ value, writer, offset: highestOffsetOf(value) ?? value.toldOffset });
  }
  return missing.sort((left, right) => (left.offset ?? Infinity) - (right.offset ?? Infinity) || 0);
}

/** A transaction that nobody knows about has happened as soon as one of its values is seen: then all of it has. */
function mustBeThere({ outcome, f, sends }: LogOperation): boolean {
  return outcome === 'ok' || (outcome === 'unknown' && f === 'txn' && sends.some(({ isPolled }) => isPolled));
}

/** For each that a reader passed, the jump that did. Both are walked by offset once. */
function passedBy(missing: readonly Missing[], jumps: readonly PollJump[]): ReadonlyMap<Missing, PollJump> {
  const forward = jumps
    .filter(({ scope, from, to }) => to > from && (scope === 'internal' || scope === 'assigned'))
    .sort((left, right) => left.from - right.from);
  const passed = new Map<Missing, PollJump>();
  let next = 0;
  let widest: PollJump | undefined;
  for (const one of missing) {
    if (one.offset === undefined) break;
    for (let jump = forward[next]; jump !== undefined && jump.from <= one.offset; jump = forward[next]) {
      if (widest === undefined || jump.to > widest.to) widest = jump;
      next += 1;
    }
    if (widest !== undefined && widest.to > one.offset) passed.set(one, widest);
  }
  return passed;
}

/** Whoever polled its offset found another value there. */
function isTaken(order: VersionOrder, { value, offset }: Missing): boolean {
  if (offset === undefined) return false;
  const places = VersionOrder.between(order.places, { from: offset, to: offset + 1 });
  return places.some((place) => place.value !== value && place.polledLine !== undefined);
}

function reportMissing(
  name: LogAnomalyName,
  { one, jump }: { one: Missing; jump: PollJump | undefined },
  report: AnomalyReport,
): void {
  const { value, writer, offset } = one;
  const { log } = value;
  report.add(name, () => {
    const seen = writer.sends.find(({ isPolled }) => isPolled);
    const promised =
      name === 'torn-transaction' && seen !== undefined
        ? `belongs to a transaction whose ${quote([seen.value])} was polled`
        : `was acknowledged in line ${writer.completedLine}`;
    const where = offset === undefined ? '' : ` at offset ${offset}`;
    const end = jump === undefined ? 'nobody ever polled it' : `line ${jump.line} passes it; nobody ever polled it`;
    return {
      log,
      values: [value.value],
      offsets: offset === undefined ? [] : [offset],
      lines: [writer.invokedLine, writer.completedLine, jump?.line, seen?.places[0]?.polledLine],
      explanation: `${quote([value.value])} ${promised}${where} of ${log.name}, and ${end}.`,
    };
  });
}

function reportUnseen(
  name: 'unseen' | 'not-yet-seen',
  { log, all }: { log: ObservedLog; all: readonly Missing[] },
  report: AnomalyReport,
): void {
  report.add(name, () => {
    const values = all.map(({ value }) => value.value);
    const end = name === 'unseen' ? 'a read to the end did not find' : 'nobody polled';
    return {
      log,
      values,
      offsets: all.flatMap(({ offset }) => (offset === undefined ? [] : [offset])),
      lines: all.slice(0, 10).map(({ writer }) => writer.completedLine),
      explanation: `Of the values that ${log.name} acknowledged, ${end} ${all.length}: ${quote(values)}.`,
    };
  });
}
