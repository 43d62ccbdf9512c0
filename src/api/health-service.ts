/**
 * grpc.health.v1.Health over the node's health board.
 *
 * Watch sends the status at once and then at each change. A watcher that reads slowly gets the newest status, not
 * all of them: it holds one, whatever its number of changes.
 */
import { ok, refused } from '../base/result.ts';
import type { StreamHandlers } from '../ports/stream.ts';
import { healthReplyCodec, healthRequestCodec, type HealthStatus } from '../wire/health-messages.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import type { HealthBoard } from './health-board.ts';
import type { AdmittedCall, Service } from './service-table.ts';
import { malformed, unaryMethod, undecodable } from './unary-method.ts';

export const healthServiceName = 'grpc.health.v1.Health';

export function healthService(board: HealthBoard): Service {
  return {
    name: healthServiceName,
    methods: {
      Check: unaryMethod({
        request: healthRequestCodec,
        reply: healthReplyCodec,
        answer: (_context, request) => {
          const status = board.statusOf(request.service);
          return status === 'service-unknown' ? refused(unknownService(request.service)) : ok(status);
        },
      }),
      Watch: (call) => new HealthWatch(board, call),
    },
  };
}

function unknownService(service: string): ApiProblem {
  return {
    error: 'not-found',
    message: `this node has no service ${JSON.stringify(service)}; list its services, or ask for "" (the whole node)`,
    metadata: { service },
  };
}

class HealthWatch implements StreamHandlers {
  readonly #board: HealthBoard;
  readonly #call: AdmittedCall;
  #newest: HealthStatus | undefined;
  #stopWatching: (() => void) | undefined;
  #open = true;

  constructor(board: HealthBoard, call: AdmittedCall) {
    this.#board = board;
    this.#call = call;
  }

  onMessage(ownedMessage: Uint8Array): void {
    const { stream, context } = this.#call;
    stream.release(ownedMessage.length);
    if (!this.#open) return;
    if (this.#stopWatching !== undefined) return this.#refuse(malformed(context.method, 'a second request'));
    const request = healthRequestCodec.decode(ownedMessage);
    if (!request.ok) return this.#refuse(undecodable(context.method, request.problem));

    const watch = this.#board.watch(request.value.service, (status) => this.#tell(status));
    if (!watch.ok) return this.#refuse(tooManyWatchers(this.#board.watchersMax));
    this.#stopWatching = watch.value;
    this.#tell(this.#board.statusOf(request.value.service));
  }

  onCredit(): void {
    if (this.#newest !== undefined) this.#tell(this.#newest);
  }

  /** A watch lasts until the watcher hangs up, however long ago its request was complete. */
  onEnd(): void {
    if (this.#open && this.#stopWatching === undefined)
      this.#refuse(malformed(this.#call.context.method, 'no request'));
  }

  onClose(): void {
    this.#open = false;
    this.#stopWatching?.();
  }

  #tell(status: HealthStatus): void {
    const { stream } = this.#call;
    this.#newest = stream.creditBytes > 0 ? undefined : status;
    if (this.#newest === undefined) stream.send([healthReplyCodec.encode(status)]);
  }

  #refuse(problem: ApiProblem): void {
    this.#open = false;
    this.#stopWatching?.();
    this.#call.stream.close(statusOfProblem(problem));
  }
}

function tooManyWatchers(watchersMax: number): ApiProblem {
  return {
    error: 'limit-reached',
    message: `this node already serves ${watchersMax} health watches (watchersMax); use Check, or retry later`,
    metadata: { limit: 'watchersMax', value: String(watchersMax) },
    retryAfterMs: 1000,
  };
}
