/**
 * Pushes on one lane to one broker: who waits for room, what is being read, and what waits to leave.
 *
 * Nothing is read before there is room for it, so what is held here is a few messages, however many partitions push. They leave in the
 * order in which they were asked for, also when a later one is read sooner. A partition asks again only after its push has
 * left, behind all others: so they take turns.
 */
import { RingQueue } from '../base/ring-queue.ts';
import type { PushMessage } from '../partition/partition-message.ts';
import type { PartitionNumber } from '../partition/replica-frame.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { PartitionKey } from './partition-key.ts';
import type { ReplicaCodec } from './replica-codec.ts';
import type { ReplicaLink } from './replica-link.ts';

export interface PushLaneOptions {
  readonly clock: Pick<Clock, 'callAfterMs'>;
  readonly codec: ReplicaCodec;
  readonly link: ReplicaLink;
  readonly budget: ByteBudget;
  /** Pushes that wait; further ones are refused as if there were no way. */
  readonly pushesMax: number;
}

interface Push {
  readonly key: PartitionKey;
  readonly read: () => Promise<PushMessage | undefined>;
  readonly end: (isOnItsWay: boolean) => void;
  readonly fail: (cause: unknown) => void;
  state: 'waiting' | 'reading' | 'read' | 'over';
  message: PushMessage | undefined;
}

/** While one is on its way the next is read. */
const readsMax = 2;

export class PushLane {
  readonly #options: PushLaneOptions;
  readonly #waiting: RingQueue<Push>;
  /** Being read, or read and waiting for room. */
  readonly #begun: Push[] = [];
  #isPausedBy: Timer | undefined;

  constructor(options: PushLaneOptions) {
    this.#options = options;
    this.#waiting = new RingQueue(options.pushesMax);
  }

  push(key: PartitionKey, read: () => Promise<PushMessage | undefined>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const push: Push = { key, read, end: resolve, fail: reject, state: 'waiting', message: undefined };
      if (this.#waiting.push(push).ok) this.pump();
      else resolve(false);
    });
  }

  /** As much as there is room for. */
  pump(): void {
    this.#sendRead();
    while (this.#waiting.length > 0 && this.#begun.length < readsMax) {
      if (this.#options.link.open() === undefined) return this.drop();
      if (!this.#options.link.hasRoom || this.#isPaused()) return undefined;
      const push = this.#waiting.shift();
      if (push !== undefined) this.#begin(push);
    }
    return undefined;
  }

  /** There is no way any more. */
  drop(): void {
    this.#isPausedBy?.cancel();
    this.#isPausedBy = undefined;
    const dropped = this.#begun.splice(0);
    for (let push = this.#waiting.shift(); push !== undefined; push = this.#waiting.shift()) dropped.push(push);
    for (const push of dropped) {
      push.state = 'over';
      push.end(false);
    }
  }

  #begin(push: Push): void {
    push.state = 'reading';
    this.#begun.push(push);
    push.read().then(
      (message) => this.#onRead(push, message),
      (cause: unknown) => {
        push.fail(cause);
        this.#onRead(push, undefined);
      },
    );
  }

  #onRead(push: Push, message: PushMessage | undefined): void {
    if (push.state === 'over') return;
    push.state = 'read';
    push.message = message;
    this.pump();
  }

  #sendRead(): void {
    const { link, codec, budget } = this.#options;
    for (let push = this.#begun[0]; push?.state === 'read'; push = this.#begun[0]) {
      const { key, message } = push;
      if (message !== undefined) {
        const numbers = link.open();
        if (numbers === undefined) return this.drop();
        if (!link.hasRoom) return undefined;
        const given: PartitionNumber[] = [];
        numbers.beginFrame(1);
        const parts = codec.encodePush(given, { number: numbers.numberOf(key, given), message });
        for (const { length } of parts) budget.spend(length);
        link.send(parts);
      }
      this.#begun.shift();
      push.state = 'over';
      push.end(true);
    }
    return undefined;
  }

  #isPaused(): boolean {
    const { budget, clock } = this.#options;
    const { waitMs } = budget;
    if (waitMs === 0) return false;
    this.#isPausedBy ??= clock.callAfterMs(waitMs, () => {
      this.#isPausedBy = undefined;
      this.pump();
    });
    return true;
  }
}
