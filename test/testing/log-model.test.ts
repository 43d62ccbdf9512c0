import { describe, expect, test } from 'vitest';
import { logAnomalies, type LogAnomalyName } from '../../src/testing/log-anomaly.ts';
import { checkLogHistory, type LogVerdict } from '../../src/testing/log-history-checker.ts';
import { parseLogHistory } from '../../src/testing/log-history-parser.ts';
import { formatLogHistory } from '../../src/testing/log-history-writer.ts';
import { modelFaults, type ModelFault } from './model-recorder.ts';
import { modelHistory, type ModelHistory } from './model-run.ts';

const seeds = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

function verdictOn({ lines, options }: ModelHistory): LogVerdict {
  const verdict = checkLogHistory(lines, options);
  if (!verdict.ok) throw new Error(`line ${verdict.problem.line} ${verdict.problem.reason}`);
  return verdict.value;
}

describe('a log that keeps its promises', () => {
  const verdicts = new Map<number, LogVerdict>();

  test('is never accused, whatever its clients and leaders do', () => {
    for (const seed of seeds(60)) {
      const verdict = verdictOn(modelHistory({ seed, steps: 600 }));
      verdicts.set(seed, verdict);
      const violations = verdict.anomalies.filter(({ severity }) => severity === 'violation');
      expect(violations, `seed ${seed}`).toEqual([]);
    }
  });

  test('shows by its clients all that is allowed and noted', () => {
    const noted = new Set([...verdicts.values()].flatMap(({ counts }) => [...counts.keys()]));
    const allowed = Object.entries(logAnomalies).filter(([, { severity }]) => severity === 'noted');
    // Everything was read to the end; and circles through the order of sends are rare.
    const expected = allowed
      .map(([name]) => name)
      .filter((name) => !['not-yet-seen', 'G1c-with-writes'].includes(name));
    expect([...noted]).toEqual(expect.arrayContaining(expected));
  });

  test('has histories in which enough happens to prove something', () => {
    const summaries = [...verdicts.values()].map(({ summary }) => summary);
    const total = (count: (summary: LogVerdict['summary']) => number): number =>
      summaries.reduce((sum, summary) => sum + count(summary), 0);
    expect(total(({ sends }) => sends.ok)).toBeGreaterThan(2_500);
    expect(total(({ sends }) => sends.failed)).toBeGreaterThan(500);
    expect(total(({ sends }) => sends.unknownPolled)).toBeGreaterThan(300);
    expect(total(({ crashes }) => crashes)).toBeGreaterThan(100);
    expect(total(({ transactions }) => transactions)).toBeGreaterThan(500);
  });

  test('gets the same verdict from its written history', () => {
    const history = modelHistory({ seed: 7, steps: 600 });
    const parsed = parseLogHistory(formatLogHistory(history.lines));
    if (!parsed.ok) throw new Error(parsed.problem.reason);
    expect(verdictOn({ ...history, lines: parsed.value })).toEqual(verdictOn(history));
  });
});

describe('a log with one planted fault', () => {
  test.each(Object.entries(modelFaults))('is caught when %s', (fault, names: readonly LogAnomalyName[]) => {
    let planted = 0;
    for (let seed = 1; planted < 4; seed += 1) {
      expect(seed, `only ${planted} seeds found a place for it`).toBeLessThan(100);
      const history = modelHistory({ seed, steps: 600, fault: fault as ModelFault });
      if (!history.hasFault) continue;
      planted += 1;
      const { counts, holds } = verdictOn(history);
      expect(
        names.some((name) => counts.has(name)),
        `seed ${seed} found ${[...counts.keys()].join(', ')}`,
      ).toBe(true);
      expect(holds).toBe(false);
    }
  });
});
