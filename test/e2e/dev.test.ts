/**
 * `odradek dev` as a person uses it: one command, then records, then ctrl-C.
 */
import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { Bench, freeQuorumPort } from './node-process.ts';

const bench = new Bench();
afterAll(() => bench.stopAll());

test('a cluster of one takes records for a topic that nobody made, and keeps them', { timeout: 60_000 }, async () => {
  const port = await freeQuorumPort(1);
  const words = ['--data', bench.folder(), '--port', String(port)];
  const asking = ['-b', `127.0.0.1:${port}`];
  const first = await bench.dev(words);
  expect(first.stdout).toContain(`a cluster of one node serves at 127.0.0.1:${port}`);
  const written = await bench.run([...asking, 'produce', 'greetings'], {}, 'hello\nworld\n');
  expect(written).toMatchObject({ exitCode: 0, stderr: '2 records written to greetings\n' });
  expect(await bench.run([...asking, 'consume', 'nothing'])).toMatchObject({ exitCode: 3 });
  expect(await first.end('SIGINT')).toBe(0);

  const second = await bench.dev(words);
  expect((await bench.run([...asking, 'consume', 'greetings'])).stdout).toBe('hello\nworld\n');
  const taken = await bench.run(['dev', '--ephemeral', '--port', String(port)]);
  expect(taken).toMatchObject({ exitCode: 4 });
  expect(taken.stderr).toContain(`127.0.0.1:${port} is taken by another process`);
  expect(await second.end('SIGTERM')).toBe(0);
});

test('three in one process replicate, and what is ephemeral goes with them', { timeout: 60_000 }, async () => {
  const port = await freeQuorumPort(3);
  const temporary = bench.folder();
  const cluster = await bench.dev(['--brokers', '3', '--ephemeral', '--port', String(port)], { TMPDIR: temporary });
  const asking = ['-b', `127.0.0.1:${port + 2}`];
  await bench.run([...asking, 'produce', 'greetings'], {}, 'hello\n');
  const topic = await bench.run([...asking, '-o', 'json', 'topic', 'describe', 'greetings']);
  expect(JSON.parse(topic.stdout)).toMatchObject({ partitions: [{ inSyncIds: { length: 3 } }] });
  expect(readdirSync(temporary)).toHaveLength(1);
  expect(await cluster.end('SIGINT')).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
});
