/**
 * What a log knows about itself beside its batches, as one small file that is replaced as a whole, in two copies: no
 * single damage can make it forget a log start or a truncation that it had begun.
 *
 *   crc32c 4 | magic 4 | format 4 | sequence 8 | generation 8 | local start 8 | partition start 8 |
 *   truncating: 0 or 1, 4 | active: base 8, position 4, offset 8, first timestamp 8, max timestamp 8 |
 *   epochs: count 4, per epoch: epoch 4, start 8 |
 *   sealed segments: count 4, per segment: base 8, next 8, size 4, max timestamp 8 |
 *   damaged ranges: count 4, per range: segment 8, position 4, end 4, from 8, to 8
 *
 * `active` is the recovery point: what of the active segment was checked and durable, stamps included, so that a start
 * looks only at what comes after it. Timestamps are kept plus one, because there may be none.
 */
import { assert } from '../base/assert.ts';
import type { EpochStart } from '../base/epoch-history.ts';
import { isPosition } from '../base/brand.ts';
import { leaderEpoch, offset, type Offset } from '../base/offsets.ts';
import { crc32c } from '../record/crc32c.ts';
import type { DamagedRange } from './damaged-range.ts';
import { ByteReader, ByteWriter } from './raft-bytes.ts';
import type { SegmentFacts } from './segment.ts';
import type { SegmentPoint } from './stamp.ts';

export interface RecoveryPoint extends SegmentPoint {
  /** The segment that was the active one. */
  readonly base: Offset;
  readonly firstTimestampMs: number;
  readonly maxTimestampMs: number;
}

export interface LogCheckpoint {
  /** Of this file: one more with each replacement. */
  readonly sequence: number;
  /** One more with each truncation: completions and journal entries of an earlier one mean nothing. */
  readonly generation: number;
  readonly localStart: Offset;
  readonly partitionStart: Offset;
  /** What lies beyond `active` is being cut off; that is finished before anything else. */
  readonly isTruncating: boolean;
  readonly active: RecoveryPoint;
  readonly epochs: readonly EpochStart[];
  readonly sealed: readonly SegmentFacts[];
  readonly damaged: readonly DamagedRange[];
}

export type CheckpointReading =
  | { readonly type: 'whole'; readonly checkpoint: LogCheckpoint }
  | { readonly type: 'damaged' }
  | { readonly type: 'newer-format'; readonly format: number };

export const checkpointNames = ['checkpoint', 'checkpoint.copy'] as const;
export const logFormat = 1;
/** Far beyond any log: a million segments. */
export const checkpointBytesMax = 64 * 1024 * 1024;

const magic = 0x4f_44_4c_43; // "ODLC"
const checksummedFrom = 4;
const headBytes = 4 + 4 + 4 + 8 * 4 + 4 + (8 + 4 + 8 + 8 + 8);
const epochBytes = 12;
const segmentBytes = 28;
const rangeBytes = 32;

export function encodeCheckpoint(checkpoint: LogCheckpoint): Uint8Array {
  const { active, epochs, sealed, damaged, isTruncating } = checkpoint;
  const countBytes =
    4 + epochs.length * epochBytes + 4 + sealed.length * segmentBytes + 4 + damaged.length * rangeBytes;
  const writer = new ByteWriter(headBytes + countBytes)
    .uint32(0)
    .uint32(magic)
    .uint32(logFormat)
    .position(checkpoint.sequence)
    .position(checkpoint.generation)
    .position(checkpoint.localStart)
    .position(checkpoint.partitionStart)
    .uint32(isTruncating ? 1 : 0)
    .position(active.base)
    .uint32(active.position)
    .position(active.offset)
    .position(active.firstTimestampMs + 1)
    .position(active.maxTimestampMs + 1);
  writer.uint32(epochs.length);
  for (const { epoch, start } of epochs) writer.uint32(epoch).position(start);
  writer.uint32(sealed.length);
  for (const segment of sealed)
    writer
      .position(segment.base)
      .position(segment.next)
      .uint32(segment.sizeBytes)
      .position(segment.maxTimestampMs + 1);
  writer.uint32(damaged.length);
  for (const range of damaged)
    writer
      .position(range.segment)
      .uint32(range.position)
      .uint32(range.endPosition)
      .position(range.from)
      .position(range.to);
  const bytes = writer.finish();
  new DataView(bytes.buffer).setUint32(0, crc32c(bytes.subarray(checksummedFrom)));
  return bytes;
}

export function decodeCheckpoint(borrowedBytes: Uint8Array): CheckpointReading {
  const reader = new ByteReader(borrowedBytes);
  const checksum = reader.uint32();
  const magicFound = reader.uint32();
  const format = reader.uint32();
  if (!reader.sound || magicFound !== magic || checksum !== crc32c(borrowedBytes.subarray(checksummedFrom)))
    return { type: 'damaged' };
  // Later formats keep the first three fields: an older release can tell "newer" from "damaged".
  if (format > logFormat) return { type: 'newer-format', format };
  return judgeFields(reader, readFields(reader));
}

function judgeFields(reader: ByteReader, checkpoint: LogCheckpoint): CheckpointReading {
  const isWhole = reader.sound && reader.remaining === 0 && isConsistent(checkpoint);
  return isWhole ? { type: 'whole', checkpoint } : { type: 'damaged' };
}

function readFields(reader: ByteReader): LogCheckpoint {
  const sequence = reader.position();
  const generation = reader.position();
  const localStart = offset(reader.position());
  const partitionStart = offset(reader.position());
  const isTruncating = reader.uint32() === 1;
  const active = {
    base: offset(reader.position()),
    position: reader.uint32(),
    offset: offset(reader.position()),
    firstTimestampMs: reader.position() - 1,
    maxTimestampMs: reader.position() - 1,
  };
  const epochs = readMany(reader, epochBytes, () => ({
    epoch: leaderEpoch(reader.uint32()),
    start: offset(reader.position()),
  }));
  const sealed = readMany(reader, segmentBytes, () => ({
    base: offset(reader.position()),
    next: offset(reader.position()),
    sizeBytes: reader.uint32(),
    maxTimestampMs: reader.position() - 1,
  }));
  const damaged = readMany(reader, rangeBytes, () => ({
    segment: offset(reader.position()),
    position: reader.uint32(),
    endPosition: reader.uint32(),
    from: offset(reader.position()),
    to: offset(reader.position()),
  }));
  return {
    sequence,
    generation,
    localStart,
    partitionStart,
    isTruncating,
    active,
    epochs,
    sealed,
    damaged,
  };
}

/** A count that the bytes cannot hold makes the reader unsound before it makes anything large. */
function readMany<Item>(reader: ByteReader, itemBytes: number, read: () => Item): readonly Item[] {
  const count = reader.uint32();
  if (count * itemBytes > reader.remaining) {
    reader.raw(reader.remaining + 1);
    return [];
  }
  return Array.from({ length: count }, read);
}

/** The checksum has matched, so anything else would be a bug of the release that wrote it. */
function isConsistent({ sequence, active, sealed, localStart }: LogCheckpoint): boolean {
  assert(isPosition(sequence), 'a field that was read as a position is one');
  const bases = [...sealed.map(({ base }) => base), active.base];
  return (
    bases.every((base, at) => at === 0 || base > (bases[at - 1] ?? 0)) &&
    active.offset >= active.base &&
    localStart >= 0
  );
}

/** The newest of the copies that can be read. */
export function newerCheckpoint(readings: readonly CheckpointReading[]): LogCheckpoint | undefined {
  const whole = readings.flatMap((reading) => (reading.type === 'whole' ? [reading.checkpoint] : []));
  return whole.reduce<LogCheckpoint | undefined>(
    (newest, next) => (newest === undefined || next.sequence > newest.sequence ? next : newest),
    undefined,
  );
}
