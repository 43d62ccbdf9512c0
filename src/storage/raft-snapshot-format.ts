/**
 * The bytes of a snapshot file.
 *
 *   header   crc32c 4 | magic 4 | version 1 | index 8 | term 8 | chain 4 | chunk bytes 4 | context length 4 | context
 *   chunk    crc32c 4 | number 4 | length 4 | bytes      all but the last are `chunk bytes` long
 *
 * Each chunk is checked before any of it is used or sent; the state record holds size and checksum of the whole
 * content, so that a file cut short between two chunks is noticed as well. The context is opaque: quorum keeps in
 * it the voters in force at the index.
 */
import { assert } from '../base/assert.ts';
import { logIndex, term } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { crc32c } from '../record/crc32c.ts';
import { ByteReader, ByteWriter } from './raft-bytes.ts';
import type { LogPlace, SnapshotPointer } from './raft-state-record.ts';

export interface SnapshotHeader {
  /** The last entry that the snapshot covers. */
  readonly place: LogPlace;
  readonly context: Uint8Array;
}

/** Also what one read touches; a message between voters carries at most one. */
export const chunkBytes = 256 * 1024;
export const contextBytesMax = 64 * 1024;

const magic = 0x4f_44_53_4e; // "ODSN"
const version = 1;
const fixedHeaderBytes = 37;
export const headerBytesMax = fixedHeaderBytes + contextBytesMax;
const chunkHeadBytes = 12;
const checksummedFrom = 4;

/** Two files that differ have different names, so no file is ever replaced while a state points at it. */
export function snapshotFileName({ place, contentCrc }: SnapshotPointer): string {
  const index = String(place.index).padStart(16, '0');
  return `${index}-${place.term}-${contentCrc.toString(16).padStart(8, '0')}.snapshot`;
}

export function headerBytes(header: SnapshotHeader): number {
  return fixedHeaderBytes + header.context.length;
}

export function encodeHeader({ place, context }: SnapshotHeader): Uint8Array {
  assert(context.length <= contextBytesMax, 'the context of a snapshot is bounded', { bytes: context.length });
  const bytes = new ByteWriter(fixedHeaderBytes + context.length)
    .uint32(0)
    .uint32(magic)
    .uint8(version)
    .position(place.index)
    .position(place.term)
    .uint32(place.chain)
    .uint32(chunkBytes)
    .uint32(context.length)
    .raw(context)
    .finish();
  return sealed(bytes);
}

/** From the beginning of a file; what follows the header is ignored. The context is a view. */
export function decodeHeader(ownedBytes: Uint8Array): Result<SnapshotHeader, string> {
  const reader = new ByteReader(ownedBytes);
  const checksum = reader.uint32();
  const isOurs = reader.uint32() === magic && reader.uint8() === version;
  const index = reader.position();
  const placeTerm = reader.position();
  const chain = reader.uint32();
  const isKnownChunking = reader.uint32() === chunkBytes;
  const context = reader.raw(reader.uint32());
  if (!reader.sound || !isOurs || !isKnownChunking) return refused('a snapshot does not begin as one');
  if (checksum !== crc32c(ownedBytes.subarray(checksummedFrom, fixedHeaderBytes + context.length)))
    return refused('the checksum of a snapshot header does not match its bytes');
  return ok({ place: { index: logIndex(index), term: term(placeTerm), chain }, context });
}

export function chunkCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / chunkBytes);
}

/** Where chunk `number` is in the file, and how long it is with its head. */
export function chunkSpan(
  header: SnapshotHeader,
  { number, sizeBytes }: { number: number; sizeBytes: number },
): { readonly position: number; readonly length: number } {
  const contentBytes = Math.min(chunkBytes, sizeBytes - number * chunkBytes);
  return {
    position: headerBytes(header) + number * (chunkHeadBytes + chunkBytes),
    length: chunkHeadBytes + contentBytes,
  };
}

export function encodeChunk(number: number, content: Uint8Array): Uint8Array {
  const bytes = new ByteWriter(chunkHeadBytes + content.length)
    .uint32(0)
    .uint32(number)
    .uint32(content.length)
    .raw(content)
    .finish();
  return sealed(bytes);
}

/** The content is a view into `ownedBytes`. */
export function decodeChunk(ownedBytes: Uint8Array, number: number): Result<Uint8Array, string> {
  const reader = new ByteReader(ownedBytes);
  const checksum = reader.uint32();
  const isNumbered = reader.uint32() === number;
  const content = reader.raw(reader.uint32());
  if (!reader.sound || !isNumbered || reader.remaining > 0)
    return refused('a chunk of a snapshot is cut short or misplaced');
  if (checksum !== crc32c(ownedBytes.subarray(checksummedFrom)))
    return refused('the checksum of a chunk of a snapshot does not match its bytes');
  return ok(content);
}

function sealed(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer).setUint32(0, crc32c(bytes.subarray(checksummedFrom)));
  return bytes;
}
