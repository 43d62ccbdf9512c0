/**
 * Batches for tests: made at random or by hand, read back as plain objects, and damaged.
 */
import * as fc from 'fast-check';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { BatchEncoder, type BatchIdentity } from '../../src/record/batch-encoder.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { checksummedFrom, position } from '../../src/record/batch-layout.ts';
import type { CodecName } from '../../src/record/batch-codec.ts';
import { crc32c } from '../../src/record/crc32c.ts';
import type { FieldToWrite, NewHeader, NewRecord } from '../../src/record/new-record.ts';
import { openRecords } from '../../src/record/open-records.ts';
import type { RecordCursor } from '../../src/record/record-cursor.ts';

const roomy = { batchBytesTarget: 1024 * 1024, batchBytesMax: 8 * 1024 * 1024 };
export const someTimeMs = 1_700_000_000_000;

export function batchOf(
  records: readonly NewRecord[],
  identity: BatchIdentity = {},
  codec: CodecName = 'none',
): Uint8Array {
  const encoder = new BatchEncoder({ ...roomy, codec });
  for (const record of records) encoder.append(record);
  return encoder.finishOwned(identity);
}

/** As the leader would have stamped it, at offset 100 of epoch 7. */
export function stampedBatchOf(records: readonly NewRecord[], codec: CodecName = 'none'): Uint8Array {
  const batch = batchOf(records, {}, codec);
  new BatchHeader(batch).stamp({ baseOffset: offset(100), leaderEpoch: leaderEpoch(7) });
  return batch;
}

/** `count` records with values from value-0 on, a millisecond apart. */
export function plainRecords(count: number): NewRecord[] {
  return Array.from({ length: count }, (_, at) => ({
    key: `key-${at}`,
    value: `value-${at}`,
    timestampMs: someTimeMs + at,
  }));
}

/** A record as its consumer sees it. Fields are written as letters, a byte each, so that a difference can be read. */
export interface SeenRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string | null])[];
}

export function seenRecord(cursor: RecordCursor): SeenRecord {
  const headers = cursor.borrowedHeaders().map(({ name, value }) => [lettersOf(name), lettersOf(value)] as const);
  const [key, value] = [lettersOf(cursor.borrowedKey), lettersOf(cursor.borrowedValue)];
  return { offset: cursor.offset, timestampMs: cursor.timestampMs, key, value, headers };
}

/** All that can be read, and what stood in the way of the rest. */
export function readBatch(batch: Uint8Array): { seen: SeenRecord[]; problem: unknown } {
  const opened = openRecords(new BatchHeader(batch));
  if (!opened.ok) return { seen: [], problem: opened.problem };
  const seen: SeenRecord[] = [];
  while (opened.value.next()) seen.push(seenRecord(opened.value));
  return { seen, problem: opened.value.problem };
}

/** What a consumer must see of what a producer wrote. */
export function expectedRecords(records: readonly NewRecord[], baseOffset = 0): SeenRecord[] {
  return records.map(({ key, value, timestampMs, headers = [] }, at) => ({
    offset: baseOffset + at,
    timestampMs,
    key: lettersOf(key),
    value: lettersOf(value),
    headers: headers.map((header) => [lettersOf(header.name), lettersOf(header.value)] as const),
  }));
}

function lettersOf(field: Uint8Array | string): string;
function lettersOf(field: FieldToWrite): string | null;
function lettersOf(field: FieldToWrite): string | null {
  return field === null ? null : Buffer.from(field as Uint8Array).toString('latin1');
}

/** Strings of one to four bytes a letter, lone surrogates replaced as UTF-8 has to. */
const text = fc.oneof(
  fc.string({ maxLength: 70 }),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.constantFrom('', 'é'.repeat(40), '€'.repeat(30), 'a'.repeat(63), 'a'.repeat(64), `${'a'.repeat(62)}é`, '\ud800'),
);
export const anyField: fc.Arbitrary<FieldToWrite> = fc.oneof(
  fc.constant(null),
  text,
  fc.uint8Array({ maxLength: 70 }),
  fc.constantFrom(new Uint8Array(0), new Uint8Array(8191), new Uint8Array(8192).fill(7)),
);
const anyHeader: fc.Arbitrary<NewHeader> = fc.record({
  name: fc.oneof(text, fc.constantFrom('', 'again'), fc.uint8Array({ maxLength: 9 })),
  value: anyField,
});
export const anyRecord: fc.Arbitrary<NewRecord> = fc.record({
  key: anyField,
  value: anyField,
  timestampMs: fc.oneof(
    fc.nat(),
    fc.integer({ min: 0, max: 2 ** 52 - 1 }),
    fc.constantFrom(0, 2 ** 52 - 1, someTimeMs),
  ),
  headers: fc.option(fc.array(anyHeader, { maxLength: 4 }), { nil: undefined }),
});
export const anyRecords = fc.array(anyRecord, { minLength: 1, maxLength: 12 });

export function withBitFlipped(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
  return flipped;
}

/** With a checksum that matches whatever was done to the rest. */
export function resealed(batch: Uint8Array): Uint8Array {
  const sealed = Uint8Array.from(batch);
  new DataView(sealed.buffer).setUint32(position.checksum, crc32c(sealed.subarray(checksummedFrom)));
  return sealed;
}
