/**
 * Chance from the operating system, good enough for identifiers that must never collide.
 */
import { randomFillSync, randomInt } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Random } from '../ports/random.ts';

/** The widest range that node:crypto draws from. */
const nodeBoundMax = 2 ** 48 - 1;
const twoTo32 = 2 ** 32;
const twoTo53 = 2 ** 53;

export class NodeRandom implements Random {
  integerBelow(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound >= 1, 'a bound of chance is a whole number from 1 to 2^53-1', () => ({
      bound,
    }));
    if (bound <= nodeBoundMax) return randomInt(bound);
    // Values in the incomplete last interval are drawn again; without that, small results would be likelier.
    const fairBelow = twoTo53 - (twoTo53 % bound);
    for (;;) {
      const drawn = randomInt(2 ** 21) * twoTo32 + randomInt(twoTo32);
      if (drawn < fairBelow) return drawn % bound;
    }
  }

  bytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length));
  }
}
