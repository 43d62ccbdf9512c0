/**
 * A batch that has its offsets and its epoch, as the log takes it and as it finds it again; and how it is judged.
 *
 * The checksum of a batch does not cover its stamped prefix, so the prefix needs a voucher: a stamp beside the log
 * (stamp.ts), or the batches before it, which it follows on without a gap and in an epoch that is known.
 */
import { assert } from '../base/assert.ts';
import {
  leaderEpoch,
  leaderEpochFromOutside,
  offset,
  offsetFromOutside,
  type LeaderEpoch,
  type Offset,
} from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { frameBatch, type FrameProblem } from '../record/batch-frame.ts';
import { BatchHeader } from '../record/batch-header.ts';

/** No stored batch is larger. What a broker accepts is less; this bounds what damage can make a start read. */
export const storedBatchBytesMax = 64 * 1024 * 1024;

export interface StampedBatch {
  /** The log keeps them until they are written; nobody changes them. */
  readonly ownedBytes: Uint8Array;
  readonly baseOffset: Offset;
  /** One after its last record. */
  readonly nextOffset: Offset;
  readonly leaderEpoch: LeaderEpoch;
  readonly maxTimestampMs: number;
}

/** Why bytes are not the batch that should be there. */
export type BatchFlaw =
  | FrameProblem
  | { readonly type: 'bad-checksum' }
  | { readonly type: 'bad-offsets' }
  | { readonly type: 'offset-goes-back'; readonly baseOffset: number }
  | { readonly type: 'epoch-goes-back'; readonly leaderEpoch: number }
  /** The stamped prefix is another than the one that was written. */
  | { readonly type: 'stamp-differs' }
  /** It leaves a gap or opens an epoch, and no stamp says that it may. */
  | { readonly type: 'unvouched' };

/** Where a log is when a batch comes next. */
export interface LogPoint {
  readonly offset: Offset;
  /** Of the batch before; undefined before the first. */
  readonly epoch: LeaderEpoch | undefined;
}

/** Of a batch that was checked before, by the api on produce or by `judgePeerBatches`, and is stamped now. */
export function stampedBatch(ownedBytes: Uint8Array): StampedBatch {
  const header = new BatchHeader(ownedBytes);
  assert(header.sizeBytes === ownedBytes.length, 'a stamped batch is exactly its bytes', () => ({
    sizeBytes: header.sizeBytes,
    given: ownedBytes.length,
  }));
  assert(ownedBytes.length <= storedBatchBytesMax, 'a batch that is appended can be read again', () => ({
    sizeBytes: ownedBytes.length,
  }));
  return {
    ownedBytes,
    baseOffset: offset(header.baseOffset),
    nextOffset: offset(header.nextOffset),
    leaderEpoch: leaderEpoch(header.leaderEpoch),
    maxTimestampMs: newestTimestampMs(header),
  };
}

/**
 * The batches that a peer sent in one run of bytes, each checked as a whole, or the flaw of the first that is not what
 * it should be. Nothing is appended before: a follower that took damage from its leader would vouch for it.
 */
export function judgePeerBatches(ownedBytes: Uint8Array, after: LogPoint): Result<readonly StampedBatch[], BatchFlaw> {
  const batches: StampedBatch[] = [];
  let point = after;
  for (let at = 0; at < ownedBytes.length;) {
    const judged = judgeBatch(ownedBytes, at, point);
    if (!judged.ok) return judged;
    if (!judged.value.checksumMatches()) return refused({ type: 'bad-checksum' });
    const batch = stampedBatch(ownedBytes.subarray(at, at + judged.value.sizeBytes));
    batches.push(batch);
    point = { offset: batch.nextOffset, epoch: batch.leaderEpoch };
    at += batch.ownedBytes.length;
  }
  return ok(batches);
}

/** Form and order of the batch that begins at `at`. Its checksum and its voucher are for the caller to look at. */
export function judgeBatch(borrowedBytes: Uint8Array, at: number, after: LogPoint): Result<BatchHeader, BatchFlaw> {
  const framed = frameBatch(borrowedBytes, at, storedBatchBytesMax);
  if (!framed.ok) return framed;
  const { baseOffset, nextOffset, lastOffsetDelta, leaderEpoch: epoch } = framed.value;
  if (lastOffsetDelta < 0 || !offsetFromOutside(baseOffset).ok || !offsetFromOutside(nextOffset).ok)
    return refused({ type: 'bad-offsets' });
  if (baseOffset < after.offset) return refused({ type: 'offset-goes-back', baseOffset });
  if (!leaderEpochFromOutside(epoch).ok || epoch < (after.epoch ?? 0))
    return refused({ type: 'epoch-goes-back', leaderEpoch: epoch });
  return framed;
}

/** -1 for a batch that has none, or none that makes sense: it is a stranger's, and only a hint. */
export function newestTimestampMs({ maxTimestampMs }: BatchHeader): number {
  return maxTimestampMs >= 0 ? maxTimestampMs : -1;
}
