/**
 * The codecs that Node.js brings along: gzip, and in its later releases Zstandard. What they throw comes back as a value.
 */
import zlib from 'node:zlib';
import { ok, refused, type Result } from '../base/result.ts';
import type { DecompressProblem } from './decompressed-bytes.ts';

export interface CodecRoutines {
  compress(borrowedBytes: Uint8Array): Uint8Array;
  /** Never makes more than `bytesMax`. */
  decompress(borrowedBytes: Uint8Array, bytesMax: number): Result<Uint8Array, DecompressProblem>;
}

export const gzipRoutines: CodecRoutines = {
  compress: (borrowedBytes) => zlib.gzipSync(borrowedBytes),
  decompress: (borrowedBytes, maxOutputLength) => caught(() => zlib.gunzipSync(borrowedBytes, { maxOutputLength })),
};

/** Not among the types of Node.js 20. */
interface ZstdOfNode {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array;
  readonly zstdDecompressSync?: (bytes: Uint8Array, options: object) => Uint8Array;
  readonly constants: { readonly [name: string]: number };
}

/** A frame names the size of its window, which is reserved before anything comes out. */
const windowLogMin = 23;

/** Undefined before Node.js 22.15. */
export function findZstdOfNode(node: ZstdOfNode = zlib): CodecRoutines | undefined {
  const { zstdCompressSync, zstdDecompressSync, constants } = node;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return undefined;
  return {
    compress: (borrowedBytes) => zstdCompressSync(borrowedBytes),
    decompress: (borrowedBytes, maxOutputLength) => {
      const windowLogMax = Math.max(windowLogMin, Math.ceil(Math.log2(maxOutputLength)));
      const params = { [constants['ZSTD_d_windowLogMax'] ?? 0]: windowLogMax };
      return caught(() => zstdDecompressSync(borrowedBytes, { maxOutputLength, params }));
    },
  };
}

function caught(decompress: () => Uint8Array): Result<Uint8Array, DecompressProblem> {
  try {
    return ok(decompress());
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') return refused('too-large');
    if (/^Z_|^ZSTD_/.test(code)) return refused('garbage');
    throw cause;
  }
}
