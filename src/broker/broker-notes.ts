/**
 * What a broker keeps beside its logs: how far each partition was known to be committed, and that the last life ended in
 * order. Both are told to the next life. Spoiled notes are no notes: they make a start more careful.
 */
import type { Offset } from '../base/offsets.ts';
import { offsetFromOutside } from '../base/offsets.ts';
import { DiskError, type Disk } from '../ports/disk.ts';
import { crc32c } from '../record/crc32c.ts';
import { readWholeFile, replaceFiles } from '../storage/atomic-file.ts';

export interface BrokerNotes {
  readonly wasStoppedCleanly: boolean;
  /** By `partitionKeyText`. */
  readonly watermarks: ReadonlyMap<string, Offset>;
}

const watermarksFile = 'watermarks';
const cleanStopFile = 'stopped-cleanly';
const notesBytesMax = 64 * 1024 * 1024;

/** When it resolves, the next life is not told that this one ended in order, unless this one says so again. */
export async function takeNotes(disk: Disk, folder: string): Promise<BrokerNotes> {
  const found = await readWholeFile(disk, `${folder}/${watermarksFile}`, notesBytesMax);
  const wasStoppedCleanly = await removeNote(disk, folder, cleanStopFile);
  return { wasStoppedCleanly, watermarks: found === undefined ? new Map() : readWatermarks(found) };
}

export async function saveWatermarks(
  disk: Disk,
  folder: string,
  watermarks: ReadonlyMap<string, Offset>,
): Promise<void> {
  const text = [...watermarks].map(([name, watermark]) => `${name} ${watermark}\n`).join('');
  const body = new TextEncoder().encode(text);
  const head = new TextEncoder().encode(`${crc32c(body).toString(16).padStart(8, '0')}\n`);
  await replaceFiles(disk, folder, [{ name: watermarksFile, ownedBytes: Uint8Array.of(...head, ...body) }]);
}

/** Called when every log is closed, and all of it is durable. */
export function noteCleanStop(disk: Disk, folder: string): Promise<void> {
  return replaceFiles(disk, folder, [{ name: cleanStopFile, ownedBytes: new Uint8Array(0) }]);
}

async function removeNote(disk: Disk, folder: string, name: string): Promise<boolean> {
  try {
    await disk.removeFile(`${folder}/${name}`);
  } catch (cause) {
    if (cause instanceof DiskError && cause.problem === 'missing') return false;
    throw cause;
  }
  await disk.syncFolder(folder);
  return true;
}

function readWatermarks(ownedBytes: Uint8Array): ReadonlyMap<string, Offset> {
  const head = new TextDecoder().decode(ownedBytes.subarray(0, 9));
  const body = ownedBytes.subarray(9);
  const watermarks = new Map<string, Offset>();
  if (head !== `${crc32c(body).toString(16).padStart(8, '0')}\n`) return watermarks;
  for (const line of new TextDecoder().decode(body).split('\n')) {
    const [name = '', value = ''] = line.split(' ');
    const watermark = offsetFromOutside(Number(value));
    if (name !== '' && watermark.ok) watermarks.set(name, watermark.value);
  }
  return watermarks;
}
