/**
 * What a broker asks of a batch before it appends it. One refusal for each thing that can be wrong, so that a producer is told
 * what to mend. The cost does not depend on the records: they are checksummed, and not looked at.
 *
 * What needs the state of a partition (is the sequence the next one, was the producer id given out by this cluster) is the
 * partition's to ask; who may write to a topic, the API's.
 */
import { ok, refused, type Result } from '../base/result.ts';
import { BatchHeader } from './batch-header.ts';
import { attribute, batchHeaderBytes, batchMagic, noProducer } from './batch-layout.ts';
import { findCodecName } from './batch-codec.ts';
import { decompressionDefaults } from './open-records.ts';
import { recordBytesMin } from './record-cursor.ts';

export interface ProduceRules {
  readonly batchBytesMax: number;
  /** Entitlements of the request, not wishes of the batch. */
  readonly mayBeTransactional: boolean;
  readonly mayBeControl: boolean;
  /** The broker's clock, and how far from it the times of producers may be. Undefined where the broker's own count. */
  readonly producerTimes:
    | { readonly nowMs: number; readonly aheadMsMax: number; readonly behindMsMax: number }
    | undefined;
}

export type BatchRefusal =
  | { readonly type: 'batch-cut-short'; readonly givenBytes: number }
  | { readonly type: 'batch-too-large'; readonly sizeBytes: number; readonly batchBytesMax: number }
  | { readonly type: 'wrong-length'; readonly sizeBytes: number; readonly givenBytes: number }
  | { readonly type: 'unknown-magic'; readonly magic: number }
  | { readonly type: 'checksum-mismatch' }
  | { readonly type: 'unknown-codec'; readonly codecNumber: number }
  | { readonly type: 'reserved-attributes'; readonly attributes: number }
  | { readonly type: 'broker-attributes'; readonly attributes: number }
  | { readonly type: 'transaction-not-allowed' }
  | { readonly type: 'control-not-allowed' }
  | { readonly type: 'wrong-count'; readonly recordCount: number; readonly lastOffsetDelta: number }
  | { readonly type: 'wrong-times'; readonly baseTimestampMs: number; readonly maxTimestampMs: number }
  | { readonly type: 'time-out-of-bounds'; readonly maxTimestampMs: number; readonly nowMs: number }
  | {
      readonly type: 'wrong-producer';
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly baseSequence: number;
    };

/** `borrowedBatch` is exactly what the request carries for one partition. Base offset and leader epoch are overwritten later. */
export function checkProducedBatch(borrowedBatch: Uint8Array, rules: ProduceRules): Result<BatchHeader, BatchRefusal> {
  const givenBytes = borrowedBatch.length;
  if (givenBytes < batchHeaderBytes) return refused({ type: 'batch-cut-short', givenBytes });
  const header = new BatchHeader(borrowedBatch);
  const refusal =
    findWrongFrame(header, givenBytes, rules) ??
    findWrongAttribute(header, rules) ??
    findWrongCount(header) ??
    findWrongTime(header, rules) ??
    findWrongProducer(header);
  return refusal === undefined ? ok(header) : refused(refusal);
}

function findWrongFrame(
  header: BatchHeader,
  givenBytes: number,
  { batchBytesMax }: ProduceRules,
): BatchRefusal | undefined {
  const { magic, sizeBytes } = header;
  // The magic first: in other formats the rest stands elsewhere.
  if (magic !== batchMagic) return { type: 'unknown-magic', magic };
  if (sizeBytes !== givenBytes) return { type: 'wrong-length', sizeBytes, givenBytes };
  if (sizeBytes > batchBytesMax) return { type: 'batch-too-large', sizeBytes, batchBytesMax };
  return header.checksumMatches() ? undefined : { type: 'checksum-mismatch' };
}

function findWrongAttribute(header: BatchHeader, rules: ProduceRules): BatchRefusal | undefined {
  const { attributes, codecNumber } = header;
  if ((attributes & attribute.reservedMask) !== 0) return { type: 'reserved-attributes', attributes };
  // Set by brokers alone: the first when it stamps its own time, the second when it compacts.
  if (header.hasAppendTime || header.hasDeleteHorizon) return { type: 'broker-attributes', attributes };
  if (header.isControl && !rules.mayBeControl) return { type: 'control-not-allowed' };
  if (header.isTransactional && !rules.mayBeTransactional) return { type: 'transaction-not-allowed' };
  return findCodecName(codecNumber) === undefined ? { type: 'unknown-codec', codecNumber } : undefined;
}

/** Each record takes an offset, so that a lie about their count would spend offsets for nothing. */
function findWrongCount(header: BatchHeader): BatchRefusal | undefined {
  const { recordCount, lastOffsetDelta, sizeBytes, codecNumber } = header;
  const recordsBytesMax = codecNumber === 0 ? sizeBytes - batchHeaderBytes : decompressionDefaults.bytesMax;
  const isRight = recordCount >= 1 && recordCount === lastOffsetDelta + 1;
  return isRight && recordCount * recordBytesMin <= recordsBytesMax
    ? undefined
    : { type: 'wrong-count', recordCount, lastOffsetDelta };
}

/** A time far ahead would be found by every lookup before it and keep its segment from being retained away. */
function findWrongTime(header: BatchHeader, { producerTimes }: ProduceRules): BatchRefusal | undefined {
  const { baseTimestampMs, maxTimestampMs } = header;
  // The comparison is false for what is no exact number.
  if (!(baseTimestampMs >= 0 && baseTimestampMs <= maxTimestampMs))
    return { type: 'wrong-times', baseTimestampMs, maxTimestampMs };
  if (producerTimes === undefined) return undefined;
  const { nowMs, aheadMsMax, behindMsMax } = producerTimes;
  const isNear = maxTimestampMs - nowMs <= aheadMsMax && nowMs - maxTimestampMs <= behindMsMax;
  return isNear ? undefined : { type: 'time-out-of-bounds', maxTimestampMs, nowMs };
}

/** Without a producer id, epoch and sequence mean nothing, and clients leave different things there. */
function findWrongProducer(header: BatchHeader): BatchRefusal | undefined {
  const { producerId, producerEpoch, baseSequence, isTransactional, isControl } = header;
  const isIdempotent = producerId >= 0 && producerEpoch >= 0 && (baseSequence >= 0 || isControl);
  const isAnonymous = producerId === noProducer && !isTransactional;
  return isIdempotent || isAnonymous ? undefined : { type: 'wrong-producer', producerId, producerEpoch, baseSequence };
}
