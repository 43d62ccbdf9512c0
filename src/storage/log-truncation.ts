/**
 * Cuts the end off a log, in steps that a start can go on with wherever they were interrupted.
 *
 * A checkpoint that says where the log is to end is durable before anything is cut, and another one says that it is
 * done when all that is left is durable. Only then does anything new count (S7): else a start could take what was
 * appended since for what was to be cut, or the other way round. A log that restarts further on goes the same way: all
 * of it is cut off, and the segment that it begins with is made by the last step.
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import type { LogCheckpoint } from './log-checkpoint.ts';
import type { LogFolder } from './log-folder.ts';
import { sortNames } from './log-inventory.ts';
import { dropProducerStates } from './producer-states.ts';
import { StampTable, type SegmentPoint } from './stamp.ts';

/** The segment that is cut: the last of which something is left, or the first one. */
export function segmentToCut(bases: readonly Offset[], to: Offset): Offset {
  const target = bases.findLast((base) => base < to) ?? bases[0];
  assert(target !== undefined, 'a log has a segment');
  return target;
}

/** Does what a durable checkpoint says was begun, and returns the one that says that it is done, which is durable. */
export async function finishTruncation(folder: LogFolder, begun: LogCheckpoint): Promise<LogCheckpoint> {
  const { active } = begun;
  assert(begun.isTruncating, 'a truncation was begun');
  const { bases } = sortNames(await folder.disk.list(folder.path));
  for (const base of bases) if (base > active.base) await folder.setAside(base);
  const isEmpty = active.position === 0 && begun.sealed.length === 0;
  await dropProducerStates(folder, { beyond: active.offset, isEmpty });
  await folder.disk.syncFolder(folder.path);
  await cutFiles(folder, active.base, active);
  const done = { ...begun, isTruncating: false };
  await folder.saveCheckpoint((sequence) => ({ ...done, sequence }));
  return done;
}

/** When it resolves, neither file has anything of what comes after. */
async function cutFiles(folder: LogFolder, base: Offset, end: SegmentPoint): Promise<void> {
  await folder.useOrCreate(base, 'stamps', async (file) => {
    const table = new StampTable(await file.read(0, await file.sizeBytes()));
    await file.truncate(table.bytesBefore(end.position));
    await file.sync();
  });
  await folder.useOrCreate(base, 'log', async (file) => {
    // Although it may look cut: where a sync failed, the disk may have the old end, and the next sync covers nothing.
    await file.truncate(Math.min(end.position, await file.sizeBytes()));
    await file.sync();
  });
}
