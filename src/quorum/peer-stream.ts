/**
 * One way of talking to one peer: a stream that is opened when there is something to say, and again after a loss.
 *
 * Raft tolerates lost messages and not late ones, so nothing waits for long: while the peer is away or slow, messages
 * are dropped. Whoever is listened to hears a sign of it on the same stream. A stream that was sent on and stays
 * without one for `silenceMs` is replaced by a new connection: the other end may have lost power, or the way there may
 * be cut off silently, while everything that the peer itself sends still arrives.
 */
import { RingQueue } from '../base/ring-queue.ts';
import type { Status } from '../base/status.ts';
import type { Clock } from '../ports/clock.ts';
import type { Channel, Network, OpenedStream } from '../ports/stream.ts';
import type { PeerHello } from '../raft/peer-hello.ts';
import type { RaftMessage } from '../raft/raft-message.ts';
import { peerMethods, type QuorumCodecs } from './quorum-codecs.ts';

export interface PeerStreamLimits {
  /** Encoded messages that wait for credit; more are dropped. */
  readonly waitingMessagesMax: number;
  readonly waitingBytesMax: number;
  /** Between attempts to reach a peer, doubling from min to max. */
  readonly redialMsMin: number;
  readonly redialMsMax: number;
  readonly silenceMs: number;
}

export const peerStreamLimitsDefault: PeerStreamLimits = {
  waitingMessagesMax: 256,
  waitingBytesMax: 8 * 1024 * 1024,
  redialMsMin: 50,
  redialMsMax: 400,
  silenceMs: 2000,
};

export interface PeerStreamOptions {
  readonly clock: Clock;
  readonly network: Network;
  readonly codecs: QuorumCodecs;
  readonly endpoint: string;
  readonly hello: PeerHello;
  readonly limits: PeerStreamLimits;
  /** Came back on the stream from the acceptor. */
  readonly onMessage: (message: RaftMessage) => void;
  /** The stream ended, however. */
  readonly onLost: (status: Status) => void;
}

interface Conversation {
  readonly stream: OpenedStream;
  readonly channel: Channel;
  readonly openedMs: number;
  /** The first message after the last sign that we are heard; undefined when nothing was sent since. */
  unansweredSinceMs: number | undefined;
}

export class PeerStream {
  readonly #options: PeerStreamOptions;
  readonly #waiting: RingQueue<Uint8Array>;
  #waitingBytes = 0;
  #conversation: Conversation | undefined;
  #redialMs: number;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: PeerStreamOptions) {
    this.#options = options;
    this.#waiting = new RingQueue(options.limits.waitingMessagesMax);
    this.#redialMs = options.limits.redialMsMin;
  }

  /** Sends, keeps for a moment, or drops. */
  send(message: RaftMessage): void {
    const conversation = this.#openConversation();
    if (conversation === undefined) return;
    conversation.unansweredSinceMs ??= this.#options.clock.monotonicMs();
    const bytes = this.#options.codecs.saying.encode({ type: 'raft', message });
    if (this.#waiting.length === 0 && conversation.stream.creditBytes > 0) {
      conversation.stream.send([bytes]);
      return;
    }
    if (this.#waitingBytes + bytes.length > this.#options.limits.waitingBytesMax) return;
    if (this.#waiting.push(bytes).ok) this.#waitingBytes += bytes.length;
  }

  close(): void {
    this.#closed = true;
    this.#conversation?.channel.close();
    this.#forget();
  }

  #openConversation(): Conversation | undefined {
    const { clock, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    const current = this.#conversation;
    if (current !== undefined) {
      if (nowMs - (current.unansweredSinceMs ?? nowMs) < limits.silenceMs) return current;
      this.#forget();
      current.channel.close();
    }
    return this.#closed || nowMs < this.#notBeforeMs ? undefined : this.#dial(nowMs);
  }

  #dial(openedMs: number): Conversation | undefined {
    const { network, endpoint, codecs, hello } = this.#options;
    const channel = network.channel(endpoint);
    const stream = channel.open(
      peerMethods.converse,
      { deadlineMs: undefined, headers: {} },
      {
        onMessage: (ownedMessage) => this.#onMessage(channel, ownedMessage),
        onCredit: () => this.#flush(),
        onEnd() {},
        onClose: (status) => this.#onClose(channel, status),
      },
    );
    this.#conversation = { stream, channel, openedMs, unansweredSinceMs: undefined };
    stream.send([codecs.saying.encode({ type: 'hello', hello })]);
    return this.#conversation;
  }

  #onMessage(channel: Channel, ownedMessage: Uint8Array): void {
    const conversation = this.#conversation;
    if (conversation?.channel !== channel) return;
    conversation.stream.release(ownedMessage.length);
    conversation.unansweredSinceMs = undefined;
    const message = this.#options.codecs.reply.decode(ownedMessage);
    if (!message.ok) conversation.stream.reset();
    else if (message.value !== undefined) this.#options.onMessage(message.value);
  }

  #onClose(channel: Channel, status: Status): void {
    channel.close();
    if (this.#conversation?.channel !== channel) return;
    const { clock, limits, onLost } = this.#options;
    const nowMs = clock.monotonicMs();
    // A stream that lasted was a good one: its end is a first loss again.
    const lasted = nowMs - this.#conversation.openedMs >= limits.redialMsMax;
    this.#redialMs = lasted ? limits.redialMsMin : Math.min(2 * this.#redialMs, limits.redialMsMax);
    this.#notBeforeMs = nowMs + this.#redialMs;
    this.#forget();
    onLost(status);
  }

  #flush(): void {
    const stream = this.#conversation?.stream;
    if (stream === undefined) return;
    while (stream.creditBytes > 0) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) return;
      this.#waitingBytes -= bytes.length;
      stream.send([bytes]);
    }
  }

  #forget(): void {
    this.#conversation = undefined;
    this.#waiting.clear();
    this.#waitingBytes = 0;
  }
}
