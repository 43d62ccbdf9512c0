/**
 * Runs the README from top to bottom, line by line, as a newcomer would.
 *
 * grpcurl lines are translated to `buf curl`, which asks the same reflection and comes with the development tools; where
 * a real grpcurl is on the PATH they run with it as well. Only ports and folders differ from what the README says, so
 * that the test disturbs no cluster of the developer. `make setup` is how the tests got here.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './built-program.ts';
import { Bench, freePort, type Ran } from './node-process.ts';

const bench = new Bench();
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const lines = Array.from(readme.matchAll(/```sh\n([\s\S]*?)```/g), ([, block = '']) => block.trim().split('\n')).flat();
const hasGrpcurl = spawnSync('grpcurl', ['-version']).status === 0;
const written = '127.0.0.1:7081';
let port = 0;
let environment: Record<string, string> = {};
const outputs = new Map<string, string[]>();

beforeAll(async () => {
  port = await freePort();
  const { PATH: path = '', HOME: home = '' } = process.env;
  environment = {
    PATH: path,
    HOME: home,
    ODRADEK_LOCAL_DATA: join(bench.folder(), 'data'),
    ODRADEK_LOCAL_PORT: String(port),
    ODRADEK_LOCAL_PROGRAM: bench.program,
    ODRADEK_BROKERS: `127.0.0.1:${port}`,
  };
});

afterAll(async () => {
  await run('make', ['down']);
  await bench.stopAll();
});

test('the README has lines to run, of every kind', () => {
  for (const start of ['make ', 'grpcurl ', 'npx odradek '])
    expect(lines.filter((line) => line.startsWith(start)).length).toBeGreaterThan(1);
});

for (const [at, line] of lines.entries()) {
  test(`README line ${at + 1} works: ${line}`, { timeout: 60_000 }, async () => {
    for (const { program, words } of commandsFor(line)) {
      const { exitCode, stdout, stderr } = await run(program, words);
      expect(exitCode, `${program} ${words.join(' ')}\n${stdout}${stderr}`).toBe(0);
      outputs.set(line, [...(outputs.get(line) ?? []), stdout]);
    }
  });
}

test('what the README promises about its lines is so', () => {
  const outputOf = (start: string, part: number): string => outputs.get(lineThatStarts(start))?.[part] ?? '';
  expect(outputOf('make quorum', 0)).toContain(`grpcurl -plaintext 127.0.0.1:${port} list`);
  expect(outputOf(`grpcurl -plaintext ${written} list`, 0)).toContain('odradek.v1.QuorumService');
  const before = JSON.parse(outputOf(`grpcurl -plaintext ${written} odradek.v1.QuorumService`, 0)) as Quorum;
  expect([1, 2, 3]).toContain(before.leaderId);
  const clusterLine = `cluster      ${before.clusterId}`;
  expect(outputOf('npx odradek quorum status', 0)).toContain(clusterLine);
  const afterKill = outputOf('make status', 0);
  expect(afterKill).toMatch(/voter 1 .* down/);
  // The start after `make down`: same cluster, later term.
  const afterStop = outputOf('make status', 1);
  for (const status of [afterKill, afterStop]) expect(status).toContain(clusterLine);
  expect(Number(/term +(\d+)/.exec(afterStop)?.[1])).toBeGreaterThan(Number(before.term));
  expect(outputOf('grpcurl -plaintext -d', 0)).toContain('SERVING');
  expect(outputOf('npx odradek server', 0)).toMatch(/heartbeat: 50ms +# --set/);
});

interface Quorum {
  readonly clusterId: string;
  readonly leaderId: number;
  readonly term: string;
}

function lineThatStarts(start: string): string {
  return lines.find((line) => line.startsWith(start)) ?? '';
}

interface Command {
  readonly program: string;
  readonly words: readonly string[];
}

/** What to run for a line of the README, in this test's world. */
function commandsFor(line: string): readonly Command[] {
  const [first = '', ...words] = wordsOf(line.replaceAll(written, `127.0.0.1:${port}`));
  if (line === 'make setup') return [{ program: 'test', words: ['-f', bench.program] }];
  if (first === 'make') return [{ program: 'make', words }];
  if (first === 'kill')
    return [{ program: 'bash', words: ['-c', line.replaceAll('data/', `${environment['ODRADEK_LOCAL_DATA']}/`)] }];
  if (line.startsWith('npx odradek '))
    return [{ program: process.execPath, words: [bench.program, ...words.slice(1)] }];
  if (first === 'grpcurl') return [bufCurl(words), ...(hasGrpcurl ? [{ program: 'grpcurl', words }] : [])];
  throw new Error(`the test does not know how to run: ${line}`);
}

/** Splits at spaces, except inside single quotes. */
function wordsOf(line: string): string[] {
  return Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');
}

function bufCurl(grpcurlWords: readonly string[]): Command {
  const words = grpcurlWords.filter((word) => word !== '-plaintext');
  const dataAt = words.indexOf('-d');
  const data = dataAt < 0 ? '{}' : (words[dataAt + 1] ?? '{}');
  const [host = '', verb = ''] = dataAt < 0 ? words : words.toSpliced(dataAt, 2);
  const asGrpc = ['curl', '--http2-prior-knowledge', '--protocol', 'grpc'];
  const program = join(root, 'node_modules/.bin/buf');
  if (verb === 'list') return { program, words: [...asGrpc, '--list-services', `http://${host}`] };
  if (verb === 'describe') return { program, words: [...asGrpc, '--list-methods', `http://${host}`] };
  return { program, words: [...asGrpc, '-d', data, `http://${host}/${verb}`] };
}

async function run(program: string, words: readonly string[]): Promise<Ran> {
  const child = spawn(program, words, { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  await once(child, 'close');
  return { exitCode: child.exitCode ?? -1, ...output };
}

test('every file that the README points to is there', () => {
  const targets = Array.from(readme.matchAll(/\]\(((?!http|#)[^)]+)\)/g), ([, target = '']) => target);
  expect(targets.length).toBeGreaterThan(3);
  for (const target of targets) expect(existsSync(join(root, target)), target).toBe(true);
});
