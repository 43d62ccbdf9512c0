/**
 * The codecs of batches, by the numbers that Kafka gave them, and how to get at their routines.
 *
 * LZ4 and Snappy are written here, so that every platform has them and their bounds hold by construction; gzip and
 * Zstandard come with Node.js, or as WebAssembly where its release is too old for the latter. That is looked for when it is
 * first used: most processes never meet it.
 */
import { assertUnreachable } from '../base/assert.ts';
import { compressLz4, decompressLz4 } from './lz4-frame.ts';
import { compressSnappy, decompressSnappy } from './snappy-framing.ts';
import { findZstdOfNode, gzipRoutines, type CodecRoutines } from './zlib-codec.ts';
import { loadZstdWasm } from './zstd-wasm.ts';

/** A codec's place is its number. */
export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CodecName = (typeof codecNames)[number];
export type CompressingCodec = Exclude<CodecName, 'none'>;

export function findCodecName(codecNumber: number): CodecName | undefined {
  return codecNames[codecNumber];
}

export function codecNumberOf(name: CodecName): number {
  return codecNames.indexOf(name);
}

const snappyRoutines: CodecRoutines = { compress: compressSnappy, decompress: decompressSnappy };
const lz4Routines: CodecRoutines = { compress: compressLz4, decompress: decompressLz4 };
let zstdRoutines: CodecRoutines | 'missing' | undefined;

/** Undefined if this installation lacks the codec, which only Zstandard can. */
export function findCodec(name: CompressingCodec): CodecRoutines | undefined {
  switch (name) {
    case 'gzip':
      return gzipRoutines;
    case 'snappy':
      return snappyRoutines;
    case 'lz4':
      return lz4Routines;
    case 'zstd':
      zstdRoutines ??= chooseZstd([findZstdOfNode, loadZstdWasm]) ?? 'missing';
      return zstdRoutines === 'missing' ? undefined : zstdRoutines;
    default:
      return assertUnreachable(name);
  }
}

/** "Odradek", as the first of all Zstandard programs writes it. */
const knownFrame = Buffer.from('28b52ffd04583900004f64726164656b7fdbe03e', 'hex');
const knownText = 'Odradek';

/** The first that loads, reads a frame of known bytes, and reads what it writes. */
export function chooseZstd(sources: readonly (() => CodecRoutines | undefined)[]): CodecRoutines | undefined {
  for (const load of sources) {
    try {
      const found = load();
      if (found !== undefined && isKnown(found, knownFrame) && isKnown(found, found.compress(knownBytes))) return found;
    } catch {
      // Not installed, or another build than the one that is known here: the next one, or none.
    }
  }
  return undefined;
}

const knownBytes = Uint8Array.from(knownText, (letter) => letter.charCodeAt(0));

function isKnown(codec: CodecRoutines, frame: Uint8Array): boolean {
  const read = codec.decompress(frame, knownBytes.length);
  return read.ok && String.fromCharCode(...read.value) === knownText;
}
