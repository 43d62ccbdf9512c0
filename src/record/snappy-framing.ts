/**
 * Snappy as Kafka carries it: in the framing of the library that its Java client was built on, or, from some other
 * clients, as one block without any.
 *
 *   +----------------------------+-----------+------------+-----------------+-----
 *   | 82 53 4e 41 50 50 59 00    | version   | compatible | block bytes 4,  | …
 *   | ("SNAPPY" between 82 and 0)| 4 (= 1)   | 4 (= 1)    | block           |
 *   +----------------------------+-----------+------------+-----------------+-----
 *
 * The integers of the framing have their high byte first, other than those inside a block. Written with it, because every
 * client reads that, and some nothing else.
 */
import { ok, refused, type Result } from '../base/result.ts';
import { DecompressedBytes, type DecompressProblem } from './decompressed-bytes.ts';
import { readSnappyBlock, snappyBlockBytesMax, SnappyBlockWriter } from './snappy-block.ts';

const magic = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00);
const version = 1;
const headBytes = 16;
/** A copy refers back by two bytes, so larger blocks would find no more. */
const blockBytes = 64 * 1024;

export function compressSnappy(borrowedBytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(borrowedBytes.length / blockBytes);
  const target = new Uint8Array(headBytes + blocks * (4 + snappyBlockBytesMax(blockBytes)));
  const fields = new DataView(target.buffer);
  target.set(magic);
  fields.setInt32(8, version);
  fields.setInt32(12, version);
  const writer = new SnappyBlockWriter(borrowedBytes, target);
  let at = headBytes;
  for (let start = 0; start < borrowedBytes.length; start += blockBytes) {
    const end = writer.write(start, Math.min(start + blockBytes, borrowedBytes.length), at + 4);
    fields.setInt32(at, end - at - 4);
    at = end;
  }
  return target.slice(0, at);
}

export function decompressSnappy(borrowedBytes: Uint8Array, bytesMax: number): Result<Uint8Array, DecompressProblem> {
  const output = new DecompressedBytes(bytesMax, borrowedBytes.length * 2);
  const problem = isFramed(borrowedBytes) ? readBlocks(borrowedBytes, output) : readSnappyBlock(borrowedBytes, output);
  return problem === undefined ? ok(output.finish()) : refused(problem);
}

/** No block begins so: its first bytes would say a length that its next ones do not come to. */
function isFramed(bytes: Uint8Array): boolean {
  return bytes.length >= headBytes && magic.every((byte, at) => byte === bytes[at]);
}

function readBlocks(bytes: Uint8Array, output: DecompressedBytes): DecompressProblem | undefined {
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = headBytes; at < bytes.length;) {
    if (bytes.length - at < 4) return 'garbage';
    const length = fields.getInt32(at);
    at += 4;
    if (length < 0 || length > bytes.length - at) return 'garbage';
    const problem = readSnappyBlock(bytes.subarray(at, at + length), output);
    if (problem !== undefined) return problem;
    at += length;
  }
  return undefined;
}
