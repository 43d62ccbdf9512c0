import { expect, test } from 'vitest';
import { EpochHistory } from '../../src/base/epoch-history.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';

function history(...starts: readonly (readonly [epoch: number, start: number])[]): EpochHistory {
  const made = new EpochHistory();
  for (const [epoch, start] of starts) made.append(leaderEpoch(epoch), offset(start));
  return made;
}

test('an epoch is found by any offset that it wrote', () => {
  const epochs = history([1, 10], [4, 20]);
  expect([9, 10, 19, 20, 99].map((at) => epochs.epochAt(offset(at)))).toEqual([undefined, 1, 1, 4, 4]);
  expect([10, 11, 20, 21].map((end) => epochs.epochBefore(offset(end)))).toEqual([undefined, 1, 1, 4]);
});

test('an epoch ends where the next one begins, and one that left nothing is answered by the one before it', () => {
  const epochs = history([1, 10], [4, 20]);
  const ends = [0, 1, 3, 4, 9].map((epoch) => epochs.endOf(leaderEpoch(epoch), offset(30)));
  expect(ends).toEqual([
    undefined,
    { epoch: 1, end: 20 },
    { epoch: 1, end: 20 },
    { epoch: 4, end: 30 },
    { epoch: 4, end: 30 },
  ]);
});

test('a cut takes with it the epochs that have no record left', () => {
  const epochs = history([1, 10], [4, 20]);
  epochs.truncateTo(offset(20));
  expect(epochs.starts).toEqual([{ epoch: 1, start: 10 }]);
  epochs.append(leaderEpoch(5), offset(20));
  expect(epochs.latest).toBe(5);
});

test('a history begins where its log begins', () => {
  const epochs = history([1, 10], [4, 20], [6, 30]);
  epochs.startAt(offset(25));
  expect(epochs.starts).toEqual([
    { epoch: 4, start: 25 },
    { epoch: 6, start: 30 },
  ]);
});

test('a log that is emptied remembers its last epoch until another one begins there', () => {
  const epochs = history([1, 10]);
  epochs.startAt(offset(20));
  expect(epochs.latest).toBe(1);
  epochs.append(leaderEpoch(2), offset(20));
  expect(epochs.starts).toEqual([{ epoch: 2, start: 20 }]);
});

test('epochs never go back', () => {
  expect(() => history([4, 10], [3, 20])).toThrow('epochs never go back within a log');
});
