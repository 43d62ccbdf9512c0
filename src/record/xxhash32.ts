/**
 * xxHash with 32 bits and seed 0 (Collet), the checksum inside LZ4 frames.
 */

const prime1 = 0x9e3779b1;
const prime2 = 0x85ebca77;
const prime3 = 0xc2b2ae3d;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;
const stripeBytes = 16;

export function xxhash32(bytes: Uint8Array): number {
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let sum = prime5;
  if (bytes.length >= stripeBytes) {
    let [first, second, third, fourth] = [(prime1 + prime2) | 0, prime2 | 0, 0, -prime1 | 0];
    for (; at + stripeBytes <= bytes.length; at += stripeBytes) {
      first = round(first, fields.getInt32(at, true));
      second = round(second, fields.getInt32(at + 4, true));
      third = round(third, fields.getInt32(at + 8, true));
      fourth = round(fourth, fields.getInt32(at + 12, true));
    }
    sum = rotated(first, 1) + rotated(second, 7) + rotated(third, 12) + rotated(fourth, 18);
  }
  sum = (sum + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4) {
    sum = (sum + Math.imul(fields.getInt32(at, true), prime3)) | 0;
    sum = Math.imul(rotated(sum, 17), prime4);
  }
  for (; at < bytes.length; at += 1) {
    sum = (sum + Math.imul(bytes[at] as number, prime5)) | 0;
    sum = Math.imul(rotated(sum, 11), prime1);
  }
  sum = Math.imul(sum ^ (sum >>> 15), prime2);
  sum = Math.imul(sum ^ (sum >>> 13), prime3);
  return (sum ^ (sum >>> 16)) >>> 0;
}

function round(lane: number, input: number): number {
  return Math.imul(rotated((lane + Math.imul(input, prime2)) | 0, 13), prime1);
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
