/**
 * Cuts the power of a simulated machine at every point of random histories of one raft store.
 */
import { expect, test } from 'vitest';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { redoBytesMax } from '../../src/storage/raft-sentinel.ts';
import { StorageStage, type OpenedStore } from './storage-stage.ts';
import {
  applyToView,
  drawOperation,
  emptyView,
  fingerprintOf,
  performOnStore,
  viewOf,
  type StoreView,
} from './raft-store-model.ts';

interface History {
  readonly stage: StorageStage;
  /** After the last operation that was acknowledged. */
  acknowledged: StoreView;
  /** After the operation under way as well. */
  inFlight: StoreView;
}

const operationsPerLife = 14;

/** Opens the store, checks what it holds, and works on it until the end or the power cut. */
async function liveOnce(history: History, seed: number): Promise<void> {
  const { stage } = history;
  const opened: OpenedStore = await stage.openStore();
  const found = await viewOf(opened.store);
  expect([history.acknowledged, history.inFlight].map(fingerprintOf)).toContain(fingerprintOf(found));
  history.acknowledged = found;
  history.inFlight = found;
  const random = stage.random.fork(`operations ${seed}`);
  for (let count = 0; count < operationsPerLife; count += 1) {
    const operation = drawOperation(history.acknowledged, random);
    history.inFlight = applyToView(history.acknowledged, operation);
    await performOnStore(opened.store, operation);
    history.acknowledged = history.inFlight;
  }
  await opened.store.close();
  await opened.directory.close();
}

function newHistory(seed: number): History {
  return { stage: new StorageStage(seed), acknowledged: emptyView, inFlight: emptyView };
}

test('after a power cut at any point the store holds what was acknowledged, or that and what was in flight', async () => {
  let cuts = 0;
  for (let seed = 0; seed < 2; seed += 1) {
    const uncut = newHistory(seed);
    await uncut.stage.settle(liveOnce(uncut, seed));
    for (let cutAt = 0; cutAt < uncut.stage.completions; cutAt += 1) {
      const history = newHistory(seed);
      const outcome = await history.stage.settleWithin(liveOnce(history, seed), cutAt);
      expect(outcome, `seed ${seed}`).toBe('cut');
      cuts += 1;
      await history.stage.settle(liveOnce(history, seed + 1)).catch((cause: unknown) => {
        throw new Error(`seed ${seed}, power cut after ${cutAt} operations`, { cause });
      });
    }
  }
  expect(cuts).toBeGreaterThan(200);
});

test('power cuts one after the other, during recovery too, lose nothing that was acknowledged', async () => {
  for (let seed = 100; seed < 120; seed += 1) {
    const history = newHistory(seed);
    const random = history.stage.random.fork('cuts');
    for (let life = 0; life < 8; life += 1) {
      const running = liveOnce(history, life);
      await history.stage
        .settleWithin(running, random.integerBelow(life % 2 === 0 ? 120 : 25))
        .catch((cause: unknown) => {
          throw new Error(`seed ${seed}, life ${life}`, { cause });
        });
    }
    await history.stage.settle(liveOnce(history, 99));
  }
});

test('a batch too large for the sentinel is there or not after a power cut at any point, and never refused', async () => {
  const lengths = new Set<number>();
  for (let cutAt = 40; ; cutAt += 1) {
    const stage = new StorageStage(7);
    const persisting = stage.openStore().then(({ store }) => persistLarge(store));
    const outcome = await stage.settleWithin(persisting, cutAt);
    if (outcome !== 'cut') stage.cutPower();
    const { store } = await stage.settle(stage.openStore());
    const { entries } = await stage.settle(viewOf(store));
    lengths.add(entries.length);
    if (outcome === 'cut') continue;
    expect(entries.length).toBe(3);
    break;
  }
  expect([...lengths].sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
});

async function persistLarge(store: OpenedStore['store']): Promise<void> {
  for (const [at, bytes] of [10, redoBytesMax + 1, 10].entries()) {
    const index = logIndex(at + 1);
    const entry = { index, term: term(1), payload: new Uint8Array(bytes).fill(index) };
    await store.persist({
      hardState: { term: term(1), votedFor: undefined },
      truncateFrom: undefined,
      entries: [entry],
    });
  }
}
