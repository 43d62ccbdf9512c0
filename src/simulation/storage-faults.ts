/**
 * What a fault plan does to disks and stores.
 *
 * Errors and full disks hit any machine. Damage to data that was stored well hits only the machines that the plan
 * chose for it, so that a correct system can always recover: over budget there is nothing to prove.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { FaultPlan } from './fault-plan.ts';
import { calmDisk, type DiskKnobs } from './simulated-disk-knobs.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedRandom } from './simulated-random.ts';
import { calmStore, type StoreKnobs } from './simulated-store-knobs.ts';

export type StorageFaultKind = 'disk stuck' | 'disk full' | 'disk error' | 'sync failure' | 'bit rot';

export interface StorageFaultsOptions {
  readonly machines: readonly SimulatedProcess[];
  readonly plan: FaultPlan;
  readonly random: SimulatedRandom;
  /** Runs an action later, unless everything is frozen by then. */
  readonly later: (delayMs: number, action: () => void) => void;
}

const bitsFlippedMax = 3;

export class StorageFaults {
  readonly damaged = new Set<string>();
  readonly #machines: readonly SimulatedProcess[];
  readonly #plan: FaultPlan;
  readonly #random: SimulatedRandom;
  readonly #later: StorageFaultsOptions['later'];
  readonly #diskKnobs: DiskKnobs;
  readonly #storeKnobs: StoreKnobs;

  constructor({ machines, plan, random, later }: StorageFaultsOptions) {
    this.#machines = machines;
    this.#plan = plan;
    this.#random = random;
    this.#later = later;
    const { changeSurvives, writeTears, failedSyncDrops, syncMsMean } = plan;
    const sync = { msMin: syncMsMean / 2, msMean: syncMsMean / 2 };
    this.#diskKnobs = {
      ...calmDisk,
      latency: { ...calmDisk.latency, sync },
      failedSyncDrops,
      powerCut: { changeSurvives, writeTears, entrySurvives: changeSurvives },
    };
    this.#storeKnobs = { ...calmStore, latency: { ...calmStore.latency, sync }, powerCutKeepsBatch: changeSurvives };
  }

  start(): void {
    for (const { disk, stores } of this.#machines) {
      disk.knobs = this.#diskKnobs;
      stores.knobs = this.#storeKnobs;
    }
  }

  /** True when it did something. */
  strike(kind: StorageFaultKind): boolean {
    if (kind === 'bit rot') return this.#rot();
    if (this.#machines.length === 0) return false;
    const { disk, stores } = this.#random.pick(this.#machines);
    switch (kind) {
      case 'disk stuck': {
        const forMs = this.#lastsMs();
        disk.stickFor(forMs);
        stores.stickFor(forMs);
        return true;
      }
      case 'disk full':
        disk.knobs = { ...disk.knobs, capacityBytes: 0 };
        this.#later(this.#lastsMs(), () => {
          disk.knobs = this.#diskKnobs;
        });
        return true;
      case 'disk error':
        disk.failNext(this.#random.pick(['read', 'write', 'folder']));
        stores.failNext(this.#random.pick(['read', 'write']));
        return true;
      case 'sync failure':
        disk.failNext('sync');
        stores.failNext('sync');
        return true;
      default:
        return assertUnreachable(kind);
    }
  }

  /** The disk works from now on. What it has lost stays lost. */
  heal({ disk, stores }: SimulatedProcess): void {
    disk.knobs = this.#diskKnobs;
    stores.knobs = this.#storeKnobs;
    disk.unstick();
    stores.unstick();
    disk.forgetFailures();
    stores.forgetFailures();
  }

  #rot(): boolean {
    const victims = this.#machines.filter(({ name }) => this.#plan.machinesToDamage.includes(name));
    if (victims.length === 0) return false;
    const { name, disk, stores } = this.#random.pick(victims);
    this.damaged.add(name);
    let flipped = disk.flipBits(1 + this.#random.integerBelow(bitsFlippedMax)).length;
    for (const path of stores.paths()) {
      const hit = this.#random.chance(0.5) ? stores.flipBit(path) : stores.damageLog(path);
      if (hit) flipped += 1;
    }
    return flipped > 0;
  }

  #lastsMs(): number {
    return this.#random.exponential(this.#plan.lastsMsMean);
  }
}
