/**
 * The verdict of a chaos run, shown histories that are wrong in one way each.
 */
import { expect, test } from 'vitest';
import { logIndex } from '../../src/base/raft-position.ts';
import type { CountReply } from '../quorum/producer-id-counter.ts';
import { WriteLedger, type LoggedCommand } from './write-ledger.ts';

const counted = (counter: number): CountReply => ({ type: 'counted', counter });

function ledgerOf(...numbers: readonly number[]): WriteLedger {
  const ledger = new WriteLedger();
  numbers.forEach((counter, at) => {
    const requestId = `w${at + 1}`;
    ledger.ask(requestId);
    ledger.answer({ requestId, reply: counted(counter), index: logIndex(10 + at) });
  });
  return ledger;
}

function logOf(...requestIds: readonly string[]): LoggedCommand[] {
  return requestIds.map((requestId, at) => ({ index: logIndex(10 + at), requestId }));
}

const again = (...numbers: readonly number[]): Map<string, CountReply> =>
  new Map(numbers.map((counter, at) => [`w${at + 1}`, counted(counter)]));

test('a history without a fault has no problem', () => {
  const ledger = ledgerOf(1, 2, 3);
  expect(ledger.findProblems()).toEqual([]);
  expect(ledger.findProblemsAfter({ counter: 3, again: again(1, 2, 3) })).toEqual([]);
  expect(ledger.findProblemsInLog(logOf('w1', 'w2', 'w3'))).toEqual([]);
});

test('a lost write is noticed because its number is given again', () => {
  expect(ledgerOf(1, 2, 2).findProblems().join()).toContain('lost: w2 and w3');
});

test('a write that was applied twice is noticed because a number is missing', () => {
  expect(ledgerOf(1, 3, 4).findProblems()).toEqual(['applied twice: no write made the counter 2']);
});

test('a write that nobody answered is a problem', () => {
  const ledger = ledgerOf(1);
  ledger.ask('w2');
  expect(ledger.findProblems()).toEqual(['write w2 was never answered']);
});

test('a counter that a restart has changed is a problem', () => {
  expect(ledgerOf(1, 2).findProblemsAfter({ counter: 1, again: again(1, 2) })).toHaveLength(1);
});

test('a request whose answer was forgotten is a problem', () => {
  expect(ledgerOf(1, 2).findProblemsAfter({ counter: 2, again: again(1, 3) })).toHaveLength(1);
});

test('an answered write that is not in a log is a problem', () => {
  expect(ledgerOf(1, 2).findProblemsInLog(logOf('w1')).join()).toContain('w2 was answered and is not in the log');
});

test('a log in another order than the answers is a problem', () => {
  expect(ledgerOf(1, 2).findProblemsInLog(logOf('w2', 'w1')).length).toBeGreaterThan(0);
});

test('a write that is in a log twice is a problem', () => {
  expect(
    ledgerOf(1, 2)
      .findProblemsInLog(logOf('w1', 'w2', 'w1'))
      .join(),
  ).toContain('carried out twice: write w1');
});
