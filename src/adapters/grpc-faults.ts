/**
 * What becomes of a handler that throws: its stream ends, the process goes on. Unless an invariant broke: then
 * the process is told, because nothing it believes about itself can be trusted any more.
 */
import { InvariantError } from '../base/assert.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { GrpcNetworkOptions } from './grpc-options.ts';

export interface HandlerFacts {
  readonly method: string;
  readonly peer: string;
}

export class HandlerFaults {
  readonly #options: Pick<GrpcNetworkOptions, 'eventLog' | 'onFatal'>;

  constructor(options: Pick<GrpcNetworkOptions, 'eventLog' | 'onFatal'>) {
    this.#options = options;
  }

  /** Returns the status that the stream ends with. The other side learns that there was a fault, not which. */
  handlerThrew(fault: unknown, facts: HandlerFacts): Status {
    if (fault instanceof InvariantError) this.#options.onFatal(fault);
    else this.#options.eventLog.emit('error', 'a stream handler failed; its stream ends', { ...facts, fault });
    return statusOf('internal', `${facts.method} met a fault of this node; its log tells more`);
  }
}
