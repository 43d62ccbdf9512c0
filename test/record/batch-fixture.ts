/**
 * Batches for tests, and damage to them.
 */
import { BatchEncoder, type BatchIdentity } from '../../src/record/batch-encoder.ts';
import type { NewRecord } from '../../src/record/new-record.ts';

const roomy = { batchBytesTarget: 1024 * 1024, batchBytesMax: 8 * 1024 * 1024 };

export function batchOf(records: readonly NewRecord[], identity: BatchIdentity = {}): Uint8Array {
  const encoder = new BatchEncoder(roomy);
  for (const record of records) encoder.append(record);
  return encoder.finishOwned(identity);
}

/** `count` records with values from value-0 on, a millisecond apart. */
export function plainRecords(count: number): NewRecord[] {
  return Array.from({ length: count }, (_, at) => ({
    key: `key-${at}`,
    value: `value-${at}`,
    timestampMs: 1_700_000_000_000 + at,
  }));
}

export function withBitFlipped(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  return flipped;
}
