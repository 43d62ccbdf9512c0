/**
 * Pushes: read when there is room, in their order, in turns, and never in the way of anything else.
 */
import { expect, test } from 'vitest';
import { brokerId } from '../../src/base/ids.ts';
import type { PushMessage } from '../../src/partition/partition-message.ts';
import { assignedBatches, pushOf } from '../wire/replica-values.ts';
import { attach, keyOf, TransportStage } from './transport-stage.ts';

const second = brokerId(2);

test('push reads nothing before there is room for it', async () => {
  const stage = new TransportStage({ limits: { silenceMs: 600_000 } });
  await stage.pass(10);
  stage.as(1, (transport) => transport.send(second, keyOf(0), attach(1)));
  await stage.pass(50);
  stage.simulation.mustFindProcess('b2').pause();
  let reads = 0;
  const ends: boolean[] = [];
  const large = pushOf(assignedBatches(0, [60_000]));
  expect(bytesOf(large).length).toBeGreaterThan(900_000);
  stage.as(1, (transport) => {
    for (let partition = 0; partition < 50; partition += 1)
      void transport
        .push(second, keyOf(partition), 'tail', () => {
          reads += 1;
          return Promise.resolve(large);
        })
        .then((end) => ends.push(end));
  });
  await stage.pass(5000);
  expect(reads).toBeLessThanOrEqual(4);
  stage.simulation.mustFindProcess('b2').resume();
  await stage.pass(5000);
  expect([reads, ends.length]).toEqual([50, 50]);
  expect(stage.user(2).heard.filter(({ message }) => message.type === 'push')).toHaveLength(50);
});

test('pushes of one lane leave in the order in which they were asked for, whichever is read first', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  let endRead: (message: PushMessage) => void = () => {};
  const slow = new Promise<PushMessage>((resolve) => {
    endRead = resolve;
  });
  stage.as(1, (transport) => {
    void transport.push(second, keyOf(0), 'tail', () => slow);
    void transport.push(second, keyOf(0), 'tail', () => Promise.resolve(pushOf([], { session: 2 })));
  });
  await stage.pass(50);
  stage.as(1, () => endRead(pushOf([], { session: 1 })));
  await stage.pass(50);
  expect(stage.user(2).lines).toEqual(['1/0 push 1', '1/0 push 2']);
});

test('partitions of one lane take turns, however eager one of them is', async () => {
  const stage = new TransportStage({ catchUpBytesPerSecond: 1_000_000 });
  await stage.pass(10);
  const batches = assignedBatches(0, [1000]);
  stage.as(1, (transport) => {
    const pushOn = (partition: number, left: number): void => {
      if (left === 0) return;
      void transport
        .push(second, keyOf(partition), 'catch-up', () => Promise.resolve(pushOf(batches)))
        .then(() => pushOn(partition, left - 1));
    };
    pushOn(0, 40);
    pushOn(1, 40);
    pushOn(2, 40);
  });
  await stage.pass(20_000);
  const order = stage.user(2).heard.map(({ partition }) => partition);
  expect(order).toHaveLength(120);
  for (let at = 0; at + 3 <= 90; at += 3) expect(new Set(order.slice(at, at + 3)).size).toBe(3);
});

test('catching up keeps to its bytes a second, and neither the tail nor acknowledgements wait for it', async () => {
  const rate = 500_000;
  const stage = new TransportStage({ catchUpBytesPerSecond: rate });
  await stage.pass(10);
  const large = pushOf(assignedBatches(0, [6000]));
  const largeBytes = bytesOf(large).length;
  const count = 40;
  stage.as(1, (transport) => {
    for (let partition = 0; partition < count; partition += 1)
      void transport.push(second, keyOf(partition), 'catch-up', () => Promise.resolve(large));
  });
  await stage.pass(100);
  stage.as(1, (transport) => {
    void transport.push(second, keyOf(99), 'tail', () => Promise.resolve(pushOf(assignedBatches(0, [1]))));
    transport.send(second, keyOf(99), attach(1));
  });
  await stage.pass(100);
  expect(stage.user(2).lines.filter((line) => line.startsWith('1/99'))).toHaveLength(2);
  const startMs = stage.simulation.world.nowMs;
  const before = stage.user(2).heard.length;
  await stage.pass(4000);
  const rateSeen =
    ((stage.user(2).heard.length - before) * largeBytes) / ((stage.simulation.world.nowMs - startMs) / 1000);
  expect(rateSeen).toBeGreaterThan(rate * 0.7);
  expect(rateSeen).toBeLessThan(rate * 1.3);
  await stage.pass((count * largeBytes * 1000) / rate);
  expect(stage.user(2).heard).toHaveLength(count + 2);
});

test('a broker that takes nothing delays nobody else', async () => {
  const stage = new TransportStage({ brokers: 3, limits: { silenceMs: 600_000 } });
  await stage.pass(10);
  const third = brokerId(3);
  const large = pushOf(assignedBatches(0, [30_000]));
  stage.simulation.mustFindProcess('b3').pause();
  stage.as(1, (transport) => {
    for (let partition = 0; partition < 100; partition += 1) {
      void transport.push(third, keyOf(partition), 'tail', () => Promise.resolve(large));
      transport.send(third, keyOf(partition), attach(1));
      void transport.push(second, keyOf(partition), 'tail', () => Promise.resolve(pushOf(assignedBatches(0, [1]))));
    }
  });
  await stage.pass(200);
  expect(stage.user(2).heard).toHaveLength(100);
  expect(stage.user(3).heard).toHaveLength(0);
});

function bytesOf({ batches }: PushMessage): Buffer {
  return Buffer.concat(batches.map(({ ownedBytes }) => ownedBytes));
}
