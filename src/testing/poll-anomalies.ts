/**
 * Whether consumers got everything once and in order: what their jumps went back over, and what they left out that
 * others have seen. What nobody has ever seen is for loss-anomalies.ts.
 */
import { quote, type AnomalyReport, type LogAnomalyName } from './log-anomaly.ts';
import type { ObservedLog } from './observed-log.ts';
import type { PollJump } from './poll-jumps.ts';
import { VersionOrder } from './version-order.ts';

const names = {
  internal: { back: 'internal-nonmonotonic-poll', over: 'internal-poll-skip' },
  assigned: { back: 'nonmonotonic-poll', over: 'poll-skip' },
  group: { back: 'rebalance-rewind', over: 'rebalance-skip' },
  commit: { back: undefined, over: 'commit-ahead' },
} as const satisfies Record<PollJump['scope'], { back: LogAnomalyName | undefined; over: LogAnomalyName }>;

export function findPollAnomalies(
  jumps: readonly PollJump[],
  orders: ReadonlyMap<ObservedLog, VersionOrder>,
  report: AnomalyReport,
): void {
  for (const jump of jumps) {
    const { back, over } = names[jump.scope];
    const lasting = orders.get(jump.log)?.lasting ?? [];
    if (jump.to < jump.from) {
      if (back !== undefined) reportRewind(back, jump, report);
    } else if (VersionOrder.hasBetween(lasting, jump)) {
      reportSkip(over, { jump, skipped: VersionOrder.between(lasting, jump) }, report);
    }
  }
}

function reportRewind(name: LogAnomalyName, jump: PollJump, report: AnomalyReport): void {
  const { log, process, from, to, fromLine, line } = jump;
  report.add(name, () => ({
    log,
    offsets: [from, to],
    lines: [fromLine, line],
    explanation: `Process ${process} stood at offset ${from} of ${log.name} and was then given offset ${to} again.`,
  }));
}

function reportSkip(
  name: LogAnomalyName,
  { jump, skipped }: { jump: PollJump; skipped: VersionOrder['lasting'] },
  report: AnomalyReport,
): void {
  const { log, process, from, to, fromLine, line } = jump;
  report.add(name, () => {
    const values = skipped.map((place) => place.value.value);
    const did = name === 'commit-ahead' ? 'committed' : 'was given';
    return {
      log,
      values,
      offsets: skipped.map(({ offset }) => offset),
      lines: [fromLine, line, skipped[0]?.polledLine],
      explanation:
        `Process ${process} stood at offset ${from} of ${log.name} and ${did} offset ${to}, ` +
        `without ${quote(values)} in between.`,
    };
  });
}
