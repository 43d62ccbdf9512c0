/**
 * What a start does with the end of the last segment, of which it is not known how much of it is on the disk.
 *
 * Its whole batches are kept, as a new segment: copied, synced, and only then cut off the old one. Syncing the old
 * file would not do, because after a failed sync the kernel may take for written what never was; writing over it in
 * place would not do either, because another power cut in the middle could take what had been durable. What follows
 * the last whole batch is cut off, and kept aside in a file of its own.
 */
import { assert } from '../base/assert.ts';
import { replaceFiles } from './atomic-file.ts';
import { saveIndex } from './index-files.ts';
import type { LogFolder } from './log-folder.ts';
import { droppedPrefix, sortNames } from './log-inventory.ts';
import type { DroppedEnd } from './log-problem.ts';
import type { LogSettings } from './log-settings.ts';
import type { SegmentBuild } from './segment-build.ts';
import type { ActiveSegment, SegmentFacts } from './segment.ts';
import { offsetInName, partialEnding, segmentFileName } from './segment-names.ts';
import { stampBytes, StampTable, type SegmentPoint } from './stamp.ts';

export interface FoundTail {
  /** Up to the durable point. */
  readonly build: SegmentBuild;
  /** From there to `end`; empty when they are the same. */
  readonly tail: SegmentBuild;
  readonly durable: SegmentPoint;
  readonly end: SegmentPoint;
  readonly fileBytes: number;
}

export interface KeptTail {
  /** The segment that was active, when another one goes on from it. */
  readonly sealed: readonly SegmentFacts[];
  readonly active: ActiveSegment;
  /** Of the active segment's stamps: durable entries. */
  readonly stampBytes: number;
  readonly dropped: DroppedEnd | undefined;
}

const copiedAtOnceBytes = 1024 * 1024;
const droppedDigits = 10;

/**
 * For a segment that ends where it was left in order. Its stamps need not: one that was written for a batch that never
 * came would stand before the one of the batch that takes its place.
 */
export async function leaveTail(folder: LogFolder, { build }: FoundTail): Promise<KeptTail> {
  const keptBytes = await folder.use(build.base, 'stamps', async (file) => {
    const sizeBytes = await file.sizeBytes();
    const table = new StampTable(await file.read(0, sizeBytes));
    if (sizeBytes % stampBytes === 0 && table.from(build.active.sizeBytes) === undefined) return sizeBytes;
    const bytes = table.bytesBefore(build.active.sizeBytes);
    await file.truncate(bytes);
    await file.sync();
    return bytes;
  });
  return { sealed: [], active: build.active, stampBytes: keptBytes, dropped: undefined };
}

/** When it resolves, everything up to `end` is durable, and nothing follows it. */
export async function keepTail(
  options: FoundTail & { readonly folder: LogFolder; readonly settings: LogSettings },
): Promise<KeptTail> {
  const { folder, build, tail, durable, end } = options;
  assert(build.active.sizeBytes === durable.position, 'S3: nothing below the durable point is cut', () => ({
    ...durable,
    ...build.active.facts,
  }));
  const dropped = await keepDropped(options);
  if (end.position > durable.position) await copyTail(folder, options);
  if (end.position > durable.position && tail.base === build.base) {
    // Nothing of the old file was durable, and the copy has taken its name.
    return { sealed: [], active: tail.active, stampBytes: tail.takeStamps().length, dropped };
  }
  await folder.use(build.base, 'log', async (file) => {
    // Although it may look cut: where a sync failed, the disk may have the old end, and the next sync covers nothing.
    await file.truncate(Math.min(options.fileBytes, durable.position));
    await file.sync();
  });
  await saveSealed(folder, build);
  return end.position > durable.position
    ? { sealed: [build.active.facts], active: tail.active, stampBytes: tail.takeStamps().length, dropped }
    : { sealed: [], active: build.active, stampBytes: build.finishStamps().length, dropped };
}

/** The side files of a segment that is durable, as the scan has found it. */
export async function saveSealed(folder: LogFolder, build: SegmentBuild): Promise<void> {
  await saveSideFiles(folder, build, build.finishStamps());
}

async function saveSideFiles(folder: LogFolder, build: SegmentBuild, ownedStamps: Uint8Array): Promise<void> {
  await folder.handles.forget(folder.pathOf(build.base, 'stamps'));
  const name = segmentFileName(build.base, 'stamps');
  await replaceFiles(folder.disk, folder.path, [{ name, ownedBytes: ownedStamps }]);
  await saveIndex(folder, build.active, build.active.end);
}

/**
 * The stamps are there under their name before the batches are: without them a start would not believe those. They do
 * not call the copy durable. While it has not taken its name the one who has it may be a file that was never synced, and
 * what a power cut then takes from that would look like damage.
 */
async function copyTail(folder: LogFolder, { build, tail, durable, end }: FoundTail): Promise<void> {
  assert(
    tail.base === durable.offset && tail.active.sizeBytes === end.position - durable.position,
    'the copy is the whole tail',
    () => ({
      ...tail.active.facts,
      ...durable,
    }),
  );
  const name = segmentFileName(tail.base, 'log');
  const copy = await folder.disk.openFile(`${folder.path}/${name}${partialEnding}`, 'create-or-existing');
  try {
    await copy.truncate(0);
    for (let at = durable.position; at < end.position; at += copiedAtOnceBytes) {
      const length = Math.min(copiedAtOnceBytes, end.position - at);
      const bytes = await folder.use(build.base, 'log', (file) => file.read(at, length));
      assert(bytes.length === length, 'what was scanned is there to be copied', { at, length });
      await copy.write(at - durable.position, [bytes]);
    }
    await copy.sync();
  } finally {
    await copy.close();
  }
  await saveSideFiles(folder, tail, tail.takeStamps());
  await folder.handles.forget(`${folder.path}/${name}`);
  await folder.disk.rename(`${folder.path}/${name}${partialEnding}`, `${folder.path}/${name}`);
  await folder.disk.syncFolder(folder.path);
}

/** Durable in a file of its own before the log is cut. Space that was reserved and never written is not worth it. */
async function keepDropped({
  folder,
  settings,
  build,
  end,
  fileBytes,
}: FoundTail & { readonly folder: LogFolder; readonly settings: LogSettings }): Promise<DroppedEnd | undefined> {
  const bytes = fileBytes - end.position;
  if (bytes <= 0) return undefined;
  const kept = sortNames(await folder.disk.list(folder.path)).dropped;
  const number = 1 + Number(kept.at(-1)?.slice(droppedPrefix.length, droppedPrefix.length + droppedDigits) ?? 0);
  const name = `${droppedPrefix}${String(number).padStart(droppedDigits, '0')}-${offsetInName(end.offset)}`;
  const file = await folder.disk.openFile(`${folder.path}/${name}${partialEnding}`, 'create-or-existing');
  let isWorthIt = false;
  try {
    await file.truncate(0);
    for (let at = end.position; at < fileBytes; at += copiedAtOnceBytes) {
      const part = await folder.use(build.base, 'log', (log) =>
        log.read(at, Math.min(copiedAtOnceBytes, fileBytes - at)),
      );
      isWorthIt ||= part.some((byte) => byte !== 0);
      await file.write(at - end.position, [part]);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (!isWorthIt) {
    await folder.disk.removeFile(`${folder.path}/${name}${partialEnding}`);
    return { from: end.offset, bytes, keptIn: undefined };
  }
  await folder.disk.rename(`${folder.path}/${name}${partialEnding}`, `${folder.path}/${name}`);
  await folder.disk.syncFolder(folder.path);
  for (const old of kept.slice(0, Math.max(0, kept.length + 1 - settings.droppedFilesMax)))
    await folder.disk.removeFile(`${folder.path}/${old}`);
  return { from: end.offset, bytes, keptIn: name };
}
