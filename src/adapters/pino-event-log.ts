/**
 * Events as lines of JSON: the sentence as `msg`, the facts as fields.
 *
 * Written at once, not collected: under a screen of lines an hour there is nothing to gain, and the lines before a
 * crash are the ones that matter. Whether a person is looking, and so wants them prettier, is for the caller to
 * find out; it then passes a destination that makes them so.
 */
import { pino, type DestinationStream, type Logger } from 'pino';
import type { Facts } from '../base/assert.ts';
import type { EventLevel, EventLog } from '../ports/event-log.ts';

export interface PinoEventLogOptions {
  /** The least important level that is written. */
  readonly level: EventLevel;
  /** Gets one line at a time. */
  readonly destination: DestinationStream;
}

export function openPinoEventLog({ level, destination }: PinoEventLogOptions): EventLog {
  const options = {
    level,
    // The process is told by its node id, which is among the facts.
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return new PinoEventLog(pino(options, destination), {});
}

class PinoEventLog implements EventLog {
  readonly #logger: Logger;
  readonly #facts: Facts;

  constructor(logger: Logger, facts: Facts) {
    this.#logger = logger;
    this.#facts = facts;
  }

  emit(level: EventLevel, sentence: string, facts: Facts = {}): void {
    if (this.#logger.isLevelEnabled(level)) this.#logger[level](fieldsOf({ ...this.#facts, ...facts }), sentence);
  }

  with(facts: Facts): EventLog {
    return new PinoEventLog(this.#logger, { ...this.#facts, ...facts });
  }
}

/** The names of the line's own fields; a fact of such a name would make a second field of it. */
const ownFields = new Set(['level', 'time', 'msg']);

function fieldsOf(facts: Facts): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      ownFields.has(name) ? `${name}Fact` : name,
      value instanceof Error ? errorFields(value) : value,
    ]),
  );
}

/** JSON of an error is `{}`; what it says and what caused it is what a reader needs. */
function errorFields(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const facts = 'facts' in error ? { facts: error.facts } : {};
  const because = cause === undefined ? {} : { cause: cause instanceof Error ? errorFields(cause) : cause };
  return { name, message, ...facts, stack, ...because };
}
