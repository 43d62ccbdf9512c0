import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { RingQueue } from '../../src/base/ring-queue.ts';

/** What a queue is, without the ring. */
interface Model {
  items: number[];
  readonly itemsMax: number;
}
type QueueCommand = fc.Command<Model, RingQueue<number>>;

const command = (name: string, run: (model: Model, queue: RingQueue<number>) => void): QueueCommand => ({
  check: () => true,
  run: (model, queue) => {
    run(model, queue);
    expect(queue.length).toBe(model.items.length);
    expect(queue.peek()).toBe(model.items[0]);
  },
  toString: () => name,
});

const push = (item: number): QueueCommand =>
  command(`push ${item}`, (model, queue) => {
    const hasRoom = model.items.length < model.itemsMax;
    expect(queue.push(item)).toEqual(hasRoom ? { ok: true } : { ok: false, problem: 'queue-full' });
    if (hasRoom) model.items.push(item);
  });
const shift = command('shift', (model, queue) => {
  expect(queue.shift()).toBe(model.items.shift());
});
const clear = command('clear', (model, queue) => {
  queue.clear();
  model.items = [];
});

test('a queue gives back in order what it took, up to its bound, whatever happens to it', () => {
  // More pushes than shifts, so that rings wrap around, grow while wrapped, and get full.
  const commands = fc.commands(
    [
      fc.integer().map(push),
      fc.integer().map(push),
      fc.integer().map(push),
      fc.constant(shift),
      fc.constant(shift),
      fc.constant(clear),
    ],
    { size: 'max', maxCommands: 300 },
  );
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 15, 16, 17, 40, 100), commands, (itemsMax, row) => {
      fc.modelRun(() => ({ model: { items: [], itemsMax }, real: new RingQueue<number>(itemsMax) }), row);
    }),
    { numRuns: 100 },
  );
});

test('a queue that grows while its ring is wrapped keeps its order', () => {
  const queue = new RingQueue<number>(40);
  for (let item = 0; item < 16; item += 1) queue.push(item);
  for (let item = 0; item < 10; item += 1) expect(queue.shift()).toBe(item);
  for (let item = 16; item < 46; item += 1) expect(queue.push(item).ok).toBe(true);
  for (let item = 10; item < 46; item += 1) expect(queue.shift()).toBe(item);
  expect(queue.shift()).toBeUndefined();
});

test('what has left a queue is not kept alive by it', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const queue = new RingQueue<object>(4);
  queue.push({});
  const passing = new WeakRef(queue.peek() as object);
  queue.shift();
  // A weak reference keeps its object until the turn is over.
  await new Promise(setImmediate);
  collectGarbage();
  expect(passing.deref()).toBeUndefined();
  expect(queue.length).toBe(0);
});

test.each([0, -1, 1.5, Number.NaN])('a queue without room for one item (%d) is a bug', (itemsMax) => {
  expect(() => new RingQueue(itemsMax)).toThrow(InvariantError);
});
