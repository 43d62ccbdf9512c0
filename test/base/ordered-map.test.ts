import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { OrderedMap } from '../../src/base/ordered-map.ts';

type Change = { readonly key: number; readonly value: number | undefined };
const changes = fc.array(
  fc.record({ key: fc.integer({ min: 0, max: 600 }), value: fc.option(fc.nat(), { nil: undefined }) }),
  { maxLength: 400 },
);

function changed(map: OrderedMap<number, number>, list: readonly Change[]): OrderedMap<number, number> {
  const draft = map.edit();
  for (const { key, value } of list) {
    if (value === undefined) draft.delete(key);
    else draft.set(key, value);
  }
  return draft.finish();
}

function modelOf(model: ReadonlyMap<number, number>, list: readonly Change[]): Map<number, number> {
  const next = new Map(model);
  for (const { key, value } of list) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}

const inOrder = (model: ReadonlyMap<number, number>): [number, number][] => [...model].sort(([a], [b]) => a - b);

test('an ordered map holds what a plain map holds, in the order of its keys, and no older version changes', () => {
  fc.assert(
    fc.property(
      fc.array(changes, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: -1, max: 601 }),
      (rounds, from) => {
        let map = OrderedMap.empty<number, number>();
        let model = new Map<number, number>();
        const versions: { map: OrderedMap<number, number>; content: [number, number][] }[] = [];
        for (const round of rounds) {
          map = changed(map, round);
          model = modelOf(model, round);
          versions.push({ map, content: inOrder(model) });
        }
        for (const version of versions) {
          expect([...version.map.entries()]).toEqual(version.content);
          expect(version.map.size).toBe(version.content.length);
          expect([...version.map.entries(from)]).toEqual(version.content.filter(([key]) => key >= from));
          expect([...version.map.keys()]).toEqual(version.content.map(([key]) => key));
          expect([...version.map.values()]).toEqual(version.content.map(([, value]) => value));
        }
        for (let key = 0; key <= 600; key += 7) expect(map.get(key)).toBe(model.get(key));
      },
    ),
    { numRuns: 60 },
  );
});

test('a draft sees its own changes before it is finished', () => {
  const draft = OrderedMap.empty<string, number>().edit();
  for (let at = 0; at < 1000; at += 1) draft.set(`key ${at}`, at);
  expect(draft.delete('key 500')).toBe(true);
  expect(draft.delete('key 500')).toBe(false);
  expect([draft.get('key 499'), draft.get('key 500'), draft.size]).toEqual([499, undefined, 999]);
  const map = draft.finish();
  expect([map.has('key 999'), map.has('key 500'), map.size]).toEqual([true, false, 999]);
});

test('a draft without changes is the map itself', () => {
  const map = changed(OrderedMap.empty<number, number>(), [{ key: 1, value: 1 }]);
  expect(map.edit().finish()).toBe(map);
});
