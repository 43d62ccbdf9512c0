/**
 * Pages and comments that point to a file point to one that exists: what can go stale is checked or left out.
 */
import type { Finding, Project, Rule, SourceFile } from './source-file.ts';

/** A path or a name of a file, as prose writes it. `*.test.ts` and `<name>.ts` are patterns, not files. */
const filePattern = /(?<![\w*<>/.$}-])(?:\.{0,2}\/)?(?:[\w-]+\/)*[\w-][\w.-]*\.(?:ts|mjs|proto)\b(?![\w-])/g;

/** Part of every protobuf installation, not of this project. */
const known = ['descriptor.proto', 'google/protobuf/descriptor.proto'];

export const referenceRules: readonly Rule[] = [
  { name: 'lost-file', promise: 'points only to files that exist', check: findLostFiles },
];

function findLostFiles(project: Project): readonly Finding[] {
  const paths = [...project.map(({ path }) => path), ...known].map((path) => `/${path}`);
  const exists = (reference: string): boolean => {
    const tail = `/${reference.replace(/^(?:\.{0,2}\/)+/, '')}`;
    return paths.some((path) => path.endsWith(tail));
  };
  return project.flatMap((file) =>
    proseOf(file).flatMap(({ text, line }) =>
      (text.match(filePattern) ?? [])
        .filter((reference) => !exists(reference))
        .map((reference) => ({ rule: 'lost-file', path: file.path, line, what: reference })),
    ),
  );
}

/** Comments of code, and the whole of a page. */
function proseOf(file: SourceFile): { text: string; line: number }[] {
  const isPage = file.path.endsWith('.md');
  const pieces = isPage ? [{ text: file.text, line: 1 }] : file.tokens.filter(({ kind }) => kind === 'comment');
  return pieces.flatMap(({ text, line }) => text.split('\n').map((part, at) => ({ text: part, line: line + at })));
}
