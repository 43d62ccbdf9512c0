import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../src/base/assert.ts';
import { leaderEpoch, leaderEpochFromOutside, offset, offsetAfter, offsetFromOutside } from '../../src/base/offsets.ts';
import {
  brokerEpoch,
  brokerEpochFromOutside,
  partitionEpoch,
  partitionEpochFromOutside,
} from '../../src/base/epochs.ts';
import {
  indexZero,
  logIndex,
  logIndexFromOutside,
  nextIndex,
  nextTerm,
  previousIndex,
  term,
  termFromOutside,
  termZero,
} from '../../src/base/raft-position.ts';

const positions = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER));
const strangers = fc.oneof(
  fc.double().filter((value) => !Number.isSafeInteger(value) || value < 0),
  fc.bigInt(),
  fc.string(),
  fc.constantFrom(-1, 2 ** 53, Number.NaN, Infinity, null, undefined, {}, []),
);
const kinds = [
  { what: 'term', make: term, fromOutside: termFromOutside },
  { what: 'log index', make: logIndex, fromOutside: logIndexFromOutside },
  { what: 'offset', make: offset, fromOutside: offsetFromOutside },
  { what: 'broker epoch', make: brokerEpoch, fromOutside: brokerEpochFromOutside },
  { what: 'partition epoch', make: partitionEpoch, fromOutside: partitionEpochFromOutside },
];

describe.each(kinds)('a $what', ({ what, make, fromOutside }) => {
  test('every whole number from 0 to 2^53-1 is one', () => {
    fc.assert(
      fc.property(positions, (value) => {
        expect(make(value)).toBe(value);
        expect(fromOutside(value)).toEqual({ ok: true, value });
      }),
    );
  });

  test('anything else from outside is refused by name', () => {
    fc.assert(
      fc.property(strangers, (value) => {
        expect(fromOutside(value)).toEqual({ ok: false, problem: { type: 'out-of-range', what, value } });
      }),
    );
  });

  test('anything else from inside is a bug', () => {
    fc.assert(
      fc.property(strangers, (value) => {
        expect(() => make(value as number)).toThrow(InvariantError);
      }),
    );
  });
});

test('positions go one by one and back', () => {
  expect(nextTerm(termZero)).toBe(1);
  expect(nextIndex(indexZero)).toBe(1);
  expect(previousIndex(logIndex(5))).toBe(4);
});

test('nothing comes before the first position or after the last', () => {
  expect(() => previousIndex(indexZero)).toThrow(InvariantError);
  expect(() => nextIndex(logIndex(Number.MAX_SAFE_INTEGER))).toThrow(InvariantError);
  expect(() => nextTerm(term(Number.MAX_SAFE_INTEGER))).toThrow(InvariantError);
});

test('a leader epoch is what four bytes hold', () => {
  for (const value of [0, 1, 2 ** 31 - 1]) {
    expect(leaderEpoch(value)).toBe(value);
    expect(leaderEpochFromOutside(value)).toEqual({ ok: true, value });
  }
  for (const value of [-1, 2 ** 31, 0.5, Number.NaN, '0']) {
    expect(() => leaderEpoch(value as number)).toThrow(InvariantError);
    expect(leaderEpochFromOutside(value)).toMatchObject({ ok: false, problem: { what: 'leader epoch', value } });
  }
});

test('an offset never goes beyond the last', () => {
  expect(offsetAfter(offset(40), 2)).toBe(42);
  expect(() => offsetAfter(offset(Number.MAX_SAFE_INTEGER), 1)).toThrow(InvariantError);
});
