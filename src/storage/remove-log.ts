/**
 * Takes the whole log of a partition off the disk, some time later: whoever reads it can finish, and who deleted a topic
 * by mistake has a chance. What one process set aside and did not get to remove is removed by the next, after the same
 * delay.
 */
import { InvariantError } from '../base/assert.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { Clock } from '../ports/clock.ts';
import { splitDiskPath } from '../ports/disk-path.ts';
import { DiskError, type Disk } from '../ports/disk.ts';
import type { EventLog } from '../ports/event-log.ts';
import { deletedEnding } from './segment-names.ts';

export interface LogRemovalOptions {
  readonly disk: Disk;
  readonly clock: Pick<Clock, 'callAfterMs'>;
  readonly eventLog: EventLog;
  readonly delayMs: number;
}

/**
 * The folder of a log that nobody has open. The revision is that of the committed decision to remove it: nobody removes
 * a log because he does not know of its topic yet, and a folder of that name may be made again meanwhile. When it
 * resolves, the log is gone for good.
 */
export async function removeLog(
  options: LogRemovalOptions,
  folder: string,
  decision: { readonly revision: LogIndex },
): Promise<void> {
  const aside = `${folder}.${decision.revision}${deletedEnding}`;
  await options.disk.rename(folder, aside);
  await options.disk.syncFolder(splitDiskPath(folder).folder);
  removeLater(options, aside);
}

/** What earlier processes set aside in the folder that holds the logs. */
export async function removeLeftOverLogs(options: LogRemovalOptions, parent: string): Promise<void> {
  const names = await options.disk.list(parent);
  for (const name of names) if (name.endsWith(deletedEnding)) removeLater(options, `${parent}/${name}`);
}

/** What cannot be removed takes room, and does no other harm: the next start tries again. */
function removeLater({ disk, clock, eventLog, delayMs }: LogRemovalOptions, folder: string): void {
  clock.callAfterMs(delayMs, () => {
    removeFolder(disk, folder).catch((cause: unknown) => {
      if (cause instanceof InvariantError) throw cause;
      eventLog.emit('warn', 'a log that was removed is still on the disk', { folder, cause: String(cause) });
    });
  });
}

async function removeFolder(disk: Disk, folder: string): Promise<void> {
  for (const name of await disk.list(folder)) await removeIfThere(disk, `${folder}/${name}`);
  await disk.removeFolder(folder);
}

async function removeIfThere(disk: Disk, path: string): Promise<void> {
  try {
    await disk.removeFile(path);
  } catch (cause) {
    if (!(cause instanceof DiskError && cause.problem === 'missing')) throw cause;
  }
}
