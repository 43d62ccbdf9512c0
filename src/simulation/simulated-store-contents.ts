/**
 * What one simulated key-value store has on disk, and what its reads show.
 *
 * Built as LevelDB is, because its ways of failing follow from that. A batch is appended to a log; sooner or later
 * the log is turned into sorted tables. A damaged piece of the log is skipped without a word when the store is opened
 * the next time, and what follows it is kept; a damaged piece of a table shows as a wrong value at once.
 */
import { assert } from '../base/assert.ts';
import type { KeyRange, KeyValueWrite } from '../ports/key-value-store.ts';
import type { SimulatedDevice } from './simulated-device.ts';
import type { StoreFault } from './simulated-store-knobs.ts';

/** So many batches in the log make a table; small, so that a short run has both. */
const logBatchesMax = 64;

interface LoggedBatch {
  readonly writes: readonly KeyValueWrite[];
  isSynced: boolean;
  isDamaged: boolean;
}

export class SimulatedStoreContents {
  readonly #device: SimulatedDevice<StoreFault>;
  /** Durable. */
  readonly #table = new Map<string, Uint8Array>();
  /** In order; the synced ones come first. */
  #log: LoggedBatch[] = [];
  readonly #seen = new Map<string, Uint8Array>();
  #seenKeys: string[] = [];

  constructor(device: SimulatedDevice<StoreFault>) {
    this.#device = device;
  }

  get(key: string): Uint8Array | undefined {
    return this.#seen.get(key);
  }

  range({ from, below, entriesMax, reverse = false }: KeyRange): readonly (readonly [string, Uint8Array])[] {
    const start = this.#placeOf(from);
    const end = Math.max(start, this.#placeOf(below));
    const keys = reverse
      ? this.#seenKeys.slice(Math.max(start, end - entriesMax), end).toReversed()
      : this.#seenKeys.slice(start, Math.min(end, start + entriesMax));
    return keys.map((key) => {
      const value = this.#seen.get(key);
      assert(value !== undefined, 'a key in order has a value', { key });
      return [key, value];
    });
  }

  /** With `sync` this batch and all before it survive a power cut. */
  append(ownedWrites: readonly KeyValueWrite[], sync: boolean): void {
    this.#log.push({ writes: ownedWrites, isSynced: false, isDamaged: false });
    for (const write of ownedWrites) this.#show(write);
    if (!sync) return;
    for (const batch of this.#log) batch.isSynced = true;
    if (this.#log.length > logBatchesMax) this.#makeTable();
  }

  /** A batch that was answered with an error may be in the log all the same; reads show it after the next opening. */
  appendFailed(ownedWrites: readonly KeyValueWrite[]): void {
    this.#log.push({ writes: ownedWrites, isSynced: false, isDamaged: false });
  }

  /** Keeps some of the unsynced batches, from the oldest on. */
  powerCut(keepsBatch: number): void {
    const firstLost = this.#log.findIndex(({ isSynced }) => !isSynced && !this.#device.chance(keepsBatch));
    if (firstLost < 0) return;
    for (let lost = firstLost; lost < this.#log.length; lost += 1) this.#device.onFault('power cut lost a batch');
    assert(
      this.#log.slice(firstLost).every(({ isSynced }) => !isSynced),
      'a power cut takes nothing that was synced',
    );
    this.#log.length = firstLost;
  }

  /** What a store does when it is opened: reads its log, passes over what is damaged, and makes a table of the rest. */
  recover(): void {
    this.#log = this.#log.filter(({ isDamaged }) => {
      if (isDamaged) this.#device.onFault('store skipped a damaged batch');
      return !isDamaged;
    });
    this.#makeTable();
    this.#seen.clear();
    for (const [key, value] of this.#table) this.#seen.set(key, value);
    this.#seenKeys = [...this.#seen.keys()].sort();
  }

  /** Damages one batch of the log, and by chance some that share a block with it; false when the log is empty. */
  damageLog(): boolean {
    if (this.#log.length === 0) return false;
    let at = this.#device.random.integerBelow(this.#log.length);
    for (let batch = this.#log[at]; batch !== undefined; batch = this.#log[at]) {
      batch.isDamaged = true;
      this.#device.onFault('store batch damaged');
      if (!this.#device.chance(0.5)) break;
      at += 1;
    }
    return true;
  }

  /** Flips one bit of one value in the table; false when there is none. */
  flipBit(concerns: (key: string) => boolean): boolean {
    const keys = [...this.#table.keys()].filter((key) => concerns(key) && this.#table.get(key)?.length !== 0).sort();
    if (keys.length === 0) return false;
    this.flipBitOf(keys[this.#device.random.integerBelow(keys.length)] as string);
    return true;
  }

  /** Only what is in the table can rot; what is in the log is served from memory. */
  flipBitOf(key: string): void {
    const value = this.#table.get(key);
    if (value === undefined || value.length === 0) return;
    const flipped = Uint8Array.from(value);
    const at = this.#device.random.integerBelow(value.length);
    flipped[at] = (flipped[at] as number) ^ (1 << this.#device.random.integerBelow(8));
    this.#table.set(key, flipped);
    if (this.#seen.get(key) === value) this.#seen.set(key, flipped);
    this.#device.onFault('store value flipped');
  }

  #makeTable(): void {
    for (const write of this.#log.flatMap(({ writes }) => writes)) {
      if (write.type === 'put') this.#table.set(write.key, write.value);
      else this.#table.delete(write.key);
    }
    this.#log = [];
  }

  #show(write: KeyValueWrite): void {
    const { key } = write;
    const isKnown = this.#seen.has(key);
    if (write.type === 'put') {
      this.#seen.set(key, write.value);
      if (!isKnown) this.#seenKeys.splice(this.#placeOf(key), 0, key);
    } else if (isKnown) {
      this.#seen.delete(key);
      this.#seenKeys.splice(this.#placeOf(key), 1);
    }
    assert(this.#seen.size === this.#seenKeys.length, 'keys and values are shown together', { key });
  }

  /** Index of the first key that is not less. */
  #placeOf(key: string): number {
    let low = 0;
    let high = this.#seenKeys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#seenKeys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
