/**
 * LogService/ProduceStream: requests to produce, worked on side by side and answered as each is done.
 *
 * Batches reach their partitions in the order in which they arrive, so a producer's sequence holds however many
 * requests are under way. Bounds: a request gives its credit back with its answer, so that a caller is ahead of its
 * answers by one window, and by `requestsWaitingMax` requests.
 */
import { RingQueue } from '../base/ring-queue.ts';
import { statusOk } from '../base/status.ts';
import type { StreamHandlers } from '../ports/stream.ts';
import { produceStreamCallCodec, produceStreamReplyCodec } from '../wire/produce-fetch-messages.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import type { OpenStream } from './open-streams.ts';
import { produce, type LogServiceParts } from './partition-calls.ts';
import type { AdmittedCall, Method, ServiceHost } from './service-table.ts';
import { undecodable } from './unary-method.ts';

export const requestsWaitingMax = 4096;

export function produceStream(parts: LogServiceParts): Method {
  return (call, host) => {
    const stream = new ProduceStream(parts, call, host);
    parts.streams.add(stream);
    return stream;
  };
}

interface Answer {
  readonly ownedReply: Uint8Array;
  readonly requestBytes: number;
}

class ProduceStream implements StreamHandlers, OpenStream {
  readonly #parts: LogServiceParts;
  readonly #call: AdmittedCall;
  readonly #host: ServiceHost;
  /** Done, and not sent for want of credit. */
  readonly #answers = new RingQueue<Answer>(requestsWaitingMax);
  /** Requests whose answers have not been sent. */
  #waiting = 0;
  #hasEnded = false;
  #isClosed = false;

  constructor(parts: LogServiceParts, call: AdmittedCall, host: ServiceHost) {
    this.#parts = parts;
    this.#call = call;
    this.#host = host;
  }

  onMessage(ownedMessage: Uint8Array): void {
    if (this.#isClosed) return;
    const { context } = this.#call;
    const call = produceStreamCallCodec.decode(ownedMessage);
    if (!call.ok) return this.refuse(undecodable(context.method, call.problem));
    const host = this.#parts.find();
    if (!host.ok) return this.refuse(host.problem);
    if (this.#waiting >= requestsWaitingMax) return this.refuse(tooManyRequests);
    this.#waiting += 1;
    const { number } = call.value;
    produce({ ...this.#parts, host: host.value, context }, call.value).then((results) => {
      const ownedReply = produceStreamReplyCodec.encode({ number, results });
      this.#answers.push({ ownedReply, requestBytes: ownedMessage.length });
      this.#flush();
    }, this.#host.onBug);
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
    this.#answers.clear();
    this.#parts.streams.delete(this);
  }

  /** What becomes of the requests that have no answer yet, the caller does not learn. */
  refuse(problem: ApiProblem): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#call.stream.close(statusOfProblem(problem));
  }

  #flush(): void {
    const { stream } = this.#call;
    while (!this.#isClosed && stream.creditBytes > 0) {
      const answer = this.#answers.shift();
      if (answer === undefined) break;
      this.#waiting -= 1;
      stream.send([answer.ownedReply]);
      stream.release(answer.requestBytes);
    }
    if (this.#isClosed || !this.#hasEnded || this.#waiting > 0) return;
    this.#isClosed = true;
    stream.close(statusOk);
  }
}

const tooManyRequests: ApiProblem = {
  error: 'limit-reached',
  message: `${requestsWaitingMax} requests of this stream wait already (requestsWaitingMax); put more into each of them`,
  metadata: { limit: 'requestsWaitingMax', value: String(requestsWaitingMax) },
};
