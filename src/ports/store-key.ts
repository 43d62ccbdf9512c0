/**
 * What a key of ports/key-value-store.ts may look like.
 */
import { assert } from '../base/assert.ts';

const printableAscii = /^[\x20-\x7e]+$/;

/** Keys are made by our own code, so a wrong one is a bug. */
export function assertStoreKey(key: string): void {
  assert(printableAscii.test(key), 'a key is printable ASCII and not empty', () => ({ key }));
}
