/**
 * Records from the command line, through whole simulated nodes: lines in, lines out.
 */
import { expect, test } from 'vitest';
import { CliError } from '../../src/cli/cli-error.ts';
import type { CommandContext } from '../../src/cli/command-context.ts';
import type { OutputFormat } from '../../src/cli/command-options.ts';
import { consumeRecords } from '../../src/cli/consume-command.ts';
import { produceRecords } from '../../src/cli/produce-command.ts';
import { createTopic } from '../../src/cli/topic-command.ts';
import { WholeCluster } from '../node/whole-cluster.ts';
import { RecordedTerminal } from './recorded-terminal.ts';

interface Ran {
  readonly out: readonly string[];
  readonly err: string;
  readonly failure: unknown;
}

class Shell {
  readonly #whole: WholeCluster;
  #commands = 0;

  constructor(whole: WholeCluster) {
    this.#whole = whole;
  }

  /** To its end, or for as long as `forMs`: then it is as if somebody typed Ctrl-C. */
  async run(
    command: (context: CommandContext) => Promise<void>,
    {
      lines = [],
      output = 'table',
      forMs = 20_000,
    }: { lines?: readonly string[]; output?: OutputFormat; forMs?: number } = {},
  ): Promise<Ran> {
    const terminal = new RecordedTerminal({ typed: lines });
    let failure: unknown;
    let isOver = false;
    this.#commands += 1;
    this.#whole.simulation
      .addProcess(`shell-${this.#commands}`, async ({ network, clock, random }) => {
        const options = { brokers: ['n1:7081'], output, timeoutMs: 5000 };
        await command({ terminal, network, clock, random, options }).catch((error: unknown) => {
          failure = error;
        });
        isOver = true;
      })
      .start();
    await this.#whole.run(forMs, () => isOver);
    return { out: terminal.stdout.split('\n').slice(0, -1), err: terminal.stderr, failure };
  }
}

async function shell(seed: number, partitions: string): Promise<Shell> {
  const whole = new WholeCluster(3, seed, ['quorum', 'broker']);
  await whole.run(6_000, () => whole.running.filter((node) => node !== undefined).length === 3);
  await whole.run(3_000);
  const made = new Shell(whole);
  const { failure } = await made.run((context) => createTopic(context, 'orders', { partitions }));
  expect(failure).toBe(undefined);
  await whole.run(1_000);
  return made;
}

const toWrite = { acks: 'all' };
const write = (context: CommandContext): Promise<void> => produceRecords(context, 'orders', toWrite);
const read = (context: CommandContext): Promise<void> => consumeRecords(context, 'orders', { from: 'start' });

test('lines that are written come out again in their order, from the start, from an offset, and so many', async () => {
  const odradek = await shell(1, '1');
  const lines = Array.from({ length: 1200 }, (_, at) => `line ${at}`);
  expect(await odradek.run(write, { lines })).toEqual({
    out: [],
    err: '1200 records written to orders\n',
    failure: undefined,
  });
  expect((await odradek.run(read)).out).toEqual(lines);
  const part = (context: CommandContext) => consumeRecords(context, 'orders', { from: '700', limit: '3' });
  expect((await odradek.run(part)).out).toEqual(['line 700', 'line 701', 'line 702']);
  const fromEnd = (context: CommandContext) => consumeRecords(context, 'orders', { from: 'end' });
  expect(await odradek.run(fromEnd)).toEqual({ out: [], err: '', failure: undefined });
});

test('records with keys keep to one partition, and every format shows where they are', async () => {
  const odradek = await shell(2, '4');
  const withKeys = (context: CommandContext) => produceRecords(context, 'orders', { ...toWrite, keySeparator: ':' });
  await odradek.run(withKeys, { lines: ['a:1', 'b:1', 'a:2', 'c:1', 'a:3', 'no key'] });
  const { out } = await odradek.run(read, { output: 'json' });
  const records = out.map((line) => JSON.parse(line) as Record<string, unknown>);
  const ofA = records.filter(({ key }) => key === 'a');
  expect(ofA.map(({ value }) => value)).toEqual(['1', '2', '3']);
  expect(new Set(ofA.map(({ partition }) => partition)).size).toBe(1);
  expect(records.filter(({ key }) => key === null)).toMatchObject([{ value: 'no key' }]);
  const wide = await odradek.run(read, { output: 'wide' });
  expect(wide.out).toContainEqual(expect.stringMatching(/^\d:\d\t\d{4}-.*Z\tb\t1$/));
});

test('who follows sees what is written later, and stops when it has seen enough', async () => {
  const odradek = await shell(3, '2');
  await odradek.run(write, { lines: ['early'] });
  const follow = (context: CommandContext) => consumeRecords(context, 'orders', { from: 'start', follow: true });
  expect((await odradek.run(follow, { forMs: 3_000 })).out).toEqual(['early']);
  const two = (context: CommandContext) =>
    consumeRecords(context, 'orders', { from: 'start', follow: true, limit: '2' });
  const [seen] = [await odradek.run(write, { lines: ['late'] }).then(() => odradek.run(two))];
  expect([...seen.out].sort()).toEqual(['early', 'late']);
});

test('what cannot be is said with what to do next', async () => {
  const odradek = await shell(4, '1');
  const failureOf = async (command: (context: CommandContext) => Promise<void>, lines = ['x']) => {
    const { failure } = await odradek.run(command, { lines });
    if (!(failure instanceof CliError)) throw new Error('the command is refused', { cause: failure });
    return failure.failure;
  };
  expect(await failureOf((context) => produceRecords(context, 'nope', toWrite))).toMatchObject({
    exit: 'not-found',
    hint: 'make it: odradek topic create nope',
  });
  expect(await failureOf((context) => produceRecords(context, 'orders', { acks: 'some' }))).toMatchObject({
    exit: 'usage',
  });
  expect(
    await failureOf((context) => consumeRecords(context, 'orders', { from: 'start', partition: '9' })),
  ).toMatchObject({ message: '--partition is 9, and the topic has 1, counted from 0' });
  expect(await failureOf((context) => consumeRecords(context, 'orders', { from: '7' }))).toMatchObject({
    message: '--from is 7, and partition 0 has offsets from 0 to 0',
  });
  expect(await failureOf(write, ['x'.repeat(1024 * 1024)])).toMatchObject({
    message: 'line 1 is over 1048576 bytes',
  });
});
