import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogHistoryChecker } from '../../src/testing/log-history-checker.ts';
import { parseHistoryLine, parseLogHistory } from '../../src/testing/log-history-parser.ts';
import { formatHistoryLine, formatLogHistory } from '../../src/testing/log-history-writer.ts';
import type { HistoryLine } from '../../src/testing/log-history.ts';

const whole = fc.maxSafeNat();
const value = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger());
const located = fc.tuple(whole, value);
const moment = { t: fc.nat().map((thousandths) => thousandths / 1000), process: whole };
const place = { topic: fc.string({ minLength: 1 }), partition: fc.nat(2 ** 31 - 1) };
const polled = fc.record({ ...place, value: fc.array(located) });
const error = fc.string();
const keyed = { key: fc.string(), tombstone: fc.boolean() };
const optional = { requiredKeys: ['f', 'topic', 'partition', 'value'] as never[] };

function lineOf(fields: Record<string, fc.Arbitrary<unknown>>, extra: Record<string, fc.Arbitrary<unknown>> = {}) {
  const all = { ...moment, ...fields, ...extra };
  return fc.record(all, { requiredKeys: Object.keys({ ...moment, ...fields }) as never[] });
}

const failed = fc.constantFrom('fail', 'info');
const transactionPart = fc.oneof(
  fc.record({ f: fc.constant('send'), ...place, value: fc.oneof(value, located), ...keyed }, optional),
  fc.record({ f: fc.constant('poll') }),
  polled.map((answer) => ({ f: 'poll', ...answer })),
  fc.array(polled).map((answers) => ({ f: 'poll', value: answers })),
);
const lists = {
  txn: fc.array(transactionPart),
  assign: fc.array(fc.record({ ...place, offset: whole }, { requiredKeys: ['topic', 'partition'] })),
  subscribe: fc.array(place.topic),
  commit: fc.array(fc.record({ ...place, offset: whole })),
};
const anyLine = fc.oneof(
  lineOf(
    { type: fc.constant('invoke'), f: fc.constant('send'), ...place, value },
    { ...keyed, acks: fc.constantFrom('none', 'leader', 'all'), idempotent: fc.boolean() },
  ),
  lineOf({ type: fc.constant('ok'), f: fc.constant('send'), ...place, value: fc.oneof(value, located) }),
  lineOf({ type: failed, f: fc.constant('send'), ...place, value }, { error }),
  lineOf({ type: fc.constant('invoke'), f: fc.constant('poll') }),
  lineOf({ type: fc.constant('invoke'), f: fc.constant('poll'), ...place }),
  lineOf({ type: fc.constant('ok'), f: fc.constant('poll'), ...place, value: fc.array(located) }),
  lineOf({ type: fc.constant('ok'), f: fc.constant('poll'), value: fc.array(polled) }),
  lineOf({ type: failed, f: fc.constant('poll') }, { error }),
  ...Object.entries(lists).flatMap(([f, list]) => [
    lineOf({ type: fc.constantFrom('invoke', 'ok'), f: fc.constant(f), value: list }),
    lineOf({ type: failed, f: fc.constant(f), value: list }, { error }),
  ]),
  lineOf({ type: fc.constant('info'), f: fc.constant('crash') }, { error }),
  lineOf({ type: fc.constant('info'), f: fc.constant('fault'), value: fc.string() }),
) as fc.Arbitrary<HistoryLine>;

// Records of fast-check have no prototype; lines that were parsed do.
const plain = (lines: readonly HistoryLine[]): unknown => structuredClone(lines);

describe('a history', () => {
  test('that was written is read again as it was', () => {
    fc.assert(
      fc.property(fc.array(anyLine), (lines) => {
        const text = formatLogHistory(lines);
        expect(text.split('\n')).toHaveLength(lines.length + 1);
        expect(parseLogHistory(text)).toEqual({ ok: true, value: plain(lines) });
      }),
    );
  });

  test('is the same with and without a line feed at its end', () => {
    const text = '{"t":0,"process":0,"type":"info","f":"crash"}';
    expect(parseLogHistory(text)).toEqual(parseLogHistory(`${text}\n`));
    expect(parseLogHistory('')).toEqual({ ok: true, value: [] });
  });

  test('names the line that cannot be read', () => {
    const crash = '{"t":0,"process":0,"type":"info","f":"crash"}';
    expect(parseLogHistory(`${crash}\n{"t"\n${crash}`)).toEqual({
      ok: false,
      problem: { line: 2, reason: 'is not JSON' },
    });
    expect(parseLogHistory(`${crash}\n\n${crash}`)).toMatchObject({ problem: { line: 2 } });
    const checker = new LogHistoryChecker();
    expect(checker.addText(crash)).toEqual({ ok: true, value: undefined });
    expect(checker.addText('{}')).toMatchObject({
      problem: { line: 2, reason: 'f must be one of send, poll, txn, assign, subscribe, commit, crash, fault' },
    });
  });

  test('has its fields in one order', () => {
    const line = {
      value: 'a',
      error: 'late',
      partition: 1,
      f: 'send',
      topic: 'x',
      type: 'info',
      process: 2,
      t: 3,
    } as const;
    expect(formatHistoryLine(line)).toBe(
      '{"t":3,"process":2,"type":"info","f":"send","topic":"x","partition":1,"value":"a","error":"late"}',
    );
  });
});

describe('a line that breaks the format', () => {
  const send = { t: 0, process: 0, type: 'invoke', f: 'send', topic: 'x', partition: 0, value: 1 };
  const { topic: _topic, ...withoutTopic } = send;
  const poll = { ...send, type: 'ok', f: 'poll', value: [[0, 1]] };
  const transaction = { t: 0, process: 0, type: 'ok', f: 'txn', value: [] as unknown[] };
  test.each([
    ['that is a list', [], 'is not a JSON object'],
    [
      'that does an unknown thing',
      { ...send, f: 'seek' },
      'f must be one of send, poll, txn, assign, subscribe, commit, crash, fault',
    ],
    [
      'that does what every object can',
      { ...send, f: 'toString' },
      'f must be one of send, poll, txn, assign, subscribe, commit, crash, fault',
    ],
    ['of an unknown type', { ...send, type: 'done' }, 'type of a send must be one of invoke, ok, fail, info'],
    [
      'of a type that its kind does not have',
      { ...send, type: 'ok', f: 'crash' },
      'type of a crash must be one of info',
    ],
    ['that lacks a field', withoutTopic, 'lacks topic'],
    ['with a field too many', { ...send, offset: 3 }, 'has the field offset, which is not known here'],
    [
      'that says again what was asked for',
      { ...send, type: 'ok', acks: 'all' },
      'has the field acks, which is not known here',
    ],
    [
      'that succeeded with an error',
      { ...send, type: 'ok', error: 'x' },
      'has the field error, which is not known here',
    ],
    ['with a time that is none', { ...send, t: -1 }, 't must be milliseconds from 0'],
    ['with a broken partition', { ...send, partition: 0.5 }, 'partition must be a whole number from 0 to 2147483647'],
    ['with a nameless topic', { ...send, topic: '' }, 'topic must be a name'],
    ['with a value beyond 2^53', { ...send, value: 2 ** 53 }, 'value must be a string or a whole number'],
    ['with a value that is an object', { ...send, value: {} }, 'value must be a string or a whole number'],
    ['with acks of two', { ...send, acks: 2 }, 'acks must be none, leader or all'],
    ['with a flag that is a word', { ...send, idempotent: 'yes' }, 'idempotent must be true or false'],
    ['with a key that is a number', { ...send, key: 5 }, 'key must be a string'],
    [
      'that tells the offset of a failed send',
      { ...send, type: 'fail', value: [1, 2] },
      'value must be a string or a whole number',
    ],
    ['with half an answer', { ...send, type: 'ok', value: [1] }, 'value must be [offset, value]'],
    [
      'of a poll whose second pair is none',
      { ...poll, value: [[0, 1], [1]] },
      'value number 2 must be [offset, value]',
    ],
    ['of a poll that is no list', { ...poll, value: 1 }, 'value must be a list'],
    [
      'of a poll of several that lacks one',
      { ...withoutTopic, type: 'ok', f: 'poll', partition: undefined, value: [] },
      'has the field partition, which is not known here',
    ],
    ['of a transaction with a number in it', { ...transaction, value: [1] }, 'value number 1 must be an object'],
    [
      'of a transaction that assigns',
      { ...transaction, value: [{ f: 'assign' }] },
      'value number 1 must have f send or poll',
    ],
    [
      'of a transaction that sends nowhere',
      { ...transaction, value: [{ f: 'send', value: 1 }] },
      'value number 1 lacks topic',
    ],
  ])('is refused: one %s', (_what, line, reason) => {
    const text = JSON.stringify(line, (_key, field: unknown) => (field === undefined ? null : field));
    expect(parseHistoryLine(text)).toEqual({ ok: false, problem: reason });
  });
});
