/**
 * The opener's end of a stream, on a call of a grpc-js channel.
 *
 * grpc-js takes one message at a time (it keeps a single slot for a message that waits for the connection), so the
 * others wait here, bounded by credit, and leave together (grpc-rope.ts). It never calls back from within a call,
 * so neither does a stream.
 * Read next: grpc-inflow.ts, grpc-outflow.ts, grpc-channel.ts.
 */
import type { Channel as GrpcClientChannel, Metadata, StatusObject } from '@grpc/grpc-js';
import { assert } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';
import { statusCodes, statusOf, type Status } from '../base/status.ts';
import type { OpenedStream, OwnedParts, StreamHandlers, StreamLimits } from '../ports/stream.ts';
import type { HandlerFaults } from './grpc-faults.ts';
import { Inflow } from './grpc-inflow.ts';
import { Outflow } from './grpc-outflow.ts';
import { bytesOf, grpcMessage, grpcMessages, ropesWork } from './grpc-rope.ts';
import { fromGrpcStatus } from './grpc-status.ts';

/** What one write holds at most, unless a message alone is larger: half a window, so that the next half fills meanwhile. */
const writeBytesMax = 512 * 1024;
const writeMessagesMax = ropesWork ? 1024 : 1;

export type GrpcCall = ReturnType<GrpcClientChannel['createCall']>;

export interface OpenedStreamParts {
  readonly method: string;
  readonly call: GrpcCall;
  readonly handlers: StreamHandlers;
  readonly limits: StreamLimits;
  readonly faults: HandlerFaults;
  readonly onGone: () => void;
}

export class GrpcOpenedStream implements OpenedStream {
  readonly #parts: OpenedStreamParts;
  readonly #outflow: Outflow;
  readonly #inflow: Inflow;
  readonly #outbox: RingQueue<OwnedParts>;
  #writing = false;
  #ended = false;
  #halfClosed = false;
  /** The status that this side ended the stream with; from then on nothing is sent or delivered. */
  #ownEnd: Status | undefined;
  #closed = false;

  constructor(parts: OpenedStreamParts) {
    this.#parts = parts;
    this.#outflow = new Outflow(parts.limits.windowBytes);
    this.#inflow = new Inflow(parts.limits.windowBytes, () => parts.call.startRead());
    // Messages of at least one byte each, within the window, and the one that overdraws it.
    this.#outbox = new RingQueue(parts.limits.windowBytes + 1);
  }

  start(metadata: Metadata): void {
    this.#parts.call.start(metadata, {
      onReceiveMetadata: () => {},
      onReceiveMessage: (message: Uint8Array) => this.#received(message),
      onReceiveStatus: (status) => this.#finish(status),
    });
    this.#inflow.pull();
  }

  get creditBytes(): number {
    return this.#isOver ? 0 : this.#outflow.creditBytes;
  }

  send(ownedParts: OwnedParts): void {
    if (this.#isOver) return;
    assert(!this.#ended, 'nothing is sent after the end', { method: this.#parts.method });
    assert(this.#outflow.creditBytes > 0, 'a message is sent only while there is credit', {
      method: this.#parts.method,
    });
    const bytes = bytesOf(ownedParts);
    const { messageBytesMax } = this.#parts.limits;
    if (bytes > messageBytesMax) {
      this.cancel(statusOf('resource-exhausted', `a message of ${bytes} bytes is over the ${messageBytesMax} allowed`));
      return;
    }
    this.#outflow.sent(bytes);
    const queued = this.#outbox.push(ownedParts);
    assert(queued.ok, 'a stream queues no more messages than its window has bytes', { method: this.#parts.method });
    this.#writeNext();
  }

  release(receivedBytes: number): void {
    this.#inflow.released(receivedBytes);
  }

  end(): void {
    if (this.#isOver || this.#ended) return;
    this.#ended = true;
    this.#halfCloseIfDone();
  }

  reset(): void {
    this.cancel(statusOf('cancelled', 'reset by the opener'));
  }

  cancel(status: Status): void {
    if (this.#isOver) return;
    this.#ownEnd = status;
    this.#inflow.stop();
    this.#outbox.clear();
    this.#parts.call.cancelWithStatus(statusCodes[status.name], status.message);
  }

  get #isOver(): boolean {
    return this.#closed || this.#ownEnd !== undefined;
  }

  #writeNext(): void {
    if (this.#writing) return;
    const first = this.#outbox.shift();
    if (first === undefined) return;
    this.#writing = true;
    const { call } = this.#parts;
    const batch = [first];
    let bytes = bytesOf(first);
    for (let next = this.#outbox.peek(); next !== undefined; next = this.#outbox.peek()) {
      if (bytes + bytesOf(next) > writeBytesMax || batch.length === writeMessagesMax) break;
      batch.push(next);
      bytes += bytesOf(next);
      this.#outbox.shift();
    }
    const message = batch.length === 1 ? grpcMessage(first) : grpcMessages(batch);
    call.sendMessageWithContext({ callback: () => this.#written(bytes) }, message);
    // With the last message, not after its callback: a unary request then leaves in one packet.
    this.#halfCloseIfDone();
  }

  #written(bytes: number): void {
    this.#writing = false;
    if (this.#isOver) return;
    const creditIsBack = this.#outflow.written(bytes);
    this.#writeNext();
    if (creditIsBack) this.#guarded(() => this.#parts.handlers.onCredit());
  }

  #halfCloseIfDone(): void {
    if (!this.#ended || this.#halfClosed || this.#outbox.length > 0) return;
    this.#halfClosed = true;
    this.#parts.call.halfClose();
  }

  #received(message: Uint8Array): void {
    this.#inflow.received(message.length, () => this.#guarded(() => this.#parts.handlers.onMessage(message)));
  }

  #finish(status: StatusObject): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inflow.stop();
    this.#outbox.clear();
    this.#parts.onGone();
    this.#guarded(() => this.#parts.handlers.onClose(this.#ownEnd ?? fromGrpcStatus(status)));
  }

  #guarded(callHandler: () => void): void {
    try {
      callHandler();
    } catch (fault) {
      const { method, call, faults } = this.#parts;
      this.cancel(faults.handlerThrew(fault, { method, peer: call.getPeer() }));
    }
  }
}
