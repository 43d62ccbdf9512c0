import { expect, test } from 'vitest';
import { directoryId, nodeId } from '../../src/base/ids.ts';
import { DiskError } from '../../src/ports/disk.ts';
import { crc32c } from '../../src/record/crc32c.ts';
import { directoryFormat, decodeMeta, encodeMeta } from '../../src/storage/directory-meta.ts';
import { describeDirectoryProblem, type DirectoryProblem } from '../../src/storage/directory-problem.ts';
import type { StorageDirectory } from '../../src/storage/directory-identity.ts';
import { ourCluster, ourNode, otherCluster, stageFolder, StorageStage } from './storage-stage.ts';

const metaPath = `${stageFolder}/meta`;

async function opened(stage: StorageStage, wanted = {}): Promise<StorageDirectory> {
  const directory = await stage.settle(stage.openDirectory(wanted));
  if (!directory.ok) throw new Error(describeDirectoryProblem(stageFolder, directory.problem));
  return directory.value;
}

async function refusal(stage: StorageStage, wanted = {}): Promise<DirectoryProblem> {
  const directory = await stage.settle(stage.openDirectory(wanted));
  if (directory.ok) throw new Error('the directory was not refused');
  return directory.problem;
}

async function readMeta(stage: StorageStage): Promise<Uint8Array> {
  const file = await stage.settle(stage.ports.disk.openFile(metaPath, 'existing'));
  return stage.settle(file.read(0, 10_000));
}

async function replaceMeta(stage: StorageStage, bytes: Uint8Array): Promise<void> {
  const file = await stage.settle(stage.ports.disk.openFile(metaPath, 'existing'));
  await stage.settle(file.truncate(0));
  await stage.settle(file.write(0, [bytes]));
  await stage.settle(file.close());
}

test('a directory keeps the identity that it drew at the first start', async () => {
  const stage = new StorageStage(1);
  const first = await opened(stage);
  const drawn = first.directoryId;
  expect(drawn).toMatch(/^[0-9a-f]{32}$/);
  await stage.settle(first.close());
  const second = await opened(stage);
  expect(second.directoryId).toBe(drawn);
  expect(second.nodeId).toBe(ourNode);
  expect(second.clusterId).toBeUndefined();
});

test('an identity that was returned once survives every power cut, and one that was not may be drawn anew', async () => {
  let wereCut = 0;
  for (let cutAt = 0; cutAt < 40; cutAt += 1) {
    const stage = new StorageStage(cutAt);
    const outcome = await stage.settleWithin(stage.openDirectory(), cutAt);
    if (outcome === 'cut') {
      wereCut += 1;
      await opened(stage);
    } else {
      if (!outcome.value.ok) throw new Error('the directory was refused');
      stage.cutPower();
      expect((await opened(stage)).directoryId).toBe(outcome.value.value.directoryId);
    }
  }
  expect(wereCut).toBeGreaterThan(5);
  expect(wereCut).toBeLessThan(40);
});

test('a directory is used by one process at a time', async () => {
  const stage = new StorageStage(1);
  const first = await opened(stage);
  const problem = await refusal(stage);
  expect(problem).toEqual({ type: 'in-use' });
  expect(describeDirectoryProblem(stageFolder, problem)).toContain('stop that process');
  await stage.settle(first.close());
  await opened(stage);
});

test('the directory of another node is refused and says both numbers', async () => {
  const stage = new StorageStage(1);
  await stage.settle((await opened(stage)).close());
  const problem = await refusal(stage, { nodeId: nodeId(7) });
  expect(problem).toEqual({ type: 'other-node', found: ourNode, wanted: nodeId(7) });
  expect(describeDirectoryProblem(stageFolder, problem)).toContain('belongs to node 2, and this is node 7');
  // Refusing let go of it.
  await opened(stage);
});

test('a directory joins one cluster for good and is refused to any other', async () => {
  const stage = new StorageStage(1);
  const directory = await opened(stage);
  expect(await stage.settle(directory.joinCluster(ourCluster))).toEqual({ ok: true, value: undefined });
  expect(await stage.settle(directory.joinCluster(ourCluster))).toEqual({ ok: true, value: undefined });
  const other = await stage.settle(directory.joinCluster(otherCluster));
  expect(other).toEqual({ ok: false, problem: { type: 'other-cluster', found: ourCluster, wanted: otherCluster } });
  stage.cutPower();
  const problem = await refusal(stage, { clusterId: otherCluster });
  expect(describeDirectoryProblem(stageFolder, problem)).toContain('correct the cluster id');
  expect((await opened(stage)).clusterId).toBe(ourCluster);
});

test('a directory that knew no cluster learns it from the process that opens it', async () => {
  const stage = new StorageStage(1);
  await stage.settle((await opened(stage)).close());
  expect((await opened(stage, { clusterId: ourCluster })).clusterId).toBe(ourCluster);
  stage.cutPower();
  expect((await opened(stage)).clusterId).toBe(ourCluster);
});

test('a store that was added is listed after a power cut', async () => {
  const stage = new StorageStage(1);
  const directory = await opened(stage);
  expect(directory.hasStore('raft')).toBe(false);
  await stage.settle(directory.addStore('raft'));
  await stage.settle(directory.addStore('log'));
  stage.cutPower();
  const again = await opened(stage);
  expect([again.hasStore('raft'), again.hasStore('log'), again.hasStore('else')]).toEqual([true, true, false]);
});

test('a directory of a newer release is refused and left as it is', async () => {
  const stage = new StorageStage(1);
  await stage.settle((await opened(stage)).close());
  const text = new TextDecoder().decode(await readMeta(stage));
  const body = `${text.slice(0, text.indexOf('crc32c')).replace('directory 1', 'directory 2')}sparkles yes\n`;
  const trailer = crc32c(new TextEncoder().encode(body)).toString(16).padStart(8, '0');
  const newer = new TextEncoder().encode(`${body}crc32c ${trailer}\n`);
  await replaceMeta(stage, newer);
  const problem = await refusal(stage);
  expect(problem).toEqual({ type: 'newer-format', found: 2, known: directoryFormat });
  expect(describeDirectoryProblem(stageFolder, problem)).toContain('start it with the newer release');
  expect(await readMeta(stage)).toEqual(newer);
});

test('a folder with files of somebody else is refused and left as it is', async () => {
  const stage = new StorageStage(1);
  await stage.settle(stage.ports.disk.makeFolder(stageFolder));
  await stage.settle(stage.ports.disk.openFile(`${stageFolder}/holiday.jpg`, 'create'));
  const problem = await refusal(stage);
  expect(problem).toEqual({ type: 'not-ours', names: ['holiday.jpg'] });
  expect(describeDirectoryProblem(stageFolder, problem)).toContain('name an empty directory');
});

test('every flipped bit of the identity is noticed', async () => {
  const whole = encodeMeta({
    nodeId: ourNode,
    directoryId: (await opened(new StorageStage(1))).directoryId,
    clusterId: ourCluster,
    stores: ['raft', 'log'],
  });
  expect(decodeMeta(whole).ok).toBe(true);
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const flipped = Uint8Array.from(whole, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    expect(decodeMeta(flipped), `bit ${bit}`).toMatchObject({ ok: false, problem: { type: 'damaged' } });
  }
});

test('an identity cut short at any byte, or grown, is noticed', () => {
  const whole = encodeMeta({
    nodeId: ourNode,
    directoryId: directoryId('ab'.repeat(16)),
    clusterId: undefined,
    stores: [],
  });
  for (let length = 0; length < whole.length; length += 1)
    expect(decodeMeta(whole.subarray(0, length)).ok, `${length} bytes`).toBe(false);
  expect(decodeMeta(Uint8Array.from([...whole, 10])).ok).toBe(false);
});

test('a damaged identity is refused with what to do about it', async () => {
  const stage = new StorageStage(1);
  await stage.settle((await opened(stage)).close());
  stage.disk.flipBits(1, (path) => path === metaPath);
  const problem = await refusal(stage);
  expect(problem.type).toBe('damaged');
  expect(describeDirectoryProblem(stageFolder, problem)).toContain('add it again with an empty directory');
});

test('an identity that could not be recorded is not used, then or later', async () => {
  const stage = new StorageStage(1);
  const directory = await opened(stage);
  stage.disk.failNext('sync', (path) => path.endsWith('meta.partial'));
  await expect(stage.settle(directory.joinCluster(ourCluster))).rejects.toThrow('failed to record its identity');
  expect(directory.clusterId).toBeUndefined();
  await expect(stage.settle(directory.addStore('raft'))).rejects.toThrow('failed to record its identity');
});

test('a disk that fails while a directory opens rejects and lets go of the directory', async () => {
  const stage = new StorageStage(1);
  stage.disk.failNext('sync', (path) => path.endsWith('meta.partial'));
  await expect(stage.settle(stage.openDirectory())).rejects.toBeInstanceOf(DiskError);
  await opened(stage);
});
