/**
 * Both ends of a stream in one process, every event delivered at once: for tests of what is written to the port.
 * It keeps the port's order and endings and leaves credit, delay and loss to the simulated network.
 */
import { assert } from '../../src/base/assert.ts';
import { statusOf, type Status } from '../../src/base/status.ts';
import type {
  AcceptedStream,
  Channel,
  OpenedStream,
  StreamAcceptor,
  StreamHandlers,
  StreamOptions,
} from '../../src/ports/stream.ts';

export class MemoryChannel implements Channel {
  readonly endpoint = '127.0.0.1:7081';
  /** The opener's end of the last stream, for tests that break it. */
  lastOpened: OpenedStream | undefined;
  readonly #acceptor: StreamAcceptor;

  constructor(acceptor: StreamAcceptor) {
    this.#acceptor = acceptor;
  }

  open(method: string, options: StreamOptions, opener: StreamHandlers): OpenedStream {
    let isOpen = true;
    const close = (status: Status): void => {
      if (!isOpen) return;
      isOpen = false;
      acceptor.onClose(status);
      opener.onClose(status);
    };
    const accepted: AcceptedStream = {
      creditBytes: 1,
      send: (parts) => {
        if (isOpen) opener.onMessage(Buffer.concat(parts));
      },
      release: () => {},
      close,
    };
    const incoming = {
      method,
      headers: options.headers,
      peer: '127.0.0.1:50000',
      authority: this.endpoint,
      deadlineMs: options.deadlineMs,
    };
    const acceptor = this.#acceptor(incoming, accepted);
    this.lastOpened = {
      creditBytes: 1,
      send: (parts) => {
        if (isOpen) acceptor.onMessage(Buffer.concat(parts));
      },
      release: () => {},
      end: () => {
        if (isOpen) acceptor.onEnd();
      },
      reset: () => {
        close(statusOf('cancelled', 'the stream was reset'));
      },
    };
    return this.lastOpened;
  }

  close(): void {
    assert(this.lastOpened !== undefined, 'a channel that is closed here was used');
    this.lastOpened.reset();
  }
}
