/**
 * The acceptor's end of a stream, on a call of a grpc-js server.
 *
 * It is a server interceptor that never passes the call on: interceptors are grpc-js' public way to see a call
 * as it is, one read and one write at a time. The handlers' duplex streams above them read 16 messages ahead,
 * 128 MiB with messages of the largest size, whatever the window says.
 * Read next: grpc-inflow.ts, grpc-outflow.ts, grpc-listener.ts.
 */
import { type Metadata, ServerInterceptingCall } from '@grpc/grpc-js';
import { assert } from '../base/assert.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { AcceptedStream, OwnedParts, StreamAcceptor, StreamHandlers, StreamLimits } from '../ports/stream.ts';
import type { HandlerFaults } from './grpc-faults.ts';
import { Inflow } from './grpc-inflow.ts';
import { Outflow } from './grpc-outflow.ts';
import { bytesOf, grpcMessage } from './grpc-rope.ts';
import { toGrpcStatus, wantsLateStatus } from './grpc-status.ts';

export type GrpcServerCall = ConstructorParameters<typeof ServerInterceptingCall>[0];

export interface AcceptedStreamParts {
  readonly method: string;
  readonly call: GrpcServerCall;
  readonly acceptor: StreamAcceptor;
  readonly limits: StreamLimits;
  readonly faults: HandlerFaults;
  readonly closeFlushMsMax: number;
  readonly onOpen: (stream: GrpcAcceptedStream) => void;
  readonly onGone: (stream: GrpcAcceptedStream) => void;
  /** The caller takes nothing any more: cut its connection. */
  readonly cutConnection: (peer: string) => void;
}

/** A caller cancels when its deadline passes, so its cancellation arrives just before the deadline does here. */
const deadlineSlackMsMax = 50;

export class GrpcAcceptedStream extends ServerInterceptingCall implements AcceptedStream {
  readonly #parts: AcceptedStreamParts;
  readonly #outflow: Outflow;
  readonly #inflow: Inflow;
  /** Kept, because a socket that is gone has no address. */
  readonly #peer: string;
  #handlers: StreamHandlers | undefined;
  #deadlineAtMs = Infinity;
  #deadlineSlackMs = 0;
  #lateStatus = false;
  #hasSent = false;
  /** The status that this side ended the stream with; from then on nothing is sent or delivered. */
  #ownEnd: Status | undefined;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AcceptedStreamParts) {
    super(parts.call);
    this.#parts = parts;
    this.#peer = parts.call.getPeer();
    this.#outflow = new Outflow(parts.limits.windowBytes);
    this.#inflow = new Inflow(parts.limits.windowBytes, () => parts.call.startRead());
  }

  /** grpc-js calls it with a listener of its own handlers, which stay unused. */
  override start(): void {
    this.#parts.call.start({
      onReceiveMetadata: (metadata: Metadata) => this.#accept(metadata),
      onReceiveMessage: (message: Uint8Array) => this.#received(message),
      onReceiveHalfClose: () => {
        if (!this.#isOver) this.#guarded((handlers) => handlers.onEnd());
      },
      onCancel: () => this.#finish(this.#endSeenFromHere()),
    });
  }

  get peer(): string {
    return this.#peer;
  }

  get creditBytes(): number {
    return this.#isOver ? 0 : this.#outflow.creditBytes;
  }

  send(ownedParts: OwnedParts): void {
    if (this.#isOver) return;
    assert(this.#outflow.creditBytes > 0, 'a message is sent only while there is credit', {
      method: this.#parts.method,
    });
    const bytes = bytesOf(ownedParts);
    const { messageBytesMax } = this.#parts.limits;
    if (bytes > messageBytesMax) {
      this.close(statusOf('resource-exhausted', `a message of ${bytes} bytes is over the ${messageBytesMax} allowed`));
      return;
    }
    this.#outflow.sent(bytes);
    this.#hasSent = true;
    this.#parts.call.sendMessage(grpcMessage(ownedParts), () => this.#written(bytes));
  }

  release(receivedBytes: number): void {
    this.#inflow.released(receivedBytes);
  }

  close(status: Status): void {
    if (this.#isOver) return;
    this.#ownEnd = status;
    this.#inflow.stop();
    // A caller that reads nothing would pin what was sent to it for as long as it likes.
    const { call, cutConnection, closeFlushMsMax } = this.#parts;
    if (this.#deadlineAtMs === Infinity) this.#setTimer(closeFlushMsMax, () => cutConnection(this.#peer));
    call.sendStatus(toGrpcStatus(status, this.#lateStatus && this.#hasSent));
  }

  /** The connection is about to go: nothing can be told to the caller any more. */
  abandon(status: Status): void {
    this.#inflow.stop();
    process.nextTick(() => this.#finish(status));
  }

  get #isOver(): boolean {
    return this.#closed || this.#ownEnd !== undefined;
  }

  #accept(metadata: Metadata): void {
    const { call, method, acceptor } = this.#parts;
    const deadlineAtMs = Number(call.getDeadline());
    this.#lateStatus = wantsLateStatus(metadata);
    this.#parts.onOpen(this);
    this.#setDeadline(deadlineAtMs);
    const incoming = {
      method,
      headers: headersOf(metadata),
      peer: this.#peer,
      authority: call.getHost(),
      deadlineMs: deadlineAtMs === Infinity ? undefined : Math.max(0, deadlineAtMs - Date.now()),
    };
    try {
      this.#handlers = acceptor(incoming, this);
    } catch (fault) {
      this.close(this.#parts.faults.handlerThrew(fault, { method, peer: incoming.peer }));
    }
    this.#inflow.pull();
  }

  #setDeadline(deadlineAtMs: number): void {
    if (deadlineAtMs === Infinity) return;
    const remainingMs = Math.max(0, deadlineAtMs - Date.now());
    this.#deadlineAtMs = deadlineAtMs;
    this.#deadlineSlackMs = Math.min(deadlineSlackMsMax, remainingMs / 4);
    // grpc-js ends the call as well, but only once the caller has taken everything that waits to be sent.
    this.#setTimer(remainingMs, () => this.#outliveDeadline());
  }

  #outliveDeadline(): void {
    const { call, cutConnection, closeFlushMsMax } = this.#parts;
    this.#setTimer(closeFlushMsMax, () => cutConnection(this.#peer));
    const late = statusOf('deadline-exceeded', 'the deadline of the caller has passed');
    if (this.#ownEnd === undefined) call.sendStatus(toGrpcStatus(late, false));
    this.#ownEnd = late;
    this.#inflow.stop();
    this.#tellClosed(late);
  }

  #setTimer(delayMs: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs).unref();
  }

  #written(bytes: number): void {
    if (this.#closed) return;
    const creditIsBack = this.#outflow.written(bytes);
    if (creditIsBack && !this.#isOver) this.#guarded((handlers) => handlers.onCredit());
  }

  #received(message: Uint8Array): void {
    this.#inflow.received(message.length, () => this.#guarded((handlers) => handlers.onMessage(message)));
  }

  #endSeenFromHere(): Status {
    const isLate = Date.now() >= this.#deadlineAtMs - this.#deadlineSlackMs;
    if (isLate) return statusOf('deadline-exceeded', 'the deadline of the caller has passed');
    return this.#ownEnd ?? statusOf('cancelled', 'the caller is gone');
  }

  /** The call is over for grpc-js too: nothing of it is left. */
  #finish(status: Status): void {
    clearTimeout(this.#timer);
    this.#inflow.stop();
    this.#parts.onGone(this);
    this.#tellClosed(status);
  }

  #tellClosed(status: Status): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#guarded((handlers) => handlers.onClose(status));
  }

  #guarded(callHandler: (handlers: StreamHandlers) => void): void {
    if (this.#handlers === undefined) return;
    try {
      callHandler(this.#handlers);
    } catch (fault) {
      const { method, faults } = this.#parts;
      this.close(faults.handlerThrew(fault, { method, peer: this.#peer }));
    }
  }
}

function headersOf(metadata: Metadata): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(metadata.getMap())) if (typeof value === 'string') headers[name] = value;
  return headers;
}
