/**
 * Runs the README from top to bottom, line by line, as a newcomer would.
 *
 * Only ports and folders differ from what the README says, so that the test disturbs no cluster of the developer; what
 * asks a node is asked of each voter. `make setup` is how the tests got here. Read next: example-lines.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './built-program.ts';
import {
  askingCommands,
  exampleLines,
  isAsking,
  runExample,
  wordsOf,
  writtenEndpoint as written,
  type ExampleCommand,
} from './example-lines.ts';
import { Bench, freeQuorumPort, type Ran } from './node-process.ts';

const bench = new Bench();
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const lines = exampleLines('README.md');
let port = 0;
let environment: Record<string, string> = {};
const outputs = new Map<string, string[]>();

beforeAll(async () => {
  port = await freeQuorumPort();
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
  for (const at of [0, 1, 2]) expect(outputOf('npx odradek consume orders', at)).toMatch(/\tfirst\n(.|\n)*\tsecond\n/);
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

/** What to run for a line of the README, in this test's world: whatever asks a node asks each of the three. */
function commandsFor(line: string): readonly ExampleCommand[] {
  if (isAsking(line))
    return [0, 1, 2].flatMap((further) => askingCommands(line, `127.0.0.1:${port + further}`, bench.program));
  const [first = '', ...words] = wordsOf(line);
  const api = `127.0.0.1:${port}`;
  if (line === 'make setup') return [{ program: 'test', words: ['-f', bench.program] }];
  if (first === 'make') return [{ program: 'make', words }];
  if (first === 'kill')
    return [{ program: 'bash', words: ['-c', line.replaceAll('data/', `${environment['ODRADEK_LOCAL_DATA']}/`)] }];
  if (first === 'printf')
    return [
      { program: 'bash', words: ['-c', line.replace('npx odradek', `${process.execPath} ${bench.program} -b ${api}`)] },
    ];
  if (line.startsWith('npx odradek '))
    return [{ program: process.execPath, words: [bench.program, ...words.slice(1)] }];
  throw new Error(`the test does not know how to run: ${line}`);
}

function run(program: string, words: readonly string[]): Promise<Ran> {
  return runExample({ program, words }, { environment });
}

test('every file that the README points to is there', () => {
  const targets = Array.from(readme.matchAll(/\]\(((?!http|#)[^)]+)\)/g), ([, target = '']) => target);
  expect(targets.length).toBeGreaterThan(3);
  for (const target of targets) expect(existsSync(join(root, target.replace(/#.*/, ''))), target).toBe(true);
});
