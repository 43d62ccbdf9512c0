/**
 * How much of the front of a log its retention lets go: whole segments, the oldest first, never the active one.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { SegmentFacts } from './segment.ts';

export interface RetentionRule {
  /** Segments go while the rest is at least as large; undefined: any size stays. */
  readonly bytesMax: number | undefined;
  /** Segments go whose newest record is older; undefined: any age stays. */
  readonly keepFromMs: number | undefined;
  /** Nothing from here on goes, whatever the rest says: the watermark. */
  readonly below: Offset;
}

/** Where the log starts when the rule has been applied. A segment without any timestamp has no age. */
export function startAfterRetention(
  rule: RetentionRule,
  {
    sealed,
    active,
    localStart,
  }: { readonly sealed: readonly SegmentFacts[]; readonly active: SegmentFacts; readonly localStart: Offset },
): Offset {
  let bytes = sealed.reduce((sum, { sizeBytes }) => sum + sizeBytes, active.sizeBytes);
  let start = localStart;
  for (const [at, { sizeBytes, maxTimestampMs }] of sealed.entries()) {
    const nextBase = sealed[at + 1]?.base ?? active.base;
    const isOld = rule.keepFromMs !== undefined && maxTimestampMs >= 0 && maxTimestampMs < rule.keepFromMs;
    const isMuch = rule.bytesMax !== undefined && bytes - sizeBytes >= rule.bytesMax;
    if (nextBase > rule.below || !(isOld || isMuch)) break;
    bytes -= sizeBytes;
    if (nextBase > start) start = nextBase;
  }
  assert(start >= localStart, 'S13: retention moves the start of a log forward only', { start, localStart });
  return start;
}
