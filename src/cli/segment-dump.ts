/**
 * Walks over a segment from its first byte to its last and says what is there. It knows nothing of the files beside it:
 * it believes a batch whose checksum matches, and searches for the next one where there is none.
 */
import { findCodecName } from '../record/batch-codec.ts';
import type { BatchHeader } from '../record/batch-header.ts';
import { noProducer } from '../record/batch-layout.ts';
import { openRecords } from '../record/open-records.ts';
import type { RecordCursor, UnreadableRecords } from '../record/record-cursor.ts';
import type { DumpedField, DumpEntry } from './dump-entry.ts';
import type { FileBytes } from './file-bytes.ts';
import { SegmentBytes, whyNoBatch } from './segment-bytes.ts';

/** With `isDeep` also the records, decompressed. */
export function* dumpSegment(file: FileBytes, isDeep: boolean): Generator<DumpEntry> {
  const segment = new SegmentBytes(file);
  let nextOffset: number | null = null;
  for (let position = 0; position < segment.sizeBytes;) {
    const batch = segment.batchAt(position);
    if (!batch.ok) {
      const entry = brokenEntry(segment, { position, nextOffset, why: whyNoBatch(batch.problem) });
      yield entry;
      position = entry.endPosition;
      continue;
    }
    const { sizeBytes } = batch.value;
    ({ nextOffset } = batch.value);
    yield batchEntry(batch.value, position);
    if (isDeep) yield* recordEntries(batch.value);
    position += sizeBytes;
  }
}

type BrokenEntry = DumpEntry & { readonly kind: 'damage' | 'unwritten' };

function brokenEntry(
  segment: SegmentBytes,
  { position, nextOffset, why }: { position: number; nextOffset: number | null; why: string },
): BrokenEntry {
  const nextPosition = segment.findBatchAfter(position);
  const endPosition = nextPosition ?? segment.sizeBytes;
  if (nextPosition === undefined && segment.isZerosFrom(position)) return { kind: 'unwritten', position, endPosition };
  const next = nextPosition === undefined ? undefined : segment.batchAt(nextPosition);
  const lastOffset = next?.ok === true ? next.value.baseOffset - 1 : null;
  return { kind: 'damage', position, endPosition, firstOffset: nextOffset, lastOffset, why };
}

function batchEntry(header: BatchHeader, position: number): DumpEntry {
  const { producerId, producerEpoch, baseSequence } = header;
  return {
    kind: 'batch',
    position,
    sizeBytes: header.sizeBytes,
    baseOffset: header.baseOffset,
    lastOffset: header.lastOffset,
    recordCount: header.recordCount,
    leaderEpoch: header.leaderEpoch,
    codec: findCodecName(header.codecNumber) ?? `unknown (${header.codecNumber})`,
    timestamps: header.hasAppendTime ? 'append' : 'producer',
    baseTimestampMs: header.baseTimestampMs,
    maxTimestampMs: header.maxTimestampMs,
    producer: producerId === noProducer ? null : { id: producerId, epoch: producerEpoch, baseSequence },
    isTransactional: header.isTransactional,
    isControl: header.isControl,
    hasDeleteHorizon: header.hasDeleteHorizon,
  };
}

function* recordEntries(header: BatchHeader): Generator<DumpEntry> {
  const opened = openRecords(header);
  if (!opened.ok) {
    yield unreadableEntry(opened.problem);
    return;
  }
  const cursor = opened.value;
  while (cursor.next()) yield recordEntry(cursor);
  if (cursor.problem !== undefined) yield unreadableEntry(cursor.problem);
}

function unreadableEntry({ firstOffset, lastOffset, why }: UnreadableRecords): DumpEntry {
  return { kind: 'unreadable-records', firstOffset, lastOffset, why };
}

function recordEntry(cursor: RecordCursor): DumpEntry {
  return {
    kind: 'record',
    offset: cursor.offset,
    timestampMs: cursor.timestampMs,
    key: dumpedField(cursor.borrowedKey),
    value: dumpedField(cursor.borrowedValue),
    headers: cursor
      .borrowedHeaders()
      .map(({ name, value }) => ({ name: dumpedField(name), value: dumpedField(value) })),
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function dumpedField(borrowedBytes: Uint8Array | null): DumpedField {
  if (borrowedBytes === null) return null;
  try {
    return { text: utf8.decode(borrowedBytes) };
  } catch {
    return { base64: Buffer.from(borrowedBytes).toString('base64') };
  }
}
