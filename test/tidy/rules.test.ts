import { describe, expect, test } from 'vitest';
import { clean, planted, plants } from './plants.ts';
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
  const text = 'let a;\n// tidy: ambient: the one place that may wait\nsetTimeout(a);';
  expect(findingsOf(planted({ 'src/base/a.ts': text }))).toEqual([]);
});

test('a waiver above all code excuses the whole file', () => {
  const text = '// tidy: ambient: this file is about timers\nsetTimeout(a);\nsetTimeout(b);';
  expect(findingsOf(planted({ 'src/base/a.ts': text }))).toEqual([]);
});
