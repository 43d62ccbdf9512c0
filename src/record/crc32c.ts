/**
 * CRC-32C (Castagnoli), the checksum of everything that is stored: batches, Raft entries, checkpoints.
 *
 * Uses the native routine, which takes the processor's own instruction; where its binary does not load (another
 * platform, a bundler) the same numbers come from crc32c-sliced.ts, slower and never different.
 */
import { createRequire } from 'node:module';
import { crc32cSliced } from './crc32c-sliced.ts';

/**
 * The checksum of `bytes`, as a whole number from 0 to 2^32-1. To continue over bytes in pieces pass the checksum
 * of what came before: crc32c(b, crc32c(a)) is the checksum of a followed by b.
 */
export type Crc32c = (bytes: Uint8Array, before?: number) => number;

/** The check value that the catalogues of checksums give for CRC-32C. */
const checkInput = Uint8Array.from('123456789', (digit) => digit.charCodeAt(0));
const checkSum = 0xe3069283;

export const crc32c: Crc32c = chooseCrc32c(() => createRequire(import.meta.url)('@node-rs/crc32') as unknown);

/** The native routine if `load` gives a module that has it and knows a well-known sum; else the one in JavaScript. */
export function chooseCrc32c(load: () => unknown): Crc32c {
  try {
    const loaded = load() as { readonly crc32c: Crc32c };
    // A wrong checksum routine would write a disk full of batches that nobody else can read: look before trusting it.
    if (loaded.crc32c(checkInput) === checkSum) return loaded.crc32c;
  } catch {
    // Not there or not for this platform: the other one is always there.
  }
  return crc32cSliced;
}
