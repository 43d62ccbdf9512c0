/**
 * Promises about what of a store survives a power cut.
 */
import { expect } from 'vitest';
import { keysOf, notSynced, put, remove, synced, textAt, type KeyValueCase } from './key-value-store-stage.ts';

export const durabilityCases: readonly KeyValueCase[] = [
  {
    promise: 'a batch with sync survives a power cut',
    async play({ stores, powerCut }) {
      const store = await stores.open('below/meta');
      await store.batch([put('a', '1'), put('b', '2')], synced);
      await store.batch([put('a', '3'), remove('b'), put('c', '4')], synced);
      const after = await (await powerCut()).open('below/meta');
      expect(await keysOf(after)).toEqual(['a', 'c']);
      expect(await textAt(after, 'a')).toBe('3');
      expect(await textAt(after, 'c')).toBe('4');
    },
  },
  {
    promise: 'a batch with sync makes every batch durable that had resolved before it',
    async play({ stores, powerCut }) {
      const store = await stores.open('meta');
      for (let at = 0; at < 100; at += 1) await store.batch([put(`early/${at}`)], notSynced);
      await store.batch([put('late')], synced);
      const after = await (await powerCut()).open('meta');
      expect(await keysOf(after, { from: 'early/', below: 'early0' })).toHaveLength(100);
      expect(await textAt(after, 'late')).toBe('value of late');
    },
  },
  {
    promise: 'an empty batch with sync makes durable what came before it',
    async play({ stores, powerCut }) {
      const store = await stores.open('meta');
      await store.batch([put('a')], notSynced);
      await store.batch([], synced);
      expect(await keysOf(store)).toEqual(['a']);
      expect(await keysOf(await (await powerCut()).open('meta'))).toEqual(['a']);
    },
  },
  {
    promise: 'a power cut takes batches whole or not at all',
    async play({ stores, powerCut }) {
      const store = await stores.open('meta');
      for (let batch = 0; batch < 30; batch += 1)
        await store.batch(
          Array.from({ length: 5 }, (_, at) => put(`${batch}/${at}`)),
          notSynced,
        );
      const after = await (await powerCut()).open('meta');
      for (let batch = 0; batch < 30; batch += 1)
        expect([0, 5]).toContain((await keysOf(after, { from: `${batch}/`, below: `${batch}0` })).length);
    },
  },
  {
    promise: 'a batch that is in flight when the power is cut happens whole or not at all',
    async play(fixture) {
      let { stores } = fixture;
      for (let looks = 0; looks < 12; looks += 1) {
        const store = await stores.open('meta');
        // Never settles when the power is cut before.
        store
          .batch(
            Array.from({ length: 10 }, (_, at) => put(`${looks}/${at}`)),
            looks % 2 === 0 ? synced : notSynced,
          )
          .catch(() => {});
        for (let look = 0; look < looks; look += 1) await store.get('anything');
        stores = await fixture.powerCut();
        const after = await stores.open('meta');
        expect([0, 10]).toContain((await keysOf(after, { from: `${looks}/`, below: `${looks}0` })).length);
        await after.close();
      }
    },
  },
  {
    promise: 'what a power cut left is itself durable',
    async play(fixture) {
      const store = await fixture.stores.open('meta');
      await store.batch([put('a')], synced);
      await store.batch([put('b')], notSynced);
      await store.batch([put('c')], notSynced);
      const once = await (await fixture.powerCut()).open('meta');
      const left = await keysOf(once);
      expect(left).toContain('a');
      await once.batch([put('d')], synced);
      const twice = await (await fixture.powerCut()).open('meta');
      expect(await keysOf(twice)).toEqual([...left, 'd']);
    },
  },
  {
    promise: 'a batch that was synced survives whatever fails after it',
    async play({ stores, failNextBatch, powerCut }) {
      const store = await stores.open('meta');
      await store.batch([put('a')], synced);
      failNextBatch(synced);
      await store.batch([put('b')], synced).catch(() => {});
      const after = await (await powerCut()).open('meta');
      expect(await textAt(after, 'a')).toBe('value of a');
    },
  },
];
