/**
 * Unary calls on top of streams: one message each way, as gRPC does it on the wire.
 */
import { assert } from '../base/assert.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { statusOf, statusOk, type Status } from '../base/status.ts';
import type {
  AcceptedStream,
  Channel,
  IncomingStream,
  OwnedParts,
  StreamAcceptor,
  StreamHandlers,
  StreamOptions,
} from './stream.ts';

/** Never rejects: a call that fails resolves to the status that says why. */
export function callUnary(
  channel: Channel,
  { method, request, options }: { method: string; request: OwnedParts; options: StreamOptions },
): Promise<Result<Uint8Array, Status>> {
  return new Promise((resolve) => {
    let reply: Uint8Array | undefined;
    let surplus = false;
    const stream = channel.open(method, options, {
      onMessage(ownedMessage) {
        if (reply === undefined) reply = ownedMessage;
        else surplus = true;
        stream.release(ownedMessage.length);
      },
      onCredit() {},
      onEnd() {},
      onClose(status) {
        if (status.name !== 'ok') resolve(refused(status));
        else if (reply === undefined || surplus)
          resolve(refused(statusOf('internal', `${method} did not answer with exactly one message`)));
        else resolve(ok(reply));
      },
    });
    stream.send(request);
    stream.end();
  });
}

/** Why `closed` fires. The default reason is an error with a stack, made for every single call. */
const nobodyWaits = 'nobody waits for the answer any more';

/** A call that is being answered: `closed` fires once when nobody waits for the answer any more. */
export interface UnaryCall {
  readonly incoming: IncomingStream;
  readonly closed: AbortSignal;
}

export type UnaryHandler = (call: UnaryCall, ownedRequest: Uint8Array) => Promise<Result<OwnedParts, Status>>;

/** Waits for the one request, lets `handle` answer it, and ends the call. A handler that throws ends the call as `internal`. */
export function acceptUnary(handle: UnaryHandler, onFault: (fault: unknown) => void): StreamAcceptor {
  return (incoming, stream) => unaryHandlers({ incoming, stream, handle, onFault });
}

interface Acceptance {
  readonly incoming: IncomingStream;
  readonly stream: AcceptedStream;
  readonly handle: UnaryHandler;
  readonly onFault: (fault: unknown) => void;
}

function unaryHandlers({ incoming, stream, handle, onFault }: Acceptance): StreamHandlers {
  const gone = new AbortController();
  let request: Uint8Array | undefined;
  let open = true;

  const finish = (outcome: Result<OwnedParts, Status>): void => {
    if (!open) return;
    open = false;
    if (outcome.ok) stream.send(outcome.value);
    stream.close(outcome.ok ? statusOk : outcome.problem);
  };
  return {
    onMessage(ownedMessage) {
      stream.release(ownedMessage.length);
      if (request === undefined) request = ownedMessage;
      else finish(refused(statusOf('invalid-argument', `${incoming.method} takes exactly one request`)));
    },
    onCredit() {},
    onEnd() {
      if (!open) return;
      if (request === undefined) {
        finish(refused(statusOf('invalid-argument', `${incoming.method} takes exactly one request`)));
        return;
      }
      handle({ incoming, closed: gone.signal }, request).then(finish, (fault: unknown) => {
        onFault(fault);
        finish(refused(statusOf('internal', `${incoming.method} met a fault of this node; its log tells more`)));
      });
    },
    onClose(status) {
      assert(status.name !== 'ok' || !open, 'a unary call closes as ok only after its answer', {
        method: incoming.method,
      });
      open = false;
      gone.abort(nobodyWaits);
    },
  };
}
