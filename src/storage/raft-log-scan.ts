/**
 * Reads the whole log once when the store opens, and believes nothing of it.
 *
 * Every entry must be where its index says, whole, and linked by its chain to the one before; together they must
 * end exactly where the state record says. So a batch that the store below lost, wherever it was, is noticed
 * unless later batches replaced all that it held, in which case nothing is missing.
 */
import { nextIndex, type LogIndex } from '../base/raft-position.ts';
import { ok, type Result } from '../base/result.ts';
import type { KeyValueStore } from '../ports/key-value-store.ts';
import { refusedAsDamaged, type RaftDamage } from './raft-damage.ts';
import { chainAfter, decodeEntryRecord, entryHeaderBytes, type RaftEntryRecord } from './raft-entry-record.ts';
import { entryKey, keysBegin, keysEnd, stateKey } from './raft-keys.ts';
import { RaftLogOutline } from './raft-log-outline.ts';
import type { RaftState } from './raft-state-record.ts';

export interface LogScan {
  readonly outline: RaftLogOutline;
  /** The newest entries, up to the bytes asked for. */
  readonly recent: readonly RaftEntryRecord[];
  /** Keys of entries before the log: compaction had not dropped them yet. */
  readonly surplusKeys: readonly string[];
}

export interface ScanOptions {
  readonly state: RaftState;
  readonly recentBytesMax: number;
  /** Called with every entry of the log, in order. */
  readonly onEntry: (entry: RaftEntryRecord) => void;
}

/** Entries may be megabytes each; a page of them is held in memory. */
const pageEntriesMax = 32;

export async function scanLog(store: KeyValueStore, options: ScanOptions): Promise<Result<LogScan, RaftDamage>> {
  const scan = new RunningScan(options);
  for (let from = keysBegin; ;) {
    const page = await store.range({ from, below: keysEnd, entriesMax: pageEntriesMax });
    for (const [key, value] of page) {
      const outcome = scan.take(key, value);
      if (!outcome.ok) return outcome;
    }
    const last = page.at(-1);
    if (last === undefined) return scan.finish();
    const next = `${last[0]} `;
    // A damaged index may lead backwards; without this a scan could go round for ever.
    if (next <= from) return refusedAsDamaged('the keys of the store are out of order', { key: last[0] });
    from = next;
  }
}

class RunningScan {
  readonly #options: ScanOptions;
  readonly #outline: RaftLogOutline;
  readonly #surplusKeys: string[] = [];
  #recent: RaftEntryRecord[] = [];
  #recentBytes = 0;
  #nextIndex: LogIndex;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#outline = new RaftLogOutline(options.state.logStart);
    this.#nextIndex = nextIndex(options.state.logStart.index);
  }

  take(key: string, value: Uint8Array): Result<void, RaftDamage> {
    if (key === stateKey) return ok(undefined);
    const { logStart, logLast } = this.#options.state;
    if (key <= entryKey(logStart.index) && key >= entryKey(0)) {
      this.#surplusKeys.push(key);
      return ok(undefined);
    }
    if (this.#nextIndex > logLast.index || key !== entryKey(this.#nextIndex))
      return refusedAsDamaged('the log has a gap, or an entry that should not be there', {
        wantedIndex: this.#nextIndex,
        lastIndex: logLast.index,
        key,
      });
    return this.#takeEntry(value);
  }

  finish(): Result<LogScan, RaftDamage> {
    const { logLast } = this.#options.state;
    const { index, term, chain } = this.#outline.last;
    if (index !== logLast.index || term !== logLast.term || chain !== logLast.chain)
      return refusedAsDamaged('the log does not end where the state record says', {
        lastIndex: index,
        wantedIndex: logLast.index,
      });
    this.#trimRecent();
    return ok({ outline: this.#outline, recent: this.#recent, surplusKeys: this.#surplusKeys });
  }

  #takeEntry(value: Uint8Array): Result<void, RaftDamage> {
    const index = this.#nextIndex;
    const decoded = decodeEntryRecord(value);
    if (!decoded.ok) return refusedAsDamaged(decoded.problem, { index });
    const entry = decoded.value;
    const { chain, term } = this.#outline.last;
    if (entry.index !== index || entry.term < term || entry.chain !== chainAfter(chain, entry))
      return refusedAsDamaged('an entry does not follow on the one before it', { index });
    this.#outline.append(entry);
    this.#hand({ index, term: entry.term, payload: entry.payload });
    this.#nextIndex = nextIndex(index);
    return ok(undefined);
  }

  #hand(entry: RaftEntryRecord): void {
    this.#options.onEntry(entry);
    this.#recent.push(entry);
    this.#recentBytes += weightBytes(entry);
    // Cutting only at twice the bound keeps this linear in the number of entries.
    if (this.#recentBytes > this.#options.recentBytesMax * 2) this.#trimRecent();
  }

  #trimRecent(): void {
    const { recentBytesMax } = this.#options;
    let dropped = 0;
    for (const entry of this.#recent) {
      if (this.#recentBytes <= recentBytesMax) break;
      this.#recentBytes -= weightBytes(entry);
      dropped += 1;
    }
    this.#recent = this.#recent.slice(dropped);
  }
}

function weightBytes(entry: RaftEntryRecord): number {
  return entryHeaderBytes + entry.payload.length;
}
