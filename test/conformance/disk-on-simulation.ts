/**
 * A simulated disk as the disk suite needs it.
 */
import { SimulatedDisk } from '../../src/simulation/simulated-disk.ts';
import { calmDisk, type PowerCutChances } from '../../src/simulation/simulated-disk-knobs.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { SimulatedScheduler } from '../../src/simulation/simulated-scheduler.ts';
import type { DiskFixture } from './disk-stage.ts';
import { machineClock, passTimeUntilDone } from './virtual-time.ts';

export const powerCutLosesAll: PowerCutChances = { changeSurvives: 0, writeTears: 0, entrySurvives: 0 };

export async function simulatedDiskFixture(
  seed: number,
  powerCut: PowerCutChances = calmDisk.powerCut,
): Promise<DiskFixture> {
  const random = new SimulatedRandom(seed);
  const scheduler = new SimulatedScheduler(random);
  const machine = new SimulatedDisk({
    clock: machineClock(scheduler),
    random: random.fork('disk'),
    onFault: () => {},
    knobs: { ...calmDisk, powerCut },
  });
  let life = machine.incarnation();
  return {
    disk: life.disk,
    restart: async () => {
      life.kill();
      life = machine.incarnation();
      return life.disk;
    },
    powerCut: async () => {
      machine.powerCut();
      life = machine.incarnation();
      return life.disk;
    },
    failNext: (kind) => machine.failNext(kind),
    fill: () => {
      machine.knobs = { ...machine.knobs, capacityBytes: 0 };
    },
    passTime: (waiting) => passTimeUntilDone(scheduler, waiting),
    close: async () => {},
  };
}
