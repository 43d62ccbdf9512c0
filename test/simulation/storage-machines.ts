/**
 * A simulated disk and simulated stores without processes, for tests of their faults.
 */
import type { Disk } from '../../src/ports/disk.ts';
import type { KeyValueStores } from '../../src/ports/key-value-store.ts';
import { SimulatedDisk } from '../../src/simulation/simulated-disk.ts';
import { calmDisk, type DiskKnobs } from '../../src/simulation/simulated-disk-knobs.ts';
import { SimulatedKeyValueStores } from '../../src/simulation/simulated-key-value-stores.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { SimulatedScheduler } from '../../src/simulation/simulated-scheduler.ts';
import { calmStore, type StoreKnobs } from '../../src/simulation/simulated-store-knobs.ts';
import { machineClock, passTimeUntilDone } from '../conformance/virtual-time.ts';

export class DiskMachine {
  readonly faults: string[] = [];
  readonly random: SimulatedRandom;
  readonly scheduler: SimulatedScheduler;
  readonly disk: SimulatedDisk;

  constructor(seed: number, knobs: Partial<DiskKnobs> = {}) {
    this.random = new SimulatedRandom(seed);
    this.scheduler = new SimulatedScheduler(this.random);
    this.disk = new SimulatedDisk({
      clock: machineClock(this.scheduler),
      random: this.random.fork('disk'),
      onFault: (fault) => void this.faults.push(fault),
      knobs: { ...calmDisk, ...knobs },
    });
  }

  /** One life of a process, which goes on after the act. */
  async play(act: (disk: Disk) => Promise<void>): Promise<void> {
    await passTimeUntilDone(this.scheduler, act(this.disk.incarnation().disk));
  }
}

export class StoreMachine {
  readonly faults: string[] = [];
  readonly random: SimulatedRandom;
  readonly scheduler: SimulatedScheduler;
  readonly stores: SimulatedKeyValueStores;

  constructor(seed: number, knobs: Partial<StoreKnobs> = {}) {
    this.random = new SimulatedRandom(seed);
    this.scheduler = new SimulatedScheduler(this.random);
    this.stores = new SimulatedKeyValueStores({
      clock: machineClock(this.scheduler),
      random: this.random.fork('stores'),
      onFault: (fault) => void this.faults.push(fault),
      knobs: { ...calmStore, ...knobs },
    });
  }

  /** One life of a process, which is killed after the act. */
  async play(act: (stores: KeyValueStores) => Promise<void>): Promise<void> {
    const life = this.stores.incarnation();
    await passTimeUntilDone(this.scheduler, act(life.stores));
    life.kill();
  }
}

/** Runs everything that is scheduled. */
export async function passAllTime(scheduler: SimulatedScheduler): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve));
  while (scheduler.runNext());
}
