/**
 * Messages between replicas for tests: any that a core could make, and one of each kind with numbers of every size.
 */
import * as fc from 'fast-check';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { directoryId, topicId } from '../../src/base/ids.ts';
import { leaderEpoch, offset, type Offset } from '../../src/base/offsets.ts';
import { producerId } from '../../src/base/producer-ids.ts';
import { assignedBatch, type AssignedBatch } from '../../src/partition/partition-batch.ts';
import type { PartitionMessage, PushMessage } from '../../src/partition/partition-message.ts';
import type { ControlMessage, PartitionNumber, Saying } from '../../src/partition/replica-frame.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { batchOf, plainRecords } from '../record/batch-fixture.ts';

const anyCount = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32, 2 ** 35, 2 ** 53 - 1),
);
const anyEpoch = fc.nat({ max: 2 ** 31 - 1 }).map(leaderEpoch);
const anyOffset = anyCount.map(offset);
const anyId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const conversation = {
  leaderEpoch: anyEpoch,
  brokerEpoch: anyCount.map(brokerEpoch),
  session: anyCount,
};
const inOrder = fc
  .tuple(anyOffset, anyOffset)
  .map(([one, other]): [Offset, Offset] => (one <= other ? [one, other] : [other, one]));
const anySequence = fc.nat({ max: 2 ** 31 - 1 });

export const anyControlMessage: fc.Arbitrary<ControlMessage> = fc.oneof(
  fc.record({
    type: fc.constant('attach' as const),
    ...conversation,
    directory: anyId.map(directoryId),
    lastEpoch: fc.option(anyEpoch, { nil: undefined }),
    logEnd: anyOffset,
    grantedBytes: anyCount,
  }),
  fc.record({ type: fc.constant('diverged' as const), ...conversation, epoch: anyEpoch, end: anyOffset }),
  fc.record({
    type: fc.constant('reset' as const),
    ...conversation,
    start: anyOffset,
    producers: fc.array(
      fc.record({
        producerId: anyCount.map(producerId),
        producerEpoch: fc.nat({ max: 2 ** 15 - 1 }),
        batches: fc.array(
          fc.record({
            baseSequence: anySequence,
            lastSequence: anySequence,
            baseOffset: anyOffset,
            nextOffset: anyOffset,
          }),
          { minLength: 1, maxLength: 3 },
        ),
      }),
      { maxLength: 3 },
    ),
  }),
  fc
    .tuple(fc.record({ ...conversation, watermark: anyOffset, start: anyOffset, grantedBytes: anyCount }), inOrder)
    .map(([message, [durable, next]]) => ({ type: 'progress' as const, ...message, durable, next })),
);

export const anyNumbered: fc.Arbitrary<PartitionNumber> = fc.record({
  number: fc.nat({ max: 65_535 }),
  key: fc.record({ topicId: anyId.map(topicId), partition: fc.nat({ max: 2 ** 31 - 1 }) }),
});

export const anySaying: fc.Arbitrary<Saying<ControlMessage>> = fc.record({
  number: fc.nat({ max: 65_535 }),
  message: anyControlMessage,
});

/** Batches of one record or more each, one behind the other from `from` on. */
export function assignedBatches(from: number, sizes: readonly number[], epoch = 7): AssignedBatch[] {
  let next = from;
  return sizes.map((size) => {
    const bytes = batchOf(plainRecords(size));
    new BatchHeader(bytes).stamp({ baseOffset: offset(next), leaderEpoch: leaderEpoch(epoch) });
    next += size;
    return assignedBatch(bytes);
  });
}

export function pushOf(batches: readonly AssignedBatch[], changes: Partial<PushMessage> = {}): PushMessage {
  const [from, next] = [batches[0]?.baseOffset ?? offset(100), batches.at(-1)?.nextOffset ?? offset(100)];
  return {
    type: 'push',
    leaderEpoch: leaderEpoch(9),
    brokerEpoch: brokerEpoch(40),
    session: 3,
    watermark: offset(2 ** 40),
    startWanted: offset(12),
    start: offset(11),
    from,
    next,
    batches,
    ...changes,
  };
}

/** One of each kind, all numbers different and of different sizes. */
export function oneOfEach(): readonly ControlMessage[] {
  const said = { leaderEpoch: leaderEpoch(300), brokerEpoch: brokerEpoch(70_000), session: 5 };
  const directory = directoryId('d'.repeat(32));
  const batch = { baseSequence: 4, lastSequence: 6, baseOffset: offset(90), nextOffset: offset(93) };
  return [
    { type: 'attach', ...said, directory, lastEpoch: leaderEpoch(299), logEnd: offset(2 ** 40), grantedBytes: 4096 },
    { type: 'attach', ...said, directory, lastEpoch: undefined, logEnd: offset(0), grantedBytes: 0 },
    { type: 'diverged', ...said, epoch: leaderEpoch(12), end: offset(2 ** 33 + 1) },
    {
      type: 'reset',
      ...said,
      start: offset(800),
      producers: [{ producerId: producerId(2 ** 36), producerEpoch: 2, batches: [batch] }],
    },
    {
      type: 'progress',
      ...said,
      next: offset(2 ** 53 - 1),
      durable: offset(2 ** 50),
      watermark: offset(1_000_000),
      start: offset(127),
      grantedBytes: 128,
    },
  ];
}

/** What arrives for what was sent: the batches in one piece. */
export function arrived(message: PartitionMessage): unknown {
  if (message.type !== 'push') return message;
  const { batches, ...push } = message;
  return { ...push, ownedBatches: Buffer.concat(batches.map(({ ownedBytes }) => ownedBytes)) };
}
