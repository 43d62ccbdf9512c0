/**
 * Zig-zag varints, as records carry them: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4, written seven bits a byte, lowest first.
 */

/** Doubling a larger number would lose its last bit. */
export const varintMagnitudeMax = 2 ** 52 - 1;

const twoTo7 = 2 ** 7;
/** Up to here the doubled value stays within what JavaScript's bit operations hold. */
const smallMax = 2 ** 30 - 1;

/** How many bytes a length or a count takes; -1 for null. */
export function sizeOfLength(value: number): number {
  if (value < 64) return 1;
  if (value < 8192) return 2;
  if (value < 1_048_576) return 3;
  return value < 134_217_728 ? 4 : 5;
}

/** How many bytes any whole number takes. */
export function sizeOfVarint(value: number): number {
  if (value >= 0) return value <= smallMax ? sizeOfLength(value) : sizeOfLarge(value * 2);
  return value >= -smallMax ? sizeOfLength(-value - 1) : sizeOfLarge(-value * 2 - 1);
}

function sizeOfLarge(zigzag: number): number {
  let size = 1;
  for (let rest = zigzag; rest >= twoTo7; rest = Math.floor(rest / twoTo7)) size += 1;
  return size;
}

/** Writes a whole number of at most `varintMagnitudeMax` either way, and returns the place after it. */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  if (value > smallMax || value < -smallMax) return writeLarge(bytes, start, value < 0 ? -value * 2 - 1 : value * 2);
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = start;
  while (rest > 0x7f) {
    bytes[at] = (rest & 0x7f) | 0x80;
    at += 1;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return at + 1;
}

function writeLarge(bytes: Uint8Array, start: number, zigzag: number): number {
  let rest = zigzag;
  let at = start;
  while (rest >= twoTo7) {
    bytes[at] = (rest % twoTo7) | 0x80;
    at += 1;
    rest = Math.floor(rest / twoTo7);
  }
  bytes[at] = rest;
  return at + 1;
}
