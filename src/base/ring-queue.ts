/**
 * A queue with a named bound that refuses when it is full. Taking from the front costs O(1), unlike an array's shift.
 */
import { assert } from './assert.ts';
import { ok, refused, type Result } from './result.ts';

const pushed = ok(undefined);

export class RingQueue<Item> {
  readonly #itemsMax: number;
  #slots: (Item | undefined)[];
  #head = 0;
  #length = 0;

  constructor(itemsMax: number) {
    assert(Number.isSafeInteger(itemsMax) && itemsMax >= 1, 'a queue has room for at least one item', { itemsMax });
    this.#itemsMax = itemsMax;
    this.#slots = new Array<Item | undefined>(Math.min(itemsMax, 16));
  }

  get length(): number {
    return this.#length;
  }

  push(item: Item): Result<void, 'queue-full'> {
    if (this.#length === this.#itemsMax) return refused('queue-full');
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) % this.#slots.length] = item;
    this.#length += 1;
    return pushed;
  }

  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#head];
    // The slot must not keep a batch alive that has long left the queue.
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#length -= 1;
    return item;
  }

  peek(): Item | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head];
  }

  clear(): void {
    this.#slots = new Array<Item | undefined>(Math.min(this.#itemsMax, 16));
    this.#head = 0;
    this.#length = 0;
  }

  #grow(): void {
    const larger = new Array<Item | undefined>(Math.min(this.#itemsMax, this.#slots.length * 2));
    for (let at = 0; at < this.#length; at += 1) larger[at] = this.#slots[(this.#head + at) % this.#slots.length];
    this.#slots = larger;
    this.#head = 0;
    assert(this.#length < this.#slots.length, 'a grown queue has room', { length: this.#length });
  }
}
