/**
 * The one check that looks at records: in a compacted topic each needs a key, or compaction could not tell what replaces it.
 *
 * Bounded by the size of the batch and by what it may decompress to.
 */
import type { Offset } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { BatchHeader } from './batch-header.ts';
import { openRecords, type DecompressionLimits } from './open-records.ts';
import type { UnreadableRecords } from './record-cursor.ts';

export type KeyProblem = UnreadableRecords | { readonly type: 'record-without-key'; readonly offset: Offset };

/** The batch has passed produced-batch.ts. An empty key is a key. */
export function checkKeyedRecords(header: BatchHeader, limits?: DecompressionLimits): Result<void, KeyProblem> {
  const records = openRecords(header, limits);
  if (!records.ok) return records;
  const cursor = records.value;
  while (cursor.next()) if (!cursor.hasKey) return refused({ type: 'record-without-key', offset: cursor.offset });
  return cursor.problem === undefined ? ok(undefined) : refused(cursor.problem);
}
