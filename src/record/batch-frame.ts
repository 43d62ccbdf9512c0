/**
 * Where one batch ends and the next begins: the first look at bytes of a file or of a peer, which may be cut short,
 * zeros that were reserved and never written, or anything at all.
 *
 * Says nothing about the records, and reads the checksum only on demand (`checksumMatches` of the header): a fetch
 * that walks over batches it trusts does not pay for it.
 */
import { isPosition } from '../base/brand.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { BatchHeader } from './batch-header.ts';
import { batchHeaderBytes, batchMagic } from './batch-layout.ts';

export type FrameProblem =
  /** It may be whole with more bytes: `bytesNeeded` from its beginning, if it can be told. */
  | { readonly type: 'incomplete'; readonly bytesNeeded: number }
  /**
   * Nothing but zeros as far as a header reaches: reserved space, or what a power cut left of a write. The first bytes
   * of a batch with a small offset look the same.
   */
  | { readonly type: 'zeros' }
  | { readonly type: 'bad-length'; readonly sizeBytes: number }
  | { readonly type: 'unknown-magic'; readonly magic: number }
  /** No log has such offsets: below 0, beyond 2^53-1, or the last before the first. */
  | { readonly type: 'bad-offsets'; readonly baseOffset: number; readonly lastOffsetDelta: number };

/** The header of the whole batch that begins at `at`. */
export function frameBatch(
  borrowedBytes: Uint8Array,
  at: number,
  batchBytesMax: number,
): Result<BatchHeader, FrameProblem> {
  const available = borrowedBytes.length - at;
  if (isZeros(borrowedBytes, at)) return refused({ type: 'zeros' });
  if (available < batchHeaderBytes) return refused({ type: 'incomplete', bytesNeeded: batchHeaderBytes });
  const header = new BatchHeader(borrowedBytes, at);
  const { magic, sizeBytes } = header;
  if (magic !== batchMagic) return refused({ type: 'unknown-magic', magic });
  if (sizeBytes < batchHeaderBytes || sizeBytes > batchBytesMax) return refused({ type: 'bad-length', sizeBytes });
  const { baseOffset, lastOffset, lastOffsetDelta } = header;
  if (!isPosition(baseOffset) || lastOffsetDelta < 0 || !isPosition(lastOffset))
    return refused({ type: 'bad-offsets', baseOffset, lastOffsetDelta });
  return sizeBytes > available ? refused({ type: 'incomplete', bytesNeeded: sizeBytes }) : ok(header);
}

function isZeros(bytes: Uint8Array, start: number): boolean {
  const end = Math.min(start + batchHeaderBytes, bytes.length);
  for (let at = start; at < end; at += 1) if (bytes[at] !== 0) return false;
  return end > start;
}
