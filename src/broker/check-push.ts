/**
 * The first look at the batches of a push: what comes off the wire may be anything, and what passes is appended as it is.
 *
 * The checksum of a batch does not cover its place and its epoch. So those are held against the batches around them and against
 * what the leader says of the push.
 */
import { isPosition } from '../base/brand.ts';
import { leaderEpochFromOutside } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { assignedBatch, type AssignedBatch } from '../partition/partition-batch.ts';
import type { PushMessage } from '../partition/partition-message.ts';
import type { ArrivedPush } from '../partition/replica-frame.ts';
import { frameBatch, type FrameProblem } from '../record/batch-frame.ts';
import type { BatchHeader } from '../record/batch-header.ts';
import { noProducer } from '../record/batch-layout.ts';

/** `at` counts bytes from the beginning of the batches. */
export type PushProblem = { readonly at: number } & (
  | { readonly type: 'bad-frame'; readonly problem: FrameProblem }
  | { readonly type: 'checksum-mismatch' }
  /** Not where the push begins, or not behind the batch before. */
  | { readonly type: 'wrong-place'; readonly baseOffset: number; readonly expected: number }
  /** Goes down, or is later than the leader's own. */
  | { readonly type: 'wrong-epoch'; readonly leaderEpoch: number }
  | { readonly type: 'wrong-producer'; readonly producerId: number }
  | { readonly type: 'wrong-time' }
  | { readonly type: 'wrong-end'; readonly end: number; readonly next: number }
);

/** The batches become parts of the memory of the push. */
export function checkPush(
  { ownedBatches, ...push }: ArrivedPush,
  batchBytesMax: number,
): Result<PushMessage, PushProblem> {
  const batches: AssignedBatch[] = [];
  let at = 0;
  while (at < ownedBatches.length) {
    const framed = frameBatch(ownedBatches, at, batchBytesMax);
    if (!framed.ok) return refused({ type: 'bad-frame', at, problem: framed.problem });
    const header = framed.value;
    const problem = findWrongPlace(header, push, batches.at(-1)) ?? findWrongContent(header);
    if (problem !== undefined) return refused({ at, ...problem });
    const end = at + header.sizeBytes;
    batches.push(assignedBatch(ownedBatches.subarray(at, end)));
    at = end;
  }
  const end = batches.at(-1)?.nextOffset ?? push.from;
  return end > push.next ? refused({ type: 'wrong-end', at, end, next: push.next }) : ok({ ...push, batches });
}

type Found<Problem = PushProblem> = Problem extends unknown ? Omit<Problem, 'at'> : never;

function findWrongPlace(
  { baseOffset, leaderEpoch }: BatchHeader,
  push: Omit<ArrivedPush, 'ownedBatches'>,
  before: AssignedBatch | undefined,
): Found | undefined {
  // Behind the one before there may be a hole: offsets increase and need not be dense.
  const isThere = before === undefined ? baseOffset === push.from : baseOffset >= before.nextOffset;
  if (!isThere) return { type: 'wrong-place', baseOffset, expected: before?.nextOffset ?? push.from };
  const isInOrder = leaderEpoch >= (before?.leaderEpoch ?? 0) && leaderEpoch <= push.leaderEpoch;
  return isInOrder && leaderEpochFromOutside(leaderEpoch).ok ? undefined : { type: 'wrong-epoch', leaderEpoch };
}

/** A checksum can match what no producer was allowed to write: the numbers are read into the core's next. */
function findWrongContent(header: BatchHeader): Found | undefined {
  if (!header.checksumMatches()) return { type: 'checksum-mismatch' };
  const { producerId, producerEpoch, baseSequence, isControl, maxTimestampMs } = header;
  const isIdempotent = isPosition(producerId) && producerEpoch >= 0 && (baseSequence >= 0 || isControl);
  if (producerId !== noProducer && !isIdempotent) return { type: 'wrong-producer', producerId };
  return Number.isSafeInteger(maxTimestampMs) ? undefined : { type: 'wrong-time' };
}
