import { describe, expect, test } from 'vitest';
import { clean, lines, planted, plants } from './plants.ts';
import { describeFinding, findingsOf, rules } from './rules.ts';

describe('planted violations', () => {
  test.each(plants)('$what is found and nothing else is', ({ files, found }) => {
    expect(findingsOf(planted(files)).map(describeFinding)).toEqual(found);
  });

  test('every rule has a planted violation that it finds', () => {
    const bitten = new Set(plants.flatMap(({ files }) => findingsOf(planted(files)).map(({ rule }) => rule)));
    expect(rules.map(({ name }) => name).filter((name) => !bitten.has(name))).toEqual([]);
  });
});

test('a project that keeps every rule has no finding', () => {
  expect(findingsOf(planted(clean)).map(describeFinding)).toEqual([]);
});

test('a waiver with a reason excuses the line below it', () => {
  const text = '// tidy: ambient: the one place that may wait\nsetTimeout(a);';
  expect(findingsOf(planted({ 'src/base/a.ts': text }))).toEqual([]);
});

test('a waiver excuses a whole file from anywhere in it', () => {
  const text = `${lines(400)}// tidy: file-length: a table of the standard`;
  expect(findingsOf(planted({ 'src/base/a.ts': text }))).toEqual([]);
});
