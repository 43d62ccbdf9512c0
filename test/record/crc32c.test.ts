import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseCrc32c, crc32c } from '../../src/record/crc32c.ts';
import { crc32cSliced } from '../../src/record/crc32c-sliced.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** From RFC 3720, appendix B.4, and the catalogue's check value. */
const knownSums: readonly (readonly [name: string, bytes: Uint8Array, sum: number])[] = [
  ['nothing', new Uint8Array(0), 0],
  ['the digits 1 to 9', ascii('123456789'), 0xe3069283],
  ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['32 bytes counting up', Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
  ['32 bytes counting down', Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
];

for (const [name, bytes, sum] of knownSums) {
  test(`both routines know the published checksum of ${name}`, () => {
    expect(crc32c(bytes)).toBe(sum);
    expect(crc32cSliced(bytes)).toBe(sum);
  });
}

test('the routine in use is the native one on this platform', () => {
  expect(crc32c).not.toBe(crc32cSliced);
});

test('both routines agree on any bytes, at any alignment, from any start', () => {
  const anything = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(16), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  const property = fc.property(anything, ([bytes, skipped, before]) => {
    const view = bytes.subarray(Math.min(skipped, bytes.length));
    expect(crc32c(view, before)).toBe(crc32cSliced(view, before));
  });
  fc.assert(property, { numRuns: 1000 });
});

test('a checksum continued over pieces is the checksum of the whole', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
    const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    expect(crc32c(second, crc32c(first))).toBe(crc32c(bytes));
    expect(crc32cSliced(second, crc32cSliced(first))).toBe(crc32c(bytes));
  });
  fc.assert(property);
});

test('one flipped bit anywhere changes the checksum', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, at) => (at * 31) & 0xff);
  const sums = new Set([crc32c(bytes)]);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    sums.add(crc32c(flipped));
  }
  expect(sums.size).toBe(bytes.length * 8 + 1);
});

test('a native routine that does not load or miscounts is not used', () => {
  const missing = (): never => {
    throw new Error('no binary for this platform');
  };
  expect(chooseCrc32c(missing)).toBe(crc32cSliced);
  expect(chooseCrc32c(() => ({}))).toBe(crc32cSliced);
  expect(chooseCrc32c(() => ({ crc32c: () => 7 }))).toBe(crc32cSliced);
});
