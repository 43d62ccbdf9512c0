/**
 * Looks at all of a segment that is in use: for a scrubber, and where a read met something that is not right.
 */
import { assert } from '../base/assert.ts';
import { EpochHistory, type EpochStart } from '../base/epoch-history.ts';
import { offset, type Offset } from '../base/offsets.ts';
import type { DamagedRange } from './damaged-range.ts';
import type { LogFolder } from './log-folder.ts';
import { SegmentBuild } from './segment-build.ts';
import { scanSegment } from './segment-scan.ts';
import { ActiveSegment, type SegmentFacts } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import { StampTable } from './stamp.ts';

export interface InspectionOptions {
  readonly folder: LogFolder;
  /** As far as it is written: everything in it was whole once. */
  readonly segment: SegmentFacts;
  readonly epochs: readonly EpochStart[];
  readonly indexEveryBytes: number;
}

export interface Inspection {
  readonly damaged: readonly DamagedRange[];
  /** The segment as it is, its index made anew. */
  readonly found: ActiveSegment;
  /** Of its whole batches: each epoch where it begins in this segment, that of the first batch included. */
  readonly epochs: readonly EpochStart[];
}

export async function inspectSegment({
  folder,
  segment,
  epochs,
  indexEveryBytes,
}: InspectionOptions): Promise<Inspection> {
  const { base, next, sizeBytes } = segment;
  const history = new EpochHistory(epochs);
  const damaged: DamagedRange[] = [];
  const found: EpochStart[] = [];
  const build = new SegmentBuild(new ActiveSegment(base, new SparseIndex(indexEveryBytes)), {
    shift: 0,
    keptStamps: new Uint8Array(0),
  });
  const stampBytes = await folder.useOrCreate(base, 'stamps', async (file) => file.read(0, await file.sizeBytes()));
  const end = await folder.useOrCreate(base, 'log', async (file) => {
    const fileBytes = Math.min(sizeBytes, await file.sizeBytes());
    return scanSegment({
      segment: base,
      file,
      sizeBytes: fileBytes,
      from: { position: 0, offset: base, epoch: history.epochBefore(base) },
      until: undefined,
      durable: { position: sizeBytes, offset: next },
      stamps: new StampTable(stampBytes),
      knownEpochAt: (at: Offset) => history.epochAt(at),
      trustsFirstEpoch: false,
      onBatch: (batch) => {
        build.add(batch);
        if (found.at(-1)?.epoch !== batch.leaderEpoch)
          found.push({ epoch: batch.leaderEpoch, start: batch.baseOffset });
      },
      onDamage: (range) => {
        damaged.push(range);
        build.skip({ position: range.endPosition, offset: range.to }, []);
      },
    });
  });
  assert(end.position === sizeBytes && end.offset === offset(next), 'S3: a segment is looked at to its end', () => ({
    ...end,
    ...segment,
  }));
  return { damaged, found: build.active, epochs: found };
}
