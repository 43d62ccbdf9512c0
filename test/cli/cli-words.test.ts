import { expect, test } from 'vitest';
import { statusCodes, type StatusName } from '../../src/base/status.ts';
import { exitCodes, exitForStatus, renderFailure } from '../../src/cli/cli-error.ts';
import { readCommonOptions } from '../../src/cli/command-options.ts';
import { editDistance, findNearestName } from '../../src/base/nearest-name.ts';
import { textTable } from '../../src/cli/text-table.ts';

test('edits count insertions, removals, replacements and swaps of neighbours', () => {
  expect(editDistance('heartbeat', 'heartbeat')).toBe(0);
  expect(editDistance('hearbeat', 'heartbeat')).toBe(1);
  expect(editDistance('haertbeat', 'heartbeat')).toBe(1);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('kitten', 'sitting')).toBe(3);
});

test('the nearest name is found in any case, and nothing when all are far', () => {
  expect(findNearestName('NODE.ID', ['api.listen', 'node.id'])).toBe('node.id');
  expect(findNearestName('zzzzzzzz', ['api.listen', 'node.id'])).toBeUndefined();
  expect(findNearestName('anything', [])).toBeUndefined();
});

test('columns are as wide as their widest cell and lines end without spaces', () => {
  const columns = [{ title: 'N', align: 'right' }, { title: 'NAME' }] as const;
  expect(
    textTable(columns, [
      ['1', 'a'],
      ['10', 'longer'],
    ]),
  ).toBe(' N  NAME\n 1  a\n10  longer\n');
});

test('a failure is one JSON line for programs and a sentence with a hint for people', () => {
  const failure = {
    exit: 'timeout',
    message: 'too late',
    hint: 'wait\nlonger',
    reason: 'X',
    facts: { a: '1' },
  } as const;
  expect(JSON.parse(renderFailure(failure, true))).toEqual({
    error: { exit: 'timeout', exitCode: 7, message: 'too late', hint: 'wait\nlonger', reason: 'X', facts: { a: '1' } },
  });
  expect(renderFailure(failure, false)).toBe('odradek: too late\n  wait\n  longer\n');
  expect(renderFailure({ exit: 'failed', message: 'no' }, false)).toBe('odradek: no\n');
});

test('every status of a failed call has an exit code other than success', () => {
  for (const name of Object.keys(statusCodes) as StatusName[]) {
    expect(exitCodes[exitForStatus(name)], name).toBeGreaterThan(0);
  }
  expect(exitForStatus('unavailable')).toBe('unavailable');
  expect(exitForStatus('permission-denied')).toBe('not-authorised');
  expect(exitForStatus('internal')).toBe('failed');
});

const good = { brokers: 'a:1, [::1]:2', output: 'json', timeout: '1.5s' };

test('common options are read once for all commands', () => {
  expect(readCommonOptions(good)).toEqual({ brokers: ['a:1', '[::1]:2'], output: 'json', timeoutMs: 1500 });
});

test.each([
  [{ ...good, brokers: 'nowhere' }, '--brokers is "nowhere"'],
  [{ ...good, brokers: ' , ' }, '--brokers is " , "'],
  [{ ...good, output: 'xml' }, '--output is xml, which is none of table, wide, json, ndjson, yaml, name'],
  [{ ...good, output: 'jsno' }, '; did you mean json?'],
  [{ ...good, timeout: '5' }, '--timeout is 5, which is not a duration'],
])('the options %j are refused with what is wrong', (written, message) => {
  expect(() => readCommonOptions(written)).toThrow(message);
});
