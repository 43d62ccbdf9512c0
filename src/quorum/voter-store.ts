/**
 * The raft store in the words of the Raft core: entries with payloads instead of bytes, snapshots with their voters.
 *
 * The store keeps a snapshot's description as an opaque context and computes the committed chain; here the two meet.
 */
import { assert } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import { indexZero, nextIndex, termZero, type LogIndex } from '../base/raft-position.ts';
import { refused, ok, type Result } from '../base/result.ts';
import type { InstallSnapshotEffect, PersistEffect } from '../raft/raft-effect.ts';
import type { Entry, SnapshotMetadata, Voter, VoterSet } from '../raft/raft-entry.ts';
import type { SnapshotChunk } from '../raft/raft-event.ts';
import type { RaftInitialState } from '../raft/raft-options.ts';
import type { RaftDamage } from '../storage/raft-damage.ts';
import type { RaftEntryRecord } from '../storage/raft-entry-record.ts';
import type { RaftStoreOptions } from '../storage/raft-opening.ts';
import { RaftStore } from '../storage/raft-store.ts';
import type { QuorumCodecs } from './quorum-codecs.ts';

export interface VoterStoreOptions extends RaftStoreOptions {
  readonly codecs: Pick<QuorumCodecs, 'payload' | 'snapshot'>;
}

/** How much of a snapshot is read at once while the state machine is restored. */
const restoreChunkBytes = 1024 * 1024;

export class VoterStore {
  readonly #store: RaftStore;
  readonly #codecs: VoterStoreOptions['codecs'];
  readonly #voterSets: readonly VoterSet[];

  private constructor(store: RaftStore, codecs: VoterStoreOptions['codecs'], voterSets: readonly VoterSet[]) {
    this.#store = store;
    this.#codecs = codecs;
    this.#voterSets = voterSets;
  }

  /** Refuses a damaged store; a failing disk rejects. */
  static async open(options: VoterStoreOptions): Promise<Result<VoterStore, RaftDamage>> {
    const voterSets: VoterSet[] = [];
    const store = await RaftStore.open({
      ...options,
      onEntry: (record) => {
        const { index, payload } = entryOf(options.codecs, record);
        if (payload.type === 'voters') voterSets.push({ index, voters: payload.voters });
      },
    });
    return store.ok ? ok(new VoterStore(store.value, options.codecs, voterSets)) : refused(store.problem);
  }

  /** What Raft starts from. Once only. `founders` are in force where no snapshot says otherwise. */
  takeInitialState(founders: readonly Voter[]): RaftInitialState {
    const { hardState, logStart, logLast, termRuns, recentEntries } = this.#store.takeContent();
    const snapshot = this.snapshot ?? {
      lastIndex: indexZero,
      lastTerm: termZero,
      voters: founders,
      committedChain: 0,
    };
    return {
      hardState,
      snapshot,
      firstIndex: nextIndex(logStart.index),
      lastIndex: logLast.index,
      termStarts: termRuns,
      voterSets: this.#voterSets.filter((set) => set.index > snapshot.lastIndex),
      recentEntries: recentEntries.map((record) => entryOf(this.#codecs, record)),
    };
  }

  get snapshot(): SnapshotMetadata | undefined {
    const { snapshot } = this.#store;
    return snapshot === undefined ? undefined : this.#metadataOf(snapshot.context);
  }

  /** The chain over all entries up to a durable one; undefined where the log does not reach (any more). */
  chainAt(index: LogIndex): number | undefined {
    return this.#store.placeAt(index)?.chain;
  }

  persist({ hardState, truncateFrom, entries }: PersistEffect): Promise<void> {
    return this.#store.persist({
      hardState,
      truncateFrom,
      entries: entries.map(({ index, term, payload }) => ({
        index,
        term,
        payload: this.#codecs.payload.encode(payload),
      })),
    });
  }

  install({ snapshot, hardState }: InstallSnapshotEffect): Promise<void> {
    return this.#store.installSnapshot(snapshot.lastIndex, hardState);
  }

  async entries(wanted: { from: LogIndex; to: LogIndex; bytesMax: number }): Promise<readonly Entry[]> {
    const records = await this.#store.entries(wanted);
    return records.map((record) => entryOf(this.#codecs, record));
  }

  /** Resolves with the number of bytes of that snapshot that are held now. */
  async storeChunk({ snapshot, offset, bytes, isLast }: SnapshotChunk): Promise<number> {
    const { nextOffset } = await this.#store.receiveSnapshotChunk({
      place: { index: snapshot.lastIndex, term: snapshot.lastTerm, chain: snapshot.committedChain },
      context: this.#codecs.snapshot.encode(snapshot),
      offset,
      bytes,
      isLast,
    });
    return nextOffset;
  }

  async loadChunk(wanted: {
    snapshotIndex: LogIndex | undefined;
    offset: number;
    bytesMax: number;
  }): Promise<SnapshotChunk | undefined> {
    const chunk = await this.#store.readSnapshotChunk(wanted);
    if (chunk === undefined) return undefined;
    const { offset, bytes, isLast } = chunk;
    return { snapshot: this.#metadataOf(chunk.context), offset, bytes, isLast };
  }

  /** The whole content; undefined when the store no longer holds that snapshot. */
  async readSnapshot(index: LogIndex): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [];
    for (let offset = 0, isLast = false; !isLast;) {
      const chunk = await this.loadChunk({ snapshotIndex: index, offset, bytesMax: restoreChunkBytes });
      if (chunk === undefined) return undefined;
      assert(chunk.isLast || chunk.bytes.length > 0, 'a snapshot is read to its end', { index, offset });
      parts.push(chunk.bytes);
      offset += chunk.bytes.length;
      ({ isLast } = chunk);
    }
    return joined(parts);
  }

  /** Undefined when a newer snapshot came in meanwhile. */
  async writeSnapshot(wanted: {
    index: LogIndex;
    voters: readonly Voter[];
    content: Uint8Array;
  }): Promise<SnapshotMetadata | undefined> {
    const place = this.#store.placeAt(wanted.index);
    if (place === undefined) return undefined;
    const snapshot: SnapshotMetadata = {
      lastIndex: place.index,
      lastTerm: place.term,
      voters: wanted.voters,
      committedChain: place.chain,
    };
    const writer = await this.#store.beginSnapshot(wanted.index, this.#codecs.snapshot.encode(snapshot));
    await writer.append(wanted.content);
    return (await this.#store.finishSnapshot(writer)) ? snapshot : undefined;
  }

  compact(upTo: LogIndex): Promise<void> {
    return this.#store.compact(upTo);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #metadataOf(context: Uint8Array): SnapshotMetadata {
    const metadata = this.#codecs.snapshot.decode(context);
    if (metadata.ok) return metadata.value;
    throw new FaultError('the description of a snapshot cannot be read', { why: metadata.problem.why });
  }
}

function entryOf(codecs: VoterStoreOptions['codecs'], { index, term, payload }: RaftEntryRecord): Entry {
  const decoded = codecs.payload.decode(payload);
  if (decoded.ok) return { index, term, payload: decoded.value };
  throw new FaultError('an entry of the log cannot be read by this release', { index, why: decoded.problem.why });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
