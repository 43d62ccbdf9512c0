import { expect, test } from 'vitest';
import { logIndex } from '../../src/base/raft-position.ts';
import { committedByMajority, majorityOf, reachedByMajority, voteOutcome } from '../../src/raft/raft-majority.ts';

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [6, 4],
  [7, 4],
])('of %i voters any two groups of %i share a member', (voterCount, majority) => {
  expect(majorityOf(voterCount)).toBe(majority);
  expect(2 * majority).toBeGreaterThan(voterCount);
  expect(2 * (majority - 1)).toBeLessThanOrEqual(voterCount);
});

test.each([
  { matched: [12], committed: 12 },
  { matched: [12, 5], committed: 5 },
  { matched: [0, 9], committed: 0 },
  { matched: [10, 20, 30], committed: 20 },
  { matched: [0, 0, 99], committed: 0 },
  { matched: [7, 7, 7], committed: 7 },
  { matched: [1, 2, 3, 4], committed: 2 },
  { matched: [5, 5, 6, 6], committed: 5 },
  { matched: [1, 2, 3, 4, 5], committed: 3 },
  { matched: [0, 101, 102, 103, 104], committed: 102 },
  { matched: [9, 1, 9, 1, 9, 1], committed: 1 },
  { matched: [9, 1, 9, 1, 9, 1, 9], committed: 9 },
])('with copies up to $matched the majority has $committed', ({ matched, committed }) => {
  expect(committedByMajority(matched.map(logIndex))).toBe(committed);
});

test('what a majority has reached agrees with counting, for all small sets', () => {
  for (let voterCount = 1; voterCount <= 5; voterCount += 1) {
    for (let code = 0; code < 4 ** voterCount; code += 1) {
      const values = Array.from({ length: voterCount }, (_, at) => Math.floor(code / 4 ** at) % 4);
      const counted = [3, 2, 1, 0].find(
        (value) => values.filter((reached) => reached >= value).length * 2 > voterCount,
      );
      expect(reachedByMajority(values)).toBe(counted);
    }
  }
});

test.each([
  { voterCount: 1, granted: 0, refused: 0, outcome: 'open' },
  { voterCount: 1, granted: 1, refused: 0, outcome: 'won' },
  { voterCount: 2, granted: 1, refused: 0, outcome: 'open' },
  { voterCount: 2, granted: 1, refused: 1, outcome: 'lost' },
  { voterCount: 2, granted: 2, refused: 0, outcome: 'won' },
  { voterCount: 3, granted: 1, refused: 1, outcome: 'open' },
  { voterCount: 3, granted: 2, refused: 0, outcome: 'won' },
  { voterCount: 3, granted: 1, refused: 2, outcome: 'lost' },
  { voterCount: 4, granted: 2, refused: 1, outcome: 'open' },
  { voterCount: 4, granted: 2, refused: 2, outcome: 'lost' },
  { voterCount: 4, granted: 3, refused: 0, outcome: 'won' },
  { voterCount: 5, granted: 2, refused: 2, outcome: 'open' },
  { voterCount: 5, granted: 3, refused: 2, outcome: 'won' },
  { voterCount: 5, granted: 2, refused: 3, outcome: 'lost' },
])('of $voterCount votes, $granted for and $refused against are $outcome', ({ outcome, ...votes }) => {
  expect(voteOutcome(votes)).toBe(outcome);
});
