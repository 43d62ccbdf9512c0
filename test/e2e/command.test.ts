/**
 * The `odradek` command as a process: output, errors, exit codes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exampleConfig } from '../../src/cli/example-config.ts';
import { settingTable } from '../../src/cli/setting-table.ts';
import { Bench, freePort } from './node-process.ts';

const bench = new Bench();
afterAll(() => bench.stopAll());

test('version is one line for people and JSON for programs', async () => {
  const forPeople = await bench.run(['version']);
  expect(forPeople.stdout).toMatch(/^odradek \d+\.\d+\.\d+ \(API odradek\.v1; Node\.js [\d.]+, \w+-\w+\)\n$/);
  const forPrograms = await bench.run(['version', '-o', 'json']);
  expect(JSON.parse(forPrograms.stdout)).toMatchObject({ apiPackages: ['odradek.v1'] });
});

const commandsWithHelp = [
  '',
  'dev',
  'server',
  'topic',
  'topic create',
  'topic list',
  'topic describe',
  'topic alter',
  'topic delete',
  'broker',
  'broker list',
  'broker describe',
  'cluster',
  'cluster info',
  'cluster health',
  'cluster config',
  'cluster config list',
  'cluster config get',
  'cluster config set',
  'cluster config unset',
  'cluster config explain',
  'cluster features',
  'cluster features list',
  'cluster features upgrade',
  'cluster features downgrade',
  'quorum',
  'quorum status',
  'quorum add',
  'quorum remove',
  'quorum transfer',
  'quorum shell',
  'produce',
  'consume',
  'storage',
  'storage dump',
  'storage verify',
  'config',
  'config example',
  'version',
];

test('help is the same as before', async () => {
  const helps: string[] = [];
  for (const command of commandsWithHelp) {
    const words = [...command.split(' ').filter((word) => word !== ''), '--help'];
    const { stdout, exitCode } = await bench.run(words);
    expect(exitCode).toBe(0);
    helps.push(`$ odradek ${words.join(' ')}\n${stdout}`);
  }
  await expect(helps.join('\n')).toMatchFileSnapshot('command-help.txt');
});

test('a command that does not exist is refused with the nearest one', async () => {
  const { exitCode, stderr } = await bench.run(['quorum', 'staus']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("unknown command 'staus'");
  expect(stderr).toContain('status');
});

test('the bare command shows its help', async () => {
  const { exitCode, stdout } = await bench.run([]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Usage: odradek');
});

test('a group without a command shows its help and counts as misuse', async () => {
  const { exitCode, stderr } = await bench.run(['quorum']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Usage: odradek quorum');
});

test('no node at the address is told with what to type next, to people and to programs', async () => {
  const nobody = `127.0.0.1:${await freePort()}`;
  const forPeople = await bench.run(['-b', nobody, 'quorum', 'status']);
  expect(forPeople.exitCode).toBe(6);
  expect(forPeople.stdout).toBe('');
  expect(forPeople.stderr).toContain(`no node answers at ${nobody} (connect ECONNREFUSED ${nobody})`);
  expect(forPeople.stderr).toContain('make quorum');
  const forPrograms = await bench.run(['quorum', 'status', '-o', 'json'], { ODRADEK_BROKERS: nobody });
  expect(forPrograms.exitCode).toBe(6);
  expect(JSON.parse(forPrograms.stderr)).toMatchObject({ error: { exit: 'unavailable', exitCode: 6 } });
});

test('a usage error is JSON as well when JSON is asked for', async () => {
  const { exitCode, stderr } = await bench.run(['quorum', 'status', '--nonsense', '-o', 'json']);
  expect(exitCode).toBe(2);
  expect(JSON.parse(stderr)).toMatchObject({ error: { exit: 'usage' } });
});

test('the example configuration is printed as it is in cluster/', async () => {
  expect((await bench.run(['config', 'example'])).stdout).toBe(exampleConfig(settingTable));
});

test('a reader that has seen enough ends the command quietly', async () => {
  const words = [bench.program, 'config', 'example'];
  const child = spawn('/bin/sh', ['-c', '"$0" "$@" | true', process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  await once(child, 'close');
  expect(complaint).toBe('');
});

test('the files of a log are read without a node, whatever codec they need', async () => {
  const segment = join(bench.folder(), '00000000000000000100.log');
  copyFileSync(new URL('../record/golden/kafka-zstd.batch', import.meta.url), segment);
  const { stdout, exitCode } = await bench.run(['storage', 'dump', '--deep', '-o', 'ndjson', segment]);
  expect(exitCode).toBe(0);
  const found = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly kind: string });
  expect(found.map(({ kind }) => kind)).toEqual(['file', 'batch', ...new Array<string>(60).fill('record')]);
});

test('nothing is coloured where nobody looks', async () => {
  const node = await bench.serve(bench.folder());
  const { stdout, exitCode } = await bench.run(['-b', node.api, 'quorum', 'status']);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('answered by  voter 1');
  expect(stdout).not.toContain('\u001B');
});
