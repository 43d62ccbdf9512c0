/**
 * LevelDB stores as the key-value suite needs them: in a temporary folder, with a power that can be cut.
 *
 * Between the store and LevelDB stands a database that remembers its batches. Cutting the power makes fresh stores
 * with the batches up to the last one that was written with sync: that LevelDB keeps its word about those is the
 * one thing that is trusted here.
 */
import { promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { LevelKeyValueStores, openLevelDatabase } from '../../src/adapters/level-key-value-stores.ts';
import type { LevelDatabase, LevelRange, LevelWrite } from '../../src/adapters/level-key-value-store.ts';
import type { KeyValueFixture } from './key-value-store-stage.ts';

interface History {
  /** In the order in which they resolved. */
  readonly batches: LevelWrite[][];
  durableBatches: number;
}

class RecordedDatabase implements LevelDatabase {
  readonly #database: LevelDatabase;
  readonly #history: History;
  readonly #failNext: boolean[];

  constructor(database: LevelDatabase, history: History, failNext: boolean[]) {
    this.#database = database;
    this.#history = history;
    this.#failNext = failNext;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#database.get(key);
  }

  iterator(range: LevelRange): { all(): Promise<[string, Uint8Array][]> } {
    return this.#database.iterator(range);
  }

  async batch(writes: LevelWrite[], options: { readonly sync: boolean }): Promise<void> {
    const asked = this.#failNext.indexOf(options.sync);
    if (asked >= 0) {
      this.#failNext.splice(asked, 1);
      throw new Error('the test made the database fail');
    }
    const copies = writes.map((write) => (write.type === 'put' ? { ...write, value: write.value.slice() } : write));
    const { batches } = this.#history;
    const resolvedBefore = batches.length;
    await this.#database.batch(writes, options);
    if (options.sync) {
      // Others may have resolved since; they are not covered by this sync.
      batches.splice(resolvedBefore, 0, copies);
      this.#history.durableBatches = Math.max(this.#history.durableBatches, resolvedBefore) + 1;
    } else if (copies.length > 0) batches.push(copies);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

export async function levelKeyValueFixture(): Promise<KeyValueFixture> {
  const temporary = await fs.mkdtemp(join(tmpdir(), 'odradek-level-'));
  let life = 0;
  let histories = new Map<string, History>();
  const opened: LevelDatabase[] = [];
  const failNext: boolean[] = [];

  const rootOf = (number: number): string => join(temporary, `life-${number}`);
  const storesOf = (number: number): LevelKeyValueStores =>
    new LevelKeyValueStores(rootOf(number), async (location) => {
      const database = await openLevelDatabase(location);
      opened.push(database);
      const path = relative(rootOf(number), location);
      const history = histories.get(path) ?? { batches: [], durableBatches: 0 };
      histories.set(path, history);
      return new RecordedDatabase(database, history, failNext);
    });
  const closeAll = async (): Promise<void> => {
    for (const database of opened.splice(0)) await database.close();
  };
  return {
    stores: storesOf(0),
    powerCut: async () => {
      const lost = histories;
      histories = new Map();
      life += 1;
      for (const [path, { batches, durableBatches }] of lost) {
        const durable = batches.slice(0, durableBatches);
        histories.set(path, { batches: durable, durableBatches });
        const location = join(rootOf(life), path);
        await fs.mkdir(location, { recursive: true });
        const database = await openLevelDatabase(location);
        for (const writes of durable) await database.batch(writes, { sync: false });
        await database.close();
      }
      await closeAll();
      return storesOf(life);
    },
    failNextBatch: ({ sync }) => void failNext.push(sync),
    passTime: (waiting) => waiting,
    close: async () => {
      await closeAll();
      await fs.rm(temporary, { recursive: true });
    },
  };
}
