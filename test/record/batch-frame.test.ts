import { expect, test } from 'vitest';
import { frameBatch } from '../../src/record/batch-frame.ts';
import { batchOf, plainRecords } from './batch-fixture.ts';

const batchBytesMax = 1000;
const batch = batchOf(plainRecords(2));

function problemOf(bytes: Uint8Array, at = 0): unknown {
  const framed = frameBatch(bytes, at, batchBytesMax);
  return framed.ok ? undefined : framed.problem;
}

test('batches are found one after the other', () => {
  const two = Uint8Array.from([...batch, ...batchOf(plainRecords(5))]);
  const first = frameBatch(two, 0, batchBytesMax);
  expect(first).toMatchObject({ ok: true, value: { recordCount: 2, sizeBytes: batch.length } });
  expect(frameBatch(two, batch.length, batchBytesMax)).toMatchObject({ ok: true, value: { recordCount: 5 } });
});

test('a batch cut short behind its length is incomplete, and says how much is needed as soon as it can be told', () => {
  for (let length = 12; length < batch.length; length += 1)
    expect(problemOf(batch.subarray(0, length))).toMatchObject({ type: 'incomplete' });
  expect(problemOf(batch.subarray(0, 61))).toEqual({ type: 'incomplete', bytesNeeded: batch.length });
  expect(problemOf(batch.subarray(0, 20))).toEqual({ type: 'incomplete', bytesNeeded: 61 });
});

test('space that was reserved and never written is no batch', () => {
  for (const length of [1, 16, 61, 4096]) expect(problemOf(new Uint8Array(length))).toEqual({ type: 'zeros' });
  const followed = Uint8Array.from([...batch, ...new Uint8Array(200)]);
  expect(problemOf(followed, batch.length)).toEqual({ type: 'zeros' });
});

test('a length that no batch has is refused before anything is read by it', () => {
  for (const [length, sizeBytes] of [
    [48, 60],
    [-1, 11],
    [-(2 ** 31), 12 - 2 ** 31],
    [batchBytesMax - 11, batchBytesMax + 1],
    [2 ** 31 - 1, 2 ** 31 + 11],
  ] as const) {
    const damaged = Uint8Array.from(batch);
    new DataView(damaged.buffer).setInt32(8, length);
    expect(problemOf(damaged)).toEqual({ type: 'bad-length', sizeBytes });
  }
});

test('another magic is not read as this one', () => {
  const older = Uint8Array.from(batch);
  older[16] = 1;
  expect(problemOf(older)).toEqual({ type: 'unknown-magic', magic: 1 });
});
