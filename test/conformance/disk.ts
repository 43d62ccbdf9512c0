/**
 * Every promise of ports/disk.ts as a case that runs on the real and on the simulated disk.
 *
 * The cases are a list, so that a test can also run them on disks with a planted bug and expect them to fail.
 * Read next: disk-stage.ts (what a fixture gives), then the cases by theme.
 */
import { describe, test } from 'vitest';
import { durabilityCases } from './disk-cases-durability.ts';
import { fileCases } from './disk-cases-files.ts';
import { folderCases } from './disk-cases-folders.ts';
import { playDiskCase, type DiskCase, type DiskFixture } from './disk-stage.ts';

export const diskCases: readonly DiskCase[] = [...fileCases, ...folderCases, ...durabilityCases];

/** `makeFixture` is called once per case and gives an empty disk. */
export function diskConformance(name: string, makeFixture: () => Promise<DiskFixture>): void {
  describe(`the ${name} disk`, () => {
    for (const diskCase of diskCases)
      test(diskCase.promise, async () => {
        await playDiskCase(diskCase, await makeFixture());
      });
  });
}
