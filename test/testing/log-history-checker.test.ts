import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { logAnomalies } from '../../src/testing/log-anomaly.ts';
import { checkLogHistory, type LogCheckOptions, type LogVerdict } from '../../src/testing/log-history-checker.ts';
import { script, type HistoryScript, type Part } from './history-script.ts';
import { cycleCases } from './log-anomaly-cases-cycles.ts';
import { orderCases } from './log-anomaly-cases-order.ts';
import { recordCases } from './log-anomaly-cases-records.ts';
import { abc } from './log-anomaly-case.ts';

function verdictOn({ lines }: HistoryScript, options: LogCheckOptions = {}): LogVerdict {
  const verdict = checkLogHistory(lines, options);
  if (!verdict.ok) throw new Error(`line ${verdict.problem.line} ${verdict.problem.reason}`);
  return verdict.value;
}

const cases = [...recordCases, ...orderCases, ...cycleCases];

describe('the smallest history of an anomaly', () => {
  test.each(cases)('shows $name, with its proof, and nothing else', ({ name, shows, and = [], lines, options }) => {
    const { anomalies, holds } = verdictOn(shows, options);
    expect(anomalies.map((anomaly) => anomaly.name).toSorted()).toEqual([name, ...and].toSorted());
    const found = anomalies.find((anomaly) => anomaly.name === name);
    expect(found).toMatchObject({ severity: logAnomalies[name].severity });
    expect(found?.lines).toEqual(expect.arrayContaining([...lines]));
    expect(found?.explanation).toMatch(/^[A-Z"].+\.$/);
    expect(holds).toBe(anomalies.every(({ severity }) => severity === 'noted'));
  });

  test('is there for every name of the table', () => {
    expect(cases.map(({ name }) => name).toSorted()).toEqual(Object.keys(logAnomalies).toSorted());
  });
});

describe('a history that nearly has an anomaly', () => {
  const nearMisses = cases.flatMap(({ name, nearMisses: near }) => near.map((miss) => ({ name, ...miss })));
  test.each(nearMisses)('is not accused of $name when $why', ({ history, noted = [], options }) => {
    const { anomalies, holds } = verdictOn(history, options);
    expect(anomalies.map((anomaly) => anomaly.name)).toEqual(noted);
    expect(holds).toBe(true);
  });
});

describe('a verdict', () => {
  test('misses what was acknowledged without its offset, and the rest of a transaction', () => {
    const acknowledged = script()
      .send(0, 'a', 'ok')
      .send(0, 'b', 0)
      .poll(1, [[0, 'b']]);
    expect(verdictOn(acknowledged, { readToTheEnd: true }).anomalies).toMatchObject([
      { name: 'unseen', values: ['a'] },
    ]);
    const parts: Part[] = [
      ['send', 'a'],
      ['send', 'b', undefined, 1],
    ];
    const transaction = script()
      .transaction(0, 'info', parts)
      .poll(1, [[0, 'a']]);
    expect(verdictOn(transaction, { readToTheEnd: true }).anomalies).toMatchObject([
      { name: 'torn-transaction', values: ['b'] },
    ]);
  });

  test('counts what it has seen, so that an empty history does not pass for a good one', () => {
    const history = abc()
      .send(0, 'd', 'fail')
      .send(0, 'e', 'info')
      .beginSend(0, 'f')
      .fault('kill broker 2')
      .poll(1, [
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
        [3, 'f'],
      ])
      .crash(1);
    expect(verdictOn(history).summary).toEqual({
      lines: 15,
      partitions: 1,
      highestOffset: 3,
      sends: { ok: 3, failed: 1, unknown: 2, unknownPolled: 1 },
      valuesPolled: 4,
      polls: 1,
      transactions: 0,
      crashes: 1,
      faults: 1,
    });
    expect(verdictOn(script()).summary).toMatchObject({ lines: 0, highestOffset: undefined, valuesPolled: 0 });
  });

  test('wants of a compacted topic that it keeps the last value of every key', () => {
    const history = script()
      .send(0, 'a', 0, { key: 'k' })
      .send(0, 'b', 1, { key: 'k' })
      .send(0, 'c', 2, { key: 'm' })
      .poll(1, [[2, 'c']]);
    const options = { compactedTopics: ['orders'] };
    expect(verdictOn(history, options).anomalies).toMatchObject([{ name: 'lost-write', values: ['b'] }]);
  });

  test('counts every anomaly and keeps the first of each name', () => {
    const history = script();
    for (let at = 0; at < 20; at += 1) history.poll(1, [[at, `nobody sent ${at}`]]);
    const { anomalies, counts } = verdictOn(history, { keptPerNameMax: 3 });
    expect(anomalies.map(({ values }) => values)).toEqual([['nobody sent 0'], ['nobody sent 1'], ['nobody sent 2']]);
    expect(counts.get('phantom-read')).toBe(20);
  });

  test('says in one sentence what happened, where and in which lines', () => {
    const history = abc().poll(1, [
      [0, 'a'],
      [2, 'c'],
    ]);
    expect(verdictOn(history).anomalies).toEqual([
      {
        name: 'lost-write',
        severity: 'violation',
        partition: { topic: 'orders', partition: 0 },
        values: ['b'],
        offsets: [1],
        lines: [3, 4, 8],
        explanation:
          '"b" was acknowledged in line 4 at offset 1 of orders-0, and line 8 passes it; nobody ever polled it.',
      },
    ]);
  });
});

describe('a history that contradicts itself', () => {
  test.each([
    ['a send that nobody began', script().endSend(0, 'a', 0), 1, /did not begin/],
    ['a send that another process ends', script().beginSend(0, 'a').endSend(1, 'a', 0), 2, /did not begin/],
    ['a send that ends twice', script().send(0, 'a', 0).endSend(0, 'a', 0), 3, /did not begin/],
    ['a send that ends after a crash', script().beginSend(0, 'a').crash(0).endSend(0, 'a', 0), 3, /did not begin/],
    ['a value that is sent twice', script().send(0, 'a', 'fail').beginSend(1, 'a'), 3, /was sent .* before/],
    ['a poll that nobody began', script().endPoll(0, []), 1, /did not begin/],
    ['two polls of a process at a time', script().beginPoll(0).beginPoll(0), 2, /in flight/],
    ['a poll that ends as a transaction', script().beginPoll(0).endTransaction(0, 'ok', []), 2, /did not begin/],
    ['a poll that ends after a crash', script().beginPoll(0).crash(0).endPoll(0, []), 3, /did not begin/],
    [
      'a transaction that sends a value twice',
      script().beginTransaction(0, [
        ['send', 'a'],
        ['send', 'a'],
      ]),
      1,
      /was sent .* before/,
    ],
    [
      'a transaction that ends with other sends',
      script()
        .beginTransaction(0, [['send', 'a']])
        .endTransaction(0, 'ok', [['send', 'b', 0]]),
      2,
      /other sends/,
    ],
  ])('is refused by its line for %s', (_what, { lines }, line, reason) => {
    const checked = checkLogHistory(lines);
    expect(checked).toMatchObject({ ok: false, problem: { line } });
    expect(checked.ok ? '' : checked.problem.reason).toMatch(reason);
  });

  test('is refused when time goes back', () => {
    const [begin, end] = script().send(0, 'a', 0).lines;
    expect(checkLogHistory([end, begin].flatMap((line) => line ?? []))).toMatchObject({ problem: { line: 1 } });
    expect(
      checkLogHistory([
        { t: 5, process: 0, type: 'info', f: 'crash' },
        { t: 4, process: 0, type: 'info', f: 'crash' },
      ]),
    ).toEqual({
      ok: false,
      problem: { line: 2, reason: 't went back from 5 to 4' },
    });
  });
});

test('the page about the anomalies says what the table says', () => {
  const page = readFileSync('src/testing/README.md', 'utf8');
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| (violation|noted) \| (.+) \|$/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual(Object.entries(logAnomalies).map(([name, { severity, meaning }]) => [name, severity, meaning]));
});

test('the page about the anomalies says what the table says', () => {
  const page = readFileSync('src/testing/README.md', 'utf8');
  const rows = [...page.matchAll(/^\| `([\w-]+)` \| (violation|noted) \| (.+) \|$/gm)].map(([, ...cells]) => cells);
  expect(rows).toEqual(Object.entries(logAnomalies).map(([name, { severity, meaning }]) => [name, severity, meaning]));
});
