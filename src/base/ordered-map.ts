/**
 * A map in the order of its keys that is immutable to its readers, and cheap to change many times.
 *
 * Two levels: a spine of chunks, each a short sorted run of keys with their values. A draft copies the spine once and
 * each chunk that it touches once, so a batch of n changes costs n searches and not n copies; what it did not touch
 * it shares with the map it came from. Order is by `<`, so iteration is the same on every node, whatever the history.
 */
import { assert } from './assert.ts';

export type OrderedKey = string | number;

interface Chunk<Key, Value> {
  readonly keys: Key[];
  readonly values: Value[];
}

const chunkKeysMax = 128;

export class OrderedMap<Key extends OrderedKey, Value> {
  /** No chunk is empty; the keys of one are below those of the next. */
  readonly #chunks: readonly Chunk<Key, Value>[];
  readonly size: number;

  private constructor(chunks: readonly Chunk<Key, Value>[], size: number) {
    this.#chunks = chunks;
    this.size = size;
  }

  static empty<Key extends OrderedKey, Value>(): OrderedMap<Key, Value> {
    return new OrderedMap<Key, Value>([], 0);
  }

  get(key: Key): Value | undefined {
    const chunk = this.#chunks[lastAtOrBelow(this.#chunks, key)];
    if (chunk === undefined) return undefined;
    const at = firstAtOrAbove(chunk.keys, key);
    return chunk.keys[at] === key ? chunk.values[at] : undefined;
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  /** From the first key that is not below `from`; from the first of all when undefined. */
  *entries(from?: Key): IterableIterator<readonly [Key, Value]> {
    const start = from === undefined ? 0 : Math.max(0, lastAtOrBelow(this.#chunks, from));
    for (let number = start; number < this.#chunks.length; number += 1) {
      const { keys, values } = this.#chunks[number] as Chunk<Key, Value>;
      const first = from === undefined || number > start ? 0 : firstAtOrAbove(keys, from);
      for (let at = first; at < keys.length; at += 1) yield [keys[at] as Key, values[at] as Value];
    }
  }

  *values(): IterableIterator<Value> {
    for (const { values } of this.#chunks) yield* values;
  }

  *keys(): IterableIterator<Key> {
    for (const { keys } of this.#chunks) yield* keys;
  }

  edit(): OrderedMapDraft<Key, Value> {
    return new OrderedMapDraft(this, this.#chunks, (chunks, size) => new OrderedMap(chunks, size));
  }
}

/** Values are never undefined: that is how a missing key reads. */
export class OrderedMapDraft<Key extends OrderedKey, Value> {
  readonly #origin: OrderedMap<Key, Value>;
  readonly #make: (chunks: readonly Chunk<Key, Value>[], size: number) => OrderedMap<Key, Value>;
  /** Chunks that no map shares, so that they may be changed in place. */
  readonly #owned = new Set<Chunk<Key, Value>>();
  #chunks: Chunk<Key, Value>[] | undefined;
  readonly #shared: readonly Chunk<Key, Value>[];
  #size: number;

  constructor(
    origin: OrderedMap<Key, Value>,
    shared: readonly Chunk<Key, Value>[],
    make: (chunks: readonly Chunk<Key, Value>[], size: number) => OrderedMap<Key, Value>,
  ) {
    this.#origin = origin;
    this.#shared = shared;
    this.#make = make;
    this.#size = origin.size;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Key): Value | undefined {
    const chunks = this.#chunks ?? this.#shared;
    const chunk = chunks[lastAtOrBelow(chunks, key)];
    if (chunk === undefined) return undefined;
    const at = firstAtOrAbove(chunk.keys, key);
    return chunk.keys[at] === key ? chunk.values[at] : undefined;
  }

  firstKey(): Key | undefined {
    return (this.#chunks ?? this.#shared)[0]?.keys[0];
  }

  set(key: Key, value: Value): void {
    const chunks = this.#ownSpine();
    const number = Math.max(0, lastAtOrBelow(chunks, key));
    const chunk = this.#ownChunk(chunks, number);
    const at = firstAtOrAbove(chunk.keys, key);
    if (chunk.keys[at] === key) {
      chunk.values[at] = value;
      return;
    }
    chunk.keys.splice(at, 0, key);
    chunk.values.splice(at, 0, value);
    this.#size += 1;
    if (chunk.keys.length > chunkKeysMax) this.#split(chunks, number, at);
  }

  delete(key: Key): boolean {
    if (this.get(key) === undefined) return false;
    const chunks = this.#ownSpine();
    const number = lastAtOrBelow(chunks, key);
    const chunk = this.#ownChunk(chunks, number);
    const at = firstAtOrAbove(chunk.keys, key);
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    if (chunk.keys.length === 0) chunks.splice(number, 1);
    this.#size -= 1;
    return true;
  }

  /** The map with all changes. The draft must not be used any more. */
  finish(): OrderedMap<Key, Value> {
    const chunks = this.#chunks;
    if (chunks === undefined) return this.#origin;
    this.#owned.clear();
    this.#chunks = undefined;
    return this.#make(chunks, this.#size);
  }

  #ownSpine(): Chunk<Key, Value>[] {
    this.#chunks ??= [...this.#shared];
    return this.#chunks;
  }

  #ownChunk(chunks: Chunk<Key, Value>[], number: number): Chunk<Key, Value> {
    const chunk = chunks[number];
    if (chunk !== undefined && this.#owned.has(chunk)) return chunk;
    const copy = { keys: [...(chunk?.keys ?? [])], values: [...(chunk?.values ?? [])] };
    chunks[number] = copy;
    this.#owned.add(copy);
    return copy;
  }

  /** Keys that only ever grow leave full chunks behind: the cut is where the new key is. */
  #split(chunks: Chunk<Key, Value>[], number: number, insertedAt: number): void {
    const chunk = chunks[number];
    assert(chunk !== undefined && this.#owned.has(chunk), 'only a chunk of its own is split');
    const cut = insertedAt === chunk.keys.length - 1 ? insertedAt : chunk.keys.length >> 1;
    const upper = { keys: chunk.keys.splice(cut), values: chunk.values.splice(cut) };
    assert(chunk.keys.length > 0 && upper.keys.length > 0, 'no chunk is empty');
    this.#owned.add(upper);
    chunks.splice(number + 1, 0, upper);
  }
}

/** The number of the last chunk that begins at or below `key`; -1 when all begin above. */
function lastAtOrBelow<Key extends OrderedKey>(chunks: readonly Chunk<Key, unknown>[], key: Key): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((chunks[middle]?.keys[0] as Key) <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function firstAtOrAbove<Key extends OrderedKey>(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as Key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
