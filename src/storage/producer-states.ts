/**
 * What the partition core knows of producers at an offset, kept beside the log so that a start need not read all of it.
 * Bytes in, bytes out: what they mean is the core's. A state is a function of the log before it, so it goes when
 * anything of that is cut off, and a spoiled one costs reading, never knowledge.
 *
 *   0         4       8          16         20
 *   +---------+-------+----------+----------+--------
 *   | crc32c  | magic | offset 8 | length 4 | bytes
 *   +---------+-------+----------+----------+--------
 */
import { assert } from '../base/assert.ts';
import type { Offset } from '../base/offsets.ts';
import { crc32c } from '../record/crc32c.ts';
import { readWholeFile, replaceFiles } from './atomic-file.ts';
import type { LogFolder } from './log-folder.ts';
import { ByteReader, ByteWriter } from './raft-bytes.ts';
import { findOffsetInName, offsetInName } from './segment-names.ts';

export interface ProducerState {
  /** It covers every batch before. */
  readonly at: Offset;
  readonly ownedBytes: Uint8Array;
}

export const producerStateBytesMax = 64 * 1024 * 1024;
/** The last but one as well: when the last is spoiled, little has to be read. */
const statesKept = 2;
export const producersEnding = '.producers';
const magic = 0x4f_44_50_53; // "ODPS"
const headBytes = 20;
const checksummedFrom = 4;

/** When it resolves, the state is durable. */
export async function saveProducerState(folder: LogFolder, { at, ownedBytes }: ProducerState): Promise<void> {
  assert(ownedBytes.length <= producerStateBytesMax, 'the state of producers is bounded', { bytes: ownedBytes.length });
  await replaceFiles(folder.disk, folder.path, [
    { name: offsetInName(at) + producersEnding, ownedBytes: encode({ at, ownedBytes }) },
  ]);
  for (const old of (await listStates(folder)).slice(statesKept)) await removeState(folder, old);
}

/** The newest that is whole and not beyond an offset. A spoiled one means an older one, or reading the log: never "none". */
export async function findProducerState(folder: LogFolder, upTo: Offset): Promise<ProducerState | undefined> {
  for (const at of await listStates(folder)) {
    if (at > upTo) continue;
    const bytes = await readWholeFile(folder.disk, pathOf(folder, at), headBytes + producerStateBytesMax);
    const state = bytes === undefined ? undefined : decode(bytes);
    if (state !== undefined && state.at === at) return state;
  }
  return undefined;
}

/**
 * Those of records that are no part of the log: beyond its end; and before it, where a log that holds nothing was given
 * a state to begin with. That one may be spoiled, and an older one would be of another log.
 */
export async function dropProducerStates(
  folder: LogFolder,
  { beyond, isEmpty = false }: { readonly beyond: Offset; readonly isEmpty?: boolean },
): Promise<void> {
  const states = await listStates(folder);
  const beginsThere = isEmpty && states.includes(beyond);
  const dropped = states.filter((at) => at > beyond || (beginsThere && at < beyond));
  for (const at of dropped) await removeState(folder, at);
  // One that came back after a power cut would be taken for the state of what is appended from now on.
  if (dropped.length > 0) await folder.disk.syncFolder(folder.path);
}

function removeState(folder: LogFolder, at: Offset): Promise<void> {
  return folder.disk.removeFile(pathOf(folder, at));
}

function pathOf(folder: LogFolder, at: Offset): string {
  return `${folder.path}/${offsetInName(at)}${producersEnding}`;
}

/** The newest first. */
async function listStates(folder: LogFolder): Promise<readonly Offset[]> {
  const names = await folder.disk.list(folder.path);
  return names.flatMap((name) => findOffsetInName(name, producersEnding) ?? []).toSorted((a, b) => b - a);
}

function encode({ at, ownedBytes }: ProducerState): Uint8Array {
  const bytes = new ByteWriter(headBytes + ownedBytes.length)
    .uint32(0)
    .uint32(magic)
    .position(at)
    .uint32(ownedBytes.length)
    .raw(ownedBytes)
    .finish();
  new DataView(bytes.buffer).setUint32(0, crc32c(bytes.subarray(checksummedFrom)));
  return bytes;
}

function decode(ownedBytes: Uint8Array): ProducerState | undefined {
  const reader = new ByteReader(ownedBytes);
  const checksum = reader.uint32();
  const magicFound = reader.uint32();
  const at = reader.position() as Offset;
  const length = reader.uint32();
  if (!reader.sound || magicFound !== magic || length !== reader.remaining) return undefined;
  if (checksum !== crc32c(ownedBytes.subarray(checksummedFrom))) return undefined;
  return { at, ownedBytes: reader.raw(length) };
}
