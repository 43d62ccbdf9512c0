/**
 * What replicas on two brokers can rely on: whose words they hear, in which order, and what is told when there is no way.
 */
import { expect, test } from 'vitest';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, clusterId } from '../../src/base/ids.ts';
import { offset } from '../../src/base/offsets.ts';
import type { ReplicaSelf } from '../../src/partition/replica-hello.ts';
import type { PushMessage } from '../../src/partition/partition-message.ts';
import { withBitFlipped } from '../record/batch-fixture.ts';
import { assignedBatches, oneOfEach, pushOf } from '../wire/replica-values.ts';
import { attach, cluster, keyOf, progress, TransportStage } from './transport-stage.ts';

const [first, second] = [brokerId(1), brokerId(2)];

test('every kind of message arrives as it was sent, with its sender and its partition', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  const push = pushOf(assignedBatches(100, [2, 3]));
  stage.as(1, (transport) => {
    oneOfEach().forEach((message, at) => transport.send(second, keyOf(at), message));
    void transport.push(second, keyOf(9), 'tail', () => Promise.resolve(push));
    void transport.push(second, keyOf(9), 'catch-up', () => Promise.resolve(push));
  });
  await stage.pass(100);
  const { heard } = stage.user(2);
  const sent = oneOfEach().map((message, partition) => ({ from: 1, partition, message }));
  expect(heard.filter(({ message }) => message.type !== 'push')).toEqual(sent);
  const pushes = heard.filter(({ message }) => message.type === 'push');
  expect(pushes.map(({ from, partition }) => ({ from, partition }))).toEqual([
    { from: 1, partition: 9 },
    { from: 1, partition: 9 },
  ]);
  for (const { message } of pushes) expect(bytesOf(message as PushMessage).equals(bytesOf(push))).toBe(true);
  expect(stage.user(1).channels).toBe(3);
});

function bytesOf({ batches }: PushMessage): Buffer {
  return Buffer.concat(batches.map(({ ownedBytes }) => ownedBytes));
}

test('what is said in one turn to one broker goes in one message', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  stage.as(1, (transport) => transport.send(second, keyOf(0), attach(1)));
  await stage.pass(50);
  const { sentMessages } = stage.user(1);
  stage.as(1, (transport) => {
    for (let partition = 0; partition < 500; partition += 1) transport.send(second, keyOf(partition), progress(1));
  });
  await stage.pass(50);
  expect(stage.user(2).heard).toHaveLength(501);
  expect(stage.user(1).sentMessages - sentMessages).toBe(1);
});

test('a later total takes the place of an earlier that still waits, and of no other session', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  stage.as(1, (transport) => {
    transport.send(second, keyOf(0), progress(1, 1));
    transport.send(second, keyOf(1), progress(5, 1));
    transport.send(second, keyOf(0), progress(2, 1));
    transport.send(second, keyOf(0), attach(2));
    transport.send(second, keyOf(0), progress(3, 2));
    transport.send(second, keyOf(0), progress(4, 2));
  });
  await stage.pass(50);
  expect(stage.user(2).lines).toEqual(['1/0 progress 2', '1/1 progress 5', '1/0 attach 2', '1/0 progress 4']);
});

test('what waits for a broker that takes nothing is bounded, and the newest totals get through', async () => {
  const stage = new TransportStage({ windowBytes: 65_536, limits: { controlMessagesMax: 100, silenceMs: 600_000 } });
  await stage.pass(10);
  stage.as(1, (transport) => transport.send(second, keyOf(0), attach(1)));
  await stage.pass(50);
  stage.simulation.mustFindProcess('b2').pause();
  for (let round = 1; round <= 400; round += 1) {
    stage.as(1, (transport) => {
      for (let partition = 0; partition < 150; partition += 1)
        transport.send(second, keyOf(partition), progress(round));
    });
    await stage.pass(1);
  }
  stage.simulation.mustFindProcess('b2').resume();
  await stage.pass(1000);
  const last = new Map(stage.user(2).heard.map(({ partition, message }) => [partition, message]));
  for (let partition = 0; partition < 100; partition += 1) expect(last.get(partition)).toEqual(progress(400));
  // One window of messages was on its way, and a hundred waited.
  expect(stage.user(2).heard.length).toBeLessThan(4_000);
});

test('a broker of another cluster, number or life is not listened to, and is told why', async () => {
  const self: ReplicaSelf = { clusterId: cluster, brokerId: first, brokerEpoch: brokerEpoch(10) };
  const strangers: readonly (readonly [ReplicaSelf, RegExp])[] = [
    [{ ...self, clusterId: clusterId('e'.repeat(32)) }, /this is cluster c+, and cluster e+ is meant/],
    [{ ...self, brokerId: brokerId(7) }, /no broker 7 is registered here/],
    [{ ...self, brokerEpoch: brokerEpoch(9) }, /has registered again under epoch 10: epoch 9 is over/],
    [{ ...self, brokerEpoch: brokerEpoch(11) }, /known here under epoch 10: epoch 11 is on its way/],
  ];
  for (const [stranger, why] of strangers) {
    const stage = new TransportStage({
      self: (user) => (user.id === first ? stranger : { ...self, brokerId: user.id }),
    });
    await stage.pass(10);
    for (let round = 0; round < 20; round += 1) {
      stage.as(1, (transport) => transport.send(second, keyOf(0), attach(1)));
      await stage.pass(100);
    }
    expect(stage.user(2).heard).toEqual([]);
    expect(stage.user(1).lost.length).toBeGreaterThan(0);
    expect(stage.simulation.world.trace.lastLines().join('\n')).toMatch(why);
  }
});

test('a broker that is meant in an earlier life is not reached', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  const known = stage.known.get(second);
  if (known === undefined) throw new Error('the second broker is known');
  // Only the first broker believes that, and the second knows better.
  stage.known.set(second, { ...known, brokerEpoch: brokerEpoch(8) });
  stage.as(1, (transport) => transport.send(second, keyOf(0), attach(1)));
  await stage.pass(100);
  expect(stage.user(2).heard).toEqual([]);
});

test('streams of a life that is over are ended when the next one is seen, on both sides', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  stage.as(1, (transport) => transport.send(second, keyOf(0), attach(1)));
  await stage.pass(50);
  expect(stage.user(2).lines).toEqual(['1/0 attach 1']);
  // Another process has the number of the first broker; the first has not heard of it.
  stage.known.set(first, { brokerEpoch: brokerEpoch(20), peerEndpoint: 'elsewhere:7191' });
  stage.as(2, (transport) => transport.look());
  stage.as(1, (transport) => transport.send(second, keyOf(0), attach(2)));
  await stage.pass(2000);
  expect(stage.user(2).lines).toEqual(['1/0 attach 1']);
  expect(stage.user(2).lost).toEqual([1]);
  expect(stage.user(1).lost.length).toBeGreaterThan(0);
});

test('after a crash both sides are told that the way is lost, and it is there again soon after', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  stage.as(1, (transport) => transport.send(second, keyOf(0), attach(1)));
  stage.as(2, (transport) => transport.send(first, keyOf(0), progress(1)));
  await stage.pass(100);
  stage.simulation.mustFindProcess('b1').crash();
  await stage.pass(500);
  expect(stage.user(2).lost).toContain(1);
  stage.as(2, (transport) => transport.send(first, keyOf(0), progress(2)));
  await stage.pass(500);
  stage.register(1, 15);
  stage.simulation.mustFindProcess('b1').start();
  await stage.pass(10);
  for (let round = 0; round < 15; round += 1) {
    stage.as(2, (transport) => transport.send(first, keyOf(0), progress(10 + round)));
    await stage.pass(100);
  }
  expect(stage.user(1).lines.at(-1)).toBe('2/0 progress 24');
});

test('to a broker that is away pushes end at once, and nobody dials more often than the back-off allows', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  stage.simulation.mustFindProcess('b2').crash();
  const ends: boolean[] = [];
  for (let round = 0; round < 200; round += 1) {
    stage.as(1, (transport) => {
      const read = (): Promise<PushMessage> => Promise.resolve(pushOf(assignedBatches(0, [1])));
      void transport.push(second, keyOf(0), 'tail', read).then((end) => ends.push(end));
    });
    await stage.pass(50);
  }
  expect(ends).toHaveLength(200);
  expect(ends.filter((end) => !end).length).toBeGreaterThan(150);
  // On two lanes, ten seconds with at most one attempt in each second, but for the first few.
  expect(stage.user(1).channels).toBeLessThan(40);
});

test('a broker that is sent to and cut off silently is given up, and heard again when it is back', async () => {
  const stage = new TransportStage();
  const { network } = stage.simulation;
  network.habits = { ...network.habits, silenceUnnoticedChance: 1 };
  await stage.pass(10);
  stage.as(1, (transport) => transport.send(second, keyOf(0), attach(1)));
  await stage.pass(100);
  network.cut('b1', 'b2');
  stage.as(1, (transport) => transport.send(second, keyOf(0), progress(1)));
  await stage.pass(5000);
  expect(stage.user(1).lost).toEqual([2]);
  network.heal('b1', 'b2');
  await stage.pass(2000);
  stage.as(1, (transport) => transport.send(second, keyOf(0), progress(2)));
  await stage.pass(500);
  expect(stage.user(2).lines.at(-1)).toBe('1/0 progress 2');
  // The first stream was half open there until the second took its place.
  expect(new Set(stage.user(2).lost)).toEqual(new Set([1]));
});

test('a push with a damaged batch is dropped and reported, and what comes after it is heard', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  const [batch] = assignedBatches(100, [3]);
  if (batch === undefined) throw new Error('a batch was made');
  const damaged = { ...batch, ownedBytes: withBitFlipped(batch.ownedBytes, 70 * 8) };
  stage.as(1, (transport) => {
    void transport.push(second, keyOf(4), 'tail', () => Promise.resolve(pushOf([damaged])));
    void transport.push(second, keyOf(4), 'tail', () => Promise.resolve(pushOf([batch], { session: 8 })));
  });
  await stage.pass(100);
  expect(stage.user(2).lines).toEqual(['1/4 push 8']);
  expect(stage.user(2).bad).toEqual([{ from: 1, key: keyOf(4), problem: { type: 'checksum-mismatch', at: 0 } }]);
  expect(stage.user(2).lost).toEqual([]);
});

test('a thousand partitions that are idle send nothing and own no timer, and an idle way is no lost way', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  for (const [from, to] of [
    [1, second],
    [2, first],
  ] as const)
    stage.as(from, (transport) => {
      for (let partition = 0; partition < 1000; partition += 1) {
        transport.send(to, keyOf(partition), progress(partition));
        void transport.push(to, keyOf(partition), 'tail', () => Promise.resolve(pushOf([])));
      }
    });
  await stage.pass(40_000);
  const sent = stage.users.map(({ sentMessages }) => sentMessages);
  expect(stage.users.map(({ heard }) => heard.length)).toEqual([2000, 2000]);
  await stage.pass(600_000);
  expect(stage.users.map(({ sentMessages }) => sentMessages)).toEqual(sent);
  expect(stage.users.map(({ timers }) => timers.size)).toEqual([0, 0]);
  expect(stage.users.map(({ lost }) => lost)).toEqual([[], []]);
  stage.as(1, (transport) => transport.send(second, keyOf(3), progress(5000)));
  await stage.pass(100);
  expect(stage.user(2).lines.at(-1)).toBe('1/3 progress 5000');
});

test('more partitions than there are numbers are told apart', { timeout: 30_000 }, async () => {
  const stage = new TransportStage({ limits: { controlMessagesMax: 80_000 } });
  await stage.pass(10);
  stage.as(1, (transport) => {
    for (let partition = 0; partition < 70_000; partition += 1)
      transport.send(second, keyOf(partition), progress(partition));
  });
  await stage.pass(1000);
  stage.as(1, (transport) => {
    for (const partition of [0, 1, 69_999, 40_000]) transport.send(second, keyOf(partition), progress(partition));
  });
  await stage.pass(1000);
  const { heard } = stage.user(2);
  expect(heard).toHaveLength(70_004);
  expect(
    heard.every(({ partition, message }) => message.type === 'progress' && message.next === offset(partition)),
  ).toBe(true);
});

test('who closes is silent: pushes that wait end, and nothing is heard any more', async () => {
  const stage = new TransportStage();
  await stage.pass(10);
  const ends: boolean[] = [];
  stage.as(1, (transport) => {
    transport.send(second, keyOf(0), attach(1));
    void transport.push(second, keyOf(0), 'tail', () => new Promise(() => {})).then((end) => ends.push(end));
  });
  stage.as(2, (transport) => transport.send(first, keyOf(0), attach(1)));
  await stage.pass(100);
  stage.as(1, (transport) => transport.close());
  stage.as(2, (transport) => transport.send(first, keyOf(0), attach(2)));
  await stage.pass(1000);
  expect(ends).toEqual([false]);
  expect(stage.user(1).lines).toEqual(['2/0 attach 1']);
  expect(stage.user(1).timers.size).toBe(0);
});
