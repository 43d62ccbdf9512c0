/**
 * Takes out of bytes that were read what a reader asked for, and judges each batch of it.
 */
import { assert } from '../base/assert.ts';
import type { EpochHistory } from '../base/epoch-history.ts';
import { offset, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import type { BatchHeader } from '../record/batch-header.ts';
import { batchHeaderBytes } from '../record/batch-layout.ts';
import { judgeBatch, type BatchFlaw } from './stamped-batch.ts';
import { prefixChecksum, type SegmentPoint, type StampTable } from './stamp.ts';

export interface PickOptions {
  /** From `start` on. */
  readonly ownedBytes: Uint8Array;
  readonly start: SegmentPoint;
  /** The first batch has just this offset: an index said so. */
  readonly startIsExact: boolean;
  /** There are no more bytes than these. */
  readonly isAll: boolean;
  /** There should be more: the file ends before what was written to it. */
  readonly isShort: boolean;
  readonly from: Offset;
  readonly below: Offset;
  readonly bytesMax: number;
  readonly check: 'stamps' | 'whole';
  readonly epochs: EpochHistory;
  /** Only read where something needs them. */
  readonly stamps: StampTable | undefined;
}

export interface PickedRun {
  /** A part of what was given; empty when nothing of it was asked for. */
  readonly ownedBytes: Uint8Array;
  /** Behind the last batch that was picked or passed over. */
  readonly end: SegmentPoint;
  /** Of the batch that begins there. */
  readonly flaw: BatchFlaw | undefined;
  /** From `end` on, to pick anything: undefined where no more bytes would help. */
  readonly bytesNeeded: number | undefined;
}

export function pickBatches(options: PickOptions): PickedRun {
  const { ownedBytes, start, from, below, bytesMax, isAll } = options;
  let at = 0;
  let pickedFrom: number | undefined;
  let point = start.offset;
  const run = (flaw?: BatchFlaw, bytesNeeded?: number): PickedRun => ({
    ownedBytes: ownedBytes.subarray(pickedFrom ?? at, at),
    end: { position: start.position + at, offset: point },
    flaw,
    bytesNeeded,
  });
  while (at < ownedBytes.length) {
    const judged = judgeStored(options, at, point);
    if (!judged.ok) {
      const { flaw } = judged;
      const isCut = flaw.type === 'incomplete' || (flaw.type === 'zeros' && ownedBytes.length - at < batchHeaderBytes);
      if (!isCut || isAll) return run(flaw);
      if (pickedFrom !== undefined) return run();
      return run(undefined, flaw.type === 'incomplete' ? flaw.bytesNeeded : batchHeaderBytes);
    }
    const { sizeBytes } = judged.header;
    const nextOffset = offset(judged.header.nextOffset);
    assert(nextOffset > point, 'S13: offsets only increase', { nextOffset, point });
    const isWanted = nextOffset > from;
    if (isWanted) {
      const picked = at - (pickedFrom ?? at);
      if (nextOffset > below) return run(isProven(judged.header, below) ? undefined : { type: 'bad-checksum' });
      if (picked > 0 && picked + sizeBytes > bytesMax) return run();
      if (options.check === 'whole' && !judged.header.checksumMatches()) return run({ type: 'bad-checksum' });
      pickedFrom ??= at;
    } else if (!judged.header.checksumMatches()) {
      return run({ type: 'bad-checksum' });
    }
    at += sizeBytes;
    point = nextOffset;
  }
  if (pickedFrom !== undefined) return run();
  // Cut off right behind a batch, nothing of what is left shows it.
  if (options.isShort) return run({ type: 'incomplete', bytesNeeded: batchHeaderBytes });
  return run(undefined, isAll ? undefined : batchHeaderBytes);
}

/**
 * Whether a batch really reaches beyond what may be read. Its first offset is vouched for, its last one only by its
 * checksum; of a batch that is not handed out no receiver looks at that.
 */
function isProven(header: BatchHeader, below: Offset): boolean {
  return header.baseOffset >= below || header.checksumMatches();
}

type Judged = { readonly ok: true; readonly header: BatchHeader } | { readonly ok: false; readonly flaw: BatchFlaw };

/** Offset and epoch are those that the log gave out, or a stamp vouches for them. */
function judgeStored(
  { ownedBytes, start, startIsExact, epochs, stamps }: PickOptions,
  at: number,
  point: Offset,
): Judged {
  const after = { offset: point, epoch: epochs.epochBefore(point) };
  const judged = judgeBatch(ownedBytes, at, after);
  if (!judged.ok) return { ok: false, flaw: judged.problem };
  const header = judged.value;
  const { baseOffset } = header;
  const epoch: LeaderEpoch | undefined = epochs.epochAt(offset(baseOffset));
  if (header.leaderEpoch !== epoch) return { ok: false, flaw: { type: 'stamp-differs' } };
  if (baseOffset === point) return { ok: true, header };
  if (at === 0 && startIsExact) return { ok: false, flaw: { type: 'stamp-differs' } };
  const stamp = stamps?.at(start.position + at);
  if (stamp === undefined) return { ok: false, flaw: { type: 'unvouched' } };
  const isStamped = stamp.baseOffset === baseOffset && stamp.prefixChecksum === prefixChecksum(ownedBytes, at);
  return isStamped ? { ok: true, header } : { ok: false, flaw: { type: 'stamp-differs' } };
}
