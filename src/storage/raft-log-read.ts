/**
 * Reads entries back while the raft store is in use, and compares each with what the outline remembers of it.
 *
 * A key-value store with a damaged table may return a wrong value without an error: no entry leaves here unless
 * its checksum, its index and its chain are those that were written.
 */
import { logIndex, type LogIndex } from '../base/raft-position.ts';
import { ok, type Result } from '../base/result.ts';
import type { KeyValueStore } from '../ports/key-value-store.ts';
import { refusedAsDamaged, type RaftDamage } from './raft-damage.ts';
import { decodeEntryRecord, type RaftEntryRecord } from './raft-entry-record.ts';
import { entryKey } from './raft-keys.ts';
import type { RaftLogOutline } from './raft-log-outline.ts';

export type EntryRow = readonly [key: string, value: Uint8Array];

const firstPageEntries = 16;
const pageEntriesMax = 256;

/**
 * At least one row, when there is one, and then rows until the next would exceed `bytesMax`. The size of a page
 * follows the size of the entries seen, so that large ones are not read in hundreds to be thrown away.
 */
export async function readRows(
  store: KeyValueStore,
  { from, below, bytesMax }: { from: LogIndex; below: LogIndex; bytesMax: number },
): Promise<readonly EntryRow[]> {
  const rows: EntryRow[] = [];
  let bytes = 0;
  let entriesMax = firstPageEntries;
  for (let next: number = from; next < below;) {
    const page = await store.range({ from: entryKey(next), below: entryKey(below), entriesMax });
    for (const row of page) {
      bytes += row[1].length;
      if (rows.length > 0 && bytes > bytesMax) return rows;
      rows.push(row);
    }
    if (page.length < entriesMax) return rows;
    next += page.length;
    const averageBytes = Math.max(1, Math.ceil(bytes / rows.length));
    entriesMax = Math.min(pageEntriesMax, Math.max(1, Math.floor((bytesMax - bytes) / averageBytes)));
  }
  return rows;
}

export function checkRead(
  outline: RaftLogOutline,
  from: LogIndex,
  rows: readonly EntryRow[],
): Result<readonly RaftEntryRecord[], RaftDamage> {
  if (rows.length === 0) return refusedAsDamaged('an entry that was written is not there', { index: from });
  const entries: RaftEntryRecord[] = [];
  for (const [offset, [key, value]] of rows.entries()) {
    const index = logIndex(from + offset);
    if (key !== entryKey(index)) return refusedAsDamaged('an entry that was written is not there', { index, key });
    const decoded = decodeEntryRecord(value);
    if (!decoded.ok) return refusedAsDamaged(decoded.problem, { index });
    const { term, payload, chain } = decoded.value;
    if (decoded.value.index !== index || chain !== outline.placeAt(index).chain)
      return refusedAsDamaged('an entry that was read is not the one that was written', { index });
    entries.push({ index, term, payload });
  }
  return ok(entries);
}
