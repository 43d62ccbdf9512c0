/**
 * `odradek server` as a process: its life, its data, and every way in which it refuses to start.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Bench } from './node-process.ts';

const bench = new Bench();
afterAll(() => bench.stopAll());

interface Quorum {
  readonly clusterId: string;
  readonly leaderId: number | null;
  readonly term: number;
  readonly voters: readonly { readonly directoryId: string }[];
}

/** Asks until a leader is known: a lone voter needs a moment to elect itself. */
async function quorumAt(api: string): Promise<Quorum> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { stdout } = await bench.run(['-b', api, '-o', 'json', 'quorum', 'status']);
    const quorum = JSON.parse(stdout) as Quorum;
    if (quorum.leaderId !== null) return quorum;
  }
  throw new Error('no leader after 100 questions');
}

test('a node serves, tells where, and stops with 0 on the first signal', async () => {
  const node = await bench.serve(bench.folder());
  expect(node.api).toMatch(/^127\.0\.0\.1:\d+$/);
  expect((await quorumAt(node.api)).leaderId).toBe(1);
  expect(await node.end('SIGTERM')).toBe(0);
  expect(node.events.map(({ msg }) => msg).slice(-2)).toEqual(['the node stops', 'the node has stopped']);
  expect(node.events.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('a node that was killed goes on with its cluster, its directory and a later term', async () => {
  const folder = bench.folder();
  const first = await bench.serve(folder);
  const before = await quorumAt(first.api);
  expect(await first.end('SIGKILL')).toBe('SIGKILL');
  const second = await bench.serve(folder);
  const after = await quorumAt(second.api);
  expect(after.clusterId).toBe(before.clusterId);
  expect(after.voters[0]?.directoryId).toBe(before.voters[0]?.directoryId);
  expect(after.term).toBeGreaterThan(before.term);
  expect(await second.end('SIGINT')).toBe(0);
});

test('a node goes on without the reader of its log', async () => {
  const node = await bench.serve(bench.folder(), ['stop.grace=1h']);
  const watch = bench.watchHealth(node.api);
  await watch.untilOpen();
  const exited = once(node.child, 'exit').then(() => 'ended');
  node.child.stdout?.destroy();
  // It writes that it stops, to nobody, and waits for its caller all the same.
  node.child.kill('SIGTERM');
  const waited = new Promise((resolve) => setTimeout(() => resolve('waits'), 1000));
  expect(await Promise.race([exited, waited])).toBe('waits');
  watch.close();
  await exited;
  expect(node.child.exitCode).toBe(0);
});

test('a second signal ends a node that waits for its callers', async () => {
  const node = await bench.serve(bench.folder(), ['stop.grace=1h']);
  const watch = bench.watchHealth(node.api);
  await watch.untilOpen();
  const ended = node.end('SIGTERM');
  await expect.poll(() => node.events.map(({ msg }) => msg)).toContain('the node stops');
  expect(node.child.exitCode).toBeNull();
  node.child.kill('SIGTERM');
  expect(await ended).toBe(143);
  watch.close();
});

test('two processes never share a data folder', async () => {
  const folder = bench.folder();
  await bench.serve(folder);
  const second = await bench.run(['server', '--data', folder, ...freePorts]);
  expect(second.exitCode).toBe(4);
  expect(second.stderr).toContain('in use by another process');
});

test('a data folder belongs to one node', async () => {
  const folder = bench.folder();
  await (await bench.serve(folder)).end('SIGTERM');
  const other = await bench.run(['server', '--data', folder, '--set', 'node.id=2', ...freePorts]);
  expect(other.exitCode).toBe(4);
  expect(other.stderr).toContain('belongs to node 1, and this is node 2');
});

const freePorts = ['--set', 'api.listen=127.0.0.1:0', '--set', 'peer.listen=127.0.0.1:0'];

test.each(['api.listen', 'peer.listen'])('a port that is taken at %s is named, with what to do', async (setting) => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const address = squatter.address();
  const taken = typeof address === 'object' ? `127.0.0.1:${address?.port}` : '';
  const { exitCode, stderr } = await bench.run([
    'server',
    '--data',
    bench.folder(),
    ...freePorts,
    '--set',
    `${setting}=${taken}`,
  ]);
  squatter.close();
  expect(exitCode).toBe(4);
  expect(stderr).toContain(`odradek: ${taken} is taken by another process`);
  expect(stderr).toContain('--set api.listen=');
});

test('a data folder that cannot be is named, with what to do', async () => {
  const file = join(bench.folder(), 'file');
  writeFileSync(file, '');
  const { exitCode, stderr } = await bench.run(['server', '--data', join(file, 'data'), ...freePorts]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`odradek: the data folder ${join(file, 'data')} cannot be`);
});

test('files that are not ours are left alone', async () => {
  const folder = bench.folder();
  mkdirSync(join(folder, 'quorum'));
  writeFileSync(join(folder, 'quorum/thesis.txt'), 'years of work');
  const { exitCode, stderr } = await bench.run(['server', '--data', folder, ...freePorts]);
  expect(exitCode).toBe(4);
  expect(stderr).toContain('thesis.txt');
});

test.each([
  [['--set', 'quorum.hearbeat=50ms'], 'there is no setting quorum.hearbeat; did you mean quorum.heartbeat?'],
  [['--set', 'api.listen=0.0.0.0:7081'], 'can be reached from other machines'],
  [['--set', 'quorum.election_timeout_min=100ms'], 'less than 2 heartbeats'],
  [['--config', '/nowhere/odradek.yaml'], 'the settings file /nowhere/odradek.yaml cannot be read'],
  [['--set', 'quorum.voters=2@127.0.0.1:7182'], 'node 1 is not among the voters 2'],
])('%j is refused before anything starts', async (words, message) => {
  const { exitCode, stderr, stdout } = await bench.run(['server', '--data', '/nowhere/data', ...words]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(stdout).toBe('');
});

test('settings come from file, environment and flags, and are printed with their origin', async () => {
  const file = join(bench.folder(), 'odradek.yaml');
  writeFileSync(file, 'quorum:\n  heartbeat: 40ms\nlog:\n  level: debug\n');
  const words = ['server', '--config', file, '--set', 'node.id=5', '--data', './d', '--print-config'];
  const { exitCode, stdout } = await bench.run(words, { ODRADEK_LOG__LEVEL: 'warn' });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`heartbeat: 40ms +# ${file}:2`));
  expect(stdout).toMatch(/level: warn +# ODRADEK_LOG__LEVEL/);
  expect(stdout).toMatch(/id: 5 +# --set/);
  expect(stdout).toMatch(/path: .\/d +# --data/);
  expect(stdout).toMatch(/grace: 5s +# default/);
});
