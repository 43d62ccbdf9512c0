/**
 * Every promise of ports/event-log.ts as a case that runs on the real and on the simulated event log.
 */
import { describe, expect, test } from 'vitest';
import type { EventLevel, EventLog } from '../../src/ports/event-log.ts';

/** An event as a reader finds it, facts as text. */
export interface ReadEvent {
  readonly level: string;
  readonly sentence: string;
  readonly facts: Readonly<Record<string, string>>;
}

export interface EventLogFixture {
  /** Takes every level. */
  readonly eventLog: EventLog;
  /** What was written so far. */
  readonly read: () => readonly ReadEvent[];
}

/** A promise of the port, and the play that shows it. */
export interface EventLogCase {
  readonly promise: string;
  play(fixture: EventLogFixture): void;
}

const levels: readonly EventLevel[] = ['debug', 'info', 'warn', 'error'];

export const eventLogCases: readonly EventLogCase[] = [
  {
    promise: 'an event is one entry with its level, its sentence as it is, and its facts',
    play({ eventLog, read }) {
      for (const level of levels) eventLog.emit(level, 'became leader', { term: 7, partition: 'orders-0' });
      eventLog.emit('info', 'no facts here');
      const facts = { term: '7', partition: 'orders-0' };
      expect(read()).toEqual([
        ...levels.map((level) => ({ level, sentence: 'became leader', facts })),
        { level: 'info', sentence: 'no facts here', facts: {} },
      ]);
    },
  },
  {
    promise: 'a log with facts adds them to each of its events, and the log it came from goes on without them',
    play({ eventLog, read }) {
      const ofNode = eventLog.with({ node: 3 });
      const ofPartition = ofNode.with({ partition: 'orders-0' });
      ofPartition.emit('info', 'first', { epoch: 5 });
      ofNode.emit('info', 'second');
      eventLog.emit('info', 'third');
      expect(read().map(({ facts }) => facts)).toEqual([
        { node: '3', partition: 'orders-0', epoch: '5' },
        { node: '3' },
        {},
      ]);
    },
  },
  {
    promise: 'of two facts with one name the one nearer to the event counts',
    play({ eventLog, read }) {
      eventLog.with({ term: 1, node: 3 }).with({ term: 2 }).emit('info', 'voted', { term: 3 });
      eventLog.with({ term: 1 }).with({ term: 2 }).emit('info', 'voted');
      expect(read().map(({ facts }) => facts)).toEqual([{ term: '3', node: '3' }, { term: '2' }]);
    },
  },
  {
    promise: 'a sentence is written as it is, whatever it contains',
    play({ eventLog, read }) {
      const sentences = ['100 % of it', 'a %s and a %d and %o', 'quotes " and \\ and {braces}'];
      for (const sentence of sentences) eventLog.emit('warn', sentence, { count: 1 });
      expect(read().map(({ sentence }) => sentence)).toEqual(sentences);
    },
  },
  {
    promise: 'facts that are changed after the event change nothing',
    play({ eventLog, read }) {
      const facts = { epoch: 5 };
      eventLog.emit('info', 'moved', facts);
      facts.epoch = 6;
      expect(read().map((event) => event.facts)).toEqual([{ epoch: '5' }]);
    },
  },
];

export function eventLogConformance(name: string, makeFixture: () => EventLogFixture): void {
  describe(`the ${name} event log`, () => {
    for (const eventLogCase of eventLogCases) test(eventLogCase.promise, () => eventLogCase.play(makeFixture()));
  });
}
