import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import {
  brokerId,
  brokerIdFromOutside,
  clusterId,
  clusterIdFromOutside,
  directoryId,
  directoryIdFromOutside,
  incarnationId,
  incarnationIdFromOutside,
  nodeId,
  nodeIdFromOutside,
  topicId,
  topicIdFromOutside,
  uniqueIdFromBytes,
  voterId,
  voterIdFromOutside,
} from '../../src/base/ids.ts';

const nodeIdMax = 2 ** 31 - 1;
const nodeKinds = [
  { what: 'node id', make: nodeId, fromOutside: nodeIdFromOutside },
  { what: 'voter id', make: voterId, fromOutside: voterIdFromOutside },
  { what: 'broker id', make: brokerId, fromOutside: brokerIdFromOutside },
];
const uniqueKinds = [
  { what: 'cluster id', make: clusterId, fromOutside: clusterIdFromOutside },
  { what: 'directory id', make: directoryId, fromOutside: directoryIdFromOutside },
  { what: 'topic id', make: topicId, fromOutside: topicIdFromOutside },
  { what: 'incarnation id', make: incarnationId, fromOutside: incarnationIdFromOutside },
];

describe.each(nodeKinds)('a $what', ({ make, fromOutside }) => {
  test('every whole number from 1 to 2^31-1 is one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 1, max: nodeIdMax }), fc.constantFrom(1, nodeIdMax)), (value) => {
        expect(make(value)).toBe(value);
        expect(fromOutside(value)).toEqual({ ok: true, value });
      }),
    );
  });

  test.each([0, -1, 1.5, nodeIdMax + 1, Number.NaN, '1', undefined])('no node is called %s', (value) => {
    expect(fromOutside(value)).toMatchObject({ ok: false, problem: { type: 'out-of-range', value } });
    expect(() => make(value as number)).toThrow(InvariantError);
  });
});

describe.each(uniqueKinds)('a $what', ({ what, make, fromOutside }) => {
  test('any sixteen bytes, written as hex digits, are one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const written = uniqueIdFromBytes(bytes);
        expect(written).toBe(Buffer.from(bytes).toString('hex'));
        expect(make(written)).toBe(written);
        expect(fromOutside(written)).toEqual({ ok: true, value: written });
      }),
    );
  });

  test.each(['', 'a'.repeat(31), 'a'.repeat(33), 'A'.repeat(32), 'g'.repeat(32), `${'a'.repeat(32)}\n`])(
    'what is not 32 small hex digits is refused: %j',
    (value) => {
      expect(fromOutside(value)).toEqual({ ok: false, problem: { type: 'out-of-range', what, value } });
      expect(() => make(value)).toThrow(InvariantError);
    },
  );
});

test.each([0, 15, 17])('a unique id is not made from %d bytes', (length) => {
  expect(() => uniqueIdFromBytes(new Uint8Array(length))).toThrow(InvariantError);
});
