/**
 * Small projects that break one rule each, and one that breaks none: what shows that the rules bite.
 *
 * A file named `a` exports nothing, so that its name needs no explanation.
 */
import { numberedFromLines } from './promises.ts';
import { sourceFile, type Project } from './source-file.ts';

export const head = '/** A planted file that is clean apart from what it plants. */\n';
export const lines = (count: number): string => '// one more line\n'.repeat(count);

/** A project of planted files; a source file gets a header, so that only what is planted is found. */
export function planted(files: Readonly<Record<string, string>>): Project {
  return Object.entries(files).map(([path, text]) =>
    sourceFile(path, path.startsWith('src/') && path.endsWith('.ts') ? head + text : text),
  );
}

export interface Plant {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  readonly found: readonly string[];
}

/** One file, one finding. The line is that of the planted text, after the header. */
const plant = (what: string, path: string, text: string, found: string): Plant => ({
  what,
  files: { [path]: text },
  found: [found],
});

// In halves, or this file would be a finding.
const unfinishedWord = ['TO', 'DO'].join('');
const readme = '# Raft\n\n- **R1** votes once\n';
const namesR1 = { 'test/raft/vote.test.ts': "// R1\ntest('a voter votes once per term', () => {});" };
const table = (row: string): string => `${readme}\n| sentence | function | test |\n|---|---|---|\n${row}\n`;

export const plants: readonly Plant[] = [
  plant(
    'a sibling core',
    'src/raft/a.ts',
    "import { b } from '../group/b.ts';",
    'src/raft/a.ts:2 layer: raft may not import group',
  ),
  plant(
    'a port in a core',
    'src/partition/a.ts',
    "import type { Clock } from '../ports/clock.ts';",
    'src/partition/a.ts:2 layer: partition may not import ports',
  ),
  plant(
    'an adapter in a driver',
    'src/broker/a.ts',
    "const b = await import('../adapters/b.ts');",
    'src/broker/a.ts:2 layer: broker may not import adapters',
  ),
  plant(
    'a type by import()',
    'src/raft/a.ts',
    "let a: import('../ports/clock.ts').Clock;",
    'src/raft/a.ts:2 layer: raft may not import ports',
  ),
  plant(
    'an export from above',
    'src/client/index.ts',
    "export { a } from '../node/a.ts';",
    'src/client/index.ts:2 layer: client may not import node',
  ),
  plant(
    'a value of a core in wire',
    'src/wire/a.ts',
    "import { type B, step } from '../raft/b.ts';",
    'src/wire/a.ts:2 layer: wire may import only types of raft',
  ),
  plant(
    'an entry in a layer',
    'src/client/a.ts',
    "import { b } from '../index.ts';",
    'src/client/a.ts:2 layer: client may not import index',
  ),
  plant(
    'a test in a source',
    'src/simulation/a.ts',
    "import { b } from '../../test/b.ts';",
    'src/simulation/a.ts:2 layer: test/b.ts is outside src',
  ),
  plant(
    'a folder that is no layer',
    'src/util/a.ts',
    "import './b.ts';",
    'src/util/a.ts:2 layer: util is not a layer of the table',
  ),
  plant(
    'a package in a core',
    'src/raft/a.ts',
    "import fc from 'fast-check';",
    'src/raft/a.ts:2 package: raft may not import fast-check',
  ),
  plant(
    'a part of Node in storage',
    'src/storage/a.ts',
    "import { open } from 'node:fs/promises';",
    'src/storage/a.ts:2 package: storage may not import node:fs/promises',
  ),
  plant(
    'workers beside the cores',
    'src/broker/a.ts',
    "import type { MessagePort } from 'worker_threads';",
    'src/broker/a.ts:2 package: broker may not import worker_threads',
  ),
  plant(
    'a package that starts alike',
    'src/adapters/a.ts',
    "import { a } from 'level-party';",
    'src/adapters/a.ts:2 package: adapters may not import level-party',
  ),
  plant(
    'a required package',
    'src/api/a.ts',
    "const a = require('pino');",
    'src/api/a.ts:2 package: api may not import pino',
  ),
  plant(
    'generated code outside wire',
    'src/api/a.ts',
    "import type { odradek } from '../wire/generated/messages.js';",
    'src/api/a.ts:2 generated: ../wire/generated/messages.js is for wire/ alone',
  ),
  plant('a long file', 'src/base/a.ts', lines(400), 'src/base/a.ts file-length: 401 lines'),
  plant(
    'a long function',
    'test/b.test.ts',
    `function long() {\n${lines(69)}}`,
    'test/b.test.ts:1 function-length: long has 71 lines',
  ),
  plant(
    'a name that is not kebab-case',
    'src/base/ringQueue.ts',
    'export class RingQueue {}',
    'src/base/ringQueue.ts file-name: not kebab-case',
  ),
  plant(
    'a name that says something else',
    'src/base/queue.ts',
    'export class Stack {}',
    'src/base/queue.ts file-name: exports nothing that says queue',
  ),
  plant('a default export', 'src/base/a.ts', 'export default 1;', 'src/base/a.ts:2 default-export: a default export'),
  plant(
    'a default export by list',
    'test/a.test.ts',
    'const a = 1; export { a as default };',
    'test/a.test.ts:1 default-export: a default export',
  ),
  plant('a barrel', 'src/broker/a.ts', "export * from './b.ts';", 'src/broker/a.ts:2 barrel: exports from ./b.ts'),
  plant(
    'a name exported again',
    'src/base/offset.ts',
    "export type { Offset } from './a.ts';",
    'src/base/offset.ts:2 barrel: exports from ./a.ts',
  ),
  plant(
    'a helper without a header',
    'test/raft/helper.ts',
    '// Helps.\nexport const helper = 1;',
    'test/raft/helper.ts:1 header: no header comment',
  ),
  plant('the time of day', 'src/broker/a.ts', 'const a = Date.now();', 'src/broker/a.ts:2 ambient: Date.now'),
  plant('a date', 'src/base/a.ts', 'const a = new Date(5);', 'src/base/a.ts:2 ambient: new Date'),
  plant('chance', 'src/raft/a.ts', 'const a = Math.random();', 'src/raft/a.ts:2 ambient: Math.random'),
  plant('a timer', 'src/drive/a.ts', 'setTimeout(a, 5);', 'src/drive/a.ts:2 ambient: setTimeout'),
  plant(
    'an interval',
    'src/client/a.ts',
    'const a = { start: setInterval };',
    'src/client/a.ts:2 ambient: setInterval',
  ),
  plant('a turn of the loop', 'src/storage/a.ts', 'setImmediate(a);', 'src/storage/a.ts:2 ambient: setImmediate'),
  plant('a microtask', 'src/simulation/a.ts', 'queueMicrotask(a);', 'src/simulation/a.ts:2 ambient: queueMicrotask'),
  plant('the process', 'src/node/a.ts', 'process.exit(1);', 'src/node/a.ts:2 ambient: process.exit'),
  plant(
    'the fine clock',
    'src/api/a.ts',
    'const a = `${performance.now()}`;',
    'src/api/a.ts:2 ambient: performance.now',
  ),
  plant(
    'random bytes',
    'src/quorum/a.ts',
    'const a = crypto.randomUUID();',
    'src/quorum/a.ts:2 ambient: crypto.randomUUID',
  ),
  plant(
    'a signal with a timer',
    'src/client/a.ts',
    'const a = AbortSignal.timeout(5);',
    'src/client/a.ts:2 ambient: AbortSignal.timeout',
  ),
  plant('a worker', 'src/wire/a.ts', 'const a = new Worker(b);', 'src/wire/a.ts:2 ambient: Worker'),
  plant('the console', 'src/broker/a.ts', 'console.log(1);', 'src/broker/a.ts:2 ambient: console.log'),
  plant(
    'a global by the back door',
    'src/base/a.ts',
    'globalThis.setTimeout(a);',
    'src/base/a.ts:2 ambient: globalThis.setTimeout',
  ),
  plant('chance taken apart', 'src/raft/a.ts', 'const { random } = Math;', 'src/raft/a.ts:2 ambient: Math as a value'),
  plant('chance by its string', 'src/raft/a.ts', "Math['random']();", 'src/raft/a.ts:2 ambient: Math as a value'),
  plant('a date without new', 'src/base/a.ts', 'const a = Date();', 'src/base/a.ts:2 ambient: Date as a value'),
  plant(
    'a clock by another name',
    'src/api/a.ts',
    'a = performance;',
    'src/api/a.ts:2 ambient: performance as a value',
  ),
  plant('a timer by choice', 'src/drive/a.ts', 'a(b ? setTimeout : c);', 'src/drive/a.ts:2 ambient: setTimeout'),
  plant(
    'an asynchronous base',
    'src/base/a.ts',
    'type A = Promise<void>;',
    'src/base/a.ts:2 synchronous-core: Promise',
  ),
  plant(
    'an asynchronous record',
    'src/record/a.ts',
    'const a = async () => {};',
    'src/record/a.ts:2 synchronous-core: async',
  ),
  plant(
    'a test name that is no sentence',
    'test/a.test.ts',
    "test('it works', () => {});",
    'test/a.test.ts:1 test-name: "it works" is no sentence',
  ),
  plant(
    'a test name in a table',
    'test/a.test.ts',
    "test.each([1, (2)])('case %d', () => {});",
    'test/a.test.ts:1 test-name: "case %d" is no sentence',
  ),
  plant(
    'a test that wishes',
    'test/a.test.ts',
    "promise('should keep what it was given', () => {});",
    'test/a.test.ts:1 test-name: "should keep what it was given" wishes; say what holds',
  ),
  plant(
    'a skipped test',
    'test/a.test.ts',
    "test.skip('a record is kept for ever', () => {});",
    'test/a.test.ts:1 test-runs: test.skip',
  ),
  plant(
    'a test that runs alone',
    'test/a.test.ts',
    "describe.only('records', () => {});",
    'test/a.test.ts:1 test-runs: describe.only',
  ),
  plant(
    'an unfinished note',
    'cluster/README.md',
    `a\n<!-- ${unfinishedWord}: later -->`,
    `cluster/README.md:2 unfinished: ${unfinishedWord}`,
  ),
  plant(
    'a time without a unit',
    'src/api/a.ts',
    'interface A { readonly callTimeout?: number }',
    'src/api/a.ts:2 unit: callTimeout of what',
  ),
  plant(
    'a switch that forgets what it does not know',
    'src/api/a.ts',
    "switch (a) { case 'b': break; default: }\nassertUnreachable(a);",
    'src/api/a.ts:2 switch: a switch without assertUnreachable',
  ),
  {
    what: 'two files of one name',
    files: { 'src/base/a.ts': '', 'src/api/a.ts': '' },
    found: ['src/api/a.ts unique-name: like src/base/a.ts'],
  },
  {
    what: 'a core without numbered invariants',
    files: { 'src/raft/a.ts': '', 'src/raft/README.md': '# Raft' },
    found: ['src/raft/README.md invariants: numbers no invariant'],
  },
  {
    what: 'a core without a README',
    files: Object.fromEntries(
      Array.from({ length: 5 }, (_, at) => [`src/group/a${at}.ts`, lines(numberedFromLines / 5)]),
    ),
    found: ['src/group/README.md invariants: numbers no invariant'],
  },
  {
    what: 'an invariant that no test names',
    files: { 'src/raft/a.ts': '', 'src/raft/README.md': readme },
    found: ['src/raft/README.md invariants: no test or checker names R1'],
  },
  {
    what: 'an invariant that does not exist',
    files: { 'src/raft/a.ts': "assert(a, 'R2: one vote');", 'src/raft/README.md': readme, ...namesR1 },
    found: ['src/raft/a.ts:2 known-invariant: R2 is not in the README'],
  },
  {
    what: 'a function that the paper table invents',
    files: { 'src/raft/a.ts': '', 'src/raft/README.md': table('| s | `Raft.#vote()` | |'), ...namesR1 },
    found: ['src/raft/README.md:7 paper-table: no function Raft.#vote in src/raft/'],
  },
  {
    what: 'a function that a way through the code invents',
    files: {
      'src/README.md': '| file | function |\n|---|---|\n| here | `vote` |\n| there | `veto` |',
      'src/api/a.ts': 'const vote = 1;',
    },
    found: ['src/README.md:4 paper-table: no function veto in src/'],
  },
  {
    what: 'a test that the paper table invents',
    files: { 'src/raft/a.ts': '', 'src/raft/README.md': table('| s | none | `a vote is free` |'), ...namesR1 },
    found: ['src/raft/README.md:7 paper-table: no test "a vote is free"'],
  },
  {
    what: 'a page that points to a file that is gone',
    files: {
      'src/README.md': 'Read `base/a.ts`, ./raft/gone.ts, `*.ts` and [this](../src/base/a.ts).',
      'src/base/a.ts': '',
    },
    found: ['src/README.md:1 lost-file: ./raft/gone.ts'],
  },
  {
    what: 'a waiver without a reason',
    files: { 'src/base/a.ts': '// tidy: ambient: because\nsetTimeout(a);' },
    found: ['src/base/a.ts:3 ambient: setTimeout', 'src/base/a.ts:2 waiver: excuses nothing from ambient'],
  },
  {
    what: 'a waiver that is not needed',
    files: { 'src/base/a.ts': '// tidy: ambient: there is nothing here' },
    found: ['src/base/a.ts:2 waiver: excuses nothing from ambient'],
  },
  {
    what: 'a waiver far from what it excuses',
    files: { 'src/base/a.ts': 'let a;\n// tidy: ambient: one of them is fine\nsetTimeout(a);\nsetTimeout(b);' },
    found: ['src/base/a.ts:5 ambient: setTimeout'],
  },
];

export const clean: Plant['files'] = {
  'src/base/a.ts': "import type { B } from './b.ts';\nconst text = 'Date.now()'; // Math.random()",
  'src/base/b.ts': 'export type B = { now: () => number };\nconst c = clock.setTimeout(a) + f.process.x;',
  'src/record/c.ts': "import { crc32c } from '@node-rs/crc32';\nimport { deflateSync } from 'node:zlib';",
  'src/wire/d.ts':
    "import type { E } from '../raft/e.ts';\nimport { type F } from '../group/f.ts';\nimport { odradek } from './generated/messages.js';",
  'src/adapters/g.ts': "import { open } from 'node:fs';\nprocess.exit(Date.now());\nexport async function openG() {}",
  'src/cli/h.ts': "import { z } from 'zod';\nimport '../client/i.ts';\nconsole.log(new Date());",
  'src/node/j.ts':
    "switch (k) { case 'l': { break; } default: assertUnreachable(k); }\nlet timeoutMs: number; let message: number;",
  'src/main.ts': "import { h } from './cli/h.ts';\nsetTimeout(h, 1);",
  'src/client/index.ts': "export { I } from './i.ts';",
  'src/storage/segment-recovery.ts': 'export function recoverSegment() {}',
  'src/raft/README.md': table(
    '| votes once | `Raft.#onVote`, `vote` | `a voter votes once per term` |\n| said elsewhere | — | none |',
  ),
  'src/raft/vote.ts': "export class Raft { #onVote() { assert(a, 'R1: votes once'); } }\nexport const vote = 1;",
  ...namesR1,
  'test/conformance/disk.ts': `${head}export const diskConformance = (name: string): void => promise(\`\${name}: synced bytes stay\`, () => {});`,
  'test/long.test.ts': `describe('a', () => {\n${lines(100)}});\ntest.each([[1]])('a table of %s cases', () => {});`,
};
