/**
 * A key-value store on LevelDB.
 *
 * Trusts LevelDB for one thing only: that a batch with `sync`, and every batch before it, survives a power cut. That
 * stored bytes come back unchanged, or at all, is for whoever stores them to check: measured, one flipped bit makes
 * it skip a whole block of its log without an error, and in a table it returns wrong values.
 * Read next: level-key-value-stores.ts, which opens them.
 */
import { FaultError } from '../base/fault-error.ts';
import type { KeyRange, KeyValueStore, KeyValueWrite } from '../ports/key-value-store.ts';
import { levelFault } from './level-damage.ts';
import { assertStoreKey } from '../ports/store-key.ts';

export type LevelWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

export interface LevelRange {
  readonly gte: string;
  readonly lt: string;
  readonly limit: number;
  readonly reverse: boolean;
}

/** What the store needs of a database of the `level` package: narrow, so that a test can stand between. */
export interface LevelDatabase {
  get(key: string): Promise<Uint8Array | undefined>;
  iterator(range: LevelRange): { all(): Promise<[string, Uint8Array][]> };
  batch(writes: LevelWrite[], options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

export class LevelKeyValueStore implements KeyValueStore {
  readonly #path: string;
  readonly #database: LevelDatabase;
  #isOpen = true;
  /** Why the store takes no more batches. What a failed one has left in the log nobody knows. */
  #writeFault: FaultError | undefined;

  /** `path` only names the store in errors. Owns the open `ownedDatabase` and closes it. */
  constructor(path: string, ownedDatabase: LevelDatabase) {
    this.#path = path;
    this.#database = ownedDatabase;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    assertStoreKey(key);
    return this.#perform('get', async () => {
      const value = await this.#database.get(key);
      return value === undefined ? undefined : plain(value);
    });
  }

  range({ from, below, entriesMax, reverse = false }: KeyRange): Promise<readonly (readonly [string, Uint8Array])[]> {
    return this.#perform('range', async () => {
      // LevelDB would read a limit below zero as none.
      if (entriesMax <= 0 || from >= below) return [];
      const entries = await this.#database.iterator({ gte: from, lt: below, limit: entriesMax, reverse }).all();
      return entries.map(([key, value]) => [key, plain(value)] as const);
    });
  }

  batch(writes: readonly KeyValueWrite[], { sync }: { readonly sync: boolean }): Promise<void> {
    for (const { key } of writes) assertStoreKey(key);
    return this.#perform('batch', async () => {
      if (this.#writeFault !== undefined) throw this.#writeFault;
      try {
        await this.#database.batch(this.#operationsOf(writes, sync), { sync });
      } catch (cause) {
        this.#writeFault = this.#fault('batch', 'a batch failed, so the store takes no more of them', cause);
        throw this.#writeFault;
      }
    });
  }

  async close(): Promise<void> {
    await this.#perform('close', () => {
      this.#isOpen = false;
      return this.#database.close();
    });
  }

  /** The package returns at once from an empty batch, without the sync that a caller may have wanted of it. */
  #operationsOf(writes: readonly KeyValueWrite[], sync: boolean): LevelWrite[] {
    if (writes.length === 0 && sync) return [{ type: 'del', key: keyNeverUsed }];
    return writes.map((write) => (write.type === 'put' ? write : { type: 'del', key: write.key }));
  }

  async #perform<Value>(operation: string, call: () => Promise<Value>): Promise<Value> {
    if (!this.#isOpen) throw this.#fault(operation, 'the store is closed');
    try {
      return await call();
    } catch (cause) {
      if (cause instanceof FaultError) throw cause;
      throw this.#fault(operation, 'the database failed', cause);
    }
  }

  #fault(operation: string, why: string, cause?: unknown): FaultError {
    return levelFault('a key-value store refused an operation', { operation, path: this.#path, why }, cause);
  }
}

/** No caller can have put it: keys are printable. */
const keyNeverUsed = '\u0000';

/** LevelDB gives buffers, which look like arrays of bytes and differ from them: their `slice` shares the memory. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
