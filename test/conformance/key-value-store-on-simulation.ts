/**
 * Simulated stores as the key-value suite needs them.
 */
import { SimulatedKeyValueStores } from '../../src/simulation/simulated-key-value-stores.ts';
import { SimulatedRandom } from '../../src/simulation/simulated-random.ts';
import { SimulatedScheduler } from '../../src/simulation/simulated-scheduler.ts';
import { calmStore } from '../../src/simulation/simulated-store-knobs.ts';
import type { KeyValueFixture } from './key-value-store-stage.ts';
import { machineClock, passTimeUntilDone } from './virtual-time.ts';

export async function simulatedKeyValueFixture(
  seed: number,
  powerCutKeepsBatch = calmStore.powerCutKeepsBatch,
): Promise<KeyValueFixture> {
  const random = new SimulatedRandom(seed);
  const scheduler = new SimulatedScheduler(random);
  const machine = new SimulatedKeyValueStores({
    clock: machineClock(scheduler),
    random: random.fork('stores'),
    onFault: () => {},
    knobs: { ...calmStore, powerCutKeepsBatch },
  });
  return {
    stores: machine.incarnation().stores,
    powerCut: async () => {
      machine.powerCut();
      return machine.incarnation().stores;
    },
    failNextBatch: ({ sync }) => machine.failNext(sync ? 'sync' : 'write'),
    passTime: (waiting) => passTimeUntilDone(scheduler, waiting),
    close: async () => {},
  };
}
