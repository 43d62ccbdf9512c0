/**
 * From services to the acceptors that a listener needs, one per method.
 *
 * Everything that is the same for all methods happens here, in this order: room for one more open call, the
 * request context, the authorize hook, the method itself, and the quota hook at its first message. What methods
 * do with messages is in unary-method.ts and in the streaming services. Bounds: `callsOpenMax` for the whole listener.
 */
import { assert } from '../base/assert.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { AcceptedStream, IncomingStream, StreamAcceptor, StreamHandlers } from '../ports/stream.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import type { CallHooks } from './call-hooks.ts';
import { requestContextOf, type RequestContext } from './request-context.ts';

/** What a service's methods run on. */
export interface ServiceHost {
  readonly clock: Clock;
  readonly eventLog: EventLog;
  readonly hooks: CallHooks;
  /** Name of the listener, for contexts and logs. */
  readonly listener: string;
  /** A broken invariant inside a handler: the process must not go on. */
  readonly onBug: (bug: unknown) => void;
  readonly callsOpenMax: number;
}

/** One method, ready for a call whose context is made and authorized. */
export type Method = (call: AdmittedCall, host: ServiceHost) => StreamHandlers;

export interface AdmittedCall {
  readonly context: RequestContext;
  readonly incoming: IncomingStream;
  readonly stream: AcceptedStream;
}

export interface Service {
  /** Full name, such as odradek.v1.QuorumService. */
  readonly name: string;
  /** By the name that the proto file gives the method. */
  readonly methods: Readonly<Record<string, Method>>;
}

export function serviceTable(services: readonly Service[], host: ServiceHost): ReadonlyMap<string, StreamAcceptor> {
  const openCalls = new OpenCalls(host.callsOpenMax);
  const table = new Map<string, StreamAcceptor>();
  for (const service of services) {
    for (const [name, method] of Object.entries(service.methods)) {
      const path = `${service.name}/${name}`;
      assert(!table.has(path), 'a method is served once', { path });
      table.set(path, acceptorOf(method, host, openCalls));
    }
  }
  return table;
}

/** Why `cancelled` fires. The default reason is an error with a stack, made for every single call. */
const nobodyWaits = 'nobody waits for the answer any more';

class OpenCalls {
  readonly openMax: number;
  #open = 0;

  constructor(openMax: number) {
    assert(openMax >= 1, 'a listener has room for at least one call', { openMax });
    this.openMax = openMax;
  }

  enter(): Result<void, ApiProblem> {
    if (this.#open === this.openMax) return refused(tooManyCalls(this.openMax));
    this.#open += 1;
    return ok(undefined);
  }

  leave(): void {
    assert(this.#open > 0, 'a call leaves once, after it entered');
    this.#open -= 1;
  }
}

function tooManyCalls(openMax: number): ApiProblem {
  return {
    error: 'limit-reached',
    message: `this node already answers ${openMax} calls at once (callsOpenMax); wait for some of them, then retry`,
    metadata: { limit: 'callsOpenMax', value: String(openMax) },
    retryAfterMs: 100,
  };
}

function acceptorOf(method: Method, host: ServiceHost, openCalls: OpenCalls): StreamAcceptor {
  return (incoming, stream) => {
    const room = openCalls.enter();
    if (!room.ok) return refuse(stream, room.problem);

    const gone = new AbortController();
    let handlers: StreamHandlers;
    try {
      handlers = handlersOf({ method, host, incoming, stream, cancelled: gone.signal });
    } catch (fault) {
      // Nobody is told of the end of a stream that has no handlers.
      openCalls.leave();
      throw fault;
    }
    return {
      onMessage: (ownedMessage) => handlers.onMessage(ownedMessage),
      onCredit: () => handlers.onCredit(),
      onEnd: () => handlers.onEnd(),
      onClose(status) {
        openCalls.leave();
        gone.abort(nobodyWaits);
        handlers.onClose(status);
      },
    };
  };
}

interface EnteredCall {
  readonly method: Method;
  readonly host: ServiceHost;
  readonly incoming: IncomingStream;
  readonly stream: AcceptedStream;
  readonly cancelled: AbortSignal;
}

function handlersOf({ method, host, incoming, stream, cancelled }: EnteredCall): StreamHandlers {
  const { clock, listener } = host;
  const context = requestContextOf({ incoming, listener, clock, cancelled });
  const allowed = context.ok ? host.hooks.authorize(context.value) : context;
  if (!context.ok || !allowed.ok) return refuse(stream, problemIn(allowed));
  const call = { context: context.value, incoming, stream };
  return withQuota(method(call, host), call, host);
}

/** Asks the quota hook at the first message. After its refusal the method hears nothing but the end. */
function withQuota(
  ofMethod: StreamHandlers,
  { context, stream }: AdmittedCall,
  { hooks }: ServiceHost,
): StreamHandlers {
  let handlers = ofMethod;
  let isAsked = false;
  return {
    onMessage(ownedMessage) {
      const room = isAsked ? ok(undefined) : hooks.admit(context, ownedMessage.length);
      isAsked = true;
      if (!room.ok) handlers = { ...refuse(stream, room.problem), onClose: (status) => ofMethod.onClose(status) };
      handlers.onMessage(ownedMessage);
    },
    onCredit: () => handlers.onCredit(),
    onEnd: () => handlers.onEnd(),
    onClose: (status) => handlers.onClose(status),
  };
}

function problemIn(result: Result<unknown, ApiProblem>): ApiProblem {
  assert(!result.ok, 'only a refused call is refused');
  return result.problem;
}

/** Answers at once: what still arrives is passed over and its credit given back. */
function refuse(stream: AcceptedStream, problem: ApiProblem): StreamHandlers {
  stream.close(statusOfProblem(problem));
  return {
    onMessage: (ownedMessage) => stream.release(ownedMessage.length),
    onCredit() {},
    onEnd() {},
    onClose() {},
  };
}
