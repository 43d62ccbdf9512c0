import { expect, test } from 'vitest';
import { logIndex, term, type LogIndex } from '../../src/base/raft-position.ts';
import { RaftLog } from '../../src/raft/raft-log.ts';
import { RaftPersistence } from '../../src/raft/raft-persistence.ts';
import { TermHistory } from '../../src/raft/raft-term-history.ts';
import { entriesOfTerms } from './log-fixture.ts';
import { ModelDisk } from './model-disk.ts';
import { testVoter } from './test-cluster.ts';

function logOf(terms: readonly number[]): RaftLog {
  const disk = new ModelDisk(testVoter(1).directoryId, [testVoter(1)]);
  disk.entries = entriesOfTerms(terms);
  disk.recentEntriesMax = 2;
  return new RaftLog(disk.open());
}

function index(value: number): LogIndex {
  return logIndex(value);
}

test('a term history answers for every index without holding an entry', () => {
  const history = new TermHistory([{ term: term(2), firstIndex: index(10) }]);
  for (const [at, value] of [2, 2, 3, 5, 5].entries()) history.append(index(11 + at), term(value));
  expect([9, 10, 11, 12, 13, 14, 15].map((at) => history.termAt(index(at)))).toEqual([undefined, 2, 2, 2, 3, 5, 5]);
  expect(history.starts).toHaveLength(3);
  history.truncateFrom(index(14));
  expect([12, 13].map((at) => history.termAt(index(at)))).toEqual([2, 3]);
  history.append(index(14), term(7));
  expect(history.termAt(index(14))).toBe(7);
});

test('a term history that begins later keeps the term right before it', () => {
  const history = new TermHistory([{ term: term(0), firstIndex: index(0) }]);
  for (const [at, value] of [1, 1, 2, 2, 4].entries()) history.append(index(1 + at), term(value));
  history.startAfter({ index: index(3), term: term(2) });
  expect([2, 3, 4, 5].map((at) => history.termAt(index(at)))).toEqual([undefined, 2, 2, 4]);
});

test.each([
  { atMost: 1, from: 6, found: 2 },
  { atMost: 2, from: 6, found: 4 },
  { atMost: 3, from: 6, found: 4 },
  { atMost: 4, from: 6, found: 6 },
  { atMost: 4, from: 5, found: 5 },
  { atMost: 2, from: 3, found: 3 },
  { atMost: 0, from: 6, found: 0 },
])('in 1,1,2,2,4,4 the last index up to $from with a term up to $atMost is $found', ({ atMost, from, found }) => {
  const history = new TermHistory([{ term: term(0), firstIndex: index(0) }]);
  for (const [at, value] of [1, 1, 2, 2, 4, 4].entries()) history.append(index(1 + at), term(value));
  expect(history.lastIndexWithTermAtMost(term(atMost), index(from))).toBe(found);
});

test('a log gives out recent entries within its limits, and says when they are not in memory', () => {
  const log = logOf([1, 1, 1, 1]);
  const range = { to: index(4), bytesMax: 1000, entriesMax: 10 };
  expect(log.recentFirstIndex).toBe(3);
  expect(log.recent({ ...range, from: index(2) })).toBeUndefined();
  expect(log.recent({ ...range, from: index(3) })?.map((entry) => entry.index)).toEqual([3, 4]);
  expect(log.recent({ ...range, from: index(3), entriesMax: 1 })?.map((entry) => entry.index)).toEqual([3]);
  expect(log.recent({ ...range, from: index(3), bytesMax: 1 })?.map((entry) => entry.index)).toEqual([3]);
});

test('a log that is cut below its recent entries goes on from there', () => {
  const log = logOf([1, 1, 1, 1]);
  log.truncateFrom(index(2));
  expect([log.lastIndex, log.recentBytes]).toEqual([1, 0]);
  const [, second] = entriesOfTerms([1, 3]);
  if (second !== undefined) log.append(second);
  expect(log.last).toEqual({ index: 2, term: 3 });
  expect(log.recentFirstIndex).toBe(2);
});

test('evicting and compacting keep the end of the log and the term before its start', () => {
  const log = logOf([1, 1, 2, 2]);
  for (const entry of entriesOfTerms([1, 1, 2, 2, 3, 3]).slice(4)) log.append(entry);
  log.evict(index(5), 0);
  expect(log.recentFirstIndex).toBe(6);
  log.compact(index(3));
  expect([log.firstIndex, log.previous.term, log.termAt(index(4)), log.termAt(index(2))]).toEqual([4, 2, 2, undefined]);
  log.compact(index(6));
  expect([log.firstIndex, log.lastIndex, log.recentBytes]).toEqual([7, 6, 0]);
});

function persistenceOf(terms: readonly number[]): { log: RaftLog; persistence: RaftPersistence } {
  const log = logOf(terms);
  return { log, persistence: new RaftPersistence(log, { term: term(9), votedFor: undefined }) };
}

function appendTo({ log, persistence }: ReturnType<typeof persistenceOf>, terms: readonly number[]): void {
  const all = entriesOfTerms([...Array.from({ length: log.lastIndex }, () => 1), ...terms]);
  for (const entry of all.slice(log.lastIndex)) {
    log.append(entry);
    persistence.onAppend(entry);
  }
}

function cut({ log, persistence }: ReturnType<typeof persistenceOf>, from: number): void {
  persistence.onTruncate(index(from));
  log.truncateFrom(index(from));
}

test('everything that comes up during a write joins the next one', () => {
  const both = persistenceOf([1]);
  appendTo(both, [2]);
  const first = both.persistence.start();
  appendTo(both, [2, 2]);
  appendTo(both, [3]);
  expect(both.persistence.start()).toBeUndefined();
  both.persistence.complete(first?.sequence ?? 0);
  expect(both.persistence.durableIndex).toBe(2);
  expect(both.persistence.start()?.entries.map((entry) => entry.index)).toEqual([3, 4, 5]);
  expect(both.persistence.unpersistedBytes).toBeGreaterThan(0);
});

test('the completion of a write says nothing about entries that took the place of its own', () => {
  const both = persistenceOf([1]);
  appendTo(both, [2, 2, 2]);
  const write = both.persistence.start();
  cut(both, 3);
  appendTo(both, [3, 3, 3, 3]);
  both.persistence.complete(write?.sequence ?? 0);
  expect(both.log.lastIndex).toBe(6);
  expect(both.persistence.durableIndex).toBe(2);
  const next = both.persistence.start();
  expect(next).toMatchObject({ truncateFrom: 3, entries: [{ term: 3 }, { term: 3 }, { term: 3 }, { term: 3 }] });
});

test('a cut of what never reached the disk is not written', () => {
  const both = persistenceOf([1]);
  appendTo(both, [2]);
  const write = both.persistence.start();
  appendTo(both, [2, 2]);
  cut(both, 3);
  appendTo(both, [4]);
  both.persistence.complete(write?.sequence ?? 0);
  expect(both.persistence.start()).toMatchObject({ truncateFrom: undefined, entries: [{ index: 3, term: 4 }] });
});

test('a cut twice over is written once, at the lower place', () => {
  const both = persistenceOf([1, 1, 1, 1]);
  cut(both, 4);
  appendTo(both, [2]);
  cut(both, 2);
  appendTo(both, [3]);
  expect(both.persistence.durableIndex).toBe(1);
  expect(both.persistence.start()).toMatchObject({ truncateFrom: 2, entries: [{ index: 2, term: 3 }] });
});

test('a vote stands for its term and a term never goes back', () => {
  const { persistence } = persistenceOf([1]);
  persistence.setHardState({ term: term(10), votedFor: testVoter(2).voterId });
  expect(persistence.isHardStateDurable).toBe(false);
  expect(() => persistence.setHardState({ term: term(10), votedFor: testVoter(3).voterId })).toThrow(/a vote stands/);
  expect(() => persistence.setHardState({ term: term(9), votedFor: undefined })).toThrow(/never goes back/);
});
