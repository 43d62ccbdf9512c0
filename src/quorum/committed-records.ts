/**
 * The committed part of the log, for observers: read in pieces, from any voter.
 *
 * What is committed never changes, so nobody has to be asked; what a snapshot has replaced is no longer there.
 */
import { logIndex, type LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { Entry } from '../raft/raft-entry.ts';
import type { SnapshotKeeper } from './snapshot-keeper.ts';
import type { VoterStore } from './voter-store.ts';

export interface CompactedAway {
  readonly type: 'compacted-away';
  /** The first index that can still be read. */
  readonly firstIndex: LogIndex;
}

export class CommittedRecords {
  readonly #store: VoterStore;
  readonly #keeper: SnapshotKeeper;
  readonly #firstIndex: () => LogIndex;
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(parts: { store: VoterStore; keeper: SnapshotKeeper; firstIndex: () => LogIndex }) {
    this.#store = parts.store;
    this.#keeper = parts.keeper;
    this.#firstIndex = parts.firstIndex;
    parts.keeper.onAdvance(() => this.#wake());
  }

  /** The voter is stopping: whoever follows is to leave. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get firstIndex(): LogIndex {
    return this.#firstIndex();
  }

  get lastIndex(): LogIndex {
    return this.#keeper.appliedIndex;
  }

  /** At least one entry unless `from` is beyond the last; up to `bytesMax` besides the first. */
  async read(from: LogIndex, bytesMax: number): Promise<Result<readonly Entry[], CompactedAway>> {
    const to = this.lastIndex;
    if (from > to) return ok([]);
    const entries = from < this.firstIndex ? [] : await this.#store.entries({ from, to, bytesMax });
    if (entries.length > 0) return ok(entries);
    return refused({ type: 'compacted-away', firstIndex: logIndex(Math.max(this.firstIndex, from + 1)) });
  }

  /** The newest snapshot, for who needs what is compacted away; undefined when it was replaced while it was read. */
  async readSnapshot(): Promise<{ readonly lastIndex: LogIndex; readonly content: Uint8Array } | undefined> {
    const { snapshot } = this.#store;
    if (snapshot === undefined) return undefined;
    const content = await this.#store.readSnapshot(snapshot.lastIndex);
    return content === undefined ? undefined : { lastIndex: snapshot.lastIndex, content };
  }

  /** Called when there may be more to read, and when the log is closed, until the returned function is called. */
  onMore(listener: () => void): () => void {
    this.#waiting.add(listener);
    return () => this.#waiting.delete(listener);
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #wake(): void {
    for (const listener of this.#waiting) listener();
  }
}
