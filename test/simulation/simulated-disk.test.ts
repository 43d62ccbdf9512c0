/**
 * What a simulated disk does beyond the promises of the port: every fault it can be told to have.
 */
import { expect, test } from 'vitest';
import type { Disk } from '../../src/ports/disk.ts';
import { SimulatedDisk } from '../../src/simulation/simulated-disk.ts';
import { calmDisk, type DiskKnobs } from '../../src/simulation/simulated-disk-knobs.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { SimulatedScheduler } from '../../src/simulation/simulated-scheduler.ts';
import { machineClock, passTimeUntilDone } from '../conformance/virtual-time.ts';

class Machine {
  readonly faults: string[] = [];
  readonly scheduler: SimulatedScheduler;
  readonly disk: SimulatedDisk;

  constructor(seed: number, knobs: Partial<DiskKnobs> = {}) {
    const random = new SimulatedRandom(seed);
    this.scheduler = new SimulatedScheduler(random);
    this.disk = new SimulatedDisk({
      clock: machineClock(this.scheduler),
      random: random.fork('disk'),
      onFault: (fault) => void this.faults.push(fault),
      knobs: { ...calmDisk, ...knobs },
    });
  }

  play(act: (disk: Disk) => Promise<void>): Promise<void> {
    return passTimeUntilDone(this.scheduler, act(this.disk.incarnation().disk));
  }
}

test('a file that was synced with its folder outlives a power cut', async () => {
  const machine = new Machine(1);
  await machine.play(async (disk) => {
    const file = await disk.openFile('log', 'create');
    await file.write(0, [Uint8Array.of(1, 2), Uint8Array.of(3)]);
    await file.sync();
    await disk.syncFolder('');
  });
  machine.disk.powerCut();
  await machine.play(async (disk) => {
    const file = await disk.openFile('log', 'existing');
    expect(await file.read(0, 10)).toEqual(Uint8Array.of(1, 2, 3));
  });
  expect(machine.faults).toEqual([]);
});
