/**
 * The rules of the house, applied to the whole project on every run. What each rule says is in test/tidy/; that
 * each of them bites is shown in test/tidy/rules.test.ts.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { allFigures, figuresTable, tooFewAssertions } from './tidy/figures.ts';
import { readProject } from './tidy/read-project.ts';
import { describeFinding, findingsOf, rules } from './tidy/rules.ts';

const project = readProject(dirname(dirname(fileURLToPath(import.meta.url))));
const findings = findingsOf(project);

test('the rules see the sources and the tests', () => {
  const paths = project.map(({ path }) => path);
  expect(paths).toContain('src/base/assert.ts');
  expect(paths).toContain('test/tidy.test.ts');
});

for (const { name, promise } of rules) {
  test(`every file ${promise}`, () => {
    expect(findings.filter(({ rule }) => rule === name).map(describeFinding)).toEqual([]);
  });
}

test('every waiver gives a reason and is needed', () => {
  expect(findings.filter(({ rule }) => rule === 'waiver').map(describeFinding)).toEqual([]);
});

test('cores and storage assert what they rely on', () => {
  const figures = allFigures(project);
  process.stdout.write(`\n${figuresTable(figures)}`);
  expect(tooFewAssertions(figures)).toEqual([]);
});
