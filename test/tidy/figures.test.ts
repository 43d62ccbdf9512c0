import { expect, test } from 'vitest';
import { allFigures, figuresTable, tooFewAssertions } from './figures.ts';
import { lines } from './plants.ts';
import { sourceFile } from './source-file.ts';

const asserting = (count: number): string => `function f() {\n${'assert(a, "b");\n'.repeat(count)}}\n`;

test('files, lines, comments and assertions are counted by folder', () => {
  const files = [
    sourceFile('src/raft/a.ts', `/* one\n two */\n${asserting(2)}// four`),
    sourceFile('src/raft/b.ts', 'export type B = string;'),
    sourceFile('test/raft/a.test.ts', 'a;'),
  ];
  const [raft, src, tests] = allFigures(files);
  const counted = { files: 2, lines: 8, decidingLines: 7, medianLines: 7, commentShare: 3 / 8 };
  expect(raft).toEqual({ folder: 'raft', ...counted, assertionsPerThousandLines: 2000 / 7 });
  expect(src).toMatchObject({ folder: 'src', files: 2 });
  expect(tests).toMatchObject({ folder: 'test', files: 1, lines: 1 });
  expect(figuresTable(allFigures(files))).toContain('test lines per source line: 0.13');
});

test.each([
  ['a core with too few assertions', 'raft', 2, ['raft']],
  ['storage with too few assertions', 'storage', 2, ['storage']],
  ['a core with enough assertions', 'raft', 4, []],
  ['a layer that judges little', 'api', 0, []],
])('%s is told from the others', (_what, folder, assertions, expected) => {
  const file = sourceFile(`src/${folder}/a.ts`, asserting(assertions) + lines(200));
  expect(tooFewAssertions(allFigures([file])).map((figures) => figures.folder)).toEqual(expected);
});

test('assertions in comments and strings do not count', () => {
  const text = `function f() {}\n// assert(a)\nconst a = 'assert(b)'; c.assert(d);`;
  expect(allFigures([sourceFile('src/raft/a.ts', text)])[0]?.assertionsPerThousandLines).toBe(0);
});
