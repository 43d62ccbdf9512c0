/**
 * Reads the files that the tidy rules look at: sources, tests, and the pages and protocol files beside them.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sourceFile, type Project } from './source-file.ts';

const looksAt = ['src', 'test', 'proto', 'cluster', 'README.md', 'Makefile', '.ci'];
const isText = /(?:\.(?:ts|mjs|md|proto|ya?ml|json|sh)|\/run|Makefile)$/;
const isGenerated = /^src\/wire\/generated\//;

export function readProject(root: string): Project {
  const paths = looksAt.flatMap((top) => filesBelow(root, top)).filter((path) => isText.test(path));
  return paths
    .filter((path) => !isGenerated.test(path))
    .toSorted()
    .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')));
}

function filesBelow(root: string, path: string): string[] {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  const names = readdirSync(full, { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => `${path}/${name.replaceAll('\\', '/')}`)
    .filter((name) => statSync(join(root, name)).isFile());
}
