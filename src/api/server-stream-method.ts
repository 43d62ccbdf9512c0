/**
 * A method with one request and a stream of replies: the request is complete, decoded and alone before the method's
 * work begins, and nothing is sent once the caller has gone.
 */
import type { Codec } from '../ports/codec.ts';
import type { StreamHandlers } from '../ports/stream.ts';
import { statusOk } from '../base/status.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import type { RequestContext } from './request-context.ts';
import type { AdmittedCall, Method, ServiceHost } from './service-table.ts';
import { malformed, undecodable } from './unary-method.ts';

/** The call as the method's work sees it. */
export class StreamedCall<Request> {
  readonly context: RequestContext;
  readonly request: Request;
  /** A fault of ours: the process must not go on. */
  readonly onBug: ServiceHost['onBug'];
  readonly #stream: AdmittedCall['stream'];
  #isOpen = true;

  constructor({ context, stream }: AdmittedCall, request: Request, { onBug }: ServiceHost) {
    this.context = context;
    this.request = request;
    this.onBug = onBug;
    this.#stream = stream;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The reader has room. */
  get mayReply(): boolean {
    return this.#isOpen && this.#stream.creditBytes > 0;
  }

  reply(ownedReply: Uint8Array): void {
    if (this.#isOpen) this.#stream.send([ownedReply]);
  }

  finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stream.close(statusOk);
  }

  refuse(problem: ApiProblem): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stream.close(statusOfProblem(problem));
  }

  /** The caller hung up, or its connection was lost. */
  left(): void {
    this.#isOpen = false;
  }
}

export interface StreamedWork {
  /** There may be room for more replies. Also called once at the beginning. */
  onRoom(): void;
  /** The call has ended, however. */
  onEnd(): void;
}

export function serverStreamMethod<Request>(
  codec: Pick<Codec<Request>, 'decode'>,
  begin: (call: StreamedCall<Request>) => StreamedWork,
): Method {
  return (admitted, host) => {
    const { context, stream } = admitted;
    let call: StreamedCall<Request> | undefined;
    let work: StreamedWork | undefined;
    let isRefused = false;
    const refuse = (problem: ApiProblem): void => {
      if (!isRefused) stream.close(statusOfProblem(problem));
      isRefused = true;
    };
    const handlers: StreamHandlers = {
      onMessage(ownedMessage) {
        stream.release(ownedMessage.length);
        const request = codec.decode(ownedMessage);
        if (!request.ok) refuse(undecodable(context.method, request.problem));
        else if (call !== undefined) refuse(malformed(context.method, 'it takes exactly one request'));
        else call = new StreamedCall(admitted, request.value, host);
      },
      onCredit: () => work?.onRoom(),
      onEnd() {
        if (isRefused) return;
        if (call === undefined) return refuse(malformed(context.method, 'it takes exactly one request'));
        work = begin(call);
        work.onRoom();
      },
      onClose() {
        call?.left();
        work?.onEnd();
      },
    };
    return handlers;
  };
}
