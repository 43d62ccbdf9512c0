/**
 * Chance from a seed.
 *
 * `fork(label)` gives an independent generator that depends only on the seed and the labels on the way to it,
 * never on how many numbers were drawn before: one more draw in the network does not shift what the disks see,
 * so a failing seed stays recognisable while the code around it changes.
 *
 * Only +, *, / and integer operations: those give the same bits on every machine and every version of V8,
 * which Math.log and its kind do not promise.
 */
import { assert } from '../base/assert.ts';
import type { Random } from '../ports/random.ts';

const twoTo32 = 2 ** 32;

export class SimulatedRandom implements Random {
  readonly #seed: number;
  readonly #path: string;
  // The state of sfc32 (Doty-Humphrey's small fast counting generator): 128 bits, period at least 2^32.
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, path = '') {
    assert(Number.isSafeInteger(seed) && seed >= 0, 'a seed is a whole number from 0 to 2^53-1', { seed });
    this.#seed = seed;
    this.#path = path;
    [this.#a, this.#b, this.#c] = mix(`${seed}${path}`);
    for (let round = 0; round < 12; round += 1) this.word();
  }

  fork(label: string): SimulatedRandom {
    assert(label !== '', 'a fork of chance has a label');
    return new SimulatedRandom(this.#seed, `${this.#path}/${label}`);
  }

  /** 32 random bits as a whole number from 0 to 2^32-1. */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  integerBelow(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound >= 1, 'a bound of chance is a whole number from 1 to 2^53-1', () => ({
      bound,
    }));
    const wide = bound > twoTo32;
    const range = wide ? 2 ** 53 : twoTo32;
    // Values in the incomplete last interval are drawn again; without that, small results would be likelier.
    const fairBelow = range - (range % bound);
    for (;;) {
      const drawn = wide ? (this.word() % 2 ** 21) * twoTo32 + this.word() : this.word();
      if (drawn < fairBelow) return drawn % bound;
    }
  }

  /** A whole number, `min` and `max` included. */
  integerBetween(min: number, max: number): number {
    return min + this.integerBelow(max - min + 1);
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 1) bytes[at] = this.word() & 0xff;
    return bytes;
  }

  /** 0 <= x < 1. */
  fraction(): number {
    return this.word() / twoTo32;
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.integerBelow(items.length)];
    assert(item !== undefined, 'chance picks from a list of things');
    return item;
  }

  /** A new array in random order. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    const order = [...items];
    for (let last = order.length - 1; last > 0; last -= 1) {
      const other = this.integerBelow(last + 1);
      const moved = order[last];
      order[last] = order[other] as Item;
      order[other] = moved as Item;
    }
    return order;
  }

  /**
   * Never negative, with the given mean, close to exponential: most draws are short, a few are many times the mean.
   * The binary logarithm is approximated by a line between powers of two, which needs no Math.log.
   */
  exponential(mean: number): number {
    const drawn = this.word() + 1;
    const power = 31 - Math.clz32(drawn === twoTo32 ? 0xffffffff : drawn);
    const between = drawn / 2 ** power - 1;
    return mean * (32 - power - between) * exponentialMeanCorrection;
  }

  /** From `min` to `max`, each order of magnitude as likely as the next: for rates and durations of unknown scale. */
  acrossMagnitudes(min: number, max: number): number {
    assert(min > 0 && max >= min, 'a range of magnitudes is positive and not empty', { min, max });
    const doublings = 31 - Math.clz32(Math.min(max / min, 2 ** 31));
    const value = min * 2 ** this.integerBetween(0, doublings) * (1 + this.fraction());
    return Math.min(value, max);
  }
}

/** The mean of the approximated -log2 of a uniform draw is 1.5 (the exact curve has 1.4427). */
const exponentialMeanCorrection = 1 / 1.5;

/** Three well-mixed words from a text. */
function mix(text: string): [number, number, number] {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  let c = 0xc2b2ae35;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193) ^ (c >>> 15);
    b = Math.imul(b ^ unit, 0x5bd1e995) ^ (a >>> 13);
    c = Math.imul(c ^ unit, 0x27d4eb2f) ^ (b >>> 16);
  }
  return [a | 0, b | 0, c | 0];
}
