/**
 * One lane to one life of another broker: a stream on a connection of its own, opened when there is something to say and again after
 * a loss, closed when nothing was said for a while.
 *
 * A loss may be silent: the other machine lost power, or the way there is cut. So while something was sent that nobody confirmed,
 * the link asks now and then for a sign, and gives the connection up without one. An idle link has no timer.
 * What waits to be sent is its owner's to keep: control-queue.ts, push-lane.ts.
 */
import { assert } from '../base/assert.ts';
import type { Status } from '../base/status.ts';
import type { ReplicaHello } from '../partition/replica-hello.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Channel, Network, OpenedStream, OwnedParts } from '../ports/stream.ts';
import { GivenNumbers } from './partition-numbers.ts';
import { replicateMethod, type ReplicaCodec } from './replica-codec.ts';

export interface ReplicaLinkLimits {
  /** Between attempts to reach a broker, doubling from min to max. */
  readonly redialMsMin: number;
  readonly redialMsMax: number;
  /** A broker that was asked and gives no sign, or takes nothing, for so long is dialled anew. */
  readonly silenceMs: number;
  readonly idleMs: number;
}

export const replicaLinkLimitsDefault: ReplicaLinkLimits = {
  redialMsMin: 50,
  redialMsMax: 1000,
  silenceMs: 2000,
  idleMs: 30_000,
};

export interface ReplicaLinkOptions {
  readonly clock: Clock;
  readonly network: Network;
  readonly codec: ReplicaCodec;
  readonly limits: ReplicaLinkLimits;
  readonly endpoint: string;
  readonly hello: ReplicaHello;
  /** There is room again after there was none. */
  readonly onRoom: () => void;
  /**
   * The connection ended other than by idleness. `mayLack`: what was on its way may not have arrived, as far as anything was.
   * Not called by `close`.
   */
  readonly onLost: (status: Status | undefined, mayLack: boolean) => void;
}

/** A stream from its opening to its end, and what is known of whether it is heard. */
interface Way {
  readonly channel: Channel;
  readonly stream: OpenedStream;
  readonly numbers: GivenNumbers;
  readonly openedMs: number;
  /** Something that its owner would have to say again. */
  hasCarried: boolean;
  sentMs: number;
  /** Something was sent after the last question. */
  hasNews: boolean;
  askedSinceMs: number | undefined;
  /** Of these the other side has taken `takenBytes`, as far as was looked. */
  sentBytes: number;
  takenBytes: number;
  fullSinceMs: number | undefined;
  watch: { readonly timer: Timer; readonly atMs: number } | undefined;
}

export class ReplicaLink {
  readonly #options: ReplicaLinkOptions;
  #way: Way | undefined;
  #redialMs: number;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: ReplicaLinkOptions) {
    this.#options = options;
    this.#redialMs = options.limits.redialMsMin;
  }

  /** The numbers of the stream that is open, or is opened now; undefined when there is no way at the moment. */
  open(): GivenNumbers | undefined {
    return (this.#way ?? this.#dial())?.numbers;
  }

  get hasRoom(): boolean {
    return this.#way !== undefined && this.#way.stream.creditBytes > 0;
  }

  send(ownedParts: OwnedParts): void {
    this.sendBeside(ownedParts);
    if (this.#way !== undefined) this.#way.hasCarried = true;
  }

  /** What nobody misses when it is lost. */
  sendBeside(ownedParts: OwnedParts): void {
    const way = this.#way;
    assert(way !== undefined && this.hasRoom, 'a link is sent on when it has room');
    for (const { length } of ownedParts) way.sentBytes += length;
    way.stream.send(ownedParts);
    way.sentMs = this.#options.clock.monotonicMs();
    if (way.hasNews) return;
    way.hasNews = true;
    this.#watchWithin(way, this.#options.limits.silenceMs / 2);
  }

  close(): void {
    this.#isClosed = true;
    const way = this.#forget();
    way?.channel.close();
  }

  #dial(): Way | undefined {
    const { clock, network, endpoint, codec, hello } = this.#options;
    const openedMs = clock.monotonicMs();
    if (this.#isClosed || openedMs < this.#notBeforeMs) return undefined;
    const channel = network.channel(endpoint);
    const stream = channel.open(
      replicateMethod,
      { deadlineMs: undefined, headers: {} },
      {
        onMessage: (ownedMessage) => this.#onSign(channel, ownedMessage.length),
        onCredit: () => this.#onCredit(channel),
        onEnd() {},
        onClose: (status) => this.#onClose(channel, status),
      },
    );
    const way: Way = {
      channel,
      stream,
      numbers: new GivenNumbers(),
      openedMs,
      hasCarried: false,
      sentMs: openedMs,
      hasNews: false,
      askedSinceMs: undefined,
      sentBytes: 0,
      takenBytes: stream.creditBytes,
      fullSinceMs: undefined,
      watch: undefined,
    };
    this.#way = way;
    this.sendBeside(codec.encodeHello(hello));
    return way;
  }

  #onSign(channel: Channel, receivedBytes: number): void {
    const way = this.#way;
    if (way?.channel !== channel) return;
    way.stream.release(receivedBytes);
    way.askedSinceMs = undefined;
  }

  #onCredit(channel: Channel): void {
    const way = this.#way;
    if (way?.channel !== channel) return;
    this.#options.onRoom();
  }

  #onClose(channel: Channel, status: Status): void {
    channel.close();
    if (this.#way?.channel === channel) this.#lose(status);
  }

  #lose(status: Status | undefined): void {
    const way = this.#forget();
    if (way === undefined) return;
    way.channel.close();
    const { clock, limits, onLost } = this.#options;
    const nowMs = clock.monotonicMs();
    // A stream that lasted was a good one: its end is a first loss again.
    const lasted = nowMs - way.openedMs >= limits.redialMsMax;
    this.#redialMs = lasted ? limits.redialMsMin : Math.min(2 * this.#redialMs, limits.redialMsMax);
    this.#notBeforeMs = nowMs + this.#redialMs;
    onLost(status, way.hasCarried);
  }

  #forget(): Way | undefined {
    const way = this.#way;
    this.#way = undefined;
    way?.watch?.timer.cancel();
    return way;
  }

  /** One timer at a time: the earliest. */
  #watchWithin(way: Way, delayMs: number): void {
    const { clock } = this.#options;
    const atMs = clock.monotonicMs() + Math.ceil(delayMs);
    if (way.watch !== undefined && way.watch.atMs <= atMs) return;
    way.watch?.timer.cancel();
    const timer = clock.callAfterMs(Math.ceil(delayMs), () => {
      way.watch = undefined;
      if (this.#way === way) this.#look(way);
    });
    way.watch = { timer, atMs };
  }

  #look(way: Way): void {
    const { clock, codec, limits } = this.#options;
    const nowMs = clock.monotonicMs();
    const { creditBytes } = way.stream;
    // Only the other side gives credit back. On a slow way a question may wait long behind what is still taken.
    const takenBytes = way.sentBytes + creditBytes;
    if (takenBytes > way.takenBytes && way.askedSinceMs !== undefined) way.askedSinceMs = nowMs;
    if (creditBytes > 0) way.fullSinceMs = undefined;
    else if (takenBytes > way.takenBytes) way.fullSinceMs = nowMs;
    else way.fullSinceMs ??= nowMs;
    way.takenBytes = takenBytes;
    const waitingSinceMs = way.askedSinceMs ?? way.fullSinceMs;
    if (waitingSinceMs !== undefined) {
      const leftMs = waitingSinceMs + limits.silenceMs - nowMs;
      if (leftMs <= 0) this.#lose(undefined);
      else this.#watchWithin(way, leftMs);
    } else if (way.hasNews) {
      const question = codec.encodeQuestion();
      for (const { length } of question) way.sentBytes += length;
      way.stream.send(question);
      way.askedSinceMs = nowMs;
      way.hasNews = false;
      this.#watchWithin(way, limits.silenceMs / 2);
    } else if (nowMs - way.sentMs < limits.idleMs) {
      this.#watchWithin(way, way.sentMs + limits.idleMs - nowMs);
    } else this.#endQuietly(way);
  }

  /** Everything that was sent was heard. The other side ends the stream in order, and is waited for only so long. */
  #endQuietly({ stream, channel }: Way): void {
    this.#forget();
    if (stream.creditBytes > 0) stream.send(this.#options.codec.encodeGoodbye());
    stream.end();
    this.#options.clock.callAfterMs(this.#options.limits.silenceMs, () => channel.close());
  }
}
