/**
 * A channel that is made anew after a lost connection, so that no call waits for the back-off of one that failed.
 */
import { ok, refused, type Result } from '../../src/base/result.ts';
import { statusOf, type Status } from '../../src/base/status.ts';
import { clientNetwork } from '../../src/cli/real-network.ts';
import type { Codec } from '../../src/ports/codec.ts';
import type { Channel } from '../../src/ports/stream.ts';
import { callUnary } from '../../src/ports/unary.ts';

const network = clientNetwork();

export interface TypedCall<Request, Reply> {
  readonly method: string;
  readonly request: Request;
  readonly requestCodec: Pick<Codec<Request>, 'encode'>;
  readonly replyCodec: Pick<Codec<Reply>, 'decode'>;
  readonly deadlineMs: number;
}

export class RenewedChannel {
  readonly #endpoint: string;
  #channel: Channel | undefined;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** One message each way. */
  async call<Request, Reply>(call: TypedCall<Request, Reply>): Promise<Result<Reply, Status>> {
    const channel = this.#open();
    const reply = await callUnary(channel, {
      method: call.method,
      request: [call.requestCodec.encode(call.request)],
      options: { deadlineMs: call.deadlineMs, headers: {} },
    });
    if (reply.ok) return decoded(call, reply.value);
    this.#onFailed(channel, reply.problem);
    return reply;
  }

  /** One message there, and all that come back until the other side ends the stream. */
  async collect<Request, Reply>(call: TypedCall<Request, Reply>): Promise<Result<readonly Reply[], Status>> {
    const channel = this.#open();
    const messages: Uint8Array[] = [];
    const status = await new Promise<Status>((resolve) => {
      const options = { deadlineMs: call.deadlineMs, headers: {} };
      const stream = channel.open(call.method, options, {
        onMessage(ownedMessage) {
          messages.push(ownedMessage);
          stream.release(ownedMessage.length);
        },
        onCredit() {},
        onEnd() {},
        onClose: resolve,
      });
      stream.send([call.requestCodec.encode(call.request)]);
      stream.end();
    });
    if (status.name !== 'ok') {
      this.#onFailed(channel, status);
      return refused(status);
    }
    const replies: Reply[] = [];
    for (const message of messages) {
      const reply = decoded(call, message);
      if (!reply.ok) return reply;
      replies.push(reply.value);
    }
    return ok(replies);
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  #open(): Channel {
    this.#channel ??= network.channel(this.#endpoint);
    return this.#channel;
  }

  /** Only a lost connection is given up: a voter that is slow or paused has other calls waiting on the same one. */
  #onFailed(channel: Channel, status: Status): void {
    if (status.name !== 'unavailable' || this.#channel !== channel) return;
    this.#channel = undefined;
    channel.close();
  }
}

function decoded<Reply>(
  { replyCodec }: Pick<TypedCall<unknown, Reply>, 'replyCodec'>,
  bytes: Uint8Array,
): Result<Reply, Status> {
  const reply = replyCodec.decode(bytes);
  return reply.ok ? reply : refused(statusOf('internal', reply.problem.why));
}
