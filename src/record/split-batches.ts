/** The batches of one run of bytes, which was looked at before: each as its own part of the same memory. */
import { assert } from '../base/assert.ts';
import { BatchHeader } from './batch-header.ts';

export function splitBatches(ownedBytes: Uint8Array): Uint8Array[] {
  const batches: Uint8Array[] = [];
  for (let at = 0; at < ownedBytes.length;) {
    const end = at + new BatchHeader(ownedBytes, at).sizeBytes;
    assert(end > at && end <= ownedBytes.length, 'a run of batches that was looked at is whole', { at, end });
    batches.push(ownedBytes.subarray(at, end));
    at = end;
  }
  return batches;
}
