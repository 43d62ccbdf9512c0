/** Keys go where another client library puts them. */
import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { murmur2, partitionOfKey } from '../../src/record/key-hash.ts';

const theirs = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2.js') as (
  key: Buffer,
) => number;

test('the hash of a key is the one that kafkajs computes, for keys of every length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (key) => {
      expect(murmur2(key)).toBe(theirs(Buffer.from(key)) >>> 0);
    }),
    { numRuns: 2000 },
  );
});

test('a key keeps its partition, and keys spread over all of them', () => {
  const counts = new Array<number>(7).fill(0);
  for (let number = 0; number < 7000; number += 1) {
    const partition = partitionOfKey(new TextEncoder().encode(`key ${number}`), 7);
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(800);
});
