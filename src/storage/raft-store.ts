/**
 * What a voter must not forget: term, vote, log and snapshot, on a key-value store that is not trusted.
 *
 * Every change is one synced batch, written at the same time to the key-value store and to the sentinel; when
 * `persist` resolves, it is durable in both. Every read compares what comes back with what was written. A failed
 * write, or damage met by a read, ends the store.
 * Read next: raft-opening.ts (every start), raft-batch-writer.ts (every write), raft-recovery.ts (why nothing is
 * lost unnoticed), raft-snapshots.ts.
 */
import { assert } from '../base/assert.ts';
import { logIndex, nextIndex, previousIndex, type LogIndex } from '../base/raft-position.ts';
import { ok, type Result } from '../base/result.ts';
import type { KeyValueStore } from '../ports/key-value-store.ts';
import { RaftBatchWriter } from './raft-batch-writer.ts';
import { RaftDamageError, type RaftDamage } from './raft-damage.ts';
import { encodeEntryRecord, type RaftEntryRecord } from './raft-entry-record.ts';
import { RaftLogOutline, type TermRun } from './raft-log-outline.ts';
import { checkRead, readRows } from './raft-log-read.ts';
import { openRaftFiles, type OpenedFiles, type RaftStoreOptions } from './raft-opening.ts';
import type {
  RaftSnapshots,
  ReceivedChunk,
  SnapshotChunk,
  SnapshotDescription,
  WantedChunk,
} from './raft-snapshots.ts';
import type { RecoveryVerdict } from './raft-recovery.ts';
import type { SnapshotWriter } from './raft-snapshot-writer.ts';
import type { LogPlace, RaftHardState } from './raft-state-record.ts';

/** One atomic synced change: truncate, then append, then set the hard state. Each part may be absent. */
export interface RaftChange {
  readonly hardState: RaftHardState | undefined;
  /** Drop this entry and all after it. */
  readonly truncateFrom: LogIndex | undefined;
  /** Contiguous, following on what is left. */
  readonly entries: readonly RaftEntryRecord[];
}

/** What the store found when it opened. */
export interface RaftStoreContent {
  readonly hardState: RaftHardState;
  readonly logStart: LogPlace;
  readonly logLast: LogPlace;
  readonly termRuns: readonly TermRun[];
  readonly recentEntries: readonly RaftEntryRecord[];
  /** `agree`, unless the last batch had to be made good from one of the two places that hold it. */
  readonly recovery: RecoveryVerdict['type'];
}

interface ReadInProgress {
  /** Lowered when a truncation makes the rest of what is being read meaningless. */
  below: LogIndex;
}

export class RaftStore {
  readonly #level: KeyValueStore;
  readonly #writer: RaftBatchWriter;
  readonly #snapshots: RaftSnapshots;
  readonly #reads = new Set<ReadInProgress>();
  readonly #recovery: RecoveryVerdict['type'];
  #outline: RaftLogOutline;
  #recentEntries: readonly RaftEntryRecord[];
  /** Entries from here on are not durable yet, or are being replaced. */
  #stableBelow: LogIndex;

  private constructor(files: OpenedFiles) {
    this.#level = files.level;
    this.#writer = new RaftBatchWriter(files);
    this.#snapshots = files.snapshots;
    this.#outline = files.scan.outline;
    this.#recentEntries = files.scan.recent;
    this.#recovery = files.recovery;
    this.#stableBelow = nextIndex(this.#outline.last.index);
  }

  /** Refuses a damaged store; a failing disk rejects. */
  static async open(options: RaftStoreOptions): Promise<Result<RaftStore, RaftDamage>> {
    const files = await openRaftFiles(options);
    return files.ok ? ok(new RaftStore(files.value)) : files;
  }

  /** What a voter starts from. Gives the recent entries away: a second call finds none. */
  takeContent(): RaftStoreContent {
    const { hardState, logStart, logLast } = this.#writer.state;
    const recentEntries = this.#recentEntries;
    this.#recentEntries = [];
    const termRuns = this.#outline.termRuns;
    return { hardState, logStart, logLast, termRuns, recentEntries, recovery: this.#recovery };
  }

  /** Term and chain at a durable entry, or at the place before the first; undefined outside the log. */
  placeAt(index: LogIndex): LogPlace | undefined {
    return this.#outline.covers(index) ? this.#outline.placeAt(index) : undefined;
  }

  /** When it resolves, the whole change survives a power cut; until then, all of it or nothing. */
  persist(change: RaftChange): Promise<void> {
    return this.#writer.inTurn(() => this.#append(change));
  }

  /**
   * Durable entries from `from` up to and including `to`: at least one, then as many as fit `bytesMax`. None when
   * the log does not hold `from`, any more or yet.
   */
  async entries(wanted: { from: LogIndex; to: LogIndex; bytesMax: number }): Promise<readonly RaftEntryRecord[]> {
    assert(wanted.from <= wanted.to, 'a read of entries is of at least one', { from: wanted.from, to: wanted.to });
    const read = { below: logIndex(Math.min(wanted.to + 1, this.#stableBelow)) };
    this.#reads.add(read);
    try {
      return await this.#writer.orFail(() => this.#read(wanted, read));
    } finally {
      this.#reads.delete(read);
    }
  }

  /** Drops the entries up to and including `upTo`, which the snapshot must cover. Resolves when they are gone. */
  async compact(upTo: LogIndex): Promise<void> {
    const from = await this.#writer.inTurn(async () => {
      const before = nextIndex(this.#outline.start.index);
      const { state } = this.#writer;
      assert(
        state.snapshot !== undefined && upTo <= state.snapshot.place.index,
        'only what a snapshot covers is compacted',
        { upTo },
      );
      if (upTo < before) return before;
      await this.#writer.commit({ ...state, logStart: this.#outline.placeAt(upTo) }, []);
      this.#outline.startAt(upTo);
      return before;
    });
    await this.#writer.dropEntries({ from, to: upTo });
  }

  /** The newest snapshot, which is durable and was checked. */
  get snapshot(): SnapshotDescription | undefined {
    return this.#snapshots.newest;
  }

  /**
   * Begins a snapshot of the state after the durable entry at `index`. It counts once `finishSnapshot` has
   * resolved. `context` is kept with it, opaque; one snapshot is written at a time.
   */
  beginSnapshot(index: LogIndex, context: Uint8Array): Promise<SnapshotWriter> {
    return this.#writer.orFail(() => this.#snapshots.beginLocal(this.#outline.placeAt(index), context));
  }

  /** False when another voter's snapshot, at least as new, was installed meanwhile; the one at hand is then dropped. */
  async finishSnapshot(writer: SnapshotWriter): Promise<boolean> {
    const written = await this.#writer.orFail(() => this.#snapshots.finishLocal(writer));
    return this.#writer.inTurn(async () => {
      const { state } = this.#writer;
      const isNewer = state.snapshot === undefined || written.place.index > state.snapshot.place.index;
      if (!isNewer) await this.#snapshots.remove(written);
      else {
        await this.#writer.commit({ ...state, snapshot: written.pointer }, []);
        await this.#snapshots.pointAt(written);
      }
      return isNewer;
    });
  }

  /**
   * Bytes of a snapshot that another voter sends. Offset 0 drops what was received before; bytes that do not
   * follow on are not taken. Resolves with where the next ones belong.
   */
  receiveSnapshotChunk(chunk: ReceivedChunk): Promise<{ readonly nextOffset: number }> {
    return this.#writer.orFail(() => this.#snapshots.receive(chunk));
  }

  /** The snapshot that was received becomes the newest and the whole log is dropped, in one synced change. */
  async installSnapshot(index: LogIndex, hardState: RaftHardState | undefined): Promise<void> {
    const replaced = await this.#writer.inTurn(async () => {
      const { start, last } = this.#outline;
      const received = this.#snapshots.takeReceived(index);
      const { place, pointer } = received;
      this.#expectReplacementFrom(nextIndex(this.#outline.start.index));
      const facts = { logStart: place, logLast: place, snapshot: pointer, hardState: this.#nextHardState(hardState) };
      await this.#writer.commit(facts, []);
      this.#outline = new RaftLogOutline(place);
      this.#stableBelow = nextIndex(place.index);
      await this.#snapshots.pointAt(received);
      return { from: nextIndex(start.index), to: Math.min(last.index, index) };
    });
    await this.#writer.dropEntries(replaced);
  }

  /** Checked bytes; undefined when that snapshot is no longer held, or has no such offset. */
  readSnapshotChunk(wanted: WantedChunk): Promise<SnapshotChunk | undefined> {
    return this.#writer.orFail(() => this.#snapshots.read(wanted));
  }

  /** Waits for what is under way; whatever is asked afterwards rejects. */
  async close(): Promise<void> {
    await this.#writer.close();
    await this.#snapshots.close();
  }

  async #append({ hardState, truncateFrom, entries }: RaftChange): Promise<void> {
    const { state } = this.#writer;
    const kept = truncateFrom === undefined ? this.#outline.last.index : previousIndex(truncateFrom);
    if (truncateFrom !== undefined) {
      assert(truncateFrom <= this.#outline.last.index, 'what is truncated is there', { truncateFrom });
      assert(
        kept >= (state.snapshot?.place.index ?? 0),
        'nothing that a snapshot covers is truncated: it was committed',
        { truncateFrom },
      );
      this.#expectReplacementFrom(truncateFrom);
    }
    const base = this.#outline.placeAt(kept);
    const chained = RaftLogOutline.chained(base, entries);
    const newest = chained.at(-1) ?? base;
    const nextHardState = this.#nextHardState(hardState);
    const records = chained.map((entry) => ({ index: entry.index, record: encodeEntryRecord(entry) }));
    const logLast = { index: newest.index, term: newest.term, chain: newest.chain };
    await this.#writer.commit({ ...state, hardState: nextHardState, logLast }, records);
    if (truncateFrom !== undefined) this.#outline.cutFrom(truncateFrom);
    for (const entry of chained) this.#outline.append(entry);
    this.#stableBelow = nextIndex(newest.index);
  }

  #nextHardState(next: RaftHardState | undefined): RaftHardState {
    const current = this.#writer.state.hardState;
    if (next === undefined) return current;
    assert(next.term >= current.term, 'the term never goes back', { next: next.term, current: current.term });
    assert(
      next.term > current.term || current.votedFor === undefined || next.votedFor === current.votedFor,
      'a vote is given once in a term',
      { term: next.term, next: next.votedFor, current: current.votedFor },
    );
    return next;
  }

  /** Reads that are under way keep only what the coming write does not touch. */
  #expectReplacementFrom(from: LogIndex): void {
    this.#stableBelow = from;
    for (const read of this.#reads) read.below = logIndex(Math.min(read.below, from));
  }

  async #read(
    { from, bytesMax }: { from: LogIndex; bytesMax: number },
    read: ReadInProgress,
  ): Promise<readonly RaftEntryRecord[]> {
    const isHeld = (): boolean => from > this.#outline.start.index && from < read.below;
    if (!isHeld()) return [];
    const rows = await readRows(this.#level, { from, below: read.below, bytesMax });
    // The log may have been truncated or compacted meanwhile.
    if (!isHeld()) return [];
    const checked = checkRead(this.#outline, from, rows.slice(0, read.below - from));
    if (!checked.ok) throw new RaftDamageError(checked.problem);
    return checked.value;
  }
}
