/**
 * Promises about what survives: the end of a process, and a power cut.
 */
import { expect } from 'vitest';
import type { Disk } from '../../src/ports/disk.ts';
import {
  contentsOf,
  expectBytes,
  expectProblem,
  patterned,
  written,
  writtenDurably,
  type DiskCase,
} from './disk-stage.ts';

async function closeDurably(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await writtenDurably(disk, path, bytes);
  await file.close();
}

export const durabilityCases: readonly DiskCase[] = [
  {
    promise: 'what was written outlives the process, synced or not',
    async play({ disk, restart }) {
      await disk.makeFolder('folder');
      await written(disk, 'folder/log', patterned(3_000, 1));
      const next = await restart();
      expect(await next.list('folder')).toEqual(['log']);
      expectBytes(await contentsOf(next, 'folder/log'), patterned(3_000, 1));
    },
  },
  {
    promise: 'synced bytes survive a power cut',
    async play({ disk, powerCut }) {
      await writtenDurably(disk, 'log', patterned(3_000, 2));
      expectBytes(await contentsOf(await powerCut(), 'log'), patterned(3_000, 2));
    },
  },
  {
    promise: 'a sync covers every write that had settled before it, of whatever handle',
    async play({ disk, powerCut }) {
      const file = await writtenDurably(disk, 'log', patterned(10, 3));
      const other = await disk.openFile('log', 'existing');
      await Promise.all([file.write(10, [patterned(600, 4)]), other.write(610, [patterned(600, 5)])]);
      await file.write(100, [Uint8Array.of(1, 2, 3)]);
      await file.sync();
      const expected = Uint8Array.from([...patterned(10, 3), ...patterned(600, 4), ...patterned(600, 5)]);
      expected.set([1, 2, 3], 100);
      expectBytes(await contentsOf(await powerCut(), 'log'), expected);
    },
  },
  {
    promise: 'bytes that were synced stay as they are whatever is written beside them later',
    async play({ disk, powerCut }) {
      const file = await writtenDurably(disk, 'log', patterned(700, 6));
      await file.write(700, [patterned(2_000, 7)]);
      await disk.openFile('other', 'create');
      const after = await contentsOf(await powerCut(), 'log');
      expect(after.length).toBeGreaterThanOrEqual(700);
      expectBytes(after.subarray(0, 700), patterned(700, 6));
    },
  },
  {
    promise: 'a synced truncation survives a power cut, whether it cut or extended',
    async play({ disk, powerCut }) {
      const cut = await writtenDurably(disk, 'cut', patterned(2_000, 8));
      await cut.truncate(300);
      await cut.sync();
      const extended = await writtenDurably(disk, 'extended', patterned(300, 9));
      await extended.truncate(2_000);
      await extended.sync();
      const after = await powerCut();
      expectBytes(await contentsOf(after, 'cut'), patterned(2_000, 8).subarray(0, 300));
      expectBytes(
        await contentsOf(after, 'extended'),
        Uint8Array.from([...patterned(300, 9), ...new Uint8Array(1_700)]),
      );
    },
  },
  {
    promise: 'a file survives in folders that were synced one by one',
    async play({ disk, powerCut }) {
      await disk.makeFolder('a/b');
      await closeDurably(disk, 'a/b/log', patterned(10, 10));
      await disk.syncFolder('a');
      await disk.syncFolder('');
      expectBytes(await contentsOf(await powerCut(), 'a/b/log'), patterned(10, 10));
    },
  },
  {
    promise: 'a synced rename survives a power cut: the new name leads to the new bytes, the old one nowhere',
    async play({ disk, powerCut }) {
      await closeDurably(disk, 'checkpoint', patterned(100, 11));
      await closeDurably(disk, 'checkpoint.next', patterned(200, 12));
      await disk.rename('checkpoint.next', 'checkpoint');
      await disk.syncFolder('');
      const after = await powerCut();
      expect(await after.list('')).toEqual(['checkpoint']);
      expectBytes(await contentsOf(after, 'checkpoint'), patterned(200, 12));
    },
  },
  {
    promise: 'after a power cut a name that was being replaced leads to one of the two files, whole',
    async play({ disk, powerCut }) {
      await closeDurably(disk, 'checkpoint', patterned(100, 13));
      await closeDurably(disk, 'checkpoint.next', patterned(200, 14));
      await disk.rename('checkpoint.next', 'checkpoint');
      const after = await contentsOf(await powerCut(), 'checkpoint');
      expect([patterned(100, 13), patterned(200, 14)]).toContainEqual(after);
    },
  },
  {
    promise: 'a rename between folders survives when both were synced',
    async play({ disk, powerCut }) {
      await disk.makeFolder('a');
      await disk.makeFolder('b');
      await disk.syncFolder('');
      await closeDurably(disk, 'a/log', patterned(100, 15));
      await disk.rename('a/log', 'b/log');
      await disk.syncFolder('b');
      await disk.syncFolder('a');
      const after = await powerCut();
      expect(await after.list('a')).toEqual([]);
      expectBytes(await contentsOf(after, 'b/log'), patterned(100, 15));
    },
  },
  {
    promise: 'a synced removal is not undone by a power cut',
    async play({ disk, powerCut }) {
      await disk.makeFolder('gone');
      await closeDurably(disk, 'gone/log', patterned(10, 16));
      await closeDurably(disk, 'kept', patterned(10, 17));
      await disk.removeFile('gone/log');
      await disk.syncFolder('gone');
      await disk.removeFolder('gone');
      await disk.syncFolder('');
      const after = await powerCut();
      expect(await after.list('')).toEqual(['kept']);
      await expectProblem('missing', after.openFile('gone/log', 'existing'));
    },
  },
  {
    promise: 'what a power cut left is itself durable',
    async play(fixture) {
      await closeDurably(fixture.disk, 'first', patterned(100, 18));
      await written(fixture.disk, 'first', patterned(900, 19));
      const once = await fixture.powerCut();
      const left = await contentsOf(once, 'first');
      await closeDurably(once, 'second', patterned(100, 20));
      const twice = await fixture.powerCut();
      expectBytes(await contentsOf(twice, 'first'), left);
      expectBytes(await contentsOf(twice, 'second'), patterned(100, 20));
    },
  },
  {
    promise: 'a power cut frees every lock',
    async play({ disk, powerCut }) {
      await disk.makeFolder('a');
      await disk.syncFolder('');
      await disk.lockFolder('a');
      const giveBack = await (await powerCut()).lockFolder('a');
      await giveBack();
    },
  },
];
