/**
 * Checks the tables of a LevelDB folder before LevelDB sees them.
 *
 * LevelDB has a checksum for every block of a table and does not look at it when it reads. A damaged table so
 * shows as a wrong value or, worse, ends the process in an assertion of native code, and nobody learns why. Here a
 * damaged table is an error with a name. Tables that the manifest does not name are left alone: a power cut may
 * leave half of one, and LevelDB removes it.
 *
 *   table    data blocks, filter, metaindex, index, footer 48
 *   block    contents, kind 1 (0: as they are), masked crc 4 over contents and kind
 *   footer   handles of metaindex and index (each offset and size), zeros, magic 8
 *   index    entries: shared 1-5, own 1-5, value 1-5, key, value (the handle of a data block); then restarts
 */
import { DiskError, type Disk } from '../ports/disk.ts';
import { StoreDamageError } from '../ports/key-value-store.ts';
import { LevelBytes, maskedCrcOf } from './level-bytes.ts';
import { liveTablesOfLevelManifest, type LiveTable } from './level-manifest.ts';

interface BlockHandle {
  readonly offset: number;
  readonly length: number;
}

const footerBytes = 48;
const trailerBytes = 5;
const magic = 'db4775248b80fb57';

/** Rejects with a StoreDamageError that names the table and what is wrong with it. */
export async function checkLevelTables(disk: Disk, folder: string): Promise<void> {
  const current = await readWhole(disk, `${folder}/CURRENT`);
  const manifestName = /^(MANIFEST-\d+)\n$/.exec(Buffer.from(current ?? []).toString('latin1'))?.[1];
  const manifest = manifestName === undefined ? undefined : await readWhole(disk, `${folder}/${manifestName}`);
  // A new folder, or damage that LevelDB itself finds and names.
  for (const table of (manifest && liveTablesOfLevelManifest(manifest)) ?? []) {
    const path = `${folder}/${String(table.number).padStart(6, '0')}.ldb`;
    const bytes = await readWhole(disk, path);
    const problem = bytes === undefined ? 'it is missing' : findTableProblem(Buffer.from(bytes), table);
    if (problem !== undefined)
      throw new StoreDamageError(`a table of a key-value store is damaged: ${problem}`, { path });
  }
}

async function readWhole(disk: Disk, path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await disk.openFile(path, 'existing');
    try {
      return await file.read(0, await file.sizeBytes());
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof DiskError && cause.problem === 'missing') return undefined;
    throw cause;
  }
}

export function findTableProblem(table: Buffer, { sizeBytes }: Pick<LiveTable, 'sizeBytes'>): string | undefined {
  if (table.length !== sizeBytes || sizeBytes < footerBytes) return 'it has not the size that the manifest says';
  const footer = table.subarray(table.length - footerBytes);
  if (footer.readBigUInt64LE(footerBytes - 8).toString(16) !== magic) return 'it does not end as a table';
  const handles = new LevelBytes(footer);
  const metaindex = readHandle(handles);
  const index = readHandle(handles);
  for (const [name, block] of [
    ['metaindex', metaindex],
    ['index', index],
  ] as const)
    if (!isWhole(table, block)) return `the checksum of its ${name} does not match`;
  // Our stores do not compress. A table that is compressed cannot be looked into here, and is left to LevelDB.
  if (isCompressed(table, metaindex) || isCompressed(table, index)) return undefined;
  const blocks = [...handlesIn(table, metaindex), ...handlesIn(table, index)];
  // Every byte before the footer belongs to one of them: else a damaged handle has led to another whole block.
  const coveredBytes = [metaindex, index, ...blocks].reduce((sum, { length }) => sum + length + trailerBytes, 0);
  if (coveredBytes !== table.length - footerBytes) return 'its blocks are not those of its index';
  const damaged = blocks.find((block) => !isWhole(table, block));
  return damaged === undefined ? undefined : `the checksum of its block at ${damaged.offset} does not match`;
}

function readHandle(bytes: LevelBytes): BlockHandle {
  return { offset: bytes.varint(), length: bytes.varint() };
}

function isWhole(table: Buffer, { offset, length }: BlockHandle): boolean {
  const end = offset + length + 1;
  if (end + 4 > table.length - footerBytes) return false;
  return table.readUInt32LE(end) === maskedCrcOf(table.subarray(offset, end));
}

function isCompressed(table: Buffer, { offset, length }: BlockHandle): boolean {
  return table.readUInt8(offset + length) !== 0;
}

/** The values of a whole block that is a list of handles. */
function handlesIn(table: Buffer, { offset, length }: BlockHandle): readonly BlockHandle[] {
  const block = table.subarray(offset, offset + length);
  if (length < 4) return [];
  const restarts = block.readUInt32LE(length - 4);
  const entries = new LevelBytes(block.subarray(0, Math.max(0, length - 4 - 4 * restarts)));
  const handles: BlockHandle[] = [];
  while (!entries.atEnd) {
    entries.varint();
    const ownBytes = entries.varint();
    const value = entries.varint();
    entries.take(ownBytes);
    handles.push(readHandle(new LevelBytes(entries.take(value))));
  }
  return handles;
}
