/** `odradek storage verify`: what people and programs read about whole and damaged logs. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NodeClock } from '../../src/adapters/node-clock.ts';
import { NodeDisk } from '../../src/adapters/node-disk.ts';
import type { CliError } from '../../src/cli/cli-error.ts';
import type { OutputFormat } from '../../src/cli/command-options.ts';
import { verifyStorage } from '../../src/cli/verify-command.ts';
import { LogDisk } from '../../src/storage/log-disk.ts';
import { logSettingsDefault } from '../../src/storage/log-settings.ts';
import { PartitionLog } from '../../src/storage/partition-log.ts';
import { makeBatch } from '../storage/partition-log-model.ts';
import { RecordedTerminal } from './recorded-terminal.ts';

const data = mkdtempSync(join(tmpdir(), 'odradek-verify-'));
/** Of the first log: its second segment, and the offset that it begins with. */
let second = { path: '', base: 0 };
afterAll(() => rmSync(data, { recursive: true }));

beforeAll(async () => {
  const disk = new NodeDisk(data);
  await disk.makeFolder('broker');
  await disk.makeFolder('broker/partitions');
  for (const name of ['one-0', 'two-0']) {
    const settings = { ...logSettingsDefault, segmentBytesMax: 1000 };
    const path = `broker/partitions/${name}`;
    const opened = await PartitionLog.open({ on: new LogDisk(disk), path, clock: new NodeClock(), settings });
    if (!opened.ok) throw new Error('the log opens');
    const batches = Array.from({ length: 20 }, (_, at) => makeBatch({ at, epoch: 1 }, `record ${at}`));
    for (const batch of batches) await opened.value.append([batch]);
    await opened.value.close();
  }
  const folder = join(data, 'broker/partitions/one-0');
  const [, name = ''] = readdirSync(folder).filter((each) => each.endsWith('.log'));
  second = { path: join(folder, name), base: Number.parseInt(name, 10) };
});

interface Ran {
  readonly stdout: string;
  readonly failure: CliError['failure'] | undefined;
}

async function verify(output: OutputFormat, ...folders: readonly string[]): Promise<Ran> {
  const terminal = new RecordedTerminal();
  let failure: Ran['failure'];
  try {
    await verifyStorage(terminal, folders, { output });
  } catch (error) {
    ({ failure } = error as CliError);
  }
  return { stdout: terminal.stdout.replaceAll(data, 'DATA'), failure };
}

test('all logs below a folder are told, and that they are whole', async () => {
  const { stdout, failure } = await verify('json', data);
  expect(failure).toBeUndefined();
  const logs = JSON.parse(stdout) as unknown[];
  expect(logs).toMatchObject([
    { path: 'DATA/broker/partitions/one-0', start: 0, end: 20, batchCount: 20, isDamaged: false, findings: [] },
    { path: 'DATA/broker/partitions/two-0', start: 0, end: 20, batchCount: 20, isDamaged: false, findings: [] },
  ]);
});

test('damage is told by its offsets and its file, with what to do, and the command fails', async () => {
  const bytes = readFileSync(second.path);
  const damaged = Buffer.from(bytes);
  damaged[40] = (damaged[40] ?? 0) ^ 1;
  writeFileSync(second.path, damaged);
  try {
    const { stdout, failure } = await verify('table', data);
    expect(stdout).toContain('damaged');
    const { base } = second;
    expect(stdout).toMatch(
      new RegExp(`one-0/0+${base}\\.log: offsets ${base} to ${base}: bytes 0 to \\d+ are not what was written\n$`),
    );
    expect(failure).toMatchObject({ exit: 'damaged', message: `damaged: ${data}/broker/partitions/one-0` });
    expect(failure?.hint).toContain('stop the broker');
    const plain = JSON.parse((await verify('json', join(data, 'broker/partitions/one-0'))).stdout) as unknown[];
    expect(plain).toMatchObject([
      {
        isDamaged: true,
        findings: [{ type: 'damaged-records', isDamage: true, firstOffset: second.base, lastOffset: second.base }],
      },
    ]);
  } finally {
    writeFileSync(second.path, bytes);
  }
});

test('a hint that cannot be read is a remark, because it is made again', async () => {
  const index = second.path.replace('.log', '.index');
  const bytes = readFileSync(index);
  writeFileSync(index, Buffer.alloc(bytes.length, 7));
  try {
    const { stdout, failure } = await verify('table', data);
    expect(failure).toBeUndefined();
    expect(stdout).toContain('whole, with remarks');
    expect(stdout).toContain('the index cannot be read; it is made again');
  } finally {
    writeFileSync(index, bytes);
  }
});

test('what is no folder, or has no log in it, is said', async () => {
  expect((await verify('json', join(data, 'broker/partitions/one-0/checkpoint'))).failure).toMatchObject({
    message: `cannot open ${data}/broker/partitions/one-0/checkpoint (ENOTDIR)`,
  });
  expect((await verify('json', join(data, 'nowhere'))).failure).toMatchObject({ exit: 'not-found' });
  const empty = mkdtempSync(join(tmpdir(), 'odradek-verify-none-'));
  expect(await verify('json', empty)).toMatchObject({ stdout: '[]\n', failure: undefined });
  rmSync(empty, { recursive: true });
});
