/**
 * The arithmetic of majorities, and nothing else.
 */
import { assert } from '../base/assert.ts';
import { logIndex, type LogIndex } from '../base/raft-position.ts';

/** The smallest number of voters that every other majority shares a voter with. */
export function majorityOf(voterCount: number): number {
  assert(Number.isSafeInteger(voterCount) && voterCount >= 1, 'there is no majority of nobody', () => ({ voterCount }));
  return Math.floor(voterCount / 2) + 1;
}

/**
 * The highest value that a majority has reached, given one value per voter: the committed index from matched
 * indexes, the confirmed round from acknowledged rounds.
 */
export function reachedByMajority(values: readonly number[]): number {
  const descending = [...values].sort((one, other) => other - one);
  const reached = descending[majorityOf(values.length) - 1];
  assert(reached !== undefined, 'a majority has a slowest member');
  return reached;
}

export function committedByMajority(matchedIndexes: readonly LogIndex[]): LogIndex {
  return logIndex(reachedByMajority(matchedIndexes));
}

export type VoteOutcome = 'won' | 'lost' | 'open';

/** Lost as soon as the voters who have not answered cannot make up a majority any more. */
export function voteOutcome(votes: {
  readonly voterCount: number;
  readonly granted: number;
  readonly refused: number;
}): VoteOutcome {
  const { voterCount, granted, refused } = votes;
  assert(granted + refused <= voterCount, 'a voter answers once', () => ({ ...votes }));
  if (granted >= majorityOf(voterCount)) return 'won';
  return voterCount - refused < majorityOf(voterCount) ? 'lost' : 'open';
}
