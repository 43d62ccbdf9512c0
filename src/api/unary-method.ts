/**
 * A method with one request and one reply, as a function from value to value.
 *
 * Malformed bytes never reach the handler; a fault that it throws becomes `internal` with a line in the log, and a
 * broken invariant goes to the host, which stops the process. Bounds: a request must be complete within
 * `requestArrivalMsMax`, else half-sent calls would pile up, and has at most the method's `requestBytesMax`, else
 * callers that send one large message each and never end would fill the memory: a gigabyte per 128 calls.
 */
import { InvariantError } from '../base/assert.ts';
import { refused, ok, type Result } from '../base/result.ts';
import type { Codec, Undecodable } from '../ports/codec.ts';
import type { OwnedParts, StreamHandlers } from '../ports/stream.ts';
import { acceptUnary } from '../ports/unary.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import type { RequestContext } from './request-context.ts';
import type { AdmittedCall, Method, ServiceHost } from './service-table.ts';

export const requestArrivalMsMax = 30_000;
export const requestBytesMaxDefault = 64 * 1024;

export type UnaryAnswer<Reply> = Result<Reply, ApiProblem> | Promise<Result<Reply, ApiProblem>>;

export interface UnaryMethod<Request, Reply> {
  readonly request: Pick<Codec<Request>, 'decode'>;
  readonly reply: Pick<Codec<Reply>, 'encode'>;
  /** Default: requestBytesMaxDefault, right for questions; what carries records needs more. */
  readonly requestBytesMax?: number;
  answer(context: RequestContext, request: Request): UnaryAnswer<Reply>;
}

export function unaryMethod<Request, Reply>(method: UnaryMethod<Request, Reply>): Method {
  const { requestBytesMax = requestBytesMaxDefault } = method;
  return (call, host) => {
    const { context, incoming, stream } = call;
    const accept = acceptUnary(
      async (_call, ownedRequest) => {
        const outcome = await answerBytes({ method, host, context, ownedRequest });
        return outcome.ok ? outcome : refused(statusOfProblem(outcome.problem));
      },
      (fault) => host.onBug(fault),
    );
    return withRequestLimits(accept(incoming, stream), call, { host, requestBytesMax });
  };
}

interface UnaryRequest<Request, Reply> {
  readonly method: UnaryMethod<Request, Reply>;
  readonly host: ServiceHost;
  readonly context: RequestContext;
  readonly ownedRequest: Uint8Array;
}

async function answerBytes<Request, Reply>({
  method,
  host,
  context,
  ownedRequest,
}: UnaryRequest<Request, Reply>): Promise<Result<OwnedParts, ApiProblem>> {
  const request = method.request.decode(ownedRequest);
  if (!request.ok) return refused(undecodable(context.method, request.problem));
  try {
    const reply = await method.answer(context, request.value);
    return reply.ok ? ok([method.reply.encode(reply.value)]) : reply;
  } catch (fault) {
    if (fault instanceof InvariantError) throw fault;
    host.eventLog.emit('error', 'a call met a fault', { method: context.method, clientId: context.clientId, fault });
    return refused(internal(context.method));
  }
}

export function undecodable(method: string, { field, why }: Undecodable): ApiProblem {
  if (field === undefined) return malformed(method, why);
  return {
    error: 'invalid-request',
    message: `${method} does not take that: ${why}; correct the field and call again`,
    metadata: { method, field },
    violations: [{ field, description: why }],
  };
}

export function malformed(method: string, why: string): ApiProblem {
  return {
    error: 'invalid-request',
    message: `the request to ${method} cannot be read: ${why}; encode it with the proto files of this release`,
    metadata: { method },
    violations: [{ field: '', description: why }],
  };
}

function internal(method: string): ApiProblem {
  return {
    error: 'internal',
    message: `${method} met a fault of this node; look for "a call met a fault" in its log`,
    metadata: { method },
  };
}

interface RequestLimits {
  readonly host: ServiceHost;
  readonly requestBytesMax: number;
}

function withRequestLimits(
  handlers: StreamHandlers,
  { context, stream }: AdmittedCall,
  { host, requestBytesMax }: RequestLimits,
): StreamHandlers {
  let isRefused = false;
  const refuse = (problem: ApiProblem): void => {
    isRefused = true;
    stream.close(statusOfProblem(problem));
  };
  const timer = host.clock.callAfterMs(requestArrivalMsMax, () => refuse(incomplete(context.method)));
  return {
    onMessage(ownedMessage) {
      if (!isRefused && ownedMessage.length <= requestBytesMax) return handlers.onMessage(ownedMessage);
      stream.release(ownedMessage.length);
      if (!isRefused)
        refuse(tooLarge({ method: context.method, bytes: ownedMessage.length, bytesMax: requestBytesMax }));
    },
    onCredit: () => handlers.onCredit(),
    onEnd() {
      timer.cancel();
      if (!isRefused) handlers.onEnd();
    },
    onClose(status) {
      timer.cancel();
      handlers.onClose(status);
    },
  };
}

function tooLarge({ method, bytes, bytesMax }: { method: string; bytes: number; bytesMax: number }): ApiProblem {
  return {
    error: 'invalid-request',
    message: `a request of ${bytes} bytes is over the ${bytesMax} that ${method} takes; send less at once`,
    metadata: { limit: 'requestBytesMax', value: String(bytesMax) },
  };
}

function incomplete(method: string): ApiProblem {
  return {
    error: 'request-timed-out',
    message: `the request to ${method} was not complete after ${requestArrivalMsMax} ms; send it whole and half-close`,
    metadata: { limit: 'requestArrivalMsMax', value: String(requestArrivalMsMax) },
  };
}
