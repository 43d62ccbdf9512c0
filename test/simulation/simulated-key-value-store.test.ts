/**
 * What simulated stores do beyond the promises of the port: they fail as LevelDB does.
 */
import { expect, test } from 'vitest';
import type { KeyValueStore } from '../../src/ports/key-value-store.ts';
import { storeFaults } from '../../src/simulation/simulated-store-knobs.ts';
import { expectFault, keysOf, notSynced, put, synced, textAt } from '../conformance/key-value-store-stage.ts';
import { passAllTime, StoreMachine } from './storage-machines.ts';

const seeds = Array.from({ length: 60 }, (_, at) => at + 1);
const keyAt = (at: number): string => `log/${String(at).padStart(4, '0')}`;

async function append(store: KeyValueStore, from: number, below: number, sync: boolean): Promise<void> {
  for (let at = from; at < below; at += 1) await store.batch([put(keyAt(at))], { sync });
}

async function openedKeys(machine: StoreMachine): Promise<string[]> {
  let keys: string[] = [];
  await machine.play(async (stores) => {
    keys = await keysOf(await stores.open('meta'));
  });
  return keys;
}

test('a power cut takes some number of the last unsynced batches, and never one from between', async () => {
  const lengths = new Set<number>();
  for (const seed of seeds) {
    const machine = new StoreMachine(seed, { powerCutKeepsBatch: 0.8 });
    await machine.play(async (stores) => {
      const store = await stores.open('meta');
      await append(store, 0, 10, true);
      await append(store, 10, 20, false);
      machine.stores.powerCut();
    });
    const keys = await openedKeys(machine);
    expect(keys).toEqual(Array.from({ length: keys.length }, (_, at) => keyAt(at)));
    expect(keys.length).toBeGreaterThanOrEqual(10);
    expect(machine.faults).toEqual(new Array(20 - keys.length).fill('power cut lost a batch'));
    lengths.add(keys.length);
  }
  expect(lengths.size).toBeGreaterThan(8);
});

test('a killed process loses no batch that had resolved, and what it was writing happened whole or not', async () => {
  const outcomes = new Set<number>();
  for (const seed of seeds) {
    const machine = new StoreMachine(seed);
    let hasSettled = false;
    await machine.play(async (stores) => {
      const store = await stores.open('meta');
      await append(store, 0, 10, false);
      void store.batch([put('x/1'), put('x/2'), put('x/3')], notSynced).finally(() => (hasSettled = true));
    });
    await passAllTime(machine.scheduler);
    expect(hasSettled).toBe(false);
    const keys = await openedKeys(machine);
    expect(keys.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, at) => keyAt(at)));
    outcomes.add(keys.length);
  }
  expect(outcomes).toEqual(new Set([10, 13]));
});

test('a damaged piece of the log is skipped without a word at the next opening, and what follows is kept', async () => {
  let holes = 0;
  for (const seed of seeds) {
    const machine = new StoreMachine(seed);
    await machine.play(async (stores) => {
      await append(await stores.open('meta'), 0, 40, true);
    });
    // Opening has made a table of the log; what is written now is in the log.
    await machine.play(async (stores) => {
      const store = await stores.open('meta');
      await append(store, 40, 80, true);
      expect(machine.stores.damageLog('meta')).toBe(true);
      expect(await keysOf(store)).toHaveLength(80);
    });
    machine.stores.powerCut();
    const keys = await openedKeys(machine);
    const missing = Array.from({ length: 80 }, (_, at) => keyAt(at)).filter((key) => !keys.includes(key));
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.every((key) => key >= keyAt(40))).toBe(true);
    expect(machine.faults.filter((fault) => fault === 'store skipped a damaged batch')).toHaveLength(missing.length);
    if (keys.includes(keyAt(79))) holes += 1;
  }
  expect(holes).toBeGreaterThan(30);
});

test('a flipped bit in a table is a wrong value without an error', async () => {
  const machine = new StoreMachine(1);
  await machine.play(async (stores) => {
    await append(await stores.open('meta'), 0, 10, true);
  });
  expect(await openedKeys(machine)).toHaveLength(10);
  expect(machine.stores.flipBit('meta', (key) => key === keyAt(3))).toBe(true);
  await machine.play(async (stores) => {
    const store = await stores.open('meta');
    for (let at = 0; at < 10; at += 1) {
      const text = await textAt(store, keyAt(at));
      expect(text === `value of ${keyAt(at)}`, keyAt(at)).toBe(at !== 3);
      expect(text).toHaveLength(`value of ${keyAt(at)}`.length);
    }
  });
  expect(machine.stores.flipBit('nowhere')).toBe(false);
  expect(machine.stores.damageLog('nowhere')).toBe(false);
});

test('a batch that was answered with an error may be there when the store is opened again', async () => {
  const outcomes = new Set<boolean>();
  for (const seed of seeds) {
    const machine = new StoreMachine(seed);
    await machine.play(async (stores) => {
      const store = await stores.open('meta');
      machine.stores.failNext('sync');
      await expectFault(store.batch([put('failed')], synced));
      expect(await textAt(store, 'failed')).toBeUndefined();
    });
    outcomes.add((await openedKeys(machine)).length === 1);
  }
  expect(outcomes.size).toBe(2);
});

test('stores that are stuck answer nothing until their time is over', async () => {
  const machine = new StoreMachine(1);
  await machine.play(async (stores) => {
    const store = await stores.open('meta');
    const startMs = machine.scheduler.nowMs;
    machine.stores.stickFor(3_000);
    await store.get('a');
    expect(machine.scheduler.nowMs - startMs).toBeGreaterThanOrEqual(3_000);
    expect(machine.scheduler.nowMs - startMs).toBeLessThan(3_100);
  });
});

test('a failure that was asked for can be taken back before it comes', async () => {
  const machine = new StoreMachine(1);
  await machine.play(async (stores) => {
    const store = await stores.open('meta');
    machine.stores.failNext('sync');
    machine.stores.forgetFailures();
    await store.batch([put('a')], synced);
  });
  expect(machine.faults).toEqual([]);
});

test('replaced stores are empty', async () => {
  const machine = new StoreMachine(1);
  await machine.play(async (stores) => {
    await append(await stores.open('meta'), 0, 3, true);
  });
  expect(machine.stores.paths()).toEqual(['meta']);
  machine.stores.replace();
  expect(machine.stores.paths()).toEqual([]);
  expect(await openedKeys(machine)).toEqual([]);
});

/** Lives, kills and power cuts on stores with every fault, told as one text. */
async function historyOf(seed: number): Promise<{ history: string; faults: readonly string[] }> {
  const often = 0.03;
  const machine = new StoreMachine(seed, {
    fails: { read: often, write: often, sync: often },
    readRots: often,
    sticks: 0.02,
    sticksMsMax: 100,
  });
  const lines: string[] = [];
  const note = (fault: unknown): void => void lines.push(`${machine.scheduler.nowMs} ${String(fault)}`);
  for (let life = 0; life < 6; life += 1) {
    await machine.play(async (stores) => {
      const store = await stores.open('meta').catch(note);
      if (store === undefined) return;
      for (let at = 0; at < 30; at += 1) {
        await store
          .batch([put(keyAt(machine.random.integerBelow(50)))], { sync: machine.random.chance(0.5) })
          .catch(note);
        lines.push(String(await textAt(store, keyAt(machine.random.integerBelow(50))).catch(note)));
      }
      lines.push((await keysOf(store).catch(() => ['unreadable'])).join());
    });
    if (life % 2 === 0) machine.stores.damageLog('meta');
    if (life % 3 === 0) machine.stores.powerCut();
  }
  return { history: lines.join('\n'), faults: machine.faults };
}

test('the same seed gives the same contents, faults and times, another seed others', async () => {
  const [first, again, other] = [await historyOf(7), await historyOf(7), await historyOf(8)];
  expect(again).toEqual(first);
  expect(other.history).not.toBe(first.history);
});

test('every fault that stores know happens in some run', async () => {
  const reached = new Set<string>();
  for (const seed of seeds) for (const fault of (await historyOf(seed)).faults) reached.add(fault);
  expect([...reached].sort()).toEqual([...storeFaults].sort());
});
