/**
 * A stream of requests that are worked on side by side and answered in the order in which they came.
 *
 * What a unary call costs is mostly the call; here a request costs one message each way. Bounds: a request gives its
 * credit back when its answer has left, so that callers hold at most a window of them, and at most
 * `requestsWaitingMax` at once. The first request that is refused ends the stream with its status: the outcome of the
 * ones after it is unknown to the caller.
 */
import { RingQueue } from '../base/ring-queue.ts';
import type { Result } from '../base/result.ts';
import { statusOf, statusOk, type Status } from '../base/status.ts';
import type { AcceptedStream, OwnedParts, StreamAcceptor, StreamHandlers } from '../ports/stream.ts';

export const requestsWaitingMax = 4096;

type Answer = Result<OwnedParts, Status>;
type Handle = (ownedRequest: Uint8Array) => Promise<Answer>;

export function acceptInOrder(handle: Handle, onFault: (fault: unknown) => void): StreamAcceptor {
  return (_incoming, stream) => new OrderedAnswers({ stream, handle, onFault });
}

interface Parts {
  readonly stream: AcceptedStream;
  readonly handle: Handle;
  readonly onFault: (fault: unknown) => void;
}

interface Waiting {
  readonly requestBytes: number;
  answer: Answer | undefined;
}

class OrderedAnswers implements StreamHandlers {
  readonly #parts: Parts;
  readonly #waiting = new RingQueue<Waiting>(requestsWaitingMax);
  #hasEnded = false;
  #isClosed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  onMessage(ownedMessage: Uint8Array): void {
    if (this.#isClosed) return;
    const waiting: Waiting = { requestBytes: ownedMessage.length, answer: undefined };
    if (!this.#waiting.push(waiting).ok) {
      this.#close(statusOf('resource-exhausted', `${requestsWaitingMax} requests wait already; send fewer at once`));
      return;
    }
    this.#parts.handle(ownedMessage).then(
      (answer) => {
        waiting.answer = answer;
        this.#flush();
      },
      (fault: unknown) => {
        this.#parts.onFault(fault);
        this.#close(statusOf('internal', 'the request met a fault of this node; its log tells more'));
      },
    );
  }

  onCredit(): void {
    this.#flush();
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#flush();
  }

  onClose(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  #flush(): void {
    const { stream } = this.#parts;
    for (;;) {
      if (this.#isClosed) return;
      const first = this.#waiting.peek();
      if (first === undefined) break;
      if (first.answer === undefined || stream.creditBytes <= 0) return;
      if (!first.answer.ok) {
        this.#close(first.answer.problem);
        return;
      }
      this.#waiting.shift();
      stream.send(first.answer.value);
      stream.release(first.requestBytes);
    }
    if (this.#hasEnded) this.#close(statusOk);
  }

  #close(status: Status): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.stream.close(status);
  }
}
