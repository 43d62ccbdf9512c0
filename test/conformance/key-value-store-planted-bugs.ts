/**
 * Key-value stores with one bug each.
 */
import { FaultError } from '../../src/base/fault-error.ts';
import type { KeyRange, KeyValueStore, KeyValueStores, KeyValueWrite } from '../../src/ports/key-value-store.ts';

type SyncOption = { readonly sync: boolean };

class ForwardingStore implements KeyValueStore {
  readonly below: KeyValueStore;

  constructor(below: KeyValueStore) {
    this.below = below;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.below.get(key);
  }

  range(range: KeyRange): Promise<readonly (readonly [key: string, value: Uint8Array])[]> {
    return this.below.range(range);
  }

  batch(writes: readonly KeyValueWrite[], options: SyncOption): Promise<void> {
    return this.below.batch(writes, options);
  }

  close(): Promise<void> {
    return this.below.close();
  }
}

export type PlantInStores = (below: KeyValueStores) => KeyValueStores;

/** Stores with methods replaced. `replace` is called for each that is opened. */
export function withStore(replace: (store: KeyValueStore, path: string) => Partial<KeyValueStore>): PlantInStores {
  return (below) => ({
    open: async (path) => {
      const store = await below.open(path);
      return Object.assign(new ForwardingStore(store), replace(store, path));
    },
  });
}

function withBatch(
  batch: (store: KeyValueStore, writes: readonly KeyValueWrite[], options: SyncOption) => Promise<void>,
): PlantInStores {
  return withStore((store) => ({ batch: (writes, options) => batch(store, writes, options) }));
}

function withRange(change: (range: KeyRange) => KeyRange): PlantInStores {
  return withStore((store) => ({ range: (range) => store.range(change(range)) }));
}

const durabilityBugs: Readonly<Record<string, PlantInStores>> = {
  'skips every sync': withBatch((store, writes) => store.batch(writes, { sync: false })),
  'skips every second sync': (below) => {
    let syncs = 0;
    return withBatch((store, writes, { sync }) => {
      if (sync) syncs += 1;
      return store.batch(writes, { sync: sync && syncs % 2 === 1 });
    })(below);
  },
  'skips the sync of an empty batch': withBatch(async (store, writes, options) => {
    if (writes.length > 0) await store.batch(writes, options);
  }),
  'answers a batch before it is done': withBatch(async (store, writes, options) => {
    store.batch(writes, options).catch(() => {});
  }),
  'writes a batch in two, the second with the sync': withBatch(async (store, writes, options) => {
    const half = Math.ceil(writes.length / 2);
    await store.batch(writes.slice(0, half), { sync: false });
    await store.batch(writes.slice(half), options);
  }),
  'writes a batch one by one': withBatch(async (store, writes, options) => {
    for (const write of writes) await store.batch([write], options);
  }),
  'keeps unsynced batches in memory': withStore((store) => {
    const kept: KeyValueWrite[] = [];
    return {
      batch: async (writes, { sync }) => {
        kept.push(...writes);
        if (sync) await store.batch(kept.splice(0), { sync });
      },
    };
  }),
  'makes only the last batch durable': withStore((store) => {
    const held: { writes: readonly KeyValueWrite[] }[] = [];
    return {
      batch: async (writes, { sync }) => {
        if (!sync) held.push({ writes });
        await (sync ? store.batch(writes, { sync }) : Promise.resolve());
      },
      close: async () => {
        for (const { writes } of held) await store.batch(writes, { sync: false });
        await store.close();
      },
    };
  }),
  'tries a failed batch again and says nothing': withBatch((store, writes, options) =>
    store.batch(writes, options).catch(() => {}),
  ),
};

const contentsBugs: Readonly<Record<string, PlantInStores>> = {
  'takes more batches after one has failed': (below) => ({
    open: async (path) => {
      let store = await below.open(path);
      return Object.assign(new ForwardingStore(store), {
        get: (key: string) => store.get(key),
        close: () => store.close(),
        batch: async (writes: readonly KeyValueWrite[], options: SyncOption) => {
          try {
            await store.batch(writes, options);
          } catch (fault) {
            await store.close();
            store = await below.open(path);
            throw fault;
          }
        },
      });
    },
  }),
  'throws plain errors': withStore((store) => ({
    batch: (writes, options) =>
      store.batch(writes, options).catch((fault: unknown) => {
        throw fault instanceof FaultError ? new Error(fault.message) : fault;
      }),
  })),
  'writes a batch backwards': withBatch((store, writes, options) => store.batch(writes.toReversed(), options)),
  'does the removals of a batch last': withBatch((store, writes, options) =>
    store.batch(
      [...writes.filter(({ type }) => type === 'put'), ...writes.filter(({ type }) => type === 'remove')],
      options,
    ),
  ),
  'never removes': withBatch((store, writes, options) =>
    store.batch(
      writes.filter(({ type }) => type === 'put'),
      options,
    ),
  ),
  'takes an empty value for none': withStore((store) => ({
    get: async (key) => {
      const value = await store.get(key);
      return value?.length === 0 ? undefined : value;
    },
  })),
  'takes none for an empty value': withStore((store) => ({
    get: async (key) => (await store.get(key)) ?? new Uint8Array(0),
  })),
  'stores values as text': withBatch((store, writes, options) =>
    store.batch(
      writes.map((write) =>
        write.type === 'put' ? { ...write, value: Buffer.from(Buffer.from(write.value).toString('utf8')) } : write,
      ),
      options,
    ),
  ),
  'gives away the value it keeps': withStore((store) => {
    const kept = new Map<string, Uint8Array | undefined>();
    return {
      get: async (key) => {
        if (!kept.has(key)) kept.set(key, await store.get(key));
        return kept.get(key);
      },
      range: async (range) => {
        const entries = await store.range(range);
        return Promise.all(
          entries.map(async ([key, value]) => {
            if (!kept.has(key)) kept.set(key, value);
            return [key, kept.get(key) ?? value] as const;
          }),
        );
      },
    };
  }),
  'orders keys as people do': withStore((store) => ({
    range: async (range) => {
      const entries = await store.range(range);
      const direction = range.reverse === true ? -1 : 1;
      return entries.toSorted(([a], [b]) => direction * a.localeCompare(b, 'en', { numeric: true }));
    },
  })),
  'ignores reverse': withRange((range) => ({ ...range, reverse: false })),
  'reverses the first entries instead of taking the last': withStore((store) => ({
    range: async (range) => {
      const entries = await store.range({ ...range, reverse: false });
      return range.reverse === true ? entries.toReversed() : entries;
    },
  })),
  'leaves out the first key of a range': withStore((store) => ({
    range: async (range) => (await store.range(range)).filter(([key]) => key !== range.from),
  })),
  'includes the key below which a range ends': withRange((range) => ({ ...range, below: `${range.below}!` })),
  'gives one entry more than asked': withRange((range) => ({ ...range, entriesMax: range.entriesMax + 1 })),
  'takes a limit of none for no limit': withRange((range) => ({
    ...range,
    entriesMax: range.entriesMax === 0 ? 1_000 : range.entriesMax,
  })),
  'reads a range entry by entry': withStore((store) => ({
    range: async (range) => {
      const entries: (readonly [string, Uint8Array])[] = [];
      if (range.reverse === true) return store.range(range);
      for (let from = range.from; entries.length < range.entriesMax;) {
        const [entry] = await store.range({ ...range, from, entriesMax: 1 });
        if (entry === undefined) break;
        entries.push(entry);
        from = `${entry[0]} `;
      }
      return entries;
    },
  })),
  'keeps all stores in one': (below) => {
    let shared: Promise<KeyValueStore> | undefined;
    return { open: () => (shared ??= below.open('shared')) };
  },
  'opens a store twice': (below) => {
    const open = new Map<string, Promise<KeyValueStore>>();
    return {
      open: (path) => {
        const known = open.get(path) ?? below.open(path);
        open.set(path, known);
        return known;
      },
    };
  },
  'goes on when it is closed': withStore(() => ({ close: async () => {} })),
};

/** By what is wrong; each takes good stores. */
export const keyValueBugs = { ...durabilityBugs, ...contentsBugs };
