/**
 * One direction of one stream: frames go in, and come out at the other end later, in order, all or a prefix of them.
 *
 * Frames sent in one turn mostly travel together, as they would in one packet; sometimes they do not, because
 * packets split. Read next: simulated-stream.ts, the two ends.
 */
import { assert } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { Status } from '../base/status.ts';
import type { LinkWaiter, SimulatedLink } from './simulated-links.ts';
import type { SimulatedRandom } from './simulated-random.ts';
import type { SimulatedScheduler } from './simulated-scheduler.ts';

export type StreamFrame =
  | { readonly type: 'open' }
  | { readonly type: 'message'; readonly bytes: Uint8Array }
  | { readonly type: 'credit'; readonly bytes: number }
  | { readonly type: 'end' }
  /** The stream is over for whoever gets this. */
  | { readonly type: 'over'; readonly status: Status };

interface FrameOnItsWay {
  readonly frame: StreamFrame;
  readonly dueMs: number;
}

/** The window bounds the messages of a stream; this bounds the frames that cost no credit as well. */
const framesOnTheWayMax = 2 ** 20;
const splitChance = 1 / 8;

export class StreamPipe implements LinkWaiter {
  readonly #link: SimulatedLink;
  readonly #scheduler: SimulatedScheduler;
  readonly #random: SimulatedRandom;
  readonly #deliver: (frames: readonly StreamFrame[]) => void;
  readonly #frames = new RingQueue<FrameOnItsWay>(framesOnTheWayMax);
  #lastDueMs = 0;
  #lastSentAtAction = -1;
  #isArmed = false;
  #isStalled = false;

  constructor(
    parts: { readonly link: SimulatedLink; readonly scheduler: SimulatedScheduler; readonly random: SimulatedRandom },
    deliver: (frames: readonly StreamFrame[]) => void,
  ) {
    this.#link = parts.link;
    this.#scheduler = parts.scheduler;
    this.#random = parts.random;
    this.#deliver = deliver;
  }

  get link(): SimulatedLink {
    return this.#link;
  }

  send(frame: StreamFrame): void {
    const { nowMs, actionsRun } = this.#scheduler;
    const isSamePacket = this.#lastSentAtAction === actionsRun && !this.#random.chance(splitChance);
    if (!isSamePacket) this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + this.#link.drawDelayMs());
    this.#lastSentAtAction = actionsRun;
    const queued = this.#frames.push({ frame, dueMs: this.#lastDueMs });
    assert(queued.ok, 'the frames on the way are bounded', { framesOnTheWayMax });
    this.#arm();
  }

  /** From now on nothing arrives, and nobody is told: the half-open stream. */
  stall(): void {
    this.#isStalled = true;
  }

  unstall(): void {
    this.#isStalled = false;
    this.#arm();
  }

  /** What is on its way is lost. */
  loseAll(): void {
    this.#frames.clear();
  }

  onLinkOpen(): void {
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed || this.#isStalled) return;
    const head = this.#frames.peek();
    if (head === undefined) return;
    if (!this.#link.isOpen) {
      this.#link.wait(this);
      return;
    }
    this.#isArmed = true;
    this.#scheduler.after(Math.max(0, head.dueMs - this.#scheduler.nowMs), () => {
      this.#isArmed = false;
      this.#arrive();
    });
  }

  #arrive(): void {
    if (!this.#isStalled && this.#link.isOpen) {
      const arrived: StreamFrame[] = [];
      for (let head = this.#frames.peek(); head !== undefined; head = this.#frames.peek()) {
        if (head.dueMs > this.#scheduler.nowMs) break;
        this.#frames.shift();
        arrived.push(head.frame);
      }
      if (arrived.length > 0) this.#deliver(arrived);
    }
    this.#arm();
  }
}
