/**
 * The event log of a simulated process: a line in the trace, and a reachability counter for each sentence.
 */
import type { Facts } from '../base/assert.ts';
import type { EventLevel, EventLog } from '../ports/event-log.ts';
import type { Incarnation } from './incarnation.ts';
import { sentenceCounter } from './reach-counters.ts';

export class SimulatedEventLog implements EventLog {
  readonly #incarnation: Incarnation;
  readonly #facts: Facts;

  constructor(incarnation: Incarnation, facts: Facts) {
    this.#incarnation = incarnation;
    this.#facts = facts;
  }

  emit(level: EventLevel, sentence: string, facts: Facts = {}): void {
    const incarnation = this.#incarnation;
    if (!incarnation.mayAct('log an event')) return;
    const { world, processName } = incarnation;
    world.reached.count(sentenceCounter(sentence));
    world.trace.record(processName, `${level}: ${sentence} ${textOf({ ...this.#facts, ...facts })}`);
  }

  with(facts: Facts): EventLog {
    return new SimulatedEventLog(this.#incarnation, { ...this.#facts, ...facts });
  }
}

function textOf(facts: Facts): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}=${textOfValue(value)}`)
    .join(' ');
}

function textOfValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || value === undefined || value instanceof Error) return String(value);
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
}
