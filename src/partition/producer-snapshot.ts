/**
 * What is known of producers as bytes, for the disk. A later release may write more: what cannot be read is made again
 * from the batches.
 *
 *   0       1       5
 *   +-------+-------+----------------------------------------------------------------------------------------
 *   | form 1| count | producers: id 8, epoch 4, batches 1; each batch: first and last sequence 4, offset and next 8
 *   +-------+-------+----------------------------------------------------------------------------------------
 */
import { assert } from '../base/assert.ts';
import { isPosition } from '../base/brand.ts';
import { offset } from '../base/offsets.ts';
import { producerId } from '../base/producer-ids.ts';
import type { ProducerState, RecentBatch } from './producer-sequences.ts';

const form = 1;
const headBytes = 5;
const producerBytes = 13;
const batchBytes = 24;
const batchesMax = 255;
const twoTo32 = 2 ** 32;

export function encodeProducers(states: readonly ProducerState[]): Uint8Array {
  const sizeBytes = states.reduce(
    (total, { batches }) => total + producerBytes + batches.length * batchBytes,
    headBytes,
  );
  const view = new DataView(new ArrayBuffer(sizeBytes));
  view.setUint8(0, form);
  view.setUint32(1, states.length);
  let at = headBytes;
  for (const { producerId: id, producerEpoch, batches } of states) {
    assert(batches.length > 0 && batches.length <= batchesMax, 'a producer is known by a few batches', { id });
    writePosition(view, at, id);
    view.setUint32(at + 8, producerEpoch);
    view.setUint8(at + 12, batches.length);
    at += producerBytes;
    for (const { baseSequence, lastSequence, baseOffset, nextOffset } of batches) {
      view.setUint32(at, baseSequence);
      view.setUint32(at + 4, lastSequence);
      writePosition(view, at + 8, baseOffset);
      writePosition(view, at + 16, nextOffset);
      at += batchBytes;
    }
  }
  assert(at === sizeBytes, 'a format fills exactly the bytes it reserved');
  return new Uint8Array(view.buffer);
}

/** Undefined when the bytes are not that. Whether they are those that were written, a checksum around them says. */
export function decodeProducers(borrowedBytes: Uint8Array): readonly ProducerState[] | undefined {
  const view = new DataView(borrowedBytes.buffer, borrowedBytes.byteOffset, borrowedBytes.byteLength);
  if (view.byteLength < headBytes || view.getUint8(0) !== form) return undefined;
  const states: ProducerState[] = [];
  const count = view.getUint32(1);
  let at = headBytes;
  for (let number = 0; number < count; number += 1) {
    if (at + producerBytes > view.byteLength) return undefined;
    const id = readPosition(view, at);
    const producerEpoch = view.getUint32(at + 8);
    const batchCount = view.getUint8(at + 12);
    at += producerBytes;
    if (batchCount === 0 || at + batchCount * batchBytes > view.byteLength) return undefined;
    const batches: RecentBatch[] = [];
    for (let batch = 0; batch < batchCount; batch += 1, at += batchBytes) {
      const [base, next] = [readPosition(view, at + 8), readPosition(view, at + 16)];
      if (!isPosition(base) || !isPosition(next)) return undefined;
      const sequences = { baseSequence: view.getUint32(at), lastSequence: view.getUint32(at + 4) };
      batches.push({ ...sequences, baseOffset: offset(base), nextOffset: offset(next) });
    }
    if (!isPosition(id)) return undefined;
    states.push({ producerId: producerId(id), producerEpoch, batches });
  }
  return at === view.byteLength ? states : undefined;
}

function writePosition(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / twoTo32));
  view.setUint32(at + 4, value % twoTo32);
}

function readPosition(view: DataView, at: number): number {
  return view.getUint32(at) * twoTo32 + view.getUint32(at + 4);
}
