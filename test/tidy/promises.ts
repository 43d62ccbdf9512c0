/**
 * Rules about promises: the names of tests, the numbered invariants of the cores, and the tables that map
 * sentences of a paper to functions and tests.
 */
import { isProperty, stringValue } from './module-syntax.ts';
import { baseNameOf, isSource, isTest, isTypeScript, layerOf, perFile } from './source-file.ts';
import type { Finding, Project, Rule, SourceFile } from './source-file.ts';
import { tableRows } from './markdown-table.ts';

export const coreFolders = ['raft', 'metadata', 'partition', 'group'];
/** A core that is smaller has hardly begun. */
export const numberedFromLines = 200;
const testWords = new Set(['test', 'it', 'promise']);
const invariantPattern = /^\s*(?:[-*|]\s*)?\*{0,2}([A-Z]\d{1,2})\b/gm;

export const promiseRules: readonly Rule[] = [
  perFile('test-name', 'names its tests as promises', (file) => (isTest(file) ? findBadTestNames(file) : [])),
  perFile('test-runs', 'skips no test and singles none out', (file) => (isTest(file) ? findSkipped(file) : [])),
  { name: 'invariants', promise: 'of a core numbers its invariants, and tests name each', check: findUntested },
  { name: 'known-invariant', promise: 'names only invariants that exist', check: findUnknownInvariants },
  { name: 'paper-table', promise: 'that maps sentences names real functions and tests', check: findStaleRows },
];

interface TestTitle {
  readonly title: string;
  readonly line: number;
}

/** The first string of every `test(…)`, `test.each(…)(…)` and of our own `promise(…)`. */
export function testTitlesOf({ code }: SourceFile): readonly TestTitle[] {
  return code.flatMap((token, at) => {
    if (token.kind !== 'name' || !testWords.has(token.text) || isProperty(code, at)) return [];
    const opening = openingOfTitle(code, at + 1);
    const title = opening === undefined ? undefined : titleAt(code, opening + 1);
    return title === undefined ? [] : [{ title, line: token.line }];
  });
}

type Code = SourceFile['code'];

function openingOfTitle(code: Code, start: number): number | undefined {
  let at = start;
  let takesTable = false;
  while (code[at]?.text === '.') {
    takesTable ||= ['each', 'for', 'runIf', 'skipIf'].includes(code[at + 1]?.text ?? '');
    at += 2;
  }
  if (code[at]?.text !== '(') return undefined;
  if (!takesTable) return at;
  for (let depth = 0; at < code.length; at += 1) {
    if (code[at]?.text === '(') depth += 1;
    if (code[at]?.text === ')') depth -= 1;
    if (depth === 0) return code[at + 1]?.text === '(' ? at + 1 : undefined;
  }
  return undefined;
}

function titleAt(code: Code, at: number): string | undefined {
  const plain = stringValue(code[at]);
  if (plain !== undefined) return plain;
  if (code[at]?.kind !== 'template') return undefined;
  const end = code.findIndex(({ kind, text }, index) => index > at && kind === 'template' && text.endsWith('`'));
  const parts = code.slice(at, end + 1).filter(({ kind, text }) => kind === 'template' && /^[`}]/.test(text));
  return parts.map(({ text }) => text.replace(/^[`}]/, '').replace(/(?:`|\$\{)$/, '')).join('…');
}

function findBadTestNames(file: SourceFile): { line: number; what: string }[] {
  return testTitlesOf(file).flatMap(({ title, line }) => {
    if (/^should\b/i.test(title)) return [{ line, what: `"${title}" wishes; say what holds` }];
    return wordCount(title) >= 4 ? [] : [{ line, what: `"${title}" is no sentence` }];
  });
}

/** What is filled in later counts as two words. */
function wordCount(title: string): number {
  return title.replaceAll(/…|%[sdijfo]|\$\w+/g, 'filled in').split(/\s+/).length;
}

function findSkipped({ code }: SourceFile): { line: number; what: string }[] {
  const starts = new Set([...testWords, 'describe', 'suite']);
  return code.flatMap((token, at) => {
    if (token.kind !== 'name' || !starts.has(token.text) || isProperty(code, at)) return [];
    const modifier = code[at + 1]?.text === '.' ? (code[at + 2]?.text ?? '') : '';
    return ['only', 'skip', 'todo', 'fails'].includes(modifier)
      ? [{ line: token.line, what: `${token.text}.${modifier}` }]
      : [];
  });
}

function invariantsOf(readme: SourceFile | undefined): readonly string[] {
  return readme === undefined ? [] : [...readme.text.matchAll(invariantPattern)].map(([, number = '']) => number);
}

function readmeOf(project: Project, folder: string): SourceFile | undefined {
  return project.find(({ path }) => path === `src/${folder}/README.md`);
}

function linesOf(project: Project, folder: string): number {
  const files = project.filter((file) => isSource(file) && layerOf(file.path) === folder);
  return files.reduce((lines, { lineCount }) => lines + lineCount, 0);
}

function mentions(file: SourceFile, number: string): boolean {
  return new RegExp(`\\b${number}\\b`).test(file.text);
}

function findUntested(project: Project): readonly Finding[] {
  const checkers = project.filter(
    (file) => isTypeScript(file) && /^(?:test|src\/simulation)\//.test(file.path) && !isAboutTidiness(file),
  );
  return coreFolders.flatMap((folder) => {
    const readme = readmeOf(project, folder);
    const lines = linesOf(project, folder);
    if (readme === undefined && lines < numberedFromLines) return [];
    const numbers = invariantsOf(readme);
    const path = `src/${folder}/README.md`;
    const finding = { rule: 'invariants', path, line: 0 };
    if (numbers.length === 0) return [{ ...finding, what: 'numbers no invariant' }];
    const untested = numbers.filter((number) => !checkers.some((file) => mentions(file, number)));
    return untested.map((number) => ({ ...finding, what: `no test or checker names ${number}` }));
  });
}

/** A letter belongs to the folder whose README numbers with it; elsewhere in that folder it must not invent numbers. */
function findUnknownInvariants(project: Project): readonly Finding[] {
  return coreFolders.flatMap((folder) => {
    const known = new Set(invariantsOf(readmeOf(project, folder)));
    const letters = [...new Set([...known].map((number) => number.charAt(0)))].join('');
    if (letters === '') return [];
    const pattern = new RegExp(`\\b[${letters}]\\d{1,2}\\b`, 'g');
    const files = project.filter(({ path }) => path.startsWith(`src/${folder}/`) || path.startsWith(`test/${folder}/`));
    return files.flatMap(({ path, tokens }) =>
      tokens
        .filter(({ kind }) => kind === 'comment' || kind === 'string')
        .flatMap(({ text, line }) => (text.match(pattern) ?? []).map((number) => ({ number, line })))
        .filter(({ number }) => !known.has(number))
        .map(({ number, line }) => ({ rule: 'known-invariant', path, line, what: `${number} is not in the README` })),
    );
  });
}

function findStaleRows(project: Project): readonly Finding[] {
  const titles = new Set(project.filter(isTest).flatMap((file) => testTitlesOf(file).map(({ title }) => title)));
  return project
    .filter(({ path }) => /^src\/(?:.+\/)?README\.md$/.test(path))
    .flatMap((readme) => {
      const folder = readme.path.slice(0, readme.path.lastIndexOf('/') + 1);
      const names = new Set(
        project
          .filter((file) => isSource(file) && file.path.startsWith(folder))
          .flatMap(({ code }) => code.filter(({ kind }) => kind === 'name').map(({ text }) => text.replace('#', ''))),
      );
      return tableRows(readme.text, ['function']).flatMap(({ line, cells }) => {
        const finding = { rule: 'paper-table', path: readme.path, line };
        const functions = quoted(cells.get('function') ?? '').map((name) => name.replace(/\(\)$/, ''));
        const lost = functions.filter((name) => !names.has(name.slice(name.lastIndexOf('.') + 1).replace('#', '')));
        const untold = quoted(cells.get('test') ?? '').filter((title) => !titles.has(title));
        return [
          ...lost.map((name) => ({ ...finding, what: `no function ${name} in ${folder}` })),
          ...untold.map((title) => ({ ...finding, what: `no test "${title}"` })),
        ];
      });
    });
}

/** The parts of a cell in backquotes: what it names, as opposed to what it says about it. */
function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

function isAboutTidiness({ path }: SourceFile): boolean {
  return path.startsWith('test/tidy') || baseNameOf(path).startsWith('tidy');
}
