/**
 * What a simulated disk does beyond the promises of the port: every fault it can be told to have.
 */
import { expect, test } from 'vitest';
import { delay } from '../../src/ports/clock.ts';
import type { Disk } from '../../src/ports/disk.ts';
import { calmDisk, diskFaults } from '../../src/simulation/simulated-disk-knobs.ts';
import {
  contentsOf,
  expectBytes,
  expectProblem,
  patterned,
  written,
  writtenDurably,
} from '../conformance/disk-stage.ts';
import { machineClock } from '../conformance/virtual-time.ts';
import { DiskMachine, passAllTime } from './storage-machines.ts';

const seeds = Array.from({ length: 60 }, (_, at) => at + 1);
const noLatency = { msMin: 0, msMean: 0 };

/** What a power cut leaves of one unsynced write beside synced bytes. */
async function leftOfUnsyncedWrite(seed: number): Promise<{ kind: string; bytes: Uint8Array }> {
  const machine = new DiskMachine(seed);
  await machine.play(async (disk) => {
    const file = await writtenDurably(disk, 'log', patterned(700, 1));
    await file.write(700, [patterned(3_000, 2)]);
  });
  machine.disk.powerCut();
  let bytes = new Uint8Array(0);
  await machine.play(async (disk) => {
    bytes = new Uint8Array(await contentsOf(disk, 'log'));
  });
  expectBytes(bytes.subarray(0, 700), patterned(700, 1));
  const kind = machine.faults.at(-1) ?? 'kept';
  return { kind, bytes: bytes.subarray(700) };
}

test('an unsynced write may survive a power cut whole, torn by sectors, or not at all', async () => {
  const kinds = new Set<string>();
  const shapes = new Set<string>();
  for (const seed of seeds) {
    const { kind, bytes } = await leftOfUnsyncedWrite(seed);
    kinds.add(kind);
    const whole = patterned(3_000, 2);
    if (kind === 'kept') expectBytes(bytes, whole);
    if (kind === 'power cut lost a change') expect(bytes).toHaveLength(0);
    // Sectors are those of the file, so the first and the last piece of the write are short ones.
    for (let from = 0; from < bytes.length; from += from === 0 ? 324 : 512) {
      const below = Math.min(from + (from === 0 ? 324 : 512), bytes.length);
      const piece = bytes.subarray(from, below);
      if (Buffer.compare(piece, whole.subarray(from, below)) === 0) shapes.add('written');
      else shapes.add(piece.every((byte) => byte === 0) ? 'zeros' : 'garbage');
    }
    if (kind === 'power cut tore a write' && bytes.length > 0 && bytes.length < 3_000) shapes.add('cut short');
  }
  expect([...kinds].sort()).toEqual(['kept', 'power cut lost a change', 'power cut tore a write']);
  expect([...shapes].sort()).toEqual(['cut short', 'garbage', 'written', 'zeros']);
});

test('of several unsynced writes a later one may survive without an earlier one', async () => {
  let holes = 0;
  for (const seed of seeds) {
    const machine = new DiskMachine(seed);
    await machine.play(async (disk) => {
      const file = await writtenDurably(disk, 'log', new Uint8Array(0));
      await file.write(0, [patterned(512, 1)]);
      await file.write(512, [patterned(512, 2)]);
    });
    machine.disk.powerCut();
    await machine.play(async (disk) => {
      const bytes = await contentsOf(disk, 'log');
      const [first, second] = [bytes.subarray(0, 512), bytes.subarray(512)];
      if (first.every((byte) => byte === 0) && Buffer.compare(second, patterned(512, 2)) === 0) holes += 1;
    });
  }
  expect(holes).toBeGreaterThan(0);
});

test('whatever is appended and synced in whatever order, a power cut leaves all that was synced', async () => {
  for (const seed of seeds) {
    const machine = new DiskMachine(seed);
    const appended = patterned(60_000, seed);
    let length = 0;
    let syncedLength = 0;
    for (let life = 0; life < 4; life += 1) {
      await machine.play(async (disk) => {
        const file = await writtenDurably(disk, 'log', new Uint8Array(0));
        for (let step = 0; step < 15; step += 1) {
          const next = length + 1 + machine.random.integerBelow(900);
          await file.write(length, [appended.subarray(length, next)]);
          length = next;
          if (!machine.random.chance(0.3)) continue;
          await file.sync();
          syncedLength = length;
        }
      });
      machine.disk.powerCut();
      await machine.play(async (disk) => {
        const bytes = await contentsOf(disk, 'log');
        expect(bytes.length).toBeGreaterThanOrEqual(syncedLength);
        expectBytes(bytes.subarray(0, syncedLength), appended.subarray(0, syncedLength));
        const file = await disk.openFile('log', 'existing');
        await file.truncate(syncedLength);
        await file.sync();
        length = syncedLength;
      });
    }
  }
});

test('names that were not synced may be forgotten, and a replaced name leads to a whole file all the same', async () => {
  const outcomes = new Set<string>();
  for (const seed of seeds) {
    const machine = new DiskMachine(seed);
    await machine.play(async (disk) => {
      await (await writtenDurably(disk, 'checkpoint', patterned(10, 1))).close();
      const next = await written(disk, 'next', patterned(20, 2));
      await next.sync();
      await disk.rename('next', 'checkpoint');
      await disk.makeFolder('folder');
    });
    machine.disk.powerCut();
    await machine.play(async (disk) => {
      const names = await disk.list('');
      expect(names).toContain('checkpoint');
      const { length } = await contentsOf(disk, 'checkpoint');
      outcomes.add(`${length} ${names.join(' ')}`);
    });
  }
  expect([...outcomes].sort()).toEqual([
    '10 checkpoint',
    '10 checkpoint folder',
    '10 checkpoint folder next',
    '10 checkpoint next',
    '20 checkpoint',
    '20 checkpoint folder',
  ]);
});

test('a killed process leaves all it has written, and perhaps a part of what it was writing', async () => {
  const lengths = new Set<number>();
  for (const seed of seeds) {
    const machine = new DiskMachine(seed);
    const life = machine.disk.incarnation();
    let hasSettled = false;
    const settled = (): void => {
      hasSettled = true;
    };
    const act = async (disk: Disk): Promise<void> => {
      const file = await written(disk, 'log', patterned(100, 1));
      void file.write(100, [patterned(100, 2)]).then(settled, settled);
      life.kill();
      // A dead process may still run to the end of its turn; nobody answers it.
      void file.write(0, [patterned(100, 3)]).then(settled, settled);
      void disk.removeFile('log').then(settled, settled);
      void file.sync().then(settled, settled);
    };
    void act(life.disk);
    await passAllTime(machine.scheduler);
    expect(hasSettled).toBe(false);
    await machine.play(async (disk) => {
      const bytes = await contentsOf(disk, 'log');
      expect(bytes.subarray(0, 100)).toEqual(patterned(100, 1));
      expect(bytes.subarray(100)).toEqual(patterned(100, 2).subarray(0, bytes.length - 100));
      lengths.add(bytes.length);
      expect(machine.faults).toEqual(bytes.length > 100 ? ['disk write cut short by a crash'] : machine.faults);
    });
  }
  expect(lengths.has(100)).toBe(true);
  expect(lengths.size).toBeGreaterThan(10);
});

test('what a dead incarnation held is free for the next', async () => {
  const machine = new DiskMachine(1);
  const life = machine.disk.incarnation();
  void life.disk.lockFolder('');
  await passAllTime(machine.scheduler);
  await machine.play((disk) => expectProblem('locked', disk.lockFolder('')));
  life.kill();
  await machine.play(async (disk) => {
    const giveBack = await disk.lockFolder('');
    await giveBack();
  });
});

test('after a failed sync reads show what a power cut then takes, though another sync has succeeded', async () => {
  let lost = 0;
  for (const seed of seeds) {
    const machine = new DiskMachine(seed);
    await machine.play(async (disk) => {
      const file = await writtenDurably(disk, 'log', patterned(100, 1));
      await file.write(100, [patterned(100, 2)]);
      machine.disk.failNext('sync', (path) => path === 'log');
      await expectProblem('io', file.sync());
      expect(await contentsOf(disk, 'log')).toHaveLength(200);
      await file.sync();
      await file.write(200, [patterned(100, 3)]);
      await file.sync();
    });
    machine.disk.powerCut();
    await machine.play(async (disk) => {
      const bytes = await contentsOf(disk, 'log');
      expect(bytes).toHaveLength(300);
      expect(bytes.subarray(0, 100)).toEqual(patterned(100, 1));
      expect(bytes.subarray(200)).toEqual(patterned(100, 3));
      const isLost = bytes.subarray(100, 200).every((byte) => byte === 0);
      expect(machine.faults.includes('disk sync failed and dropped a change')).toBe(isLost);
      if (isLost) lost += 1;
    });
  }
  expect(lost).toBeGreaterThan(10);
  expect(lost).toBeLessThan(50);
});

test('a disk has room for its capacity, a write that is too long fills it, and what is removed makes room', async () => {
  const machine = new DiskMachine(1, { capacityBytes: 1_000 });
  await machine.play(async (disk) => {
    const file = await written(disk, 'a', patterned(600, 1));
    const other = await written(disk, 'b', patterned(300, 2));
    await expectProblem('full', other.write(300, [patterned(200, 3)]));
    expect(await other.sizeBytes()).toBe(400);
    await expectProblem('full', file.truncate(700));
    await file.write(0, [patterned(600, 4)]);
    await disk.removeFile('a');
    await other.write(300, [patterned(700, 5)]);
    await expectProblem('full', other.write(1_000, [Uint8Array.of(1)]));
    machine.disk.knobs = { ...machine.disk.knobs, capacityBytes: 2_000 };
    await other.write(1_000, [patterned(1_000, 6)]);
  });
  expect(machine.faults).toEqual(['disk full', 'disk full', 'disk full']);
});

test('a flipped bit is flipped for ever, in the file that was meant, and nobody says so', async () => {
  const machine = new DiskMachine(1);
  await machine.play(async (disk) => {
    await (await writtenDurably(disk, 'kept', patterned(1_000, 1))).close();
    await (await writtenDurably(disk, 'rotten', patterned(1_000, 2))).close();
  });
  const flipped = machine.disk.flipBits(1, (path) => path === 'rotten');
  const differences = async (): Promise<number[]> => {
    const places: number[] = [];
    await machine.play(async (disk) => {
      expectBytes(await contentsOf(disk, 'kept'), patterned(1_000, 1));
      const bytes = await contentsOf(disk, 'rotten');
      patterned(1_000, 2).forEach((byte, at) => {
        if (byte !== bytes[at]) places.push(at);
      });
    });
    return places;
  };
  expect(await differences()).toEqual(flipped.map(({ position }) => position));
  machine.disk.powerCut();
  expect(await differences()).toEqual(flipped.map(({ position }) => position));
  expect(machine.disk.flipBits(3, (path) => path === 'nowhere')).toEqual([]);
});

test('a disk that is stuck answers nothing until its time is over', async () => {
  const machine = new DiskMachine(1);
  await machine.play(async (disk) => {
    const file = await written(disk, 'log', patterned(10, 1));
    const startMs = machine.scheduler.nowMs;
    machine.disk.stickFor(5_000);
    await file.sync();
    expect(machine.scheduler.nowMs - startMs).toBeGreaterThanOrEqual(5_000);
    await file.read(0, 10);
    expect(machine.scheduler.nowMs - startMs).toBeLessThan(5_100);
    machine.disk.stickFor(5_000);
    machine.disk.unstick();
    await file.read(0, 10);
    expect(machine.scheduler.nowMs - startMs).toBeLessThan(5_200);
  });
});

test('operations take the time of their kind, and those in flight together complete in any order', async () => {
  const machine = new DiskMachine(1, {
    latency: {
      read: { msMin: 1, msMean: 10 },
      write: noLatency,
      sync: { msMin: 700, msMean: 0 },
      folder: noLatency,
    },
  });
  await machine.play(async (disk) => {
    const file = await written(disk, 'log', patterned(100, 1));
    const beforeSyncMs = machine.scheduler.nowMs;
    await file.sync();
    expect(machine.scheduler.nowMs - beforeSyncMs).toBe(700);
    const order: number[] = [];
    await Promise.all(Array.from({ length: 50 }, (_, at) => file.read(at, 1).then(() => order.push(at))));
    expect(order).not.toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(order).size).toBe(50);
  });
});

test('a write that is in flight when a sync begins is not covered by it', async () => {
  const machine = new DiskMachine(1, {
    latency: { read: noLatency, write: { msMin: 1, msMean: 0 }, sync: { msMin: 5, msMean: 0 }, folder: noLatency },
    powerCut: { changeSurvives: 0, writeTears: 0, entrySurvives: 0 },
  });
  await machine.play(async (disk) => {
    const file = await writtenDurably(disk, 'log', patterned(10, 1));
    await Promise.all([file.write(10, [patterned(10, 2)]), file.sync()]);
  });
  machine.disk.powerCut();
  await machine.play(async (disk) => expect(await contentsOf(disk, 'log')).toEqual(patterned(10, 1)));
});

test('a failure that was asked for hits one operation of its kind, and can be taken back before', async () => {
  const machine = new DiskMachine(1);
  await machine.play(async (disk) => {
    const file = await written(disk, 'log', patterned(10, 1));
    machine.disk.failNext('read', (path) => path === 'other');
    await file.read(0, 10);
    machine.disk.failNext('read');
    await expectProblem('io', file.read(0, 10));
    await file.read(0, 10);
    machine.disk.failNext('sync');
    machine.disk.forgetFailures();
    await file.sync();
  });
  expect(machine.faults).toEqual(['disk read failed']);
});

test('a replaced disk is empty, and the processes that used the old one are dead', async () => {
  const machine = new DiskMachine(1);
  const life = machine.disk.incarnation();
  await machine.play(async (disk) => void (await writtenDurably(disk, 'log', patterned(10, 1))));
  machine.disk.replace();
  let hasSettled = false;
  void life.disk.list('').finally(() => (hasSettled = true));
  await machine.play(async (disk) => expect(await disk.list('')).toEqual([]));
  expect(hasSettled).toBe(false);
});

/** Lives, crashes and power cuts on a disk with every fault, told as one text. */
async function historyOf(seed: number): Promise<{ history: string; faults: readonly string[] }> {
  const often = 0.05;
  const machine = new DiskMachine(seed, {
    fails: { read: often, write: often, sync: often, folder: often },
    readRots: often,
    sticks: 0.01,
    sticksMsMax: 100,
    capacityBytes: 9_000,
  });
  const lines: string[] = [];
  for (let life = 0; life < 4; life += 1) {
    const incarnation = machine.disk.incarnation();
    const { disk } = incarnation;
    const act = async (name: string): Promise<void> => {
      const file = await disk.openFile(name, 'create-or-existing');
      for (let step = 0; step < 8; step += 1) {
        await file.write(machine.random.integerBelow(3_000), [machine.random.bytes(500)]).catch(note);
        if (step % 3 === 0) await file.sync().catch(note);
        lines.push(Buffer.from(await file.read(0, 4_000).catch(() => new Uint8Array(0))).toString('base64'));
      }
      await disk.syncFolder('').catch(note);
      await disk.rename(name, `${name}'`);
    };
    const note = (fault: unknown): void => void lines.push(`${machine.scheduler.nowMs} ${String(fault)}`);
    for (const name of ['a', 'b', 'c', 'd']) void act(name).catch(note);
    for (let turn = machine.random.integerBelow(100); turn > 0; turn -= 1) {
      await new Promise((resolve) => setImmediate(resolve));
      machine.scheduler.runNext();
    }
    if (life % 2 === 0) machine.disk.powerCut();
    else incarnation.kill();
  }
  return { history: lines.join('\n'), faults: machine.faults };
}

test('the same seed gives the same bytes, faults and times, another seed others', async () => {
  const [first, again, other] = [await historyOf(7), await historyOf(7), await historyOf(8)];
  expect(again).toEqual(first);
  expect(other.history).not.toBe(first.history);
});

test('every fault that the disk knows happens in some run', async () => {
  const reached = new Set<string>();
  for (const seed of seeds) for (const fault of (await historyOf(seed)).faults) reached.add(fault);
  expect([...reached].sort()).toEqual([...diskFaults].sort());
});

test('a calm disk has no fault but what a power cut does', async () => {
  const machine = new DiskMachine(1);
  expect(machine.disk.knobs).toEqual(calmDisk);
  await machine.play(async (disk) => {
    for (let round = 0; round < 50; round += 1) {
      const file = await written(disk, `log-${round}`, patterned(1_000, round));
      await file.sync();
      await delay({ ...unusedClock, ...machineClock(machine.scheduler) }, 10);
      expectBytes(await file.read(0, 1_000), patterned(1_000, round));
    }
  });
  expect(machine.faults).toEqual([]);
});

const unusedClock = { wallMs: () => 0, callSoon: () => {} };
