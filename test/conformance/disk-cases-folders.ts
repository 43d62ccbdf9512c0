/**
 * Promises about names: folders, renames, removals, locks.
 */
import { expect } from 'vitest';
import { contentsOf, expectBytes, expectProblem, patterned, written, type DiskCase } from './disk-stage.ts';

export const folderCases: readonly DiskCase[] = [
  {
    promise: 'a list has the names of the files and folders right inside, sorted',
    async play({ disk }) {
      expect(await disk.list('')).toEqual([]);
      for (const name of ['b', 'a', 'B', '10', '9']) await disk.openFile(name, 'create');
      await disk.makeFolder('folder/inner');
      expect(await disk.list('')).toEqual(['10', '9', 'B', 'a', 'b', 'folder']);
      expect(await disk.list('folder')).toEqual(['inner']);
      expect(await disk.list('folder/inner')).toEqual([]);
      await expectProblem('missing', disk.list('nowhere'));
    },
  },
  {
    promise: 'a folder is made with its parents, once, and not where a file is',
    async play({ disk }) {
      await disk.makeFolder('a/b/c');
      await written(disk, 'a/b/c/log', patterned(10, 1));
      await disk.makeFolder('a/b/c');
      await disk.makeFolder('');
      expectBytes(await contentsOf(disk, 'a/b/c/log'), patterned(10, 1));
      await expectProblem('exists', disk.makeFolder('a/b/c/log'));
      await expectProblem('exists', disk.makeFolder('a/b/c/log/d'));
    },
  },
  {
    promise: 'a renamed file has its new name only, with its bytes, also for those who have it open',
    async play({ disk }) {
      await disk.makeFolder('folder');
      const file = await written(disk, 'old', patterned(10, 2));
      await disk.rename('old', 'folder/new');
      expect(await disk.list('')).toEqual(['folder']);
      await file.write(10, [patterned(10, 3)]);
      expectBytes(await contentsOf(disk, 'folder/new'), Uint8Array.from([...patterned(10, 2), ...patterned(10, 3)]));
      await expectProblem('missing', disk.rename('old', 'other'));
      await expectProblem('missing', disk.rename('folder/new', 'nowhere/new'));
    },
  },
  {
    promise: 'a rename takes the place of the file that had the name',
    async play({ disk }) {
      await written(disk, 'old', patterned(100, 4));
      await written(disk, 'new', patterned(10, 5));
      await disk.rename('new', 'old');
      expect(await disk.list('')).toEqual(['old']);
      expectBytes(await contentsOf(disk, 'old'), patterned(10, 5));
    },
  },
  {
    promise: 'while a file is replaced by a rename, its name always leads to one of the two',
    async play({ disk }) {
      await written(disk, 'name', patterned(100, 0));
      for (let round = 1; round <= 10; round += 1) {
        await written(disk, 'next', patterned(100, round));
        const renamed = disk.rename('next', 'name');
        const looks = await Promise.all(Array.from({ length: 5 }, () => contentsOf(disk, 'name')));
        for (const bytes of looks) expect([patterned(100, round - 1), patterned(100, round)]).toContainEqual(bytes);
        await renamed;
      }
    },
  },
  {
    promise: 'a renamed folder keeps what is in it, and does not replace one that holds something',
    async play({ disk }) {
      await disk.makeFolder('a');
      await disk.makeFolder('full');
      await written(disk, 'a/log', patterned(10, 6));
      await written(disk, 'full/log', patterned(10, 7));
      await expectProblem('not-empty', disk.rename('a', 'full'));
      await disk.rename('a', 'b');
      expect(await disk.list('')).toEqual(['b', 'full']);
      expectBytes(await contentsOf(disk, 'b/log'), patterned(10, 6));
    },
  },
  {
    promise: 'a removed file is gone by name and stays for those who have it open',
    async play({ disk }) {
      const file = await written(disk, 'log', patterned(10, 8));
      await disk.removeFile('log');
      expect(await disk.list('')).toEqual([]);
      await expectProblem('missing', disk.openFile('log', 'existing'));
      await expectProblem('missing', disk.removeFile('log'));
      expectBytes(await file.read(0, 20), patterned(10, 8));
      await disk.openFile('log', 'create');
      expectBytes(await contentsOf(disk, 'log'), new Uint8Array(0));
    },
  },
  {
    promise: 'only an empty folder can be removed',
    async play({ disk }) {
      await disk.makeFolder('a/b');
      await expectProblem('not-empty', disk.removeFolder('a'));
      await disk.removeFolder('a/b');
      await disk.removeFolder('a');
      expect(await disk.list('')).toEqual([]);
      await expectProblem('missing', disk.removeFolder('a'));
    },
  },
  {
    promise: 'a folder has one holder at a time, and is free once it is given back',
    async play({ disk }) {
      await disk.makeFolder('a');
      await disk.makeFolder('b');
      const giveBack = await disk.lockFolder('a');
      await expectProblem('locked', disk.lockFolder('a'));
      await expectProblem('locked', disk.lockFolder('a'));
      const giveBackOther = await disk.lockFolder('b');
      await giveBack();
      const giveBackAgain = await disk.lockFolder('a');
      await giveBack();
      await expectProblem('locked', disk.lockFolder('a'));
      await Promise.all([giveBackAgain(), giveBackOther()]);
      await expectProblem('missing', disk.lockFolder('nowhere'));
    },
  },
  {
    promise: 'of many who want a folder at once one at most gets it',
    async play({ disk }) {
      await disk.makeFolder('a');
      const claims = await Promise.allSettled(Array.from({ length: 8 }, () => disk.lockFolder('a')));
      const held = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
      expect(held.length).toBeLessThanOrEqual(1);
      for (const giveBack of held) await giveBack();
      const giveBack = await disk.lockFolder('a');
      await giveBack();
    },
  },
  {
    promise: 'a lock is no entry of its folder',
    async play({ disk }) {
      await disk.makeFolder('a');
      const giveBack = await disk.lockFolder('a');
      expect(await disk.list('a')).toEqual([]);
      await giveBack();
      await disk.removeFolder('a');
    },
  },
];
