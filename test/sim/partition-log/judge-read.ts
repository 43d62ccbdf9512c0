/**
 * Judges what a log answered to one read, or to a lookup, by what it must hold. Appends, truncations and moves of the
 * start may have gone on beside it, so there is what it had to know when it began and what it may know at its end.
 */
import { assert } from '../../../src/base/assert.ts';
import { offset, type LeaderEpoch, type Offset } from '../../../src/base/offsets.ts';
import type { Result } from '../../../src/base/result.ts';
import { frameBatch } from '../../../src/record/batch-frame.ts';
import { BatchHeader } from '../../../src/record/batch-header.ts';
import { batchHeaderBytes } from '../../../src/record/batch-layout.ts';
import type { ReadProblem } from '../../../src/storage/log-problem.ts';
import type { ReadBatches, ReadRequest } from '../../../src/storage/log-reader.ts';
import type { TimedBatch } from '../../../src/storage/log-time-lookup.ts';
import type { PartitionLog } from '../../../src/storage/partition-log.ts';
import { storedBatchBytesMax, type StampedBatch } from '../../../src/storage/stamped-batch.ts';
import type { LogExpectation } from './log-expectation.ts';

/** What was true when a read began. */
export interface ReadStart {
  readonly batches: readonly StampedBatch[];
  /** All below it must be served. */
  readonly readable: Offset;
}

/** A log that failed still serves what was durable; a healthy one all that is written. */
export function readStart(expected: LogExpectation, log: PartitionLog): ReadStart {
  const { written, durable } = log.position;
  return { batches: [...expected.batches], readable: log.failure === undefined ? written : durable };
}

/** Returns where the next read goes on: behind damage, if that was the answer. */
export function judgeRead(
  { expected, log, start }: { expected: LogExpectation; log: PartitionLog; start: ReadStart },
  request: ReadRequest,
  answer: Result<ReadBatches, ReadProblem>,
): Offset {
  const { from, bytesMax, below = Infinity, check } = request;
  const owed = owedFrom(expected, start, { from, below });
  const facts = () => ({ from, bytesMax, below, check, owed: owed?.baseOffset, readable: start.readable });
  if (!answer.ok) return judgeRefusal({ expected, log }, from, { owed, problem: answer.problem });
  const { ownedBytes, nextOffset } = answer.value;
  const first = expected.batches.findIndex((batch) => batch.nextOffset > from);
  let bytesLeft = ownedBytes;
  let last: StampedBatch | undefined;
  for (let at = first; bytesLeft.length > 0; at += 1) {
    const wanted = expected.batches[at];
    const isSame =
      wanted !== undefined && Buffer.compare(wanted.ownedBytes, bytesLeft.subarray(0, wanted.ownedBytes.length)) === 0;
    // The receiver has said that it looks itself: it asks again, for whole ones.
    if (!isSame && expected.isRotten && check === 'stamps' && isNoticed(bytesLeft)) return nextOffset;
    assert(isSame, 'S2, S4: what is served is what was appended, and nothing is left out', () => ({
      ...facts(),
      wanted: wanted?.baseOffset,
      served: bytesLeft.length >= batchHeaderBytes ? new BatchHeader(bytesLeft).baseOffset : undefined,
    }));
    assert(wanted.nextOffset <= below, 'nothing is served beyond what was asked for', facts);
    const isWithin = last === undefined || ownedBytes.length <= bytesMax;
    assert(isWithin, 'a read keeps within its budget', () => ({ ...facts(), bytes: ownedBytes.length }));
    bytesLeft = bytesLeft.subarray(wanted.ownedBytes.length);
    last = wanted;
  }
  assert(last !== undefined || owed === undefined, 'S1: what is written can be read', facts);
  assert(nextOffset === (last?.nextOffset ?? from), 'a read goes on where it ends', facts);
  return nextOffset;
}

/** Flipped bits in a batch show to whoever looks at its frame and its checksum. */
function isNoticed(borrowedBytes: Uint8Array): boolean {
  const framed = frameBatch(borrowedBytes, 0, storedBatchBytesMax);
  return !framed.ok || !framed.value.checksumMatches();
}

function judgeRefusal(
  { expected, log }: { expected: LogExpectation; log: PartitionLog },
  from: Offset,
  { owed, problem }: { owed: StampedBatch | undefined; problem: ReadProblem },
): Offset {
  const facts = () => ({ from, problem, owed: owed?.baseOffset, localStart: log.localStart });
  if (problem.type === 'damaged') {
    const { range } = problem;
    assert(expected.isRotten, 'S3: nothing whole is called damaged', facts);
    assert(range.from <= from && from < range.to, 'S3: a damaged range is what was asked for', facts);
    assert(
      log.damaged.some((known) => known.from <= from && from < known.to),
      'S3: damage is reported',
      facts,
    );
    return range.to;
  }
  assert(owed === undefined || from < log.localStart, 'S1: what is written can be read', facts);
  return from;
}

/** The batch that has to come first, if there has to be one. */
function owedFrom(
  expected: LogExpectation,
  start: ReadStart,
  { from, below }: { readonly from: Offset; readonly below: number },
): StampedBatch | undefined {
  const first = start.batches.find(({ nextOffset }) => nextOffset > from);
  // A truncation may take a whole damaged range with it.
  if (expected.isRotten && expected.cutEnd < Infinity) return undefined;
  if (first === undefined || first.nextOffset > Math.min(start.readable, below, expected.cutEnd)) return undefined;
  return expected.batches.includes(first) ? first : undefined;
}

/** The oldest batch that the log may know of and is as new; nothing may be passed over. */
export function judgeTimed(
  { expected, log, start }: { expected: LogExpectation; log: PartitionLog; start: ReadStart },
  timestampMs: number,
  answer: Result<TimedBatch | undefined, ReadProblem>,
): void {
  const owed = start.batches.find(
    (batch) =>
      batch.maxTimestampMs >= timestampMs &&
      batch.baseOffset >= log.localStart &&
      batch.nextOffset <= Math.min(start.readable, expected.cutEnd) &&
      expected.batches.includes(batch),
  );
  const facts = () => ({ timestampMs, answer, owed: owed?.baseOffset });
  if (!answer.ok) {
    // A truncation or a removal went on beside it.
    assert(owed === undefined || answer.problem.type === 'offset-out-of-range', 'a lookup finds what is there', facts);
    return;
  }
  const found = answer.value;
  if (found !== undefined) {
    // At that place there may have been another one when it began.
    const isTrue = [...start.batches, ...expected.batches].some(
      ({ baseOffset, maxTimestampMs }) =>
        baseOffset === found.baseOffset && maxTimestampMs === found.maxTimestampMs && maxTimestampMs >= timestampMs,
    );
    assert(isTrue, 'S2: a lookup finds a batch that was appended and is as new', facts);
  }
  if (expected.isRotten || owed === undefined) return;
  assert(found !== undefined && found.baseOffset <= owed.baseOffset, 'a lookup passes nothing over', facts);
}

/** By the batches themselves, for epochs of which something is left. */
export function judgeEpochEnd(
  { expected, log }: { expected: LogExpectation; log: PartitionLog },
  asked: LeaderEpoch,
): void {
  const held = expected.batches.filter(({ baseOffset }) => baseOffset >= log.localStart);
  const first = held[0];
  if (first === undefined || asked < first.leaderEpoch || expected.isRotten || expected.cutEnd < Infinity) return;
  const epoch = held.findLast(({ leaderEpoch }) => leaderEpoch <= asked)?.leaderEpoch;
  const end = held.find(({ leaderEpoch }) => leaderEpoch > asked)?.baseOffset ?? log.logEnd;
  const found = log.endOfEpoch(asked);
  assert(found?.epoch === epoch && found?.end === offset(end), 'epochs end where the next one begins', () => ({
    asked,
    found,
    epoch,
    end,
  }));
}
