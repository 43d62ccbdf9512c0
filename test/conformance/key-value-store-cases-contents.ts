/**
 * Promises about what a store holds while the machine is up.
 */
import { expect } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { expectBytes } from './disk-stage.ts';
import {
  bytesOf,
  expectFault,
  keysOf,
  notSynced,
  put,
  remove,
  synced,
  textAt,
  type KeyValueCase,
} from './key-value-store-stage.ts';

function everySecond<Item>(items: readonly Item[], first: 0 | 1): readonly Item[] {
  return items.filter((_, at) => at % 2 === first);
}

export const contentsCases: readonly KeyValueCase[] = [
  {
    promise: 'a value is got as it was put, whatever bytes it has, and an empty one is not a missing one',
    async play({ stores }) {
      const store = await stores.open('meta');
      const allBytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) & 0xff);
      await store.batch([put('all', allBytes), put('empty', '')], notSynced);
      expectBytes((await store.get('all')) ?? new Uint8Array(0), allBytes);
      expect(await store.get('empty')).toEqual(new Uint8Array(0));
      expect(await store.get('missing')).toBeUndefined();
    },
  },
  {
    promise: 'the writes of a batch count in their order',
    async play({ stores }) {
      const store = await stores.open('meta');
      await store.batch([put('a', '1'), put('b', '1')], notSynced);
      await store.batch(
        [put('a', '2'), put('a', '3'), remove('b'), put('c', '4'), remove('c'), remove('d'), put('d', '5')],
        notSynced,
      );
      expect(await Promise.all(['a', 'b', 'c', 'd'].map((key) => textAt(store, key)))).toEqual([
        '3',
        undefined,
        undefined,
        '5',
      ]);
      expect(await keysOf(store)).toEqual(['a', 'd']);
    },
  },
  {
    promise: 'removing what is not there does no harm',
    async play({ stores }) {
      const store = await stores.open('meta');
      await store.batch([remove('nothing')], notSynced);
      await store.batch([], notSynced);
      expect(await keysOf(store)).toEqual([]);
    },
  },
  {
    promise: 'a range comes in the order of the bytes of its keys, values with their keys',
    async play({ stores }) {
      const store = await stores.open('meta');
      const keys = [
        'b',
        'a',
        'a0',
        'B',
        '10',
        '9',
        '~',
        ' ',
        'a/',
        'a b',
        'log/00000000000000000010',
        'log/00000000000000000009',
      ];
      await store.batch(
        keys.map((key) => put(key)),
        notSynced,
      );
      const entries = await store.range({ from: ' ', below: '~~', entriesMax: 100 });
      expect(entries.map(([key]) => key)).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)));
      for (const [key, value] of entries) expect(value).toEqual(bytesOf(`value of ${key}`));
    },
  },
  {
    promise: 'a range includes its first key and excludes its last, and is empty when they are the wrong way round',
    async play({ stores }) {
      const store = await stores.open('meta');
      await store.batch(
        ['a', 'b', 'c', 'd'].map((key) => put(key)),
        notSynced,
      );
      expect(await keysOf(store, { from: 'b', below: 'd' })).toEqual(['b', 'c']);
      expect(await keysOf(store, { from: 'aa', below: 'cc' })).toEqual(['b', 'c']);
      expect(await keysOf(store, { from: 'b', below: 'b' })).toEqual([]);
      expect(await keysOf(store, { from: 'd', below: 'a' })).toEqual([]);
      expect(await keysOf(store, { from: 'd', below: 'a', reverse: true })).toEqual([]);
      expect(await keysOf(store, { from: 'e', below: 'f' })).toEqual([]);
    },
  },
  {
    promise: 'a range gives no more entries than asked: the first ones, or the last ones in reverse',
    async play({ stores }) {
      const store = await stores.open('meta');
      await store.batch(
        ['a', 'b', 'c', 'd', 'e'].map((key) => put(key)),
        notSynced,
      );
      expect(await keysOf(store, { entriesMax: 2 })).toEqual(['a', 'b']);
      expect(await keysOf(store, { entriesMax: 0 })).toEqual([]);
      expect(await keysOf(store, { reverse: true })).toEqual(['e', 'd', 'c', 'b', 'a']);
      expect(await keysOf(store, { entriesMax: 2, reverse: true })).toEqual(['e', 'd']);
      expect(await keysOf(store, { from: 'b', below: 'e', entriesMax: 2, reverse: true })).toEqual(['d', 'c']);
      expect(await keysOf(store, { from: 'b', below: 'e', entriesMax: 9, reverse: true })).toEqual(['d', 'c', 'b']);
    },
  },
  {
    promise: 'whoever reads while a batch is written sees all of it or nothing',
    async play({ stores }) {
      const store = await stores.open('meta');
      for (let round = 0; round < 10; round += 1) {
        const range = { from: `${round}/`, below: `${round}0` };
        const keys = Array.from({ length: 20 }, (_, at) => put(`${round}/${String(at).padStart(2, '0')}`));
        // The keys of the batch lie between others, so that a reader who is on its way may be in their midst.
        await store.batch(everySecond(keys, 0), notSynced);
        const batch = store.batch(everySecond(keys, 1), round % 2 === 0 ? synced : notSynced);
        const looks = await Promise.all(Array.from({ length: 10 }, () => keysOf(store, range)));
        for (const seen of looks) expect([10, 20]).toContain(seen.length);
        await batch;
        expect(await keysOf(store, range)).toHaveLength(20);
      }
    },
  },
  {
    promise: 'bytes belong to the caller again once a batch has settled, and from the start once they are read',
    async play({ stores }) {
      const store = await stores.open('meta');
      const value = bytesOf('as it was');
      await store.batch([put('a', value)], notSynced);
      value.fill(0);
      const got = await store.get('a');
      got?.fill(0);
      const [entry] = await store.range({ from: 'a', below: 'b', entriesMax: 1 });
      entry?.[1].fill(0);
      expect(await textAt(store, 'a')).toBe('as it was');
    },
  },
  {
    promise: 'stores at different paths share nothing',
    async play({ stores }) {
      const one = await stores.open('one');
      const two = await stores.open('below/two');
      await one.batch([put('a', '1')], notSynced);
      await two.batch([put('a', '2')], notSynced);
      expect(await textAt(one, 'a')).toBe('1');
      expect(await textAt(two, 'a')).toBe('2');
    },
  },
  {
    promise: 'a store is open once at a time, and opened again it has all it had',
    async play({ stores }) {
      const store = await stores.open('meta');
      await store.batch([put('a', '1'), put('b', '2')], notSynced);
      await store.batch([put('a', '3'), remove('b')], notSynced);
      await expectFault(stores.open('meta'));
      await store.close();
      const again = await stores.open('meta');
      expect(await keysOf(again)).toEqual(['a']);
      expect(await textAt(again, 'a')).toBe('3');
    },
  },
  {
    promise: 'a closed store refuses every call',
    async play({ stores }) {
      const store = await stores.open('meta');
      await store.close();
      await expectFault(store.get('a'));
      await expectFault(store.batch([put('a')], notSynced));
      await expectFault(store.range({ from: 'a', below: 'b', entriesMax: 1 }));
      await expectFault(store.close());
    },
  },
  {
    promise: 'after a batch has failed the store takes no more of them, and goes on to be read',
    async play({ stores, failNextBatch }) {
      for (const options of [synced, notSynced]) {
        const path = `meta-${options.sync}`;
        const store = await stores.open(path);
        await store.batch([put('before')], synced);
        failNextBatch(options);
        await expectFault(store.batch([put('failed')], options));
        await expectFault(store.batch([put('after')], synced));
        await expectFault(store.batch([put('after')], notSynced));
        expect(await textAt(store, 'before')).toBe('value of before');
        expect(await textAt(store, 'after')).toBeUndefined();
        await store.close();
        const again = await stores.open(path);
        await again.batch([put('later')], synced);
        expect(await textAt(again, 'before')).toBe('value of before');
        expect(await textAt(again, 'after')).toBeUndefined();
        expect(await textAt(again, 'later')).toBe('value of later');
      }
    },
  },
  {
    promise: 'a key that is not printable ASCII is a bug of the caller',
    async play({ stores }) {
      const store = await stores.open('meta');
      for (const key of ['', 'a\n', '\u0000', 'ä', 'a\u007f']) {
        await expect(async () => store.get(key)).rejects.toThrow(InvariantError);
        await expect(async () => store.batch([put(key)], notSynced)).rejects.toThrow(InvariantError);
      }
    },
  },
];
