/**
 * Promises about the bytes of files while the machine is up.
 */
import { expect } from 'vitest';
import { contentsOf, expectBytes, expectProblem, joined, patterned, written, type DiskCase } from './disk-stage.ts';

export const fileCases: readonly DiskCase[] = [
  {
    promise: 'bytes that were written are read back, in pieces of any length from any place',
    async play({ disk }) {
      const bytes = patterned(100_000, 1);
      const file = await written(disk, 'log', bytes);
      expect(await file.sizeBytes()).toBe(100_000);
      for (const [from, below] of [
        [0, 100_000],
        [0, 1],
        [511, 513],
        [99_999, 100_000],
        [4_096, 70_001],
      ] as const)
        expectBytes(await file.read(from, below - from), bytes.subarray(from, below));
    },
  },
  {
    promise: 'a read returns fewer bytes than asked only at the end of the file, and none beyond it',
    async play({ disk }) {
      const bytes = patterned(1_000, 2);
      const file = await written(disk, 'log', bytes);
      expectBytes(await file.read(0, 1_001), bytes);
      expectBytes(await file.read(990, 100), bytes.subarray(990));
      expectBytes(await file.read(1_000, 10), new Uint8Array(0));
      expectBytes(await file.read(5_000, 10), new Uint8Array(0));
      expectBytes(await file.read(10, 0), new Uint8Array(0));
    },
  },
  {
    promise: 'the parts of a write follow one another, however many and however small they are',
    async play({ disk }) {
      const parts = Array.from({ length: 2_500 }, (_, at) => patterned(at % 5, at));
      const file = await disk.openFile('log', 'create');
      await file.write(3, parts);
      await file.write(0, []);
      await file.write(1_000_000, [new Uint8Array(0)]);
      const whole = joined([new Uint8Array(3), ...parts]);
      expectBytes(await file.read(0, whole.length + 1), whole);
    },
  },
  {
    promise: 'a write changes the bytes it covers and no others',
    async play({ disk }) {
      const bytes = patterned(2_000, 3);
      const file = await written(disk, 'log', bytes);
      const patch = patterned(700, 4);
      await file.write(600, [patch]);
      bytes.set(patch, 600);
      expectBytes(await file.read(0, 3_000), bytes);
    },
  },
  {
    promise: 'a write beyond the end leaves zeros between',
    async play({ disk }) {
      const file = await written(disk, 'log', patterned(10, 5));
      await file.write(5_000, [Uint8Array.of(7)]);
      const expected = new Uint8Array(5_001);
      expected.set(patterned(10, 5));
      expected[5_000] = 7;
      expectBytes(await file.read(0, 6_000), expected);
    },
  },
  {
    promise: 'writes that are in flight together all land, in one file and in several',
    async play({ disk }) {
      const files = await Promise.all(['a', 'b', 'c'].map((name) => disk.openFile(name, 'create')));
      const pieces = Array.from({ length: 20 }, (_, at) => patterned(1_000, at));
      await Promise.all(
        files.flatMap((file) => pieces.toReversed().map((piece, at) => file.write((19 - at) * 1_000, [piece]))),
      );
      const whole = joined(pieces);
      for (const file of files) expectBytes(await file.read(0, 30_000), whole);
    },
  },
  {
    promise: 'bytes belong to the caller again once a write has settled, and from the start once they are read',
    async play({ disk }) {
      const bytes = patterned(1_000, 6);
      const file = await written(disk, 'log', bytes);
      bytes.fill(0);
      const read = await file.read(0, 1_000);
      expectBytes(read, patterned(1_000, 6));
      const half = await file.read(500, 500);
      expectBytes(read, patterned(1_000, 6));
      read.fill(0);
      expectBytes(half, patterned(1_000, 6).subarray(500));
      expectBytes(await file.read(0, 1_000), patterned(1_000, 6));
    },
  },
  {
    promise: 'a truncation cuts the file, and bytes that were cut off come back as zeros at most',
    async play({ disk }) {
      const file = await written(disk, 'log', patterned(1_000, 7));
      await file.truncate(400);
      expect(await file.sizeBytes()).toBe(400);
      expectBytes(await file.read(0, 1_000), patterned(1_000, 7).subarray(0, 400));
      await file.truncate(900);
      const expected = new Uint8Array(900);
      expected.set(patterned(1_000, 7).subarray(0, 400));
      expectBytes(await file.read(0, 1_000), expected);
    },
  },
  {
    promise: 'everybody who has a file open sees the same bytes',
    async play({ disk }) {
      const writer = await disk.openFile('log', 'create');
      const reader = await disk.openFile('log', 'existing');
      await writer.write(0, [patterned(100, 8)]);
      expectBytes(await reader.read(0, 200), patterned(100, 8));
      await reader.truncate(50);
      expect(await writer.sizeBytes()).toBe(50);
    },
  },
  {
    promise: 'each way to open a file refuses what it says, and opening keeps what is there',
    async play({ disk }) {
      await expectProblem('missing', disk.openFile('log', 'existing'));
      await written(disk, 'log', patterned(10, 9));
      await expectProblem('exists', disk.openFile('log', 'create'));
      const again = await disk.openFile('log', 'create-or-existing');
      expect(again.path).toBe('log');
      expectBytes(await again.read(0, 20), patterned(10, 9));
      await expectProblem('missing', disk.openFile('nowhere/log', 'create'));
      await expectProblem('missing', disk.openFile('log/log', 'create'));
    },
  },
  {
    promise: 'a closed file refuses every call, and what was in flight at its closing is done',
    async play({ disk }) {
      const file = await disk.openFile('log', 'create');
      await Promise.all([file.write(0, [patterned(50_000, 10)]), file.close()]);
      for (const late of [
        () => file.read(0, 1),
        () => file.write(0, [Uint8Array.of(1)]),
        () => file.sync(),
        () => file.truncate(0),
        () => file.sizeBytes(),
        () => file.close(),
      ])
        await expectProblem('closed', late());
      expectBytes(await contentsOf(disk, 'log'), patterned(50_000, 10));
    },
  },
  {
    promise: 'a fault of the disk below rejects the call with io and leaves other calls alone',
    async play({ disk, failNext }) {
      const file = await written(disk, 'log', patterned(100, 11));
      failNext('read');
      await expectProblem('io', file.read(0, 100));
      expectBytes(await file.read(0, 100), patterned(100, 11));
      failNext('write');
      await expectProblem('io', file.write(100, [patterned(50, 12)]));
      failNext('sync');
      await expectProblem('io', file.sync());
      expectBytes(await file.read(0, 100), patterned(100, 11));
    },
  },
  {
    promise: 'a full disk refuses to take more with full, and goes on to give what it has',
    async play({ disk, fill }) {
      const file = await written(disk, 'log', patterned(1_000, 13));
      fill();
      await expectProblem('full', file.write(1_000, [patterned(5_000, 14)]));
      expectBytes(await file.read(0, 1_000), patterned(1_000, 13));
    },
  },
];
