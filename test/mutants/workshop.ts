/**
 * Copies of the tree in which bugs are planted and hunted. A copy costs nothing: its files are hard links, and the
 * one mutated file is written anew.
 */
import { spawn } from 'node:child_process';
import { cpSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plant, type Mutant } from './mutant.ts';

export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const workshopRoot = join(repositoryRoot, 'build/mutants');
const copiedFolders = ['src', 'test', 'proto'];
const copiedFiles = ['package.json', 'tsconfig.json', 'vitest.config.ts'];

/** Makes the copy and returns its folder. Throws when the mutant does not fit the sources. */
export function copyWith(mutant: Mutant): string {
  const folder = join(workshopRoot, mutant.id);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of copiedFolders) linkTree(join(repositoryRoot, name), join(folder, name));
  for (const name of copiedFiles) cpSync(join(repositoryRoot, name), join(folder, name));
  symlinkSync(join(repositoryRoot, 'node_modules'), join(folder, 'node_modules'));

  const planted = plant(mutant, readFileSync(join(folder, mutant.file), 'utf8'));
  if ('problem' in planted) throw new Error(planted.problem);
  // Removed first: writing through the hard link would plant the bug in the sources themselves.
  rmSync(join(folder, mutant.file));
  writeFileSync(join(folder, mutant.file), planted.text);
  return folder;
}

export function removeCopy(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) linkTree(join(from, entry.name), join(to, entry.name));
    else if (entry.isFile()) linkSync(join(from, entry.name), join(to, entry.name));
  }
}

export interface RunOutcome {
  readonly exitCode: number;
  readonly output: string;
  readonly timedOut: boolean;
}

/** Runs a program of the copy, bounded in time; output is kept up to a bound. */
export function runIn(folder: string, argv: readonly string[], timeoutMs: number): Promise<RunOutcome> {
  const outputBytesMax = 4 * 1024 * 1024;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, argv, {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
      detached: true,
    });
    let output = '';
    let timedOut = false;
    const keep = (chunk: Buffer): void => {
      if (output.length < outputBytesMax) output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const timer = setTimeout(() => {
      timedOut = true;
      // The whole group: a test runner has workers.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, timeoutMs);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ exitCode: code ?? 1, output, timedOut });
    });
  });
}
