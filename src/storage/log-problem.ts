/**
 * What a log answers when it cannot do what it was asked, and what it reports of its own opening.
 */
import type { Offset } from '../base/offsets.ts';
import type { DamagedRange } from './damaged-range.ts';

export type OpenProblem =
  /** A later release wrote it; nothing in the folder was touched. */
  { readonly type: 'newer-format'; readonly found: number; readonly known: number };

export type ReadProblem =
  | { readonly type: 'offset-out-of-range'; readonly localStart: Offset; readonly logEnd: Offset }
  /** Those records are not what was written. They are never served. */
  | { readonly type: 'damaged'; readonly range: DamagedRange };

/** The end of a log that a start has cut off: it was never known to be durable, and it was not whole. */
export interface DroppedEnd {
  readonly from: Offset;
  readonly bytes: number;
  /** The file in the log's folder that keeps them; undefined when they were nothing but zeros. */
  readonly keptIn: string | undefined;
}

export interface OpenReport {
  /** There was nothing: the log is new, or its folder is gone. */
  readonly wasCreated: boolean;
  readonly scannedBytes: number;
  readonly dropped: DroppedEnd | undefined;
  readonly damaged: readonly DamagedRange[];
  /** Side files that were missing or spoiled, and were made again from the batches. */
  readonly rebuilt: readonly ('checkpoint' | 'checkpoint-copy' | 'index')[];
  /** The first segments are gone although nobody is known to have removed them. */
  readonly lostStart: { readonly from: Offset; readonly to: Offset } | undefined;
}
