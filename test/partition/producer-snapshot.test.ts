/** What is known of producers, as bytes and back. */
import { expect, test } from 'vitest';
import { offset } from '../../src/base/offsets.ts';
import { producerId } from '../../src/base/producer-ids.ts';
import type { ProducerState } from '../../src/partition/producer-sequences.ts';
import { decodeProducers, encodeProducers } from '../../src/partition/producer-snapshot.ts';

const batch = (at: number) => ({
  baseSequence: 2 ** 31 - 1,
  lastSequence: at % 1000,
  baseOffset: offset(at),
  nextOffset: offset(Number.MAX_SAFE_INTEGER),
});
const states: readonly ProducerState[] = [
  { producerId: producerId(Number.MAX_SAFE_INTEGER), producerEpoch: 32_767, batches: [batch(0), batch(2 ** 40)] },
  { producerId: producerId(0), producerEpoch: 0, batches: [batch(5)] },
];

test('what is known of producers comes back from its bytes as it was, in its order', () => {
  for (const some of [states, states.slice(1), []]) expect(decodeProducers(encodeProducers(some))).toEqual(some);
});

test('bytes that are cut short, too long or of another form are not read as anything', () => {
  const bytes = encodeProducers(states);
  for (let length = 0; length < bytes.length; length += 1)
    expect(decodeProducers(bytes.subarray(0, length))).toBe(undefined);
  expect(decodeProducers(Uint8Array.of(...bytes, 0))).toBe(undefined);
  expect(decodeProducers(Uint8Array.of(2, ...bytes.subarray(1)))).toBe(undefined);
});
