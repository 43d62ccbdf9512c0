/**
 * The disk suite notices every disk that breaks a promise: a suite that cannot fail proves nothing.
 */
import { expect, test } from 'vitest';
import { durabilityCases } from './disk-cases-durability.ts';
import { nodeDiskFixture } from './disk-on-node.ts';
import { diskBugs } from './disk-planted-bugs.ts';
import { ForwardingDisk, ForwardingFile } from './disk-forwarding.ts';
import { powerCutLosesAll, simulatedDiskFixture } from './disk-on-simulation.ts';
import { playDiskCase, type DiskFixture } from './disk-stage.ts';
import { diskCases } from './disk.ts';
import type { Disk } from '../../src/ports/disk.ts';
import { printCatch, findBrokenPromise, type BugHunt } from './planted-bugs.ts';

/** The same fixture with every disk that it gives out broken. */
async function withBug(plant: (disk: Disk) => Disk, whole: Promise<DiskFixture>): Promise<DiskFixture> {
  const fixture = await whole;
  return {
    ...fixture,
    disk: plant(fixture.disk),
    restart: async () => plant(await fixture.restart()),
    powerCut: async () => plant(await fixture.powerCut()),
  };
}

const simulated = [
  () => simulatedDiskFixture(1, powerCutLosesAll),
  () => simulatedDiskFixture(2),
  () => simulatedDiskFixture(3),
];

function huntOf(
  plant: (disk: Disk) => Disk,
  makeWhole: readonly (() => Promise<DiskFixture>)[] = simulated,
): BugHunt<DiskFixture> {
  return {
    cases: diskCases.map((diskCase) => ({
      promise: diskCase.promise,
      run: (fixture) => playDiskCase(diskCase, fixture),
    })),
    fixtures: makeWhole.map((make) => () => withBug(plant, make())),
  };
}

for (const [bug, plant] of Object.entries(diskBugs))
  test(`the disk suite catches a disk that ${bug}`, async () => {
    const broken = await findBrokenPromise(huntOf(plant));
    printCatch('disk', bug, broken);
    expect(broken).toBeDefined();
  });

for (const bug of ['forgets every sync', 'forgets to sync folders', 'syncs no folder but the root'] as const)
  test(`the disk suite catches a disk that ${bug} also on the real disk`, async () => {
    const hunt = huntOf(diskBugs[bug] as (below: Disk) => Disk, [nodeDiskFixture]);
    const broken = await findBrokenPromise({ ...hunt, cases: hunt.cases.slice(-durabilityCases.length) });
    printCatch('real disk', bug, broken);
    expect(broken).toBeDefined();
  });

test('the disk suite finds nothing wrong with a disk that only forwards', async () => {
  const forward = (below: Disk): Disk => {
    const disk = new ForwardingDisk(below);
    disk.wrap = (file) => new ForwardingFile(file);
    return disk;
  };
  expect(await findBrokenPromise(huntOf(forward))).toBeUndefined();
});
