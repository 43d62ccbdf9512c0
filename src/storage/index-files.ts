/**
 * The hints of segments on the disk, and a few of them in memory, the ones that were used last.
 *
 * They are written without a sync and without the pool of open files: a hint that is lost or spoiled is made again.
 */
import type { Offset } from '../base/offsets.ts';
import type { Disk } from '../ports/disk.ts';
import { readWholeFile } from './atomic-file.ts';
import type { LogFolder } from './log-folder.ts';
import type { ActiveSegment } from './segment.ts';
import { segmentFileName } from './segment-names.ts';
import { SparseIndex, type IndexCover } from './sparse-index.ts';
import type { SegmentPoint } from './stamp.ts';

/** Four million entries. */
const indexBytesMax = 64 * 1024 * 1024;
const kinds = ['index', 'timeindex'] as const;

/** The part of the active segment's index that speaks of what comes before a point. */
export async function saveIndex(folder: LogFolder, active: ActiveSegment, upTo: SegmentPoint): Promise<void> {
  const { maxTimestampMs } = active.facts;
  const cover = { bytes: upTo.position, next: upTo.offset, maxTimestampMs };
  await writeIndex(folder, active.base, active.index, cover);
}

export async function writeIndex(
  folder: LogFolder,
  base: Offset,
  index: SparseIndex,
  cover: IndexCover,
): Promise<void> {
  for (const kind of kinds) {
    const file = await folder.disk.openFile(folder.pathOf(base, kind), 'create-or-existing');
    try {
      await file.write(0, [index.encode(kind, cover)]);
    } finally {
      await file.close();
    }
  }
}

/** Undefined when it is missing or not what was written. */
export async function readIndex(
  { disk, path }: { readonly disk: Disk; readonly path: string },
  base: Offset,
): Promise<{ readonly index: SparseIndex; readonly cover: IndexCover } | undefined> {
  const [index, timeindex] = await Promise.all(
    kinds.map((kind) => readWholeFile(disk, `${path}/${segmentFileName(base, kind)}`, indexBytesMax)),
  );
  return index === undefined || timeindex === undefined ? undefined : SparseIndex.decode({ index, timeindex });
}
