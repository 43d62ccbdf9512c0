/**
 * Which partition a key belongs to: Murmur2 as Kafka's clients compute it, so that producers of both worlds put a key
 * to the same place.
 */
import { assert } from '../base/assert.ts';

const seed = 0x97_47_b2_8c;
const multiplier = 0x5b_d1_e9_95;

/** A whole number of 32 bits, without a sign. */
export function murmur2(borrowedKey: Uint8Array): number {
  const { length } = borrowedKey;
  const fields = new DataView(borrowedKey.buffer, borrowedKey.byteOffset, length);
  let hash = seed ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    const mixed = Math.imul(fields.getInt32(at, true), multiplier);
    hash = Math.imul(hash, multiplier) ^ Math.imul(mixed ^ (mixed >>> 24), multiplier);
  }
  if (at < length) {
    for (let byte = length - 1; byte >= at; byte -= 1) hash ^= fields.getUint8(byte) << (8 * (byte - at));
    hash = Math.imul(hash, multiplier);
  }
  hash = Math.imul(hash ^ (hash >>> 13), multiplier);
  return (hash ^ (hash >>> 15)) >>> 0;
}

export function partitionOfKey(borrowedKey: Uint8Array, partitionCount: number): number {
  assert(partitionCount >= 1, 'a topic has a partition', { partitionCount });
  // Without the sign bit, as there.
  return (murmur2(borrowedKey) & 0x7f_ff_ff_ff) % partitionCount;
}
