/**
 * One call against an acceptor, without a network: what arrives, what is sent back, and credit that the test holds.
 */
import { assert } from '../../src/base/assert.ts';
import type { Status } from '../../src/base/status.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import type { AcceptedStream, IncomingStream, StreamAcceptor, StreamHandlers } from '../../src/ports/stream.ts';

export interface MemoryCallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  readonly creditBytes?: number;
  readonly peer?: string;
}

export class MemoryCall {
  readonly sent: Uint8Array[] = [];
  status: Status | undefined;
  releasedBytes = 0;
  #creditBytes: number;
  readonly #handlers: StreamHandlers;
  readonly #closed: Promise<Status>;

  constructor(acceptor: StreamAcceptor, options: MemoryCallOptions = {}) {
    this.#creditBytes = options.creditBytes ?? 1024 * 1024;
    let resolveClosed: (status: Status) => void = () => {};
    this.#closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    const creditBytes = (): number => (this.status === undefined ? this.#creditBytes : 0);
    const stream: AcceptedStream = {
      get creditBytes() {
        return creditBytes();
      },
      send: (ownedParts) => {
        if (this.status !== undefined) return;
        assert(this.#creditBytes > 0, 'a message is sent only while credit is positive');
        const message = Buffer.concat(ownedParts);
        this.#creditBytes -= message.length;
        this.sent.push(message);
      },
      release: (receivedBytes) => {
        this.releasedBytes += receivedBytes;
      },
      close: (status) => {
        assert(this.status === undefined, 'an acceptor closes a stream once', { status });
        this.status = status;
        queueMicrotask(() => {
          this.#handlers.onClose(status);
          resolveClosed(status);
        });
      },
    };
    this.#handlers = acceptor(incomingStream(options), stream);
  }

  message(ownedMessage: Uint8Array): this {
    this.#handlers.onMessage(ownedMessage);
    return this;
  }

  end(): this {
    this.#handlers.onEnd();
    return this;
  }

  grantCredit(bytes: number): void {
    const wasSpent = this.#creditBytes <= 0;
    this.#creditBytes += bytes;
    if (wasSpent && this.#creditBytes > 0) this.#handlers.onCredit();
  }

  /** The caller hangs up. */
  hangUp(): void {
    this.status = { name: 'cancelled', message: 'the caller hung up', details: undefined };
    this.#handlers.onClose(this.status);
  }

  closed(): Promise<Status> {
    return this.#closed;
  }
}

function incomingStream(options: MemoryCallOptions): IncomingStream {
  return {
    method: options.method ?? 'odradek.test.v1.TestService/Test',
    headers: options.headers ?? {},
    peer: options.peer ?? '127.0.0.1:50000',
    authority: 'node.example:7081',
    deadlineMs: options.deadlineMs,
  };
}

/** Time that stands still until the test moves it. */
export class HandClock implements Clock {
  #nowMs = 1000;
  readonly #waiting = new Map<() => void, number>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  callAfterMs(delayMs: number, action: () => void): { cancel(): void } {
    const once = (): void => action();
    this.#waiting.set(once, this.#nowMs + delayMs);
    return { cancel: () => this.#waiting.delete(once) };
  }

  callSoon(action: () => void): void {
    queueMicrotask(action);
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const [action, atMs] of this.#waiting) {
      if (atMs > this.#nowMs) continue;
      this.#waiting.delete(action);
      action();
    }
  }
}

export interface NotedEvent {
  readonly level: string;
  readonly sentence: string;
}

/** An event log that a test can read. */
export class NotedEvents implements EventLog {
  readonly events: NotedEvent[] = [];

  emit(level: string, sentence: string): void {
    this.events.push({ level, sentence });
  }

  with(): EventLog {
    return this;
  }
}
