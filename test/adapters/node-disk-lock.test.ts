/**
 * The lock of a folder between real processes, which no simulation can stand for.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeDisk } from '../../src/adapters/node-disk.ts';
import { expectProblem } from '../conformance/disk-stage.ts';

const program = fileURLToPath(new URL('hold-lock.mjs', import.meta.url));
let folder = '';
let children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'odradek-lock-'));
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await fs.rm(folder, { recursive: true });
});

/** Starts another process that wants the folder, and resolves to what it says. */
async function locker(path: string): Promise<{ child: ChildProcess; says: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const ended = once(child, 'exit').then(() => [Buffer.from('ended')]);
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
  return { child, says: line.toString().trim() };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('a folder held by another process is locked until that process is killed, with nothing to clean up', async () => {
  const disk = new NodeDisk(folder);
  const { child, says } = await locker(folder);
  expect(says).toBe('held');
  await expectProblem('locked', disk.lockFolder(''));
  await end(child);
  const giveBack = await disk.lockFolder('');
  expect((await locker(folder)).says).toBe('locked');
  await giveBack();
  expect(await fs.readdir(folder)).toEqual([]);
});

test('a process that is stopped still holds its folder', async () => {
  const { child } = await locker(folder);
  child.kill('SIGSTOP');
  await expectProblem('locked', new NodeDisk(folder).lockFolder(''));
});

test('a folder can be locked however long its path is', async () => {
  const deep = join(...Array.from({ length: 10 }, () => 'a-rather-long-name-of-a-folder'));
  const disk = new NodeDisk(folder);
  await disk.makeFolder(deep);
  const giveBack = await disk.lockFolder(deep);
  await expectProblem('locked', disk.lockFolder(deep));
  await giveBack();
});
