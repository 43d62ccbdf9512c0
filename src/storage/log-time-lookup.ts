/**
 * Finds where in a log a time is: the first batch that says of itself that it has a record as new as that.
 *
 * Batches are not opened, so it is a batch and no record that is found; its reader finds the record. Their checksums are
 * looked at, because who gets a place and no bytes cannot find out that a time was spoiled.
 */
import { offset, type Offset } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { BatchHeader } from '../record/batch-header.ts';
import type { ReadProblem } from './log-problem.ts';
import type { LogReader } from './log-reader.ts';
import type { LogShape } from './log-shape.ts';
import type { SegmentFacts } from './segment.ts';
import { newestTimestampMs } from './stamped-batch.ts';

export interface TimedBatch {
  readonly baseOffset: Offset;
  readonly maxTimestampMs: number;
}

const readAtOnceBytes = 256 * 1024;

/** Undefined when all of the log is older. */
export async function findByTime(
  { shape, reader, below }: { readonly shape: LogShape; readonly reader: LogReader; readonly below: Offset },
  timestampMs: number,
): Promise<Result<TimedBatch | undefined, ReadProblem>> {
  const segments: readonly SegmentFacts[] = [...shape.sealed, shape.active.facts];
  for (const segment of segments) {
    if (segment.maxTimestampMs < timestampMs) continue;
    const hint = await reader.floorByTime(segment, timestampMs);
    let from = offset(Math.max(hint ?? segment.base, shape.localStart));
    while (from < Math.min(segment.next, below)) {
      const read = await reader.read({ from, bytesMax: readAtOnceBytes, below, check: 'whole' });
      if (!read.ok) {
        // Nobody knows how new a damaged batch is; the next one that is whole is the answer that can be given.
        if (read.problem.type !== 'damaged') return refused(read.problem);
        from = read.problem.range.to;
        continue;
      }
      const found = firstAsNew(read.value.ownedBytes, timestampMs);
      if (found !== undefined) return ok(found);
      if (read.value.ownedBytes.length === 0) break;
      from = read.value.nextOffset;
    }
  }
  return ok(undefined);
}

function firstAsNew(borrowedBytes: Uint8Array, timestampMs: number): TimedBatch | undefined {
  for (let at = 0; at < borrowedBytes.length;) {
    const header = new BatchHeader(borrowedBytes, at);
    const maxTimestampMs = newestTimestampMs(header);
    if (maxTimestampMs >= timestampMs) return { baseOffset: offset(header.baseOffset), maxTimestampMs };
    at += header.sizeBytes;
  }
  return undefined;
}
