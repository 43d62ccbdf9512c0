/**
 * The bundled command, as people run it. Built from the sources as they are, once for all tests of a run: the folder's
 * name is a hash of what it was built from.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Absolute path of main.js. */
export function builtProgram(): string {
  const builds = join(root, 'build/e2e');
  const target = join(builds, hashOfSources());
  if (!existsSync(target)) {
    const partial = `${target}.${process.pid}`;
    mkdirSync(partial, { recursive: true });
    build(partial);
    // Whoever is first wins; the others have built the same.
    if (existsSync(target)) rmSync(partial, { recursive: true });
    else renameSync(partial, target);
  }
  return join(target, 'dist/bin/main.js');
}

function build(folder: string): void {
  const run = (...words: string[]): void => void execFileSync(process.execPath, words, { cwd: root });
  run('src/bundle.mjs', join(folder, 'dist/bin'));
  run('proto/generate.mjs', '--into', join(folder, 'dist').slice(root.length));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const folder of ['src', 'proto']) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8', withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(file).update(readFileSync(file));
  }
  return hash
    .update(readFileSync(join(root, 'package.json')))
    .digest('hex')
    .slice(0, 16);
}
