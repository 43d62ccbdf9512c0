/** `odradek storage dump`: what people and programs read about the files of a log, whole and damaged. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import type { CliError } from '../../src/cli/cli-error.ts';
import { dumpStorageFiles } from '../../src/cli/storage-command.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import type { NewRecord } from '../../src/record/new-record.ts';
import { batchOf, plainRecords, resealed, someTimeMs } from '../record/batch-fixture.ts';
import { RecordedTerminal } from './recorded-terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'odradek-dump-'));
afterAll(() => rmSync(folder, { recursive: true }));

function at(baseOffset: number, batch: Uint8Array): Uint8Array {
  new BatchHeader(batch).stamp({ baseOffset: offset(baseOffset), leaderEpoch: leaderEpoch(3) });
  return batch;
}

const producer = { id: 4711, epoch: 5, baseSequence: 900 };
const peculiar: readonly NewRecord[] = [
  { key: null, value: '', timestampMs: someTimeMs },
  {
    key: Uint8Array.of(0xff, 0x00),
    value: `line one\nline two \u001B[31m${'long '.repeat(40)}`,
    timestampMs: 0,
    headers: [
      { name: 'again', value: null },
      { name: 'again', value: 'é' },
    ],
  },
];
const first = at(0, batchOf(plainRecords(3), { producer, isTransactional: true }));
const second = at(3, batchOf(plainRecords(40), {}, 'lz4'));
const third = at(43, batchOf(peculiar));
const marker = at(45, batchOf(plainRecords(1), { producer, isTransactional: true, isControl: true }));

interface Ran {
  readonly stdout: string;
  readonly failure: CliError['failure'] | undefined;
}

function dump(
  bytes: readonly Uint8Array[],
  options: { isDeep?: boolean; output?: 'table' | 'json' | 'ndjson' } = {},
): Ran {
  const path = join(folder, '00000000000000000000.log');
  writeFileSync(path, Buffer.concat(bytes));
  const terminal = new RecordedTerminal();
  let failure: Ran['failure'];
  try {
    dumpStorageFiles(terminal, { paths: [path], isDeep: false, output: 'table', ...options });
  } catch (error) {
    ({ failure } = error as CliError);
  }
  return { stdout: terminal.stdout.replaceAll(folder, 'FOLDER'), failure };
}

test('a whole segment is a line for each batch', async () => {
  const { stdout, failure } = dump([first, second, third, marker]);
  expect(failure).toBeUndefined();
  await expect(stdout).toMatchFileSnapshot('storage-dump.txt');
});

test('with the records, nothing in them reaches the terminal as it is', async () => {
  const { stdout } = dump([first, third], { isDeep: true });
  await expect(stdout).toMatchFileSnapshot('storage-dump-deep.txt');
  expect(stdout).not.toContain('\u001B');
});

test('damage is told by its bytes and its offsets, what comes after it is still read, and the command fails', async () => {
  const damaged = Uint8Array.from(second);
  damaged.fill(0, 70, 80);
  const { stdout, failure } = dump([first, damaged, third, new Uint8Array(500)]);
  await expect(stdout).toMatchFileSnapshot('storage-dump-damaged.txt');
  expect(failure).toMatchObject({ exit: 'failed' });
});

test('the end of a write that was cut short is damage, the space that was reserved is not', () => {
  const cut = dump([first, second.subarray(0, 100)]);
  expect(cut.stdout).toContain(
    `at ${first.length}: DAMAGE up to ${first.length + 100}, offsets 3-?: the file ends within a batch`,
  );
  expect(cut.failure).toBeDefined();
  const reserved = dump([first, new Uint8Array(5000)]);
  expect(reserved.stdout).toContain('reserved and not written');
  expect(reserved.failure).toBeUndefined();
});

test('where the length of a batch is damaged, the next one is searched for', () => {
  const damaged = Uint8Array.from(second);
  new DataView(damaged.buffer).setInt32(8, 77);
  expect(dump([first, damaged, third]).stdout).toContain(`at ${first.length + second.length}: offsets 43-44`);
});

test('a value that looks like a batch is not taken for one when the batch around it is damaged', () => {
  const disguise = at(3, batchOf([{ key: null, value: at(99, batchOf(plainRecords(1))), timestampMs: 0 }]));
  disguise[30] = 0xff;
  const { stdout } = dump([first, disguise, third]);
  expect(stdout).not.toContain('offset 99');
  expect(stdout).toContain('offsets 3-42: the checksum does not match');
});

test('records that cannot be read are told by their offsets', () => {
  const garbage = Uint8Array.from(first);
  garbage.fill(0xff, 70, 80);
  const { stdout, failure } = dump([resealed(garbage)], { isDeep: true });
  expect(stdout).toContain('offsets 0-2 cannot be read: ');
  expect(failure).toMatchObject({ exit: 'failed' });
});

test('programs get one object per thing, in an array or in lines', () => {
  const inArray: unknown = JSON.parse(dump([first, third], { isDeep: true, output: 'json' }).stdout);
  const inLines = dump([first, third], { isDeep: true, output: 'ndjson' }).stdout.trimEnd().split('\n');
  expect(inLines.map((line): unknown => JSON.parse(line))).toEqual(inArray);
  expect(inArray).toMatchObject([
    { kind: 'file', path: 'FOLDER/00000000000000000000.log', is: 'segment' },
    { kind: 'batch', baseOffset: 0, lastOffset: 2, producer, isTransactional: true },
    { kind: 'record', offset: 0, key: { text: 'key-0' } },
    { kind: 'record', offset: 1 },
    { kind: 'record', offset: 2 },
    { kind: 'batch', position: first.length },
    { kind: 'record', key: null, value: { text: '' } },
    {
      kind: 'record',
      key: { base64: '/wA=' },
      headers: [{ value: null }, { name: { text: 'again' }, value: { text: 'é' } }],
    },
  ]);
});

test('a file that is not there, or that is no file of a log, is refused by name', () => {
  const failureOf = (path: string): unknown => {
    try {
      dumpStorageFiles(new RecordedTerminal(), { paths: [path], isDeep: false, output: 'table' });
    } catch (error) {
      return (error as CliError).failure;
    }
    return undefined;
  };
  expect(failureOf(join(folder, 'nothing.log'))).toMatchObject({ exit: 'not-found' });
  expect(failureOf('/etc/hostname')).toMatchObject({ exit: 'usage' });
});
