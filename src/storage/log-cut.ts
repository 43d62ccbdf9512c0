/**
 * Where a log is to be cut: the end of the last batch that lies wholly below an offset. A batch is never cut in two.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { LogFolder } from './log-folder.ts';
import type { LogShape } from './log-shape.ts';
import { segmentToCut } from './log-truncation.ts';
import { scanSegment } from './segment-scan.ts';
import { ActiveSegment, type SegmentFacts } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import { StampTable } from './stamp.ts';

interface CutOptions {
  readonly folder: LogFolder;
  readonly shape: LogShape;
  readonly indexEveryBytes: number;
}

/** The segment that will be the last one, as it will be. Nothing is changed yet. */
export async function findCut({ folder, shape, indexEveryBytes }: CutOptions, to: Offset): Promise<ActiveSegment> {
  const segments: readonly SegmentFacts[] = [...shape.sealed, shape.active.facts];
  const target = segmentToCut(
    segments.map(({ base }) => base),
    to,
  );
  const facts = segments.find(({ base }) => base === target);
  assert(facts !== undefined, 'the segment that is cut is one of the log');
  const cut = new ActiveSegment(target, new SparseIndex(indexEveryBytes));
  let isBeyond = false;
  const stampBytes = await folder.use(target, 'stamps', async (file) => file.read(0, await file.sizeBytes()));
  await folder.use(target, 'log', (file) =>
    scanSegment({
      segment: target,
      file,
      sizeBytes: facts.sizeBytes,
      from: { position: 0, offset: target, epoch: shape.epochs.epochBefore(target) },
      until: to,
      durable: { position: facts.sizeBytes, offset: facts.next },
      stamps: new StampTable(stampBytes),
      knownEpochAt: (at) => shape.epochs.epochAt(at),
      trustsFirstEpoch: false,
      onBatch: (batch) => {
        isBeyond ||= batch.nextOffset > to;
        if (!isBeyond) cut.add(batch);
      },
      onDamage: (range) => {
        isBeyond ||= range.to > to;
        if (!isBeyond) cut.skipTo({ position: range.endPosition, offset: range.to });
      },
    }),
  );
  assert(cut.end.offset <= to || cut.sizeBytes === 0, 'nothing of what is cut off stays', () => ({ ...cut.facts, to }));
  return cut;
}
