/**
 * What a follower is handed of a push: batches that are what their leader wrote, or a typed problem.
 */
import { expect, test } from 'vitest';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { checkPush, type PushProblem } from '../../src/broker/check-push.ts';
import type { PushMessage } from '../../src/partition/partition-message.ts';
import type { ArrivedPush } from '../../src/partition/replica-frame.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { position } from '../../src/record/batch-layout.ts';
import { resealed, withBitFlipped } from '../record/batch-fixture.ts';
import { assignedBatches, pushOf } from '../wire/replica-values.ts';

const bytesMax = 1024 * 1024;

function arrive({ batches, ...push }: PushMessage): ArrivedPush {
  return { ...push, ownedBatches: new Uint8Array(Buffer.concat(batches.map(({ ownedBytes }) => ownedBytes))) };
}

function problemOf(push: ArrivedPush, batchBytesMax = bytesMax): PushProblem['type'] | undefined {
  const checked = checkPush(push, batchBytesMax);
  return checked.ok ? undefined : checked.problem.type;
}

/** Its batches written anew, with a checksum that matches. */
function rewritten(change: (fields: DataView) => void): ArrivedPush {
  const push = arrive(pushOf(assignedBatches(100, [2])));
  const bytes = Uint8Array.from(push.ownedBatches);
  change(new DataView(bytes.buffer));
  return { ...push, ownedBatches: resealed(bytes) };
}

test('good batches arrive as they were sent, as parts of the message', () => {
  const sent = pushOf(assignedBatches(100, [3, 1, 2]));
  const push = arrive(sent);
  const checked = checkPush(push, bytesMax);
  expect(checked).toEqual({ ok: true, value: sent });
  if (!checked.ok) return;
  expect(checked.value.batches.every(({ ownedBytes }) => ownedBytes.buffer === push.ownedBatches.buffer)).toBe(true);
});

test('no bit of a batch can change unnoticed, but for where a leader may leave a hole', () => {
  const push = arrive(pushOf(assignedBatches(100, [2, 1])));
  const first = new BatchHeader(push.ownedBatches).sizeBytes;
  const unnoticed: number[] = [];
  for (let bit = 0; bit < push.ownedBatches.length * 8; bit += 1) {
    const flipped = { ...push, ownedBatches: withBitFlipped(push.ownedBatches, bit) };
    if (checkPush(flipped, bytesMax).ok) unnoticed.push(bit);
  }
  // The epoch is outside of the checksum, and any from the batch before up to the leader's own is in order.
  const epochs = unnoticed.map((bit) => (bit >> 3) % first);
  expect(new Set(epochs)).toEqual(new Set([position.leaderEpoch + 3]));
});

test('a push that is cut within a batch is refused at every length', () => {
  const push = arrive(pushOf(assignedBatches(100, [2, 1])));
  const first = new BatchHeader(push.ownedBatches).sizeBytes;
  for (let length = 1; length < push.ownedBatches.length; length += 1) {
    const cut = { ...push, ownedBatches: push.ownedBatches.subarray(0, length) };
    expect(checkPush(cut, bytesMax).ok).toBe(length === first);
  }
});

test('batches that are in the wrong place, order or epoch are refused by name', () => {
  const [one, two] = assignedBatches(100, [2, 1]);
  if (one === undefined || two === undefined) throw new Error('two were made');
  expect(problemOf(arrive(pushOf([one, two], { from: offset(99) })))).toBe('wrong-place');
  expect(problemOf(arrive(pushOf([two, one])))).toBe('wrong-place');
  expect(problemOf(arrive(pushOf([one, one])))).toBe('wrong-place');
  expect(problemOf(arrive(pushOf([one, two], { next: offset(102) })))).toBe('wrong-end');
  expect(problemOf(arrive(pushOf([one, two], { leaderEpoch: leaderEpoch(6) })))).toBe('wrong-epoch');
  const [later] = assignedBatches(102, [1], 5);
  if (later === undefined) throw new Error('one was made');
  expect(problemOf(arrive(pushOf([one, later])))).toBe('wrong-epoch');
  expect(problemOf(arrive(pushOf([one, two])), 62)).toBe('bad-frame');
  expect(problemOf(arrive(pushOf([one, two])))).toBeUndefined();
});

test('a batch that no producer was allowed to write is refused although its checksum matches', () => {
  const huge = 2n ** 60n;
  expect(problemOf(rewritten((fields) => fields.setBigInt64(position.producerId, huge)))).toBe('wrong-producer');
  expect(problemOf(rewritten((fields) => fields.setBigInt64(position.producerId, -2n)))).toBe('wrong-producer');
  expect(problemOf(rewritten((fields) => fields.setBigInt64(position.producerId, 5n)))).toBe('wrong-producer');
  expect(problemOf(rewritten((fields) => fields.setBigInt64(position.maxTimestamp, huge)))).toBe('wrong-time');
  expect(problemOf(rewritten((fields) => fields.setBigInt64(position.baseOffset, huge)))).toBe('bad-frame');
});

test('a hole between two batches is no problem: offsets increase and need not be dense', () => {
  const [one] = assignedBatches(100, [2]);
  const [two] = assignedBatches(110, [1]);
  if (one === undefined || two === undefined) throw new Error('two were made');
  expect(problemOf(arrive(pushOf([one, two])))).toBeUndefined();
});
