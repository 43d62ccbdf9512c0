/**
 * Replicas of two brokers talk over real gRPC: the same words arrive, batches in the memory of the message that brought them.
 */
import { afterEach, expect, test } from 'vitest';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { NodeClock } from '../../src/adapters/node-clock.ts';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, type BrokerId } from '../../src/base/ids.ts';
import {
  ReplicaTransport,
  replicaTransportLimitsDefault,
  type KnownBroker,
} from '../../src/broker/replica-transport.ts';
import type { PushMessage } from '../../src/partition/partition-message.ts';
import { streamLimitsDefault } from '../../src/ports/stream.ts';
import { replicaFrameCodec } from '../../src/wire/replica-frame-codec.ts';
import { conformanceNetworkOptions, silentLog, until } from '../conformance/stream-grpc-fixture.ts';
import { assignedBatches, oneOfEach, pushOf } from '../wire/replica-values.ts';
import { cluster, keyOf, TransportUser } from './transport-stage.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startUser(number: number, known: Map<BrokerId, KnownBroker>): Promise<TransportUser> {
  const user = new TransportUser(number);
  const network = grpcNetwork({ ...conformanceNetworkOptions, limits: streamLimitsDefault });
  const transport = new ReplicaTransport({
    clock: new NodeClock(),
    network,
    codec: replicaFrameCodec,
    eventLog: silentLog,
    limits: replicaTransportLimitsDefault,
    catchUpBytesPerSecond: () => Infinity,
    self: () => ({ clusterId: cluster, brokerId: user.id, brokerEpoch: brokerEpoch(10) }),
    findBroker: (broker) => known.get(broker),
    events: {
      onMessage: (from, { partition }, message) => void user.heard.push({ from, partition, message }),
      onLinkLost: (broker) => void user.lost.push(broker),
      readHere: () => Promise.resolve(undefined),
    },
    onFault: (fault) => {
      throw fault;
    },
    onBadPush: (bad) => void user.bad.push(bad),
  });
  const listener = await network.listen({ endpoint: '127.0.0.1:0', methods: transport.methods });
  known.set(user.id, { brokerEpoch: brokerEpoch(10), peerEndpoint: listener.endpoint });
  user.transport = transport;
  cleanups.push(
    () => listener.close(0),
    () => transport.close(),
  );
  return user;
}

test('over gRPC every message arrives, in order, in both directions at once', async () => {
  const known = new Map<BrokerId, KnownBroker>();
  const [one, two] = [await startUser(1, known), await startUser(2, known)];
  const pushes = Array.from({ length: 40 }, (_, session) => pushOf(assignedBatches(100, [5000, 2000]), { session }));
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    oneOfEach().forEach((message, at) => from.transport?.send(to.id, keyOf(at), message));
    for (const push of pushes) void from.transport?.push(to.id, keyOf(7), 'tail', () => Promise.resolve(push));
  }
  const count = oneOfEach().length + pushes.length;
  await until('everything arrives', () => one.heard.length === count && two.heard.length === count);
  for (const { heard, bad, lost } of [one, two]) {
    expect(heard.flatMap(({ message }) => (message.type === 'push' ? [] : [message]))).toEqual(oneOfEach());
    const arrived = heard.flatMap(({ message }) => (message.type === 'push' ? [message] : []));
    expect(arrived.map(({ session }) => session)).toEqual(pushes.map(({ session }) => session));
    expect(arrived.every((push, at) => bytesOf(push).equals(bytesOf(pushes[at] as PushMessage)))).toBe(true);
    expect([bad, lost]).toEqual([[], []]);
  }
});

test('over gRPC both sides are told when a broker goes, and it is reached again when it is back', async () => {
  const known = new Map<BrokerId, KnownBroker>();
  const [one, two] = [await startUser(1, known), await startUser(brokerId(2), known)];
  one.transport?.send(two.id, keyOf(0), oneOfEach()[0] as never);
  await until('it is heard', () => two.heard.length === 1);
  one.transport?.close();
  await until('the other is told', () => two.lost.length === 1);
  const again = await startUser(1, known);
  two.transport?.look();
  const send = (): void => two.transport?.send(again.id, keyOf(0), oneOfEach()[4] as never);
  send();
  await until('it is heard again', () => again.heard.length >= 1);
  expect(again.heard[0]?.message).toEqual(oneOfEach()[4]);
});

function bytesOf({ batches }: PushMessage): Buffer {
  return Buffer.concat(batches.map(({ ownedBytes }) => ownedBytes));
}
