/**
 * The key-value stores of one simulated machine. They outlive the processes on it and fail as LevelDB does.
 *
 * A process reaches them through `incarnation`, one per life. A killed process loses no batch that had resolved; a
 * power cut takes some number of the last batches that were not synced. Damage is never reported: it shows as a wrong
 * value, or as batches that are missing between others after the store was opened again.
 * Read next: simulated-store-knobs.ts, then simulated-store-contents.ts.
 */
import { FaultError } from '../base/fault-error.ts';
import type { KeyValueStore, KeyValueStores } from '../ports/key-value-store.ts';
import { SimulatedDevice, type DeviceOptions } from './simulated-device.ts';
import { SimulatedKeyValueStore, type StoreOperation } from './simulated-key-value-store.ts';
import { SimulatedStoreContents } from './simulated-store-contents.ts';
import { calmStore, type StoreFault, type StoreKnobs, type StoreOperationKind } from './simulated-store-knobs.ts';
import { soleUser, StorageLife, type StorageUser } from './storage-life.ts';

export interface SimulatedStoresOptions extends DeviceOptions<StoreFault> {
  readonly knobs?: StoreKnobs;
}

/** What one life of a process has of the stores. */
export interface StoresIncarnation {
  readonly stores: KeyValueStores;
  /** The process is dead: whatever it asked or will ask neither happens nor settles. */
  kill(): void;
}

interface StoreOnDisk {
  readonly contents: SimulatedStoreContents;
  openedBy: StoresOfIncarnation | undefined;
}

const failureOf = {
  read: 'store read failed',
  write: 'store write failed',
  sync: 'store sync failed',
} as const satisfies Record<StoreOperationKind, StoreFault>;

export class SimulatedKeyValueStores {
  knobs: StoreKnobs;
  readonly device: SimulatedDevice<StoreFault>;
  readonly #onDisk = new Map<string, StoreOnDisk>();
  #incarnations: StoresOfIncarnation[] = [];
  #failNext: StoreOperationKind[] = [];

  constructor({ knobs = calmStore, ...device }: SimulatedStoresOptions) {
    this.knobs = knobs;
    this.device = new SimulatedDevice(device);
  }

  incarnation(user: StorageUser = soleUser): StoresIncarnation {
    const stores = new StoresOfIncarnation(this, user);
    this.#incarnations = [...this.#incarnations.filter(({ isAlive }) => isAlive), stores];
    return { stores, kill: () => stores.kill() };
  }

  /** Kills every incarnation and takes a suffix, by chance an empty one, of the unsynced batches of each store. */
  powerCut(): void {
    this.#killAll();
    for (const [, { contents }] of this.#inOrder()) contents.powerCut(this.knobs.powerCutKeepsBatch);
  }

  /** A new, empty disk in place of the old one. Kills every incarnation. */
  replace(): void {
    this.#killAll();
    this.#onDisk.clear();
  }

  stickFor(durationMs: number): void {
    this.device.onFault('store stuck');
    this.device.stickFor(durationMs);
  }

  unstick(): void {
    this.device.unstick();
  }

  /** The next operation of that kind rejects. */
  failNext(kind: StoreOperationKind): void {
    this.#failNext.push(kind);
  }

  /** Takes back what `failNext` asked for and has not come yet. */
  forgetFailures(): void {
    this.#failNext = [];
  }

  /** Damages a piece of the log of the store: its next opening skips it. False when the log is empty. */
  damageLog(path: string): boolean {
    return this.#onDisk.get(path)?.contents.damageLog() === true;
  }

  /** Flips a bit of a stored value whose key fits. False when there is none. */
  flipBit(path: string, concerns: (key: string) => boolean = () => true): boolean {
    return this.#onDisk.get(path)?.contents.flipBit(concerns) === true;
  }

  /** Paths of the stores that exist, sorted. */
  paths(): readonly string[] {
    return this.#inOrder().map(([path]) => path);
  }

  onDisk(path: string): StoreOnDisk {
    const known = this.#onDisk.get(path);
    if (known !== undefined) return known;
    const fresh: StoreOnDisk = { contents: new SimulatedStoreContents(this.device), openedBy: undefined };
    this.#onDisk.set(path, fresh);
    return fresh;
  }

  release(holder: StoresOfIncarnation): void {
    for (const store of this.#onDisk.values()) if (store.openedBy === holder) store.openedBy = undefined;
  }

  /** Asks the plan, then chance, whether this operation fails. */
  mustFail(kind: StoreOperationKind): boolean {
    const { fails, sticks, sticksMsMax } = this.knobs;
    if (this.device.chance(sticks)) this.stickFor(this.device.random.integerBelow(sticksMsMax) + 1);
    const asked = this.#failNext.indexOf(kind);
    if (asked >= 0) this.#failNext.splice(asked, 1);
    else if (!this.device.chance(fails[kind])) return false;
    this.device.onFault(failureOf[kind]);
    return true;
  }

  #inOrder(): readonly (readonly [string, StoreOnDisk])[] {
    return [...this.#onDisk].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #killAll(): void {
    for (const incarnation of this.#incarnations) incarnation.kill();
    this.#incarnations = [];
  }
}

class StoresOfIncarnation implements KeyValueStores {
  readonly #machine: SimulatedKeyValueStores;
  readonly #life: StorageLife<StoreFault>;

  constructor(machine: SimulatedKeyValueStores, user: StorageUser) {
    this.#machine = machine;
    this.#life = new StorageLife(machine.device, user);
  }

  get isAlive(): boolean {
    return this.#life.isAlive;
  }

  kill(): void {
    if (!this.isAlive) return;
    this.#life.end();
    this.#machine.release(this);
  }

  open(path: string): Promise<KeyValueStore> {
    const machine = this.#machine;
    const work = (): KeyValueStore => {
      const store = machine.onDisk(path);
      if (store.openedBy !== undefined) throw new FaultError('the store is open already', { operation: 'open', path });
      store.openedBy = this;
      store.contents.recover();
      return new SimulatedKeyValueStore({
        path,
        contents: store.contents,
        perform: (operation) => this.#perform(operation),
        chance: (probability) => machine.device.chance(probability),
        readRots: () => machine.knobs.readRots,
        onClose: () => (store.openedBy = undefined),
      });
    };
    return this.#perform({ kind: 'read', name: 'open', work });
  }

  #perform<Value>({ kind, name, work, onFailure, cutShort }: StoreOperation<Value>): Promise<Value> {
    const machine = this.#machine;
    return this.#life.perform({
      name: `${name} on a store`,
      latency: machine.knobs.latency[kind],
      work: () => {
        if (!machine.mustFail(kind)) return work();
        onFailure?.();
        throw new FaultError('the disk below a store failed', { operation: name });
      },
      cutShort,
    });
  }
}
