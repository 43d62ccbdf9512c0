/**
 * Pages that point to a file point to one that exists: what can go stale is checked or left out.
 */
import type { Finding, Project, Rule, SourceFile } from './source-file.ts';

/** A path or a name of a file, as prose writes it. `*.test.ts` and `<name>.ts` are patterns, not files. */
const filePattern = /(?<![\w*<>/.$}-])(?:\.{0,2}\/)?(?:[\w-]+\/)*[\w-][\w.-]*\.(?:ts|mjs|proto)\b(?![\w-])/g;

export const referenceRules: readonly Rule[] = [
  { name: 'lost-file', promise: 'points only to files that exist', check: findLostFiles },
];

function findLostFiles(project: Project): readonly Finding[] {
  const paths = project.map(({ path }) => `/${path}`);
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

function proseOf({ path, text }: SourceFile): { text: string; line: number }[] {
  if (!path.endsWith('.md')) return [];
  return text.split('\n').map((part, at) => ({ text: part, line: at + 1 }));
}
