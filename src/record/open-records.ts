/**
 * From a batch to its records: decompressed if need be, and never to more than was agreed.
 */
import { offset } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { BatchHeader } from './batch-header.ts';
import { findCodec, findCodecName } from './batch-codec.ts';
import { RecordCursor, recordBytesMin, type UnreadableRecords } from './record-cursor.ts';

/**
 * How large the records of a compressed batch may get. Up to `freeBytes` nobody asks; beyond, so many times the compressed
 * size, because nothing but a bomb needs more; and never beyond `bytesMax`.
 */
export interface DecompressionLimits {
  readonly freeBytes: number;
  readonly ratioMax: number;
  readonly bytesMax: number;
}

export const decompressionDefaults: DecompressionLimits = {
  // The largest message.
  freeBytes: 8 * 1024 * 1024,
  ratioMax: 1000,
  bytesMax: 64 * 1024 * 1024,
};

/**
 * A batch that has been framed. Check its checksum first, unless somebody has. The cursor hands out views into
 * the batch if it is not compressed.
 */
export function openRecords(
  header: BatchHeader,
  limits: DecompressionLimits = decompressionDefaults,
): Result<RecordCursor, UnreadableRecords> {
  const { recordCount, lastOffsetDelta } = header;
  if (recordCount < 0 || recordCount > lastOffsetDelta + 1)
    return unreadable(header, 'garbage-records', 'the count of records is wrong');
  const records = recordsOf(header, limits);
  if (!records.ok) return records;
  const bytes = records.value.length;
  // Each record takes some bytes, and an empty batch has none: compaction leaves one behind for its producer's sequence.
  if (recordCount === 0 ? bytes > 0 : recordCount * recordBytesMin > bytes)
    return unreadable(header, 'garbage-records', 'the count of records does not fit their bytes');
  return ok(new RecordCursor(header, records.value));
}

function recordsOf(header: BatchHeader, limits: DecompressionLimits): Result<Uint8Array, UnreadableRecords> {
  const payload = header.borrowedPayload;
  const name = findCodecName(header.codecNumber);
  if (name === undefined) return unreadable(header, 'garbage-records', 'the codec is unknown');
  if (name === 'none') return ok(payload);
  const codec = findCodec(name);
  if (codec === undefined) return unreadable(header, 'codec-missing', `this installation cannot read ${name}`);
  const bytesMax = Math.min(limits.bytesMax, Math.max(limits.freeBytes, payload.length * limits.ratioMax));
  const decompressed = codec.decompress(payload, bytesMax);
  if (decompressed.ok) return decompressed;
  return decompressed.problem === 'too-large'
    ? unreadable(header, 'decompressed-too-large', `the records come to more than ${bytesMax} bytes`)
    : unreadable(header, 'garbage-records', `the records are not what ${name} writes`);
}

function unreadable(
  { baseOffset, lastOffset }: BatchHeader,
  type: UnreadableRecords['type'],
  why: string,
): { readonly ok: false; readonly problem: UnreadableRecords } {
  return refused({ type, why, firstOffset: offset(baseOffset), lastOffset: offset(lastOffset) });
}
