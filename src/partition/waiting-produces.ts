/**
 * Producers whose batches are appended and not answered yet.
 *
 * In the order of arrival, by what they wait for: the watermark, or the leader's own file. Answers go out in that
 * order, and a duplicate waits with its original, behind whoever came before it. Bounded by its owner.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { RequestId } from './partition-event.ts';

export interface WaitingProduce {
  readonly requestId: RequestId;
  readonly acks: 'leader' | 'all';
  readonly baseOffset: Offset;
  /** Answered when the watermark, or the end of the file, is here. */
  readonly nextOffset: Offset;
  readonly deadlineMs: number;
}

export class WaitingProduces {
  readonly #countMax: number;
  readonly #queues: Readonly<Record<WaitingProduce['acks'], RingQueue<WaitingProduce>>>;
  /** Not after the first deadline of those that wait; undefined while nobody waits. */
  #firstDeadlineMs: number | undefined;

  constructor(countMax: number) {
    this.#countMax = countMax;
    this.#queues = { leader: new RingQueue(countMax), all: new RingQueue(countMax) };
  }

  get count(): number {
    return this.#queues.leader.length + this.#queues.all.length;
  }

  get isFull(): boolean {
    return this.count >= this.#countMax;
  }

  get firstDeadlineMs(): number | undefined {
    return this.count === 0 ? undefined : this.#firstDeadlineMs;
  }

  enter(wait: WaitingProduce): void {
    assert(!this.isFull, 'whoever appends has made sure that its producer may wait', { countMax: this.#countMax });
    this.#queues[wait.acks].push(wait);
    this.#firstDeadlineMs = Math.min(this.firstDeadlineMs ?? wait.deadlineMs, wait.deadlineMs);
  }

  release(acks: WaitingProduce['acks'], reached: Offset, answer: (wait: WaitingProduce) => void): void {
    const queue = this.#queues[acks];
    for (let first = queue.peek(); first !== undefined && first.nextOffset <= reached; first = queue.peek()) {
      queue.shift();
      answer(first);
    }
  }

  expire(nowMs: number, answer: (wait: WaitingProduce) => void): void {
    if (this.#firstDeadlineMs === undefined || nowMs < this.#firstDeadlineMs) return;
    this.#firstDeadlineMs = undefined;
    for (const queue of [this.#queues.leader, this.#queues.all]) {
      for (let left = queue.length; left > 0; left -= 1) {
        const wait = queue.shift();
        assert(wait !== undefined, 'a queue holds as many as it says');
        if (wait.deadlineMs <= nowMs) {
          answer(wait);
          continue;
        }
        queue.push(wait);
        this.#firstDeadlineMs = Math.min(this.#firstDeadlineMs ?? wait.deadlineMs, wait.deadlineMs);
      }
    }
  }

  /** Everybody, whatever they wait for. */
  dismiss(answer: (wait: WaitingProduce) => void): void {
    for (const queue of [this.#queues.leader, this.#queues.all]) {
      for (let wait = queue.shift(); wait !== undefined; wait = queue.shift()) answer(wait);
    }
    this.#firstDeadlineMs = undefined;
  }
}
