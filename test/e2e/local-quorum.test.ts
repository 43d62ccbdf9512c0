/**
 * cluster/local.mjs as `make quorum` and `make up` run it: real processes, real disks, kill -9.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from './built-program.ts';
import { Bench, freeQuorumPort, type Ran } from './node-process.ts';

const bench = new Bench();
const dataOfQuorum = join(bench.folder(), 'data');
const dataOfCluster = join(bench.folder(), 'data');
let data = dataOfQuorum;
let firstPort = 0;

async function local(...words: string[]): Promise<Ran> {
  firstPort ||= await freeQuorumPort(13);
  const child = spawn(process.execPath, [join(root, 'cluster/local.mjs'), ...words], {
    env: {
      ...process.env,
      ODRADEK_LOCAL_DATA: data,
      ODRADEK_LOCAL_PORT: String(firstPort),
      ODRADEK_LOCAL_PROGRAM: bench.program,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, 'close');
  return { exitCode: child.exitCode ?? -1, ...output };
}

afterAll(async () => {
  await local('down');
  await bench.stopAll();
});

interface Quorum {
  readonly clusterId: string;
  readonly leaderId: number | null;
  readonly term: number;
}

async function quorumFrom(voter: number): Promise<Quorum> {
  const endpoint = `127.0.0.1:${firstPort + voter - 1}`;
  const { stdout, stderr } = await bench.run(['-b', endpoint, '-o', 'json', 'quorum', 'status']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Quorum;
}

test('without a quorum there is nothing to show, and that is said', async () => {
  const { exitCode, stderr } = await local('status');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('make quorum');
});

test('three voters elect a leader, and another one when that is killed', { timeout: 60_000 }, async () => {
  expect(await local('quorum')).toMatchObject({ exitCode: 0, stderr: '' });
  const before = await quorumFrom(1);
  const leader = before.leaderId ?? 0;
  process.kill(Number(readFileSync(join(data, `voter-${leader}.pid`), 'utf8')), 'SIGKILL');

  const survivor = leader === 1 ? 2 : 1;
  await expect
    .poll(async () => (await quorumFrom(survivor)).term, { timeout: 20_000, interval: 100 })
    .toBeGreaterThan(before.term);
  await expect
    .poll(async () => (await quorumFrom(survivor)).leaderId, { timeout: 20_000, interval: 100 })
    .not.toBeNull();
  const after = await quorumFrom(survivor);
  expect(after.clusterId).toBe(before.clusterId);
  expect(after.leaderId).not.toBe(leader);

  // Started again without a number: the quorum has the size that it had, and the killed voter is back.
  const again = await local('quorum');
  expect(again.exitCode).toBe(0);
  expect(again.stdout.match(/ran already/g)).toHaveLength(2);
  expect((await quorumFrom(leader)).clusterId).toBe(before.clusterId);
});

test('a quorum of another size is not started on the same data', async () => {
  const { exitCode, stderr } = await local('quorum', '1');
  expect(exitCode).toBe(1);
  expect(stderr).toContain('holds a quorum of 3');
});

test('stopping leaves the data and no process', { timeout: 60_000 }, async () => {
  const { exitCode, stdout } = await local('down');
  expect(exitCode).toBe(0);
  expect(stdout.match(/stopped/g)).toHaveLength(3);
  expect(existsSync(join(data, 'voter-1'))).toBe(true);
  expect(existsSync(join(data, 'voter-1.pid'))).toBe(false);
});

test(
  'voters and brokers are other processes, and records survive the loss of a broker',
  { timeout: 90_000 },
  async () => {
    data = dataOfCluster;
    const up = await local('up', '2');
    expect(up).toMatchObject({ exitCode: 0, stderr: '' });
    expect(up.stdout).toContain('3 voters, a leader among them, and 2 brokers');
    const [first, second] = [11, 12].map((id) => `127.0.0.1:${firstPort + id - 1}`);
    const ask = (...words: string[]) => bench.run(['-b', `${first},${second}`, ...words], {}, 'a record\n');
    expect(await ask('topic', 'create', 'orders', '--replication-factor', '2')).toMatchObject({ exitCode: 0 });
    expect(await ask('produce', 'orders')).toMatchObject({ exitCode: 0 });
    process.kill(Number(readFileSync(join(data, 'broker-11.pid'), 'utf8')), 'SIGKILL');
    await expect
      .poll(async () => (await ask('consume', 'orders', '-n', '1')).stdout, { timeout: 20_000 })
      .toContain('a record');

    expect(await local('quorum')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('make up') as string });
    const down = await local('down');
    expect(down.stdout.match(/stopped/g)).toHaveLength(4);
    expect(down.stdout).toContain('make up goes on with it');
  },
);
