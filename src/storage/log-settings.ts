/**
 * What an owner may set of a log, with the defaults; all sizes and times of a log that are no format.
 */
import { assert } from '../base/assert.ts';
import { segmentBytesLimit } from './stamp.ts';
import { storedBatchBytesMax } from './stamped-batch.ts';

/** When a log flushes by itself. Rolls, recovery points and the end of the log flush under every policy. */
export type FlushPolicy =
  /** `durability=flushed`: whenever something is written; what is written meanwhile shares the next flush. */
  | { readonly type: 'each-append' }
  /** `durability=replicated`: the copies on other brokers are what counts. */
  | { readonly type: 'never' }
  /** When so many bytes wait for it, or the first of them has waited so long. */
  | { readonly type: 'every'; readonly bytes: number; readonly ms: number };

export interface LogSettings {
  readonly flush: FlushPolicy;
  /** A segment that a batch would take beyond this is sealed first. */
  readonly segmentBytesMax: number;
  /** One whose first batch is older than the next by this much as well, so that retention by time gets at it. */
  readonly segmentAgeMsMax: number;
  /** A place for every so many bytes. */
  readonly indexEveryBytes: number;
  /** So much may lie beyond the recovery point, to be looked at by a start after a crash. */
  readonly recoverBytesMax: number;
  /** At most so much joins one write, unless a single batch is larger. */
  readonly gatherBytesMax: number;
  /** At most so much waits to be written: who appends more has lost its own bound. */
  readonly waitingBytesMax: number;
  /** What was removed stays on the disk, under another name, for so long. */
  readonly removalDelayMs: number;
  /** Ends of logs that starts have cut off are kept, the newest so many. */
  readonly droppedFilesMax: number;
}

export const logSettingsDefault: LogSettings = {
  flush: { type: 'each-append' },
  segmentBytesMax: 512 * 1024 * 1024,
  segmentAgeMsMax: 7 * 24 * 3600 * 1000,
  indexEveryBytes: 64 * 1024,
  recoverBytesMax: 64 * 1024 * 1024,
  gatherBytesMax: 4 * 1024 * 1024,
  waitingBytesMax: 256 * 1024 * 1024,
  removalDelayMs: 60_000,
  droppedFilesMax: 8,
};

/** They come from a topic's configuration, which was checked when it was set. */
export function assertSettings(settings: LogSettings): void {
  const { segmentBytesMax, indexEveryBytes, recoverBytesMax, gatherBytesMax } = settings;
  assert(
    segmentBytesMax > 0 && segmentBytesMax <= segmentBytesLimit - storedBatchBytesMax,
    'positions of a segment fit into four bytes, whatever its last batch is',
    { segmentBytesMax },
  );
  assert(Math.min(indexEveryBytes, recoverBytesMax, gatherBytesMax) > 0, 'sizes are larger than nothing', () => ({
    ...settings,
  }));
}

export interface FlushBacklog {
  readonly bytes: number;
  /** How long the first of them has waited. */
  readonly waitedMs: number;
  /** From the recovery point on. */
  readonly toRecoverBytes: number;
}

/** Whether a log flushes now of its own accord. */
export function flushIsDue({ flush, recoverBytesMax }: LogSettings, backlog: FlushBacklog): boolean {
  if (backlog.bytes === 0) return false;
  if (backlog.toRecoverBytes >= recoverBytesMax) return true;
  if (flush.type === 'every') return backlog.bytes >= flush.bytes || backlog.waitedMs >= flush.ms;
  return flush.type === 'each-append';
}

/** Whether the active segment is sealed before a batch is appended to it. */
export function rollIsDue(
  { segmentBytesMax, segmentAgeMsMax }: LogSettings,
  segment: { readonly sizeBytes: number; readonly firstTimestampMs: number },
  next: { readonly sizeBytes: number; readonly maxTimestampMs: number },
): boolean {
  if (segment.sizeBytes === 0) return false;
  if (segment.sizeBytes + next.sizeBytes > segmentBytesMax) return true;
  return segment.firstTimestampMs >= 0 && next.maxTimestampMs - segment.firstTimestampMs >= segmentAgeMsMax;
}
