/**
 * One voter in a test: a core, its disk, its state machine, and the work that the disk has not finished.
 *
 * It is the smallest driver that keeps the contract of raft-effect.ts. Work on the disk completes when the test says
 * so, in any order that the contract allows; a crash takes what is not complete.
 */
import { assert, assertUnreachable } from '../../src/base/assert.ts';
import type { VoterId } from '../../src/base/ids.ts';
import type { LogIndex } from '../../src/base/raft-position.ts';
import type { RaftClusterInvariants } from '../../src/raft/raft-cluster-invariants.ts';
import type { InstallSnapshotEffect, PersistEffect, RaftEffect } from '../../src/raft/raft-effect.ts';
import type { Entry } from '../../src/raft/raft-entry.ts';
import type { RaftEvent } from '../../src/raft/raft-event.ts';
import type { RaftMessage } from '../../src/raft/raft-message.ts';
import type { RaftLimits } from '../../src/raft/raft-options.ts';
import type { RaftView } from '../../src/raft/raft-view.ts';
import { Raft } from '../../src/raft/raft.ts';
import type { ModelDisk } from './model-disk.ts';

type DiskWork = Extract<
  RaftEffect,
  { type: 'persist' | 'install-snapshot' | 'store-snapshot-chunk' | 'load-entries' | 'load-snapshot-chunk' }
>;

/** What the core told its callers, by type. */
export type Answer = Extract<
  RaftEffect,
  {
    type:
      | 'proposal-committed'
      | 'proposal-refused'
      | 'proposal-outcome-unknown'
      | 'read-ready'
      | 'read-refused'
      | 'transfer-ended';
  }
>;

export interface TestVoterOptions {
  readonly voterId: VoterId;
  readonly disk: ModelDisk;
  readonly limits: RaftLimits;
  readonly integerBelow: (bound: number) => number;
  readonly invariants: RaftClusterInvariants;
  readonly send: (from: TestVoter, to: VoterId, message: RaftMessage) => void;
  readonly observe: (voter: TestVoter, event: RaftEvent, effects: readonly RaftEffect[]) => void;
}

const decoder = new TextDecoder();

export class TestVoter {
  readonly voterId: VoterId;
  readonly #options: TestVoterOptions;
  disk: ModelDisk;
  nowMs = 0;
  /** Since a leader was heard or the voter started. */
  silenceMs = 0;
  /** The disk answers at once. Off: the test calls completeWork. */
  isDiskFast = true;
  /** What the state machine made of the entries. */
  state: string[] = [];
  stateIndex = 0;
  readonly answers: Answer[] = [];
  readonly facts: RaftEffect[] = [];
  work: DiskWork[] = [];
  #raft: Raft | undefined;
  #isStepping = false;

  constructor(options: TestVoterOptions) {
    this.#options = options;
    this.voterId = options.voterId;
    this.disk = options.disk;
    this.start();
  }

  get isUp(): boolean {
    return this.#raft !== undefined;
  }

  get view(): RaftView {
    assert(this.#raft !== undefined, 'a voter that is down has no view', { voter: this.voterId });
    return this.#raft.view;
  }

  start(): void {
    assert(this.#raft === undefined, 'a voter is started once', { voter: this.voterId });
    const initial = this.disk.open();
    this.silenceMs = 0;
    const { voterId, limits, integerBelow } = this.#options;
    const { directoryId } = this.disk;
    this.#raft = new Raft({ voterId, directoryId, limits, integerBelow, initial, nowMs: this.nowMs });
    this.state = [...this.disk.snapshotState];
    this.stateIndex = initial.snapshot.lastIndex;
    this.#options.invariants.onStart(this.#raft.view);
  }

  /** With a write under way, the crash either takes it or comes right after it. */
  crash(isWriteDone = false): void {
    const write = this.work.find((work) => work.type === 'persist' || work.type === 'install-snapshot');
    if (isWriteDone && write !== undefined) this.disk.write(write);
    this.#raft = undefined;
    this.work = [];
  }

  step(event: RaftEvent): void {
    if (this.#raft === undefined) return;
    if (event.type === 'message' && event.message.type === 'append-request') this.silenceMs = 0;
    assert(!this.#isStepping, 'events come one at a time');
    this.#isStepping = true;
    const effects = this.#raft.step(event);
    this.#options.invariants.onStep(this.#raft.view, event, effects);
    this.#options.observe(this, event, effects);
    for (const effect of effects) this.#perform(effect);
    this.#isStepping = false;
    while (this.isDiskFast && this.work.length > 0) this.completeWork();
  }

  /** Finishes the oldest piece of work, or the one chosen, and tells the core. */
  completeWork(at = 0): void {
    const [work] = this.work.splice(at, 1);
    if (work !== undefined) this.step(this.#finish(work));
  }

  completeAllWork(): void {
    while (this.work.length > 0) this.completeWork();
  }

  /** Takes a snapshot of what is applied and drops the log under it, but for the last `keep` entries. */
  compact(keep = 0): void {
    const lastIndex = this.stateIndex as LogIndex;
    const lastTerm = this.view.termAt(lastIndex);
    assert(lastTerm !== undefined, 'the log knows the term of what is applied', { lastIndex });
    const voters = this.view.votersAt(lastIndex);
    const snapshot = { lastIndex, lastTerm, voters, committedChain: chainOf(this.state) };
    const firstIndex = this.disk.compact(snapshot, this.state, keep);
    this.step({ type: 'compacted', snapshot, firstIndex });
  }

  #perform(effect: RaftEffect): void {
    switch (effect.type) {
      case 'persist':
      case 'install-snapshot':
      case 'store-snapshot-chunk':
      case 'load-entries':
      case 'load-snapshot-chunk':
        this.work.push(effect);
        return;
      case 'send':
        this.#options.send(this, effect.to, effect.message);
        return;
      case 'apply':
        for (const entry of effect.entries) this.#apply(entry);
        return;
      case 'restore-snapshot':
        assert(this.disk.snapshot.metadata.lastIndex === effect.snapshot.lastIndex, 'the snapshot is installed');
        this.state = [...this.disk.snapshotState];
        this.stateIndex = effect.snapshot.lastIndex;
        assert(chainOf(this.state) === effect.snapshot.committedChain, 'R14: a snapshot is the state it says it is');
        return;
      case 'proposal-committed':
      case 'proposal-refused':
      case 'proposal-outcome-unknown':
      case 'read-ready':
      case 'read-refused':
      case 'transfer-ended':
        this.answers.push(effect);
        return;
      case 'became-follower':
      case 'became-candidate':
      case 'became-leader':
      case 'leadership-established':
      case 'peers-changed':
      case 'voters-changed':
        this.facts.push(effect);
        return;
      default:
        assertUnreachable(effect);
    }
  }

  #finish(work: DiskWork): RaftEvent {
    switch (work.type) {
      case 'persist':
      case 'install-snapshot':
        this.disk.write(work satisfies PersistEffect | InstallSnapshotEffect);
        return { type: 'persisted', sequence: work.sequence };
      case 'load-entries': {
        const entries = this.disk.read(work.from, work.to, work.bytesMax);
        return { type: 'entries-loaded', purpose: work.purpose, entries };
      }
      case 'load-snapshot-chunk': {
        const chunk = this.disk.loadChunk(work.snapshotIndex, work.offset, work.bytesMax);
        return { type: 'snapshot-chunk-loaded', to: work.to, chunk };
      }
      case 'store-snapshot-chunk': {
        const { snapshot, isLast } = work.chunk;
        return { type: 'snapshot-chunk-stored', snapshot, nextOffset: this.disk.storeChunk(work.chunk), isLast };
      }
      default:
        return assertUnreachable(work);
    }
  }

  #apply(entry: Entry): void {
    assert(entry.index === this.stateIndex + 1, 'R5: the state machine gets every entry once', { entry });
    this.stateIndex = entry.index;
    if (entry.payload.type === 'command') this.state.push(decoder.decode(entry.payload.bytes));
  }
}

/** Stands for the committed chain of the store: equal states, equal chains. */
function chainOf(state: readonly string[]): number {
  let chain = 0;
  for (const command of state) {
    for (let at = 0; at < command.length; at += 1) chain = (chain * 31 + command.charCodeAt(at)) >>> 0;
    chain = (chain * 31 + 7) >>> 0;
  }
  return chain;
}
