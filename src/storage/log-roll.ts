/**
 * Seals the active segment and begins the next one.
 *
 * Order is everything (S7): the old segment is whole and durable before the new one is there, and the new one's name is
 * durable before anything in it may be. A start then knows that what is missing from a segment with a successor was
 * lost by the disk, not torn by a power cut.
 */
import { assert } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import { saveIndex } from './index-files.ts';
import type { LogFolder } from './log-folder.ts';
import type { LogSettings } from './log-settings.ts';
import type { LogShape } from './log-shape.ts';
import { ActiveSegment } from './segment.ts';
import { SparseIndex } from './sparse-index.ts';
import { StampFile } from './stamp-file.ts';

export interface RollOptions {
  readonly folder: LogFolder;
  /** Its active segment is whole and durable, stamps included. */
  readonly shape: LogShape;
  readonly settings: LogSettings;
  readonly generation: number;
}

/** Within a barrier. Returns the stamps of the new segment. */
export async function rollSegment({ folder, shape, settings, generation }: RollOptions): Promise<StampFile> {
  const { active } = shape;
  const { end } = active;
  await saveIndex(folder, active, end);
  const next = new ActiveSegment(end.offset, new SparseIndex(settings.indexEveryBytes));
  assert(next.base > active.base, 'a segment that is sealed holds something', { base: active.base });
  await createSegment(folder, next);
  shape.roll(next);
  await folder.saveCheckpoint((sequence) => shape.checkpoint(sequence, generation));
  return new StampFile(0, next.end);
}

/** Empty files, whose names are durable when it resolves. Stamps without a log are left over from what was interrupted. */
export async function createSegment(folder: LogFolder, { base }: ActiveSegment): Promise<void> {
  const sizeBytes = await folder.useOrCreate(base, 'log', (file) => file.sizeBytes());
  if (sizeBytes > 0)
    throw new FaultError('a new segment finds bytes in its place', { path: folder.pathOf(base, 'log') });
  await folder.useOrCreate(base, 'stamps', async (file) => {
    if ((await file.sizeBytes()) === 0) return;
    await file.truncate(0);
    await file.sync();
  });
  await folder.disk.syncFolder(folder.path);
}
