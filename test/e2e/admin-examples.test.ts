/**
 * Every example of the API guide and of the operator's guide, run against each of three nodes: real processes, each
 * voter and broker.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { publicMethods } from '../node/bad-requests.ts';
import { root } from './built-program.ts';
import { askingCommands, exampleLines, isAsking, runExample } from './example-lines.ts';
import { Bench, freeQuorumPort } from './node-process.ts';

const bench = new Bench();
const guides = ['proto/README.md', 'cluster/README.md'] as const;
let port = 0;
let environment: Record<string, string> = {};
let directoryOfVoter3 = '';

const apiOf = (voter: number): string => `127.0.0.1:${port + voter - 1}`;

const idOfOrders = '<id of orders>';

/** The examples make that topic, and delete it. */
async function idOf(line: string): Promise<string> {
  if (!line.includes(idOfOrders)) return '';
  const described = await bench.run(['-b', apiOf(1), '-o', 'json', 'topic', 'describe', 'orders']);
  return (JSON.parse(described.stdout) as { topicId: string }).topicId;
}

async function local(...words: string[]): Promise<void> {
  const command = { program: process.execPath, words: [join(root, 'cluster/local.mjs'), ...words] };
  const { exitCode, stdout, stderr } = await runExample(command, { environment });
  expect(exitCode, `${stdout}${stderr}`).toBe(0);
}

beforeAll(async () => {
  port = await freeQuorumPort();
  const { PATH: path = '', HOME: home = '' } = process.env;
  environment = {
    PATH: path,
    HOME: home,
    ODRADEK_LOCAL_DATA: join(bench.folder(), 'data'),
    ODRADEK_LOCAL_PORT: String(port),
    ODRADEK_LOCAL_PROGRAM: bench.program,
  };
  await local('quorum', '3');
  const status = await bench.run(['-b', apiOf(1), '-o', 'json', 'quorum', 'status']);
  const { voters } = JSON.parse(status.stdout) as { voters: { directoryId: string }[] };
  directoryOfVoter3 = voters[2]?.directoryId ?? '';
});

afterAll(async () => {
  await local('down');
  await bench.stopAll();
});

describe.each([1, 2, 3])('on voter %i', (voter) => {
  for (const guide of guides) {
    for (const line of exampleLines(guide).filter(isAsking)) {
      test(`${guide}: ${line}`, async () => {
        const filled = line.replace('<directory of voter 3>', directoryOfVoter3).replace(idOfOrders, await idOf(line));
        for (const command of askingCommands(filled, apiOf(voter), bench.program)) {
          // A watch goes on until somebody ends it; it is right once it has told everything.
          const isEndless = line.endsWith('/WatchMetadata');
          const run = isEndless ? { environment, untilPrinted: /"isComplete": *true/ } : { environment };
          const { exitCode, stdout, stderr } = await runExample(command, run);
          expect(exitCode, `${command.words.join(' ')}\n${stdout}${stderr}`).toBe(0);
          expect(stdout).not.toBe('');
          expect(stderr).not.toMatch(/\n\s+at /);
        }
      });
    }
  }
});

test('the API guide has an example of every call', () => {
  const shown = new Set(exampleLines('proto/README.md').map((line) => /odradek\.v1\.\w+\/\w+/.exec(line)?.[0]));
  expect(
    publicMethods()
      .map(({ path }) => path)
      .filter((path) => !shown.has(path)),
  ).toEqual([]);
});

test('every example of the guides is one that this test runs', () => {
  for (const guide of guides) expect(exampleLines(guide).filter((line) => !isAsking(line))).toEqual([]);
});
