import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'print-count-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Status = 'passed' | 'failed' | 'skipped';
const testFile = (status: Status, ...tests: readonly Status[]): object => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});

function countOf(results: string, exitStatus: string): { line: string | undefined; exit: number | null } {
  const path = join(folder, 'results.json');
  writeFileSync(path, results);
  const run = spawnSync(process.execPath, ['test/print-count.mjs', path, exitStatus], { encoding: 'utf8' });
  return { line: run.stdout.trimEnd().split('\n').at(-1), exit: run.status };
}

test.each([
  [
    'a run that went well',
    [testFile('passed', 'passed', 'skipped'), testFile('passed', 'passed')],
    '0',
    '2 passed, 0 failed',
    0,
  ],
  [
    'a failed test',
    [testFile('failed', 'passed', 'failed'), testFile('passed', 'passed')],
    '2',
    '2 passed, 1 failed',
    1,
  ],
  ['a failed test that nobody reported', [testFile('failed', 'passed', 'failed')], '0', '1 passed, 1 failed', 1],
  ['a file that could not be loaded', [testFile('failed'), testFile('passed', 'passed')], '2', '1 passed, 1 failed', 1],
  ['a fault outside the tests', [testFile('passed', 'passed')], '2', '1 passed, 1 failed', 1],
  ['a run in which no test ran', [], '0', '0 passed, 1 failed', 1],
  ['a run of skipped tests', [testFile('passed', 'skipped')], '0', '0 passed, 1 failed', 1],
])('%s ends with its count', (_what, testResults, exitStatus, line, exit) => {
  expect(countOf(JSON.stringify({ testResults }), exitStatus)).toEqual({ line, exit });
});

test.each([
  ['half a file', '{"testResults": ['],
  ['an empty file', ''],
])('%s counts as a failure', (_what, results) => {
  expect(countOf(results, '1')).toEqual({ line: '0 passed, 1 failed', exit: 1 });
});

test('results that are missing count as a failure', () => {
  const run = spawnSync(process.execPath, ['test/print-count.mjs', join(folder, 'nothing.json'), '0'], {
    encoding: 'utf8',
  });
  expect(run.stdout).toBe('0 passed, 1 failed\n');
  expect(run.status).toBe(1);
});
