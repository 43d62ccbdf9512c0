/**
 * The state machine of a voter and its snapshots: applies committed entries, restores, and writes a snapshot when
 * the policy says so.
 *
 * The state is captured in the turn that makes the snapshot due; writing it then takes as long as it takes, beside
 * everything else. One snapshot is written at a time.
 */
import { assert } from '../base/assert.ts';
import { nextIndex, type LogIndex } from '../base/raft-position.ts';
import { entryBytes, type Entry, type SnapshotMetadata, type Voter } from '../raft/raft-entry.ts';
import type { RaftEvent } from '../raft/raft-event.ts';
import type { CommittedCommand, QuorumStateMachine } from './quorum-state-machine.ts';
import { SnapshotPolicy, type SnapshotLimits } from './snapshot-policy.ts';
import type { VoterStore } from './voter-store.ts';

export interface SnapshotKeeperOptions {
  readonly store: VoterStore;
  readonly machine: QuorumStateMachine;
  readonly limits: SnapshotLimits;
  /** What Raft starts from; `restore` brings the machine there. */
  readonly snapshot: SnapshotMetadata;
}

type CompactedEvent = Extract<RaftEvent, { type: 'compacted' }>;

export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions;
  readonly #policy: SnapshotPolicy;
  #onAdvance: () => void = () => {};
  #appliedIndex: LogIndex;
  /** In force at the applied index. */
  #voters: readonly Voter[];
  #replies = new Map<LogIndex, Uint8Array>();
  #isWriting = false;

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options;
    this.#policy = new SnapshotPolicy(options.limits, options.snapshot.lastIndex);
    this.#appliedIndex = options.snapshot.lastIndex;
    this.#voters = options.snapshot.voters;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  apply(entries: readonly Entry[]): void {
    const commands: CommittedCommand[] = [];
    for (const { index, term, payload } of entries) {
      assert(index === nextIndex(this.#appliedIndex), 'entries are applied in order, each once', () => ({ index }));
      this.#appliedIndex = index;
      if (payload.type === 'command') commands.push({ index, term, bytes: payload.bytes });
      else if (payload.type === 'voters') this.#voters = payload.voters;
    }
    const replies = this.#options.machine.apply(commands, this.#appliedIndex);
    assert(replies.length === commands.length, 'the state machine answers every command', {
      commands: commands.length,
      replies: replies.length,
    });
    this.#replies = new Map(commands.map(({ index }, at) => [index, replies[at] ?? nothing]));
    this.#policy.onApplied(entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0));
    this.#onAdvance();
  }

  /** Of the entries applied last; empty for entries that are no command. */
  replyAt(index: LogIndex): Uint8Array {
    return this.#replies.get(index) ?? nothing;
  }

  /** Calls `listener`, and nobody else, after every change of the applied index. */
  onAdvance(listener: () => void): void {
    this.#onAdvance = listener;
  }

  /** Brings the machine to a snapshot that the store holds. */
  async restore(snapshot: SnapshotMetadata): Promise<void> {
    const content = await this.#options.store.readSnapshot(snapshot.lastIndex);
    // Gone only when the leader sent yet another one since, and its turn comes next.
    if (content !== undefined) this.#options.machine.restore(content);
    assert(snapshot.lastIndex >= this.#appliedIndex, 'a restored snapshot is no step back', { snapshot });
    this.#appliedIndex = snapshot.lastIndex;
    this.#voters = snapshot.voters;
    this.#policy.onSnapshot(snapshot.lastIndex);
    this.#onAdvance();
  }

  /** Undefined when none is due. Resolves with what the core is told, if the snapshot came to count. */
  startWhenDue(): Promise<CompactedEvent | undefined> | undefined {
    if (this.#isWriting || !this.#policy.isDue(this.#appliedIndex)) return undefined;
    this.#isWriting = true;
    const wanted = {
      index: this.#appliedIndex,
      voters: this.#voters,
      content: this.#options.machine.snapshot(),
    };
    this.#policy.onSnapshot(wanted.index);
    return this.#write(wanted).finally(() => {
      this.#isWriting = false;
    });
  }

  async #write(wanted: {
    index: LogIndex;
    voters: readonly Voter[];
    content: Uint8Array;
  }): Promise<CompactedEvent | undefined> {
    const { store } = this.#options;
    const snapshot = await store.writeSnapshot(wanted);
    if (snapshot === undefined) return undefined;
    const upTo = this.#policy.compactUpTo(snapshot.lastIndex);
    await store.compact(upTo);
    return { type: 'compacted', snapshot, firstIndex: nextIndex(upTo) };
  }
}

const nothing = new Uint8Array(0);
