/**
 * What replicas say to each other comes back as it was said, by the proto file, and no damaged bytes pass for something else than
 * what they are.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, clusterId, topicId } from '../../src/base/ids.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import type { PartitionMessage } from '../../src/partition/partition-message.ts';
import type { ControlMessage, ReplicaFrame, Saying } from '../../src/partition/replica-frame.ts';
import type { ReplicaHello } from '../../src/partition/replica-hello.ts';
import type { OwnedParts } from '../../src/ports/stream.ts';
import { odradek } from '../../src/wire/generated/messages.js';
import { replicaFrameCodec as codec } from '../../src/wire/replica-frame-codec.ts';
import { withBitFlipped } from '../record/batch-fixture.ts';
import { anyNumbered, anySaying, arrived, assignedBatches, oneOfEach, pushOf } from './replica-values.ts';

const wire = odradek.internal.v1;
const joined = (parts: OwnedParts): Buffer => Buffer.concat(parts);
const key = { topicId: topicId('a'.repeat(32)), partition: 300 };

function hello(lane: ReplicaHello['lane']): ReplicaHello {
  return {
    clusterId: clusterId('c'.repeat(32)),
    from: brokerId(1),
    fromEpoch: brokerEpoch(2 ** 40),
    to: brokerId(2 ** 31 - 1),
    toEpoch: brokerEpoch(77),
    lane,
  };
}

function mustRead(bytes: Uint8Array): ReplicaFrame {
  const frame = codec.decode(bytes);
  if (!frame.ok) throw new Error(frame.problem.why);
  return frame.value;
}

test('control messages of many partitions come back in their order, with the names given before them', () => {
  fc.assert(
    fc.property(fc.array(anyNumbered, { maxLength: 4 }), fc.array(anySaying, { maxLength: 6 }), (numbers, sayings) => {
      const frame = mustRead(joined(codec.encodeControl(numbers, sayings)));
      expect(frame).toEqual({
        type: 'sayings',
        asksForSign: false,
        isGoodbye: false,
        hasLost: false,
        numbers,
        sayings,
      });
    }),
    { numRuns: 300 },
  );
});

test('batches that another replica asks for come back as they are', () => {
  const { batchesAsked, peerBatches } = codec;
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.option(fc.nat(2 ** 31 - 1), { nil: undefined }),
      fc.uint8Array(),
      (at, partition, epoch, ownedBatches) => {
        const asked = { clusterId: clusterId('ab'.repeat(16)), key: { ...key, partition }, from: offset(at) };
        expect(batchesAsked.decode(batchesAsked.encode(asked))).toEqual({ ok: true, value: asked });
        const answer = { ownedBatches, leaderEpoch: epoch === undefined ? undefined : leaderEpoch(epoch) };
        const decoded = peerBatches.decode(peerBatches.encode(answer));
        expect(decoded).toMatchObject({ ok: true, value: { leaderEpoch: answer.leaderEpoch } });
        expect(decoded.ok && Buffer.compare(decoded.value.ownedBatches, ownedBatches)).toBe(0);
      },
    ),
  );
});

test('a push leaves with the bytes of its batches where they lie, and arrives as parts of one message', () => {
  const push = pushOf(assignedBatches(100, [1, 3, 2]));
  const parts = codec.encodePush([{ number: 5, key }], { number: 5, message: push });
  expect(parts.slice(1).map((part, at) => part === push.batches[at]?.ownedBytes)).toEqual([true, true, true]);
  const message = joined(parts);
  const frame = mustRead(message);
  expect(frame).toMatchObject({ type: 'sayings', numbers: [{ number: 5, key }] });
  const saying = frame.type === 'sayings' ? frame.sayings[0] : undefined;
  if (saying?.message.type !== 'push') throw new Error('a push was sent');
  const { ownedBatches, ...rest } = saying.message;
  expect({ ...rest, ownedBatches: Buffer.from(ownedBatches) }).toEqual(arrived(push));
  expect(ownedBatches.buffer).toBe(message.buffer);
});

test('a push without batches comes back: positions travel alone', () => {
  const push = pushOf([]);
  const frame = mustRead(joined(codec.encodePush([], { number: 0, message: push })));
  const saying = frame.type === 'sayings' ? frame.sayings[0] : undefined;
  expect(saying).toEqual({ number: 0, message: { ...(arrived(push) as object), ownedBatches: Buffer.alloc(0) } });
});

test('what is written by hand is what the proto file says', () => {
  const sayings: Saying<ControlMessage>[] = oneOfEach().map((message, number) => ({ number, message }));
  const byHand = joined(codec.encodeControl([{ number: 1, key }], sayings));
  // The generated code leaves out what is 0 as well, and writes fields in their order.
  const again = wire.ReplicateRequest.encode(wire.ReplicateRequest.decode(byHand)).finish();
  expect(Buffer.from(again).equals(byHand)).toBe(true);
  const push = joined(codec.encodePush([], { number: 300, message: pushOf(assignedBatches(0, [2, 2])) }));
  expect(Buffer.from(wire.ReplicateRequest.encode(wire.ReplicateRequest.decode(push)).finish()).equals(push)).toBe(
    true,
  );
});

test('hellos of every lane come back, and so do the question for a sign and the goodbye', () => {
  for (const lane of ['control', 'tail', 'catch-up'] as const)
    expect(mustRead(joined(codec.encodeHello(hello(lane))))).toEqual({ type: 'hello', hello: hello(lane) });
  const question = mustRead(joined(codec.encodeQuestion()));
  expect(question).toEqual({
    type: 'sayings',
    asksForSign: true,
    isGoodbye: false,
    hasLost: false,
    numbers: [],
    sayings: [],
  });
  const goodbye = mustRead(joined(codec.encodeGoodbye()));
  const loss = mustRead(joined(codec.encodeLoss()));
  expect(loss).toEqual({
    type: 'sayings',
    asksForSign: false,
    isGoodbye: false,
    hasLost: true,
    numbers: [],
    sayings: [],
  });
  expect(goodbye).toEqual({
    type: 'sayings',
    asksForSign: false,
    isGoodbye: true,
    hasLost: false,
    numbers: [],
    sayings: [],
  });
});

test('a message that is cut anywhere is refused, or is a whole beginning of what was said', () => {
  const messages: readonly PartitionMessage[] = [...oneOfEach(), pushOf(assignedBatches(100, [2, 1]))];
  for (const message of messages) {
    const bytes = encoded(message);
    for (let length = 0; length < bytes.length; length += 1) {
      const frame = codec.decode(bytes.subarray(0, length));
      // Cut between two fields of the frame: the names came through, the message did not.
      if (frame.ok) expect(frame.value).toMatchObject({ type: 'sayings', sayings: [] });
    }
  }
});

test('a message with any bit flipped is refused or read, never thrown', () => {
  for (const message of oneOfEach()) {
    const bytes = encoded(message);
    let refusals = 0;
    for (let bit = 0; bit < bytes.length * 8; bit += 1) if (!codec.decode(withBitFlipped(bytes, bit)).ok) refusals += 1;
    expect(refusals).toBeGreaterThan(0);
  }
});

test('numbers that no position can be are refused by the name of their field', () => {
  const saying = { number: 0, leaderEpoch: 1, brokerEpoch: 1, session: 1 };
  const cases: readonly (readonly [field: string, changes: odradek.internal.v1.PartitionSaying.$Properties])[] = [
    ['next', { progress: { next: 2 ** 53, durable: 1 } }],
    ['next', { progress: { next: -1 } }],
    ['durable', { progress: { next: 1, durable: 2 } }],
    ['granted_bytes', { progress: { grantedBytes: -5 } }],
    ['leader_epoch', { leaderEpoch: -1, progress: {} }],
    ['broker_epoch', { brokerEpoch: 2 ** 60, progress: {} }],
    ['session', { session: -1, progress: {} }],
    ['directory_id', { attach: { directoryId: new Uint8Array(15) } }],
    ['last_epoch', { attach: { directoryId: new Uint8Array(16), lastEpoch: -1 } }],
    ['next', { push: { from: 2, next: 1 } }],
    ['batches', { reset: { producers: [{ producerId: 1 }] } }],
    ['producer_epoch', { reset: { producers: [{ producerEpoch: 40_000, batches: [{}] }] } }],
    ['base_sequence', { reset: { producers: [{ batches: [{ baseSequence: -1 }] }] } }],
    ['body', {}],
  ];
  for (const [field, changes] of cases) {
    const bytes = wire.ReplicateRequest.encode({ sayings: [{ ...saying, ...changes }] }).finish();
    expect(codec.decode(bytes)).toMatchObject({ ok: false, problem: { field } });
  }
});

test('a hello without a lane, a cluster or a broker is refused by the name of its field', () => {
  const good = {
    clusterId: 'c'.repeat(32),
    fromBrokerId: 1,
    fromBrokerEpoch: 1,
    toBrokerId: 2,
    toBrokerEpoch: 1,
    lane: 1,
  };
  const bad = { clusterId: 'x', fromBrokerId: 0, fromBrokerEpoch: -1, toBrokerId: -2, toBrokerEpoch: 2 ** 55, lane: 9 };
  for (const [name, value] of Object.entries(bad)) {
    const field = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const bytes = wire.ReplicateRequest.encode({ hello: { ...good, [name]: value } }).finish();
    expect(codec.decode(bytes)).toMatchObject({ ok: false, problem: { field } });
  }
});

function encoded(message: PartitionMessage): Buffer {
  const numbers = [{ number: 7, key }];
  return joined(
    message.type === 'push'
      ? codec.encodePush(numbers, { number: 7, message })
      : codec.encodeControl(numbers, [{ number: 7, message }]),
  );
}
