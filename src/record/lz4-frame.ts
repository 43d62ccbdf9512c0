/**
 * LZ4's frame, as Kafka's clients write and read it. All integers have their low byte first.
 *
 *   +----------+-------+------------+--------------+------------+----------+---------------+-----+---------+----------+
 *   | magic    | flags | block      | content size | dictionary | head     | block size 4, |  …  | end     | content  |
 *   | 184d2204 |       | size code  | if flagged   | if flagged | checksum | block         |     | 0 0 0 0 | checksum |
 *   | 4        | 1     | 1          | 8            | 4          | 1        |               |     | 4       | 4 if fl. |
 *   +----------+-------+------------+--------------+------------+----------+---------------+-----+---------+----------+
 *
 * The highest bit of a block's size says that the block is stored as it was. We write what Kafka's own client can read:
 * blocks that do not refer to each other. The batch has a checksum, so the frame needs none. We read any frame but one
 * that needs a dictionary.
 */
import { ok, refused, type Result } from '../base/result.ts';
import { DecompressedBytes, type DecompressProblem } from './decompressed-bytes.ts';
import { Lz4BlockReader, lz4BlockBytesMax, Lz4BlockWriter } from './lz4-block.ts';
import { xxhash32 } from './xxhash32.ts';

const magic = 0x184d2204;
const versionMask = 0xc0;
const version = 0x40;
const flag = { independent: 0x20, blockChecksum: 0x10, contentSize: 0x08, contentChecksum: 0x04, dictionary: 0x01 };
const endMark = 0;
const storedBit = 0x8000_0000;
/** How far one byte of a block can reach: a byte of a long length says at most 255. */
const blockRatioMax = 255;
const headBytes = 7;

const writtenCode = 5;
const writtenBlockBytes = blockBytesOf(writtenCode);

function blockBytesOf(code: number): number {
  return 2 ** (8 + 2 * code);
}

export function compressLz4(borrowedBytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(borrowedBytes.length / writtenBlockBytes);
  const target = new Uint8Array(headBytes + blocks * (4 + lz4BlockBytesMax(writtenBlockBytes)) + 4);
  const fields = new DataView(target.buffer);
  fields.setUint32(0, magic, true);
  target[4] = version | flag.independent;
  target[5] = writtenCode << 4;
  target[6] = headChecksum(target.subarray(4, 6));
  const writer = new Lz4BlockWriter(borrowedBytes, target);
  let at = headBytes;
  for (let start = 0; start < borrowedBytes.length; start += writtenBlockBytes) {
    const end = Math.min(start + writtenBlockBytes, borrowedBytes.length);
    const blockEnd = writer.write(start, end, at + 4);
    const bytes = Math.min(blockEnd - at - 4, end - start);
    const isStored = bytes === end - start;
    if (isStored) target.set(borrowedBytes.subarray(start, end), at + 4);
    fields.setUint32(at, isStored ? bytes + storedBit : bytes, true);
    at += 4 + bytes;
  }
  // A block that did not get smaller has left its longer form here.
  fields.setUint32(at, endMark, true);
  return target.slice(0, at + 4);
}

function headChecksum(descriptor: Uint8Array): number {
  return (xxhash32(descriptor) >>> 8) & 0xff;
}

export function decompressLz4(borrowedFrame: Uint8Array, bytesMax: number): Result<Uint8Array, DecompressProblem> {
  const head = readHead(borrowedFrame);
  if (head === undefined) return refused('garbage');
  const output = new DecompressedBytes(bytesMax, borrowedFrame.length * 4);
  const fields = new DataView(borrowedFrame.buffer, borrowedFrame.byteOffset, borrowedFrame.byteLength);
  let at = head.bytes;
  for (;;) {
    if (borrowedFrame.length - at < 4) return refused('garbage');
    const word = fields.getUint32(at, true);
    at += 4;
    if (word === endMark) break;
    const blockBytes = word % storedBit;
    const trailer = head.blockChecksum ? 4 : 0;
    if (blockBytes > borrowedFrame.length - at - trailer || blockBytes > head.blockBytesMax) return refused('garbage');
    const block = borrowedFrame.subarray(at, at + blockBytes);
    at += blockBytes;
    if (head.blockChecksum && xxhash32(block) !== fields.getUint32(at, true)) return refused('garbage');
    at += trailer;
    const problem = readBlock(block, { isStored: word >= storedBit, head, output });
    if (problem !== undefined) return refused(problem);
  }
  const bytes = output.finish();
  if (head.contentChecksum) {
    if (borrowedFrame.length - at < 4 || xxhash32(bytes) !== fields.getUint32(at, true)) return refused('garbage');
    at += 4;
  }
  return at === borrowedFrame.length ? ok(bytes) : refused('garbage');
}

interface FrameHead {
  readonly bytes: number;
  readonly blockBytesMax: number;
  readonly independent: boolean;
  readonly blockChecksum: boolean;
  readonly contentChecksum: boolean;
}

function readHead(frame: Uint8Array): FrameHead | undefined {
  if (frame.length < headBytes) return undefined;
  const fields = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flags = fields.getUint8(4);
  const code = (fields.getUint8(5) >>> 4) & 0x07;
  if (fields.getUint32(0, true) !== magic || (flags & versionMask) !== version) return undefined;
  if (code < 4 || (flags & flag.dictionary) !== 0) return undefined;
  const bytes = headBytes + ((flags & flag.contentSize) === 0 ? 0 : 8);
  if (frame.length < bytes || headChecksum(frame.subarray(4, bytes - 1)) !== frame[bytes - 1]) return undefined;
  return {
    bytes,
    blockBytesMax: blockBytesOf(code),
    independent: (flags & flag.independent) !== 0,
    blockChecksum: (flags & flag.blockChecksum) !== 0,
    contentChecksum: (flags & flag.contentChecksum) !== 0,
  };
}

function readBlock(
  block: Uint8Array,
  { isStored, head, output }: { isStored: boolean; head: FrameHead; output: DecompressedBytes },
): DecompressProblem | undefined {
  const at = output.end;
  const end = output.makeRoom(isStored ? block.length : Math.min(head.blockBytesMax, block.length * blockRatioMax));
  if (isStored) {
    if (end - at < block.length) return 'too-large';
    output.bytes.set(block, at);
    output.moveTo(end);
    return undefined;
  }
  const room = { at, end, windowStart: head.independent ? at : 0 };
  const read = new Lz4BlockReader(block).read(output.bytes, room);
  if (!read.ok) return read.problem;
  output.moveTo(read.value);
  return undefined;
}
