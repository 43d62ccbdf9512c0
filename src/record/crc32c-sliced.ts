/**
 * CRC-32C in JavaScript, eight bytes a step: the fallback of crc32c.ts and the oracle of its test.
 *
 * Slicing-by-8 (Kounavis and Berry, 2005): table k holds the effect of a byte that is followed by k zero bytes,
 * so that eight table look-ups, joined by exclusive-or, take eight bytes at once.
 */

/** Castagnoli's polynomial, bits reversed. */
const polynomial = 0x82f63b78;
const slices = 8;

export function crc32cSliced(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - (bytes.length % slices); at < end; at += slices) {
    const low =
      crc ^
      (byteAt(bytes, at) |
        (byteAt(bytes, at + 1) << 8) |
        (byteAt(bytes, at + 2) << 16) |
        (byteAt(bytes, at + 3) << 24));
    crc =
      entry(7, low & 0xff) ^
      entry(6, (low >>> 8) & 0xff) ^
      entry(5, (low >>> 16) & 0xff) ^
      entry(4, low >>> 24) ^
      entry(3, byteAt(bytes, at + 4)) ^
      entry(2, byteAt(bytes, at + 5)) ^
      entry(1, byteAt(bytes, at + 6)) ^
      entry(0, byteAt(bytes, at + 7));
  }
  for (; at < bytes.length; at += 1) crc = entry(0, (crc ^ byteAt(bytes, at)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** All tables in one array: entry n of table k is at k * 256 + n. */
const tables = makeTables();

function entry(slice: number, byte: number): number {
  return tables[slice * 256 + byte] as number;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function makeTables(): Int32Array {
  const made = new Int32Array(slices * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    made[byte] = crc;
  }
  for (let at = 256; at < made.length; at += 1) {
    const shorter = made[at - 256] as number;
    made[at] = (made[shorter & 0xff] as number) ^ (shorter >>> 8);
  }
  return made;
}
