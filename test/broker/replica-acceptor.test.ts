/**
 * Who is listened to by the listening side alone: streams are made by hand, in memory.
 */
import { expect, test } from 'vitest';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId } from '../../src/base/ids.ts';
import { statusOf } from '../../src/base/status.ts';
import { replicateMethod } from '../../src/broker/replica-codec.ts';
import {
  ReplicaTransport,
  replicaTransportLimitsDefault,
  type ReplicaTransportOptions,
} from '../../src/broker/replica-transport.ts';
import type { ReplicaLane } from '../../src/partition/replica-hello.ts';
import type { Channel, OwnedParts, StreamHandlers } from '../../src/ports/stream.ts';
import { replicaFrameCodec } from '../../src/wire/replica-frame-codec.ts';
import { HandClock, MemoryCall, NotedEvents } from '../api/memory-call.ts';
import { attach, cluster, keyOf } from './transport-stage.ts';

const [first, second] = [brokerId(1), brokerId(2)];

test('nothing of an earlier stream is heard once a later one began', () => {
  const heard: string[] = [];
  const lost: number[] = [];
  const transport = loneTransport(heard, lost);
  const accept = transport.methods.get(replicateMethod);
  if (accept === undefined) throw new Error('a transport listens');
  const hello = helloOf('control');
  const says = (session: number): Uint8Array =>
    joined(replicaFrameCodec.encodeControl([{ number: 0, key: keyOf(0) }], [{ number: 0, message: attach(session) }]));
  const earlier = new MemoryCall(accept).message(hello).message(says(1));
  const later = new MemoryCall(accept).message(hello).message(says(2));
  earlier.message(says(3));
  later.message(says(4));
  expect(heard).toEqual(['attach 1', 'attach 2', 'attach 4']);
  expect([earlier.status?.name, later.status, lost]).toEqual(['aborted', undefined, [1]]);
});

test('a stream that says no hello, two, or what nobody can read is ended with a reason', () => {
  const heard: string[] = [];
  const transport = loneTransport(heard, []);
  const accept = transport.methods.get(replicateMethod);
  if (accept === undefined) throw new Error('a transport listens');
  const said = joined(replicaFrameCodec.encodeControl([], [{ number: 0, message: attach(1) }]));
  const named = joined(
    replicaFrameCodec.encodeControl([{ number: 0, key: keyOf(0) }], [{ number: 0, message: attach(1) }]),
  );
  const ahead = joined(replicaFrameCodec.encodeControl([{ number: 9, key: keyOf(0) }], []));
  const conversations: readonly (readonly [RegExp, readonly Uint8Array[]])[] = [
    [/begins with one hello/, [said]],
    [/begins with one hello/, [helloOf('control'), helloOf('control')]],
    [/no such message/, [new Uint8Array(20).fill(255)]],
    [/a number that it did not give/, [helloOf('control'), said]],
    [/numbered out of order/, [helloOf('control'), ahead]],
    [/not on lane tail/, [helloOf('tail'), named]],
  ];
  for (const [why, messages] of conversations) {
    const call = new MemoryCall(accept);
    for (const message of messages) call.message(message);
    expect([call.status?.name, call.status?.message]).toEqual(['invalid-argument', expect.stringMatching(why)]);
  }
  expect(heard).toEqual([]);
});

/** Else one replica ends a conversation that the other goes on believing in, and both are silent for ever. */
test('a way that was lost is told of before anything else, although nobody has anything to say', async () => {
  const opened: { readonly sent: Uint8Array[]; readonly handlers: StreamHandlers }[] = [];
  const clock = new HandClock();
  const channel: Channel = {
    ...silentChannel,
    open(_, __, handlers) {
      const sent: Uint8Array[] = [];
      opened.push({ sent, handlers });
      return { creditBytes: 1, send: (parts) => void sent.push(joined(parts)), release() {}, end() {}, reset() {} };
    },
  };
  const transport = loneTransport([], [], { clock, network: { channel: () => channel, listen: () => unused() } });
  void transport.push(first, keyOf(0), 'tail', () => Promise.resolve(undefined));
  expect(opened).toHaveLength(1);
  opened[0]?.handlers.onClose(statusOf('unavailable', 'the way is cut'));
  await Promise.resolve();
  const types = opened[1]?.sent.map((bytes) => replicaFrameCodec.decode(bytes));
  expect(types).toMatchObject([
    { ok: true, value: { type: 'hello', hello: { lane: 'control' } } },
    { ok: true, value: { type: 'sayings', hasLost: true } },
  ]);
  transport.close();
  expect(clock.waitingCount).toBe(0);
});

const joined = (parts: OwnedParts): Uint8Array => Buffer.concat(parts);

function helloOf(lane: ReplicaLane): Uint8Array {
  const life = brokerEpoch(10);
  const hello = { clusterId: cluster, from: first, fromEpoch: life, to: second, toEpoch: life, lane };
  return joined(replicaFrameCodec.encodeHello(hello));
}

/** Of the second broker, on no network: calls are made to it in memory. */
function loneTransport(
  heard: string[],
  lost: number[],
  ports: Partial<Pick<ReplicaTransportOptions, 'clock' | 'network'>> = {},
): ReplicaTransport {
  return new ReplicaTransport({
    clock: new HandClock(),
    network: { channel: () => silentChannel, listen: () => unused() },
    codec: replicaFrameCodec,
    eventLog: new NotedEvents(),
    limits: replicaTransportLimitsDefault,
    catchUpBytesPerSecond: () => Infinity,
    self: () => ({ clusterId: cluster, brokerId: second, brokerEpoch: brokerEpoch(10) }),
    findBroker: (broker) => (broker === first ? { brokerEpoch: brokerEpoch(10), peerEndpoint: 'b1:7191' } : undefined),
    events: {
      onMessage: (_, __, message) => void heard.push(`${message.type} ${message.session}`),
      onLinkLost: (broker) => void lost.push(broker),
      readHere: () => Promise.resolve(undefined),
    },
    onFault: (fault) => {
      throw fault;
    },
    ...ports,
  });
}

const silentChannel: Channel = {
  endpoint: 'b1:7191',
  open: () => ({ creditBytes: 1, send() {}, release() {}, end() {}, reset() {} }),
  close() {},
};

function unused(): never {
  throw new Error('nobody is called');
}
