/**
 * The acceptor's end of a stream, on a call of a grpc-js server.
 *
 * It is a server interceptor that never passes the call on: interceptors are grpc-js' public way to see a call
 * as it is, one read and one write at a time. The handlers' duplex streams above them read 16 messages ahead,
 * 128 MiB with messages of the largest size, whatever the window says.
 * Read next: grpc-inflow.ts, grpc-outflow.ts, grpc-listener.ts.
 */
import { type Metadata, ServerInterceptingCall } from '@grpc/grpc-js';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { assert } from '../base/assert.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { AcceptedStream, OwnedParts, StreamAcceptor, StreamHandlers, StreamLimits } from '../ports/stream.ts';
import { Arrivals } from './grpc-arrivals.ts';
import type { HandlerFaults } from './grpc-faults.ts';
import { http2StreamOf } from './grpc-http2-servers.ts';
import { Inflow } from './grpc-inflow.ts';
import type { ListenerLimits } from './grpc-options.ts';
import { Outflow } from './grpc-outflow.ts';
import type { ReceiveBudget } from './grpc-receive-budget.ts';
import { bytesOf, grpcMessage } from './grpc-rope.ts';
import { toGrpcStatus, wantsLateStatus } from './grpc-status.ts';

export type GrpcServerCall = ConstructorParameters<typeof ServerInterceptingCall>[0];

export interface AcceptedStreamParts {
  readonly method: string;
  readonly call: GrpcServerCall;
  readonly acceptor: StreamAcceptor;
  readonly limits: StreamLimits;
  readonly faults: HandlerFaults;
  readonly listenerLimits: ListenerLimits;
  readonly budget: ReceiveBudget;
  readonly onOpen: (stream: GrpcAcceptedStream) => void;
  readonly onGone: (stream: GrpcAcceptedStream) => void;
}

/**
 * A caller cancels when its deadline passes, and the deadline passes later here, because it began when the call
 * arrived: a cancellation in the last quarter, or second, is taken for it. Either way the caller is gone.
 */
const deadlineSlackMsMax = 1000;

/** How long a caller may take to end its half of a stream that has its status. */
const farewellMsMax = 2000;

export class GrpcAcceptedStream extends ServerInterceptingCall implements AcceptedStream {
  readonly #parts: AcceptedStreamParts;
  readonly #outflow: Outflow;
  readonly #inflow: Inflow;
  readonly #arrivals: Arrivals;
  /** Below grpc-js; undefined when it is not where it was. */
  readonly #http2Stream: ServerHttp2Stream | undefined;
  /** Kept, because a socket that is gone has no address. */
  readonly #peer: string;
  #handlers: StreamHandlers | undefined;
  #deadlineAtMs = Infinity;
  #deadlineSlackMs = 0;
  #lateStatus = false;
  #hasSent = false;
  /** The status that this side ended the stream with; from then on nothing is sent or delivered. */
  #ownEnd: Status | undefined;
  /** The handlers were told. */
  #closed = false;
  /** Nothing is left for grpc-js to do. */
  #isGone = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AcceptedStreamParts) {
    super(parts.call);
    this.#parts = parts;
    this.#peer = parts.call.getPeer();
    this.#outflow = new Outflow(parts.limits.windowBytes);
    this.#inflow = new Inflow(parts.limits.windowBytes, () => parts.call.startRead());
    this.#arrivals = new Arrivals(parts.budget, this.#peer);
    const http2Stream = http2StreamOf(parts.call);
    this.#http2Stream = http2Stream.ok ? http2Stream.value : undefined;
    this.#http2Stream?.on('data', (chunk: Uint8Array) => this.#arrived(chunk.length));
    this.#http2Stream?.once('close', () => {
      clearTimeout(this.#timer);
      this.#arrivals.forget();
    });
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
    // A caller that reads nothing would pin what was sent to it for as long as it likes, or as its deadline is far.
    const { closeFlushMsMax } = this.#parts.listenerLimits;
    if (this.#deadlineAtMs - Date.now() > closeFlushMsMax) this.#resetAfter(closeFlushMsMax);
    this.#parts.call.sendStatus(toGrpcStatus(status, this.#lateStatus && this.#hasSent));
  }

  /** Ends the stream if its caller began a message and does not end it. Called now and then. */
  endIfOwed(nowMs: number): void {
    const { messageMsMax } = this.#parts.listenerLimits;
    if (!this.#inflow.isReading) this.#arrivals.heldBack(nowMs);
    else if (this.#arrivals.owedForMs(nowMs) > messageMsMax)
      this.close(statusOf('resource-exhausted', `a message has not arrived whole in ${messageMsMax} ms`));
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
    this.#resetAfter(this.#parts.listenerLimits.closeFlushMsMax);
    const late = statusOf('deadline-exceeded', 'the deadline of the caller has passed');
    if (this.#ownEnd === undefined) this.#parts.call.sendStatus(toGrpcStatus(late, false));
    this.#ownEnd = late;
    this.#inflow.stop();
    this.#tellClosed(late);
  }

  /** Whatever the caller still owes or has not taken by then. */
  #resetAfter(delayMs: number): void {
    this.#setTimer(delayMs, () => this.#http2Stream?.close(constants.NGHTTP2_CANCEL));
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

  #arrived(bytes: number): void {
    if (this.#isOver || this.#arrivals.arrived(bytes, performance.now())) return;
    // Reset, not closed with words: what it sent is given up at once, for the others. grpc-js callers hear the same.
    this.#ownEnd = statusOf('resource-exhausted', 'too many bytes of unfinished messages at once');
    this.#inflow.stop();
    this.#http2Stream?.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  #received(message: Uint8Array): void {
    this.#arrivals.delivered(message.length, performance.now());
    this.#inflow.received(message.length, () => this.#guarded((handlers) => handlers.onMessage(message)));
  }

  #endSeenFromHere(): Status {
    const isLate = Date.now() >= this.#deadlineAtMs - this.#deadlineSlackMs;
    if (isLate) return statusOf('deadline-exceeded', 'the deadline of the caller has passed');
    return this.#ownEnd ?? statusOf('cancelled', 'the caller is gone');
  }

  /** The call is over for grpc-js too: nothing of it is left. */
  #finish(status: Status): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#timer);
    // The caller has its status. If it does not end its half too, grpc-js keeps what arrived of a message.
    if (this.#http2Stream?.closed === false) this.#resetAfter(farewellMsMax);
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
