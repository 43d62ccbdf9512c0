/**
 * So many at a time, the others in the order in which they came.
 */
import { assert } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';

/** Far more than the logs of one disk can ask for at once: each has a few operations under way. */
const waitingMax = 1_000_000;

export class Slots {
  readonly #count: number;
  readonly #waiting = new RingQueue<() => void>(waitingMax);
  #taken = 0;

  constructor(count: number) {
    assert(count >= 1, 'somebody can have a turn', { count });
    this.#count = count;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get free(): number {
    return this.#count - this.#taken;
  }

  /** Runs `act` when a slot is free, and gives the slot on when it has settled. */
  async run<Value>(act: () => Promise<Value>): Promise<Value> {
    await this.take();
    try {
      return await act();
    } finally {
      this.giveBack();
    }
  }

  /** Undefined when there is one at once. */
  take(): Promise<void> | undefined {
    if (this.#taken < this.#count) {
      this.#taken += 1;
      return undefined;
    }
    return new Promise((resolve) => {
      const queued = this.#waiting.push(resolve);
      assert(queued.ok, 'operations on a disk do not pile up without bound', { waitingMax });
    });
  }

  giveBack(): void {
    assert(this.#taken > 0, 'a slot is given back by who had it');
    const next = this.#waiting.shift();
    // The slot goes from hand to hand: nobody who comes now overtakes whoever waits.
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}
