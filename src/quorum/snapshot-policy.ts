/**
 * When to take a snapshot, and how much of the log to keep behind it. Pure.
 *
 * A snapshot bounds what a restart replays and what the log takes on disk; the kept tail lets a voter that was
 * away for a moment catch up from entries instead of a whole snapshot.
 */
import { assert } from '../base/assert.ts';
import { logIndex, type LogIndex } from '../base/raft-position.ts';

export interface SnapshotLimits {
  /** A snapshot is due after this many entries or bytes since the last one, whichever comes first. */
  readonly entriesBetweenSnapshots: number;
  readonly bytesBetweenSnapshots: number;
  /** Entries before a snapshot that stay in the log. */
  readonly keptEntries: number;
}

export const snapshotLimitsDefault: SnapshotLimits = {
  entriesBetweenSnapshots: 100_000,
  bytesBetweenSnapshots: 64 * 1024 * 1024,
  keptEntries: 20_000,
};

export class SnapshotPolicy {
  readonly #limits: SnapshotLimits;
  #snapshotIndex: LogIndex;
  #bytes = 0;

  constructor(limits: SnapshotLimits, snapshotIndex: LogIndex) {
    assert(limits.entriesBetweenSnapshots >= 1 && limits.bytesBetweenSnapshots >= 1, 'snapshots have a distance');
    assert(limits.keptEntries >= 0, 'no fewer than no entries are kept', { ...limits });
    this.#limits = limits;
    this.#snapshotIndex = snapshotIndex;
  }

  onApplied(bytes: number): void {
    this.#bytes += bytes;
  }

  isDue(appliedIndex: LogIndex): boolean {
    const { entriesBetweenSnapshots, bytesBetweenSnapshots } = this.#limits;
    if (appliedIndex <= this.#snapshotIndex) return false;
    return appliedIndex - this.#snapshotIndex >= entriesBetweenSnapshots || this.#bytes >= bytesBetweenSnapshots;
  }

  /** A snapshot up to `index` is being taken, or was received. */
  onSnapshot(index: LogIndex): void {
    assert(index >= this.#snapshotIndex, 'snapshots go forward', { index, before: this.#snapshotIndex });
    this.#snapshotIndex = index;
    this.#bytes = 0;
  }

  /** Entries up to and including this one may go once a snapshot up to `index` is durable. */
  compactUpTo(index: LogIndex): LogIndex {
    return logIndex(Math.max(0, index - this.#limits.keptEntries));
  }
}
