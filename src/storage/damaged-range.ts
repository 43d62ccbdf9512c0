/**
 * A part of the log that is not what was written: kept where it is and never served. The replica steps
 * aside, which is its owner's to do.
 */
import type { Offset } from '../base/offsets.ts';

export interface DamagedRange {
  /** The segment that it lies in, by its name. */
  readonly segment: Offset;
  /** Its bytes, from the first batch that is not whole to the next that is, or to the end of the segment. */
  readonly position: number;
  readonly endPosition: number;
  /** The offsets that those batches had. */
  readonly from: Offset;
  readonly to: Offset;
}

/** With more than that, the ranges of a segment become one: from the first to the last of them. */
export const damagedRangesMax = 1024;
