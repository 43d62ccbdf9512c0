/**
 * Small files that are replaced as a whole: after a power cut a name leads to the old bytes or to the new ones, never
 * to a mixture, because it moves only to bytes that are durable.
 */
import { DiskError, type Disk } from '../ports/disk.ts';
import { partialEnding } from './segment-names.ts';

export interface NamedBytes {
  readonly name: string;
  readonly ownedBytes: Uint8Array;
}

/** When it resolves, all of them are durable. In between some may be new and others old. */
export async function replaceFiles(disk: Disk, folder: string, files: readonly NamedBytes[]): Promise<void> {
  await Promise.all(files.map(({ name, ownedBytes }) => writePartial(disk, `${folder}/${name}`, ownedBytes)));
  for (const { name } of files) await disk.rename(`${folder}/${name}${partialEnding}`, `${folder}/${name}`);
  await disk.syncFolder(folder);
}

/** Undefined when there is none. A longer file than that is not ours, and is cut to one byte more. */
export async function readWholeFile(disk: Disk, path: string, bytesMax: number): Promise<Uint8Array | undefined> {
  let file;
  try {
    file = await disk.openFile(path, 'existing');
  } catch (cause) {
    if (cause instanceof DiskError && cause.problem === 'missing') return undefined;
    throw cause;
  }
  try {
    return await file.read(0, Math.min(await file.sizeBytes(), bytesMax + 1));
  } finally {
    await file.close();
  }
}

async function writePartial(disk: Disk, path: string, ownedBytes: Uint8Array): Promise<void> {
  const file = await disk.openFile(path + partialEnding, 'create-or-existing');
  try {
    await file.truncate(0);
    await file.write(0, [ownedBytes]);
    await file.sync();
  } finally {
    await file.close();
  }
}
