/**
 * What of the waiting appends goes into the next write, and with which stamps.
 */
import { assert } from '../base/assert.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { RingQueue } from '../base/ring-queue.ts';
import type { FaultError } from '../base/fault-error.ts';
import { rollIsDue, type LogSettings } from './log-settings.ts';
import type { PlacedBatch } from './segment.ts';
import { prefixChecksum, type SegmentPoint, type Stamp } from './stamp.ts';
import type { StampedBatch } from './stamped-batch.ts';

export interface WaitingAppend {
  readonly batches: readonly StampedBatch[];
  /** Batches of it that are in a write already. */
  taken: number;
  readonly resolve: () => void;
  readonly reject: (fault: FaultError) => void;
}

export interface GatheredBatch extends PlacedBatch {
  readonly stamp: Stamp;
  /** It leaves a gap, or opens an epoch: nothing but its stamp vouches for it. */
  readonly isEssential: boolean;
}

export interface Gather {
  readonly batches: readonly GatheredBatch[];
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Those that end with this write. */
  readonly appends: readonly WaitingAppend[];
}

export interface GatherPlace {
  readonly end: SegmentPoint;
  readonly firstTimestampMs: number;
  /** Of the batch before; undefined in an empty log. */
  readonly epoch: LeaderEpoch | undefined;
}

/** A vector of many small parts costs more than copying them. */
const joinedBelowBytes = 4096;
const joinedBytesMax = 64 * 1024;

/** At least one batch; then as many as fit a write and the segment. */
export function takeGather(waiting: RingQueue<WaitingAppend>, place: GatherPlace, settings: LogSettings): Gather {
  const taken: StampedBatch[] = [];
  const appends: WaitingAppend[] = [];
  let sizeBytes = 0;
  let { firstTimestampMs } = place;
  for (let append = waiting.peek(); append !== undefined; append = waiting.peek()) {
    for (let batch = append.batches[append.taken]; batch !== undefined; batch = append.batches[append.taken]) {
      const size = { sizeBytes: batch.ownedBytes.length, maxTimestampMs: batch.maxTimestampMs };
      const isFull = sizeBytes + size.sizeBytes > settings.gatherBytesMax;
      const segment = { sizeBytes: place.end.position + sizeBytes, firstTimestampMs };
      if (sizeBytes > 0 && (isFull || rollIsDue(settings, segment, size))) return gatherOf(taken, appends, place);
      if (firstTimestampMs < 0) firstTimestampMs = batch.maxTimestampMs;
      taken.push(batch);
      sizeBytes += size.sizeBytes;
      append.taken += 1;
    }
    appends.push(append);
    waiting.shift();
  }
  return gatherOf(taken, appends, place);
}

function gatherOf(taken: readonly StampedBatch[], appends: readonly WaitingAppend[], place: GatherPlace): Gather {
  let { position, offset }: { position: number; offset: Offset } = place.end;
  let { epoch } = place;
  const batches = taken.map((batch) => {
    const { ownedBytes, baseOffset, nextOffset, leaderEpoch, maxTimestampMs } = batch;
    const stamp = { position, baseOffset, prefixChecksum: prefixChecksum(ownedBytes) };
    const isEssential = baseOffset !== offset || leaderEpoch !== epoch;
    const placed = {
      position,
      sizeBytes: ownedBytes.length,
      baseOffset,
      nextOffset,
      maxTimestampMs,
      stamp,
      isEssential,
    };
    position += ownedBytes.length;
    offset = nextOffset;
    epoch = leaderEpoch;
    return placed;
  });
  assert(batches.length > 0, 'a write has something to write');
  const sizeBytes = position - place.end.position;
  return { batches, parts: joinSmall(taken), sizeBytes, appends };
}

/** The bytes of the batches in their order, neighbours that are small joined into one part. */
function joinSmall(batches: readonly StampedBatch[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < batches.length;) {
    let end = at;
    let bytes = 0;
    for (let small = batches[end]; small !== undefined; small = batches[end]) {
      const { length } = small.ownedBytes;
      if (length >= joinedBelowBytes || bytes + length > joinedBytesMax) break;
      bytes += length;
      end += 1;
    }
    if (end - at < 2) end = at + 1;
    const run = batches.slice(at, end).map(({ ownedBytes }) => ownedBytes);
    parts.push(run.length === 1 && run[0] !== undefined ? run[0] : joined(run, bytes));
    at = end;
  }
  return parts;
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  assert(at === bytes, 'joining loses no byte', { at, bytes });
  return whole;
}
