/**
 * What of the log and of the hard state is on the disk, on its way there, or still to go.
 *
 * One write is in flight at most; everything that comes up meanwhile joins the next one, so the slower the disk
 * the larger the groups. While a write is in flight its entries may be truncated and others appended in their
 * place: its completion then makes durable only what is left of it (R7), never the newcomers at the same indexes.
 */
import { assert } from '../base/assert.ts';
import { logIndex, previousIndex, type LogIndex, type Term } from '../base/raft-position.ts';
import { entryBytes, type Entry, type HardState, type LogPosition, type SnapshotMetadata } from './raft-entry.ts';
import type { InstallSnapshotEffect, PersistEffect } from './raft-effect.ts';
import type { RaftLog } from './raft-log.ts';

interface WriteInFlight {
  readonly sequence: number;
  readonly hardState: HardState;
  readonly snapshot: SnapshotMetadata | undefined;
  readonly bytes: number;
  /** What will be durable when it completes, as far as the log has not left it behind since. */
  end: LogPosition;
}

export class RaftPersistence {
  readonly #log: RaftLog;
  #hardState: HardState;
  #durableHardState: HardState;
  #durableIndex: LogIndex;
  /** The end of the log on the disk once the write in flight is done. */
  #storedEnd: LogIndex;
  #truncateFrom: LogIndex | undefined;
  #inFlight: WriteInFlight | undefined;
  #waitingBytes = 0;
  #sequence = 0;

  constructor(log: RaftLog, hardState: HardState) {
    this.#log = log;
    this.#hardState = hardState;
    this.#durableHardState = hardState;
    this.#durableIndex = log.lastIndex;
    this.#storedEnd = log.lastIndex;
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  get durableHardState(): HardState {
    return this.#durableHardState;
  }

  /** Entries up to here, as the log holds them now, survive a crash. */
  get durableIndex(): LogIndex {
    return this.#durableIndex;
  }

  /** The current term and vote survive a crash, so messages may reveal them. */
  get isHardStateDurable(): boolean {
    return this.#durableHardState === this.#hardState;
  }

  get isIdle(): boolean {
    return this.#inFlight === undefined;
  }

  /** The log is being replaced by a snapshot: a crash leaves the one or the other. */
  get isInstalling(): boolean {
    return this.#inFlight?.snapshot !== undefined;
  }

  /** Entries that are in memory alone or on their way to the disk. */
  get unpersistedBytes(): number {
    return this.#waitingBytes + (this.#inFlight?.bytes ?? 0);
  }

  setHardState(hardState: HardState): void {
    const { term, votedFor } = this.#hardState;
    assert(hardState.term >= term, 'the term never goes back', () => ({ term, next: hardState.term }));
    assert(hardState.term > term || votedFor === undefined, 'a vote stands for its term', () => ({ term, votedFor }));
    this.#hardState = hardState;
  }

  onAppend(entry: Entry): void {
    this.#waitingBytes += entryBytes(entry);
  }

  /** To be told before the log drops the entries from `index` on. */
  onTruncate(index: LogIndex): void {
    const end = previousIndex(index);
    if (index <= this.#storedEnd) {
      this.#truncateFrom = logIndex(Math.min(this.#truncateFrom ?? index, index));
      this.#storedEnd = end;
    }
    const kept = end > this.#storedEnd ? this.#entries(logIndex(this.#storedEnd + 1), end) : [];
    this.#waitingBytes = kept.reduce((bytes, entry) => bytes + entryBytes(entry), 0);
    if (this.#durableIndex > end) this.#durableIndex = end;
    if (this.#inFlight !== undefined && this.#inFlight.end.index > end) {
      this.#inFlight.end = { index: end, term: this.#log.mustTermAt(end) };
    }
  }

  /** The next write, when there is something to write and nothing in flight. */
  start(): PersistEffect | undefined {
    if (this.#inFlight !== undefined) return undefined;
    const hasEntries = this.#log.lastIndex > this.#storedEnd;
    if (!hasEntries && this.#truncateFrom === undefined && this.isHardStateDurable) return undefined;
    const entries = hasEntries ? this.#entries(logIndex(this.#storedEnd + 1), this.#log.lastIndex) : [];
    const effect: PersistEffect = {
      type: 'persist',
      sequence: this.#nextSequence(),
      hardState: this.isHardStateDurable ? undefined : this.#hardState,
      truncateFrom: this.#truncateFrom,
      entries,
    };
    this.#inFlight = {
      sequence: effect.sequence,
      hardState: this.#hardState,
      snapshot: undefined,
      bytes: this.#waitingBytes,
      end: this.#log.last,
    };
    this.#waitingBytes = 0;
    this.#storedEnd = this.#log.lastIndex;
    this.#truncateFrom = undefined;
    return effect;
  }

  /**
   * Replaces the log by a snapshot that was received in full. Until the write is done nothing but what was applied
   * counts as durable: the snapshot covers all of that, whichever of the two states a crash leaves behind.
   */
  startInstall(snapshot: SnapshotMetadata, appliedIndex: LogIndex): InstallSnapshotEffect {
    assert(this.isIdle, 'a snapshot is installed when nothing else is being written');
    assert(appliedIndex < snapshot.lastIndex, 'an installed snapshot is news', () => ({ appliedIndex }));
    const sequence = this.#nextSequence();
    this.#inFlight = {
      sequence,
      hardState: this.#hardState,
      snapshot,
      bytes: 0,
      end: { index: snapshot.lastIndex, term: snapshot.lastTerm },
    };
    const hardState = this.isHardStateDurable ? undefined : this.#hardState;
    this.#log.reset(snapshot);
    this.#durableIndex = logIndex(Math.min(this.#durableIndex, appliedIndex));
    this.#storedEnd = snapshot.lastIndex;
    this.#waitingBytes = 0;
    this.#truncateFrom = undefined;
    return { type: 'install-snapshot', sequence, hardState, snapshot };
  }

  /** Returns the snapshot that is installed now, if the write was one. */
  complete(sequence: number): SnapshotMetadata | undefined {
    const done = this.#inFlight;
    assert(done !== undefined && done.sequence === sequence, 'the write that completes is the one in flight', () => ({
      sequence,
      inFlight: done?.sequence,
    }));
    assert(this.#termAt(done.end.index) === done.end.term, 'a write completes for the entries it wrote', () => ({
      end: done.end,
    }));
    assert(done.end.index >= this.#durableIndex, 'what is durable stays durable', () => ({ end: done.end }));
    this.#durableIndex = done.end.index;
    this.#durableHardState = done.hardState;
    this.#inFlight = undefined;
    return done.snapshot;
  }

  #termAt(index: LogIndex): Term | undefined {
    // The store may have compacted beyond the write meanwhile; then it was durable in the snapshot already.
    return index < this.#log.previous.index ? this.#inFlight?.end.term : this.#log.termAt(index);
  }

  #entries(from: LogIndex, to: LogIndex): readonly Entry[] {
    const { MAX_SAFE_INTEGER } = Number;
    const entries = this.#log.recent({ from, to, bytesMax: MAX_SAFE_INTEGER, entriesMax: MAX_SAFE_INTEGER });
    assert(entries !== undefined, 'entries that are not durable are in memory', () => ({ from }));
    return entries;
  }

  #nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }
}
