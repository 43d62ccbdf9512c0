/**
 * Figures about the sources that are printed with every run; one of them has a floor.
 */
import { functionsOf } from './functions.ts';
import { isProperty } from './module-syntax.ts';
import { isSource, isTest, layerOf, type Project, type SourceFile } from './source-file.ts';

export const assertionsPerThousandLinesMin = 15;
const assertingFolders = ['raft', 'metadata', 'partition', 'storage'];
/** Below this a folder is too young for its density to say anything. */
const judgedFromLines = 200;

export interface FolderFigures {
  readonly folder: string;
  readonly files: number;
  readonly lines: number;
  /** Of the files that hold functions. */
  readonly decidingLines: number;
  readonly medianLines: number;
  readonly commentShare: number;
  /** Of the files that hold functions. */
  readonly assertionsPerThousandLines: number;
}

export function figuresOf(folder: string, files: readonly SourceFile[]): FolderFigures {
  const lines = sum(files, ({ lineCount }) => lineCount);
  const sorted = files.map(({ lineCount }) => lineCount).toSorted((a, b) => a - b);
  // A file of types alone cannot assert anything.
  const deciding = files.filter((file) => functionsOf(file).length > 0);
  return {
    folder,
    files: files.length,
    lines,
    decidingLines: sum(deciding, ({ lineCount }) => lineCount),
    medianLines: sorted[Math.floor(sorted.length / 2)] ?? 0,
    commentShare: sum(files, commentLines) / Math.max(1, lines),
    assertionsPerThousandLines: perThousand(
      sum(deciding, assertions),
      sum(deciding, ({ lineCount }) => lineCount),
    ),
  };
}

/** By folder of src, in the order of their names; then all of src and all of test. */
export function allFigures(project: Project): readonly FolderFigures[] {
  const sources = project.filter(isSource);
  const folders = [...new Set(sources.map(({ path }) => layerOf(path)))].toSorted();
  return [
    ...folders.map((folder) =>
      figuresOf(
        folder,
        sources.filter(({ path }) => layerOf(path) === folder),
      ),
    ),
    figuresOf('src', sources),
    figuresOf('test', project.filter(isTest)),
  ];
}

export function tooFewAssertions(figures: readonly FolderFigures[]): readonly FolderFigures[] {
  return figures.filter(
    ({ folder, decidingLines, assertionsPerThousandLines }) =>
      assertingFolders.includes(folder) &&
      decidingLines > judgedFromLines &&
      assertionsPerThousandLines < assertionsPerThousandLinesMin,
  );
}

export function figuresTable(figures: readonly FolderFigures[]): string {
  const rows = figures.map((row) => [
    row.folder,
    row.files.toString(),
    row.lines.toString(),
    row.medianLines.toString(),
    `${(100 * row.commentShare).toFixed(0)} %`,
    row.assertionsPerThousandLines.toFixed(1),
  ]);
  const head = ['folder', 'files', 'lines', 'median', 'comments', 'assertions / 1000'];
  const body = [head, ...rows].map(([folder = '', ...cells]) => {
    return [folder.padEnd(12), ...cells.map((cell, at) => cell.padStart(at === 4 ? 18 : 9))].join('');
  });
  const lines = (folder: string): number => figures.find((row) => row.folder === folder)?.lines ?? 0;
  const ratio = (lines('test') / Math.max(1, lines('src'))).toFixed(2);
  return [...body, `test lines per source line: ${ratio}`, ''].join('\n');
}

function perThousand(count: number, lines: number): number {
  return (count * 1000) / Math.max(1, lines);
}

function commentLines({ tokens }: SourceFile): number {
  return sum(
    tokens.filter(({ kind }) => kind === 'comment'),
    ({ line, endLine }) => endLine - line + 1,
  );
}

function assertions({ code }: SourceFile): number {
  return code.filter(({ text }, at) => text === 'assert' && code[at + 1]?.text === '(' && !isProperty(code, at)).length;
}

function sum<Item>(items: readonly Item[], amount: (item: Item) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
