/**
 * Rules about the shape of a file: its length, its name, its head, what it exports.
 */
import { functionsOf } from './functions.ts';
import { exportsOf, importsOf } from './module-syntax.ts';
import { baseNameOf, isSource, isTest, isTypeScript, perFile, type Finding, type Rule } from './source-file.ts';
import type { SourceFile } from './source-file.ts';

export const fileLinesMax = 400;
export const functionLinesMax = 70;

/** Entries that package.json names, and the one file whose form a generator dictates. */
const mayReexport = new Set([
  'src/index.ts',
  'src/testing/index.ts',
  'src/client/index.ts',
  'src/wire/protobuf-runtime.ts',
]);
const mayExportDefault = new Set(['src/wire/protobuf-runtime.ts']);

export const shapeRules: readonly Rule[] = [
  perFile('file-length', `has at most ${fileLinesMax} lines`, (file) =>
    isTypeScript(file) && file.lineCount > fileLinesMax ? [{ line: 0, what: `${file.lineCount} lines` }] : [],
  ),
  perFile('function-length', `has functions of at most ${functionLinesMax} lines`, (file) =>
    functionsOf(file)
      .filter(({ lineCount }) => lineCount > functionLinesMax)
      .map(({ name, line, lineCount }) => ({ line, what: `${name} has ${lineCount} lines` })),
  ),
  { name: 'unique-name', promise: 'has a name of its own in src', check: findTwins },
  perFile('file-name', 'has a kebab-case name that its exports explain', (file) =>
    isTypeScript(file) ? findBadName(file) : [],
  ),
  perFile('default-export', 'exports by name', (file) =>
    mayExportDefault.has(file.path)
      ? []
      : exportsOf(file)
          .filter(({ name }) => name === 'default')
          .map(({ line }) => ({ line, what: 'a default export' })),
  ),
  perFile('barrel', 'in src exports only what it defines', (file) =>
    !isSource(file) || mayReexport.has(file.path)
      ? []
      : importsOf(file)
          .filter(({ exportedAgain }) => exportedAgain)
          .map(({ line, specifier }) => ({ line, what: `exports from ${specifier}` })),
  ),
  perFile('header', 'starts by saying what it is', (file) => (needsHeader(file) ? findMissingHeader(file) : [])),
];

function findTwins(project: readonly SourceFile[]): readonly Finding[] {
  const first = new Map<string, string>();
  return project.filter(isSource).flatMap(({ path }) => {
    const name = baseNameOf(path);
    const twin = first.get(name);
    first.set(name, twin ?? path);
    return twin === undefined || name === 'index' ? [] : [{ rule: 'unique-name', path, line: 0, what: `like ${twin}` }];
  });
}

/** One word in common is asked for, so that a search for the file or for the name finds the other. */
function findBadName(file: SourceFile): { line: number; what: string }[] {
  const name = baseNameOf(file.path);
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?$/.test(name)) return [{ line: 0, what: 'not kebab-case' }];
  const exported = exportsOf(file).filter((found) => found.name !== 'default');
  if (!isSource(file) || exported.length === 0 || mayReexport.has(file.path)) return [];
  const words = new Set(name.split('-').map(stemOf));
  const explained = exported.some((found) => wordsOf(found.name).some((word) => words.has(stemOf(word))));
  return explained ? [] : [{ line: 0, what: `exports nothing that says ${name}` }];
}

function wordsOf(identifier: string): string[] {
  return identifier.split(/(?<=[a-z0-9])(?=[A-Z])|_/).map((word) => word.toLowerCase());
}

/** Enough for plurals and verbs: node and nodes, recover and recovery. */
function stemOf(word: string): string {
  return word.replace(/(?:ies|es|s|y|e|ing|er|ed)$/, '').slice(0, 6);
}

function needsHeader(file: SourceFile): boolean {
  return isSource(file) || (isTest(file) && !file.path.endsWith('.test.ts'));
}

function findMissingHeader({ tokens }: SourceFile): { line: number; what: string }[] {
  const [first] = tokens;
  const text = first?.kind === 'comment' && first.text.startsWith('/**') ? first.text : '';
  const words = text.split(/\s+/).filter((word) => /\w/.test(word));
  return words.length >= 5 ? [] : [{ line: 1, what: 'no header comment' }];
}
