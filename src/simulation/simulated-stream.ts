/**
 * One end of a simulated stream: credit, order and the one close that ports/stream.ts promises.
 *
 * Both ends are the same class, because only a few rules differ: the opener ends its half and may reset, the
 * acceptor closes with a status. What happens to frames between the ends is stream-pipe.ts; which ends die of
 * which fault is simulated-network.ts.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { AcceptedStream, OpenedStream, OwnedParts, StreamHandlers, StreamLimits } from '../ports/stream.ts';
import type { Incarnation } from './incarnation.ts';
import type { ScheduledAction } from './simulated-scheduler.ts';
import type { StreamFrame, StreamPipe } from './stream-pipe.ts';

export interface StreamSideOptions {
  readonly incarnation: Incarnation;
  /** How the trace names the stream. */
  readonly name: string;
  readonly role: 'opener' | 'acceptor';
  readonly limits: StreamLimits;
  readonly deadlineMs: number | undefined;
  readonly outgoing: StreamPipe;
  /** The handlers have had, or will in a moment have, their onClose. */
  readonly onOver: (side: StreamSide) => void;
}

export class StreamSide implements OpenedStream, AcceptedStream {
  readonly incarnation: Incarnation;
  readonly name: string;
  readonly outgoing: StreamPipe;
  readonly #role: 'opener' | 'acceptor';
  readonly #limits: StreamLimits;
  readonly #onOver: (side: StreamSide) => void;
  readonly #deadline: ScheduledAction | undefined;
  #handlers: StreamHandlers | undefined;
  #creditBytes: number;
  #heldBytes = 0;
  #isOver = false;
  #hasEnded = false;
  /** The acceptor has closed; the status follows what was sent, so it waits for credit like a message. */
  #closesAs: Status | undefined;

  constructor({ incarnation, name, role, limits, deadlineMs, outgoing, onOver }: StreamSideOptions) {
    this.incarnation = incarnation;
    this.name = name;
    this.outgoing = outgoing;
    this.#role = role;
    this.#limits = limits;
    this.#onOver = onOver;
    this.#creditBytes = limits.windowBytes;
    this.#deadline = deadlineMs === undefined ? undefined : this.#endAfter(deadlineMs);
  }

  /** An acceptor gets its handlers only after its user has seen the stream. */
  bind(handlers: StreamHandlers): void {
    assert(this.#handlers === undefined, 'a stream has one set of handlers', { stream: this.name });
    this.#handlers = handlers;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get creditBytes(): number {
    return this.#isOver || this.#closesAs !== undefined ? 0 : this.#creditBytes;
  }

  send(ownedParts: OwnedParts): void {
    if (!this.#mayAct('send')) return;
    assert(this.#creditBytes > 0, 'a message is sent only with credit', { stream: this.name });
    assert(!this.#hasEnded, 'no message follows the end of a half', { stream: this.name });
    // A copy: whoever changes a message after sending it must not reach into another process.
    const bytes = joined(ownedParts);
    this.#creditBytes -= bytes.length;
    this.outgoing.send({ type: 'message', bytes });
  }

  release(receivedBytes: number): void {
    if (!this.#mayAct('release')) return;
    assert(receivedBytes >= 0 && receivedBytes <= this.#heldBytes, 'only what was received is released', {
      stream: this.name,
      receivedBytes,
      heldBytes: this.#heldBytes,
    });
    if (receivedBytes === 0) return;
    this.#heldBytes -= receivedBytes;
    this.outgoing.send({ type: 'credit', bytes: receivedBytes });
  }

  end(): void {
    assert(this.#role === 'opener', 'only the opener ends its half', { stream: this.name });
    if (!this.#mayAct('end') || this.#hasEnded) return;
    this.#hasEnded = true;
    this.outgoing.send({ type: 'end' });
  }

  reset(): void {
    if (!this.#mayAct('reset')) return;
    const status = statusOf('cancelled', 'the stream was reset');
    this.breakOff(status, status);
  }

  close(status: Status): void {
    assert(this.#role === 'acceptor', 'only the acceptor closes with a status', { stream: this.name });
    if (!this.#mayAct('close')) return;
    this.#closesAs = status;
    if (this.#creditBytes > 0) this.breakOff(status, status);
  }

  /** Over for this end, in a turn of its own; the other end is told what it should see, if anything can reach it. */
  breakOff(status: Status, told: Status): void {
    if (this.#isOver) return;
    this.outgoing.send({ type: 'over', status: told });
    const { incarnation } = this;
    incarnation.world.scheduler.soon(() => incarnation.enter(() => this.#handlers?.onClose(status)));
    this.#finish(status);
  }

  /** Frames from the other end, as code of this process. */
  receive(frames: readonly StreamFrame[]): void {
    for (const frame of frames) {
      if (this.#isOver) return;
      if (this.#closesAs === undefined) this.#receiveOne(frame);
      else this.#receiveWhileClosing(frame, this.#closesAs);
    }
  }

  /** The process died: nobody is left to hear anything. */
  forget(): void {
    this.#isOver = true;
    this.#deadline?.cancel();
  }

  #receiveOne(frame: StreamFrame): void {
    const handlers = this.#handlers;
    assert(handlers !== undefined, 'an end that receives has handlers', { stream: this.name });
    switch (frame.type) {
      case 'open':
        break;
      case 'message':
        this.#receiveMessage(frame.bytes, handlers);
        break;
      case 'credit': {
        const before = this.#creditBytes;
        this.#creditBytes += frame.bytes;
        assert(this.#creditBytes <= this.#limits.windowBytes, 'credit never exceeds the window', { stream: this.name });
        if (before <= 0 && this.#creditBytes > 0) handlers.onCredit();
        break;
      }
      case 'end':
        handlers.onEnd();
        break;
      case 'over':
        this.#finish(frame.status);
        handlers.onClose(frame.status);
        break;
      default:
        assertUnreachable(frame);
    }
  }

  #receiveWhileClosing(frame: StreamFrame, closesAs: Status): void {
    if (frame.type === 'over') {
      this.#finish(frame.status);
      this.#handlers?.onClose(frame.status);
    } else if (frame.type === 'credit') {
      this.#creditBytes += frame.bytes;
      if (this.#creditBytes > 0) this.breakOff(closesAs, closesAs);
    }
  }

  #receiveMessage(bytes: Uint8Array, handlers: StreamHandlers): void {
    const { world, processName } = this.incarnation;
    if (bytes.length > this.#limits.messageBytesMax) {
      const tooLarge = statusOf(
        'resource-exhausted',
        `a message of ${bytes.length} bytes exceeds the limit of ${this.#limits.messageBytesMax}`,
      );
      // An acceptor answers with its refusal; an opener has nobody to answer to and cancels.
      this.breakOff(tooLarge, this.#role === 'acceptor' ? tooLarge : statusOf('cancelled', 'the stream was reset'));
      return;
    }
    assert(this.#heldBytes < this.#limits.windowBytes, 'nobody sends without credit', { stream: this.name });
    this.#heldBytes += bytes.length;
    world.trace.record(processName, `message on ${this.name}, ${bytes.length} B`);
    world.trace.foldBytes(bytes);
    handlers.onMessage(bytes);
  }

  #finish(status: Status): void {
    assert(!this.#isOver, 'a stream ends once', { stream: this.name });
    this.forget();
    this.incarnation.world.trace.record(this.incarnation.processName, `over ${this.name}: ${status.name}`);
    this.#onOver(this);
  }

  #endAfter(deadlineMs: number): ScheduledAction {
    const status = statusOf('deadline-exceeded', `no end within ${deadlineMs} ms`);
    return this.incarnation.world.scheduler.after(Math.max(0, deadlineMs), () =>
      this.incarnation.enter(() => this.breakOff(status, status)),
    );
  }

  #mayAct(operation: string): boolean {
    return this.incarnation.mayAct(operation) && !this.#isOver && this.#closesAs === undefined;
  }
}

function joined(parts: OwnedParts): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
