/**
 * What every codec promises, as tests over arbitrary values.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Codec } from '../../src/ports/codec.ts';

export function comesBack<Value>(name: string, codec: Codec<Value>, arbitrary: fc.Arbitrary<Value>): void {
  test(`${name} come back as they were sent`, () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const decoded = codec.decode(codec.encode(value));
        expect(plain(decoded)).toEqual(plain({ ok: true, value }));
      }),
      { numRuns: 150 },
    );
  });
  test(`${name} made of arbitrary bytes are refused or read, never thrown`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(typeof codec.decode(bytes).ok).toBe('boolean');
      }),
      { numRuns: 150 },
    );
  });
}

/** Bytes by content, whatever subclass of Uint8Array holds them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Array.from(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
