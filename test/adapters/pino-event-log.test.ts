import { expect, test } from 'vitest';
import { openPinoEventLog } from '../../src/adapters/pino-event-log.ts';
import { FaultError } from '../../src/base/fault-error.ts';
import type { EventLevel, EventLog } from '../../src/ports/event-log.ts';
import { eventLogConformance, type ReadEvent } from '../conformance/event-log.ts';

type Line = Readonly<Record<string, unknown>>;

function logAndLines(level: EventLevel): { eventLog: EventLog; lines: () => readonly Line[] } {
  const written: string[] = [];
  const eventLog = openPinoEventLog({ level, destination: { write: (line) => void written.push(line) } });
  return { eventLog, lines: () => written.map((line) => JSON.parse(line) as Line) };
}

function readEvent({ level, time: _time, msg, ...facts }: Line): ReadEvent {
  const asText = Object.entries(facts).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return { level: String(level), sentence: String(msg), facts: Object.fromEntries(asText) as ReadEvent['facts'] };
}

eventLogConformance('real', () => {
  const { eventLog, lines } = logAndLines('debug');
  return { eventLog, read: () => lines().map(readEvent) };
});

test('events below the level are not written', () => {
  const { eventLog, lines } = logAndLines('warn');
  for (const level of ['debug', 'info', 'warn', 'error'] as const) eventLog.emit(level, 'spoke');
  expect(lines().map((line) => line['level'])).toEqual(['warn', 'error']);
});

test('a line tells the time, and nothing of the process that its facts do not tell', () => {
  const { eventLog, lines } = logAndLines('info');
  eventLog.emit('info', 'started', { node: 1 });
  const [line] = lines();
  expect(Object.keys(line ?? {}).sort()).toEqual(['level', 'msg', 'node', 'time']);
  expect(new Date(String(line?.['time'])).getTime()).toBeGreaterThan(0);
});

test('an error among the facts is written with what it says, its facts and its causes', () => {
  const { eventLog, lines } = logAndLines('info');
  const cause = new Error('no space left');
  eventLog.emit('error', 'stopped', { fault: new FaultError('the disk failed', { path: 'log' }, cause) });
  expect(lines()[0]).toMatchObject({
    fault: {
      name: 'FaultError',
      message: 'the disk failed',
      facts: { path: 'log' },
      cause: { name: 'Error', message: 'no space left' },
    },
  });
});

test('a fact cannot take the place of a field of the line', () => {
  const { eventLog, lines } = logAndLines('info');
  eventLog.emit('info', 'compared', { level: 9, msg: 'x', time: 0 });
  expect(lines()[0]).toMatchObject({ level: 'info', msg: 'compared', levelFact: 9, msgFact: 'x', timeFact: 0 });
});
