/**
 * What a process tells people: constant sentences with facts.
 *
 * The sentence never contains a value, so that equal events are equal strings; values go into the facts, always
 * with the ids that matter (node, partition, term, epoch). A normal failover logs nothing above `info`.
 */
import type { Facts } from '../base/assert.ts';

export type EventLevel = 'debug' | 'info' | 'warn' | 'error';

export interface EventLog {
  emit(level: EventLevel, sentence: string, facts?: Facts): void;
  /** A log whose every event carries these facts as well. */
  with(facts: Facts): EventLog;
}
