/**
 * A voter's disk as the Raft core is promised one: atomic writes, a log, one snapshot, one snapshot coming in.
 *
 * It holds what was completed and nothing else; writes under way are the cluster's (test-cluster.ts), so that a
 * crash can take or leave them. The state machine's state is the list of commands, and a snapshot is that list.
 */
import { assert } from '../../src/base/assert.ts';
import type { DirectoryId } from '../../src/base/ids.ts';
import { indexZero, logIndex, termZero, type LogIndex } from '../../src/base/raft-position.ts';
import type { InstallSnapshotEffect, PersistEffect } from '../../src/raft/raft-effect.ts';
import type { Entry, HardState, SnapshotMetadata, TermStart, Voter } from '../../src/raft/raft-entry.ts';
import type { SnapshotChunk } from '../../src/raft/raft-event.ts';
import type { RaftInitialState } from '../../src/raft/raft-options.ts';

interface Snapshot {
  readonly metadata: SnapshotMetadata;
  readonly bytes: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class ModelDisk {
  readonly directoryId: DirectoryId;
  hardState: HardState = { term: termZero, votedFor: undefined };
  snapshot: Snapshot;
  /** Kept as long as a peer may be receiving it. */
  #snapshotBefore: Snapshot | undefined;
  /** Positions before the log's first entry, and its entries. */
  previous: { index: LogIndex; term: typeof termZero } = { index: indexZero, term: termZero };
  entries: Entry[] = [];
  #incoming: { bytes: Uint8Array; snapshot: SnapshotMetadata } | undefined;
  /** How many of the newest entries a core is given when it opens the disk. */
  recentEntriesMax = 4;

  constructor(directoryId: DirectoryId, voters: readonly Voter[]) {
    this.directoryId = directoryId;
    const metadata = { lastIndex: indexZero, lastTerm: termZero, voters, committedChain: 0 };
    this.snapshot = { metadata, bytes: encodeState([]) };
  }

  get lastIndex(): LogIndex {
    return logIndex(this.previous.index + this.entries.length);
  }

  /** What the snapshot says the state machine is in. */
  get snapshotState(): readonly string[] {
    return decodeState(this.snapshot.bytes);
  }

  open(): RaftInitialState {
    const termStarts: TermStart[] = [{ term: this.previous.term, firstIndex: this.previous.index }];
    for (const { index, term } of this.entries) {
      if (term > (termStarts.at(-1)?.term ?? termZero)) termStarts.push({ term, firstIndex: index });
    }
    return {
      hardState: this.hardState,
      snapshot: this.snapshot.metadata,
      firstIndex: logIndex(this.previous.index + 1),
      lastIndex: this.lastIndex,
      termStarts,
      voterSets: this.entries.flatMap(({ index, payload }) =>
        payload.type === 'voters' && index > this.snapshot.metadata.lastIndex
          ? [{ index, voters: payload.voters }]
          : [],
      ),
      recentEntries: this.entries.slice(Math.max(0, this.entries.length - this.recentEntriesMax)),
    };
  }

  write(effect: PersistEffect | InstallSnapshotEffect): void {
    if (effect.hardState !== undefined) this.hardState = effect.hardState;
    if (effect.type === 'install-snapshot') {
      this.#install(effect.snapshot);
      return;
    }
    if (effect.truncateFrom !== undefined) this.entries.length = effect.truncateFrom - this.previous.index - 1;
    for (const entry of effect.entries) {
      assert(entry.index === this.lastIndex + 1, 'a disk is asked for a log without gaps', { entry });
      this.entries.push(entry);
    }
  }

  read(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    if (from <= this.previous.index) return [];
    const start = from - this.previous.index - 1;
    // A small limit stands for a large log.
    const count = Math.max(1, Math.min(to - from + 1, Math.floor(bytesMax / 64)));
    return this.entries.slice(start, start + count);
  }

  storeChunk({ snapshot, offset, bytes, isLast }: SnapshotChunk): number {
    const before = offset === 0 ? new Uint8Array() : (this.#incoming?.bytes ?? new Uint8Array());
    assert(before.length === offset, 'chunks are stored in order', { offset, held: before.length });
    const all = new Uint8Array(before.length + bytes.length);
    all.set(before);
    all.set(bytes, before.length);
    this.#incoming = { bytes: all, snapshot };
    if (isLast) decodeState(all);
    return all.length;
  }

  loadChunk(wanted: LogIndex | undefined, offset: number, bytesMax: number): SnapshotChunk | undefined {
    const held = [this.snapshot, this.#snapshotBefore];
    const chosen = held.find((snapshot) => wanted === undefined || snapshot?.metadata.lastIndex === wanted);
    if (chosen === undefined) return undefined;
    const { metadata, bytes } = chosen;
    const end = Math.min(bytes.length, offset + bytesMax);
    return { snapshot: metadata, offset, bytes: bytes.slice(offset, end), isLast: end === bytes.length };
  }

  /** A snapshot of the applied state; entries up to `keep` before its end may stay. */
  compact(metadata: SnapshotMetadata, state: readonly string[], keep: number): LogIndex {
    this.#snapshotBefore = this.snapshot;
    this.snapshot = { metadata, bytes: encodeState(state) };
    const upTo = Math.max(this.previous.index, Math.min(metadata.lastIndex - keep, this.lastIndex));
    const last = this.entries[upTo - this.previous.index - 1];
    if (last !== undefined) {
      this.entries = this.entries.slice(upTo - this.previous.index);
      this.previous = { index: last.index, term: last.term };
    }
    return logIndex(this.previous.index + 1);
  }

  #install(snapshot: SnapshotMetadata): void {
    const incoming = this.#incoming;
    assert(incoming?.snapshot.lastIndex === snapshot.lastIndex, 'what is installed was received', { snapshot });
    this.#snapshotBefore = undefined;
    this.snapshot = { metadata: snapshot, bytes: incoming.bytes };
    this.previous = { index: snapshot.lastIndex, term: snapshot.lastTerm };
    this.entries = [];
    this.#incoming = undefined;
  }
}

function encodeState(state: readonly string[]): Uint8Array {
  return encoder.encode(JSON.stringify(state));
}

function decodeState(bytes: Uint8Array): readonly string[] {
  return JSON.parse(decoder.decode(bytes)) as readonly string[];
}
