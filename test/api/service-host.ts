/**
 * A host for services under test, and the decoded error of a refused call.
 */
import { assert } from '../../src/base/assert.ts';
import type { Status } from '../../src/base/status.ts';
import { allowAll, type CallHooks } from '../../src/api/call-hooks.ts';
import { serviceTable, type Service, type ServiceHost } from '../../src/api/service-table.ts';
import type { StreamAcceptor } from '../../src/ports/stream.ts';
import { decodeErrorDetails, type ErrorDetails } from '../../src/wire/error-details.ts';
import { HandClock, MemoryCall, NotedEvents, type MemoryCallOptions } from './memory-call.ts';

export interface TestHost extends ServiceHost {
  readonly clock: HandClock;
  readonly eventLog: NotedEvents;
  readonly bugs: unknown[];
}

export function testHost(options: { readonly hooks?: CallHooks; readonly callsOpenMax?: number } = {}): TestHost {
  const bugs: unknown[] = [];
  return {
    clock: new HandClock(),
    eventLog: new NotedEvents(),
    hooks: options.hooks ?? allowAll,
    listener: 'api',
    onBug: (bug) => bugs.push(bug),
    callsOpenMax: options.callsOpenMax ?? 16,
    bugs,
  };
}

export class TestServer {
  readonly host: TestHost;
  readonly #table: ReadonlyMap<string, StreamAcceptor>;

  constructor(services: readonly Service[], host: TestHost = testHost()) {
    this.host = host;
    this.#table = serviceTable(services, host);
  }

  call(method: string, options: MemoryCallOptions = {}): MemoryCall {
    const acceptor = this.#table.get(method);
    assert(acceptor !== undefined, 'the test calls a method that is served', { method });
    return new MemoryCall(acceptor, { ...options, method });
  }

  /** A unary call with these bytes, to its end. */
  async ask(method: string, request: Uint8Array, options: MemoryCallOptions = {}): Promise<Answer> {
    const call = this.call(method, options).message(request).end();
    const status = await call.closed();
    return { status, reply: call.sent[0] };
  }
}

export interface Answer {
  readonly status: Status;
  readonly reply: Uint8Array | undefined;
}

export function detailsOf(status: Status): ErrorDetails {
  assert(status.details !== undefined, 'a refused call carries details', { status });
  const details = decodeErrorDetails(status.details);
  assert(details.ok, 'error details decode', { details });
  return details.value;
}

/** A tag that announces ten bytes, and two of them. */
export const malformedBytes = Uint8Array.of(0x0a, 0x0a, 0x01, 0x02);
