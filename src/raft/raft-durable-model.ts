/**
 * What a voter's disk must hold, told from the effects it was asked to perform and the answers it gave.
 *
 * Part of the checks of raft-cluster-invariants.ts: it is the memory against which promises are held, independent
 * of what the core believes about itself. A crash with a write in flight leaves either of two states.
 */
import { assert } from '../base/assert.ts';
import type { LogIndex, Term } from '../base/raft-position.ts';
import type { InstallSnapshotEffect, PersistEffect } from './raft-effect.ts';
import type { HardState } from './raft-entry.ts';
import type { RaftView } from './raft-view.ts';

interface DurableState {
  hardState: HardState;
  /** The index that `terms[0]` is the term of. */
  base: number;
  terms: Term[];
}

export class RaftDurableModel {
  #state: DurableState;
  #inFlight: PersistEffect | InstallSnapshotEffect | undefined;

  /** Of a voter that starts: its core was just made from what the disk holds. */
  constructor(view: RaftView) {
    this.#state = stateOf(view);
  }

  get hardState(): HardState {
    return this.#state.hardState;
  }

  termAt(index: LogIndex): Term | undefined {
    return this.#state.terms[index - this.#state.base];
  }

  get lastIndex(): number {
    return this.#state.base + this.#state.terms.length - 1;
  }

  onWrite(effect: PersistEffect | InstallSnapshotEffect): void {
    assert(this.#inFlight === undefined, 'R7: one write is in flight at most', () => ({ sequence: effect.sequence }));
    this.#inFlight = effect;
  }

  onPersisted(sequence: number): void {
    const done = this.#inFlight;
    assert(done?.sequence === sequence, 'the write in flight completes', () => ({ sequence }));
    perform(this.#state, done);
    this.#inFlight = undefined;
  }

  /** The same directory opened again: it holds all that was durable, and all or nothing of what was in flight. */
  onRestart(view: RaftView): void {
    const found = stateOf(view);
    if (!agrees(this.#state, found)) {
      assert(this.#inFlight !== undefined, 'R6: what was durable is there after a restart', () => ({
        voter: view.voterId,
        expected: this.#state,
        found,
      }));
      perform(this.#state, this.#inFlight);
      assert(agrees(this.#state, found), 'R6: a write happens as a whole or not at all', () => ({
        voter: view.voterId,
        expected: this.#state,
        found,
      }));
    }
    this.#inFlight = undefined;
    this.#state = found;
  }
}

function stateOf(view: RaftView): DurableState {
  const base = view.previous.index;
  const terms: Term[] = [];
  for (let index: number = base; index <= view.last.index; index += 1) {
    const term = view.termAt(index as LogIndex);
    assert(term !== undefined, 'a log knows its terms', () => ({ index }));
    terms.push(term);
  }
  return { hardState: view.durableHardState, base, terms };
}

function perform(state: DurableState, write: PersistEffect | InstallSnapshotEffect): void {
  if (write.hardState !== undefined) {
    assert(write.hardState.term >= state.hardState.term, 'R6: the term on disk never goes back', () => ({ write }));
    state.hardState = write.hardState;
  }
  if (write.type === 'install-snapshot') {
    state.base = write.snapshot.lastIndex;
    state.terms = [write.snapshot.lastTerm];
    return;
  }
  if (write.truncateFrom !== undefined) state.terms.length = write.truncateFrom - state.base;
  for (const entry of write.entries) {
    assert(entry.index === state.base + state.terms.length, 'entries are written without gaps', () => ({ entry }));
    state.terms.push(entry.term);
  }
}

/** Compaction drops entries without a write of the core, so only what both hold is compared, and the ends. */
function agrees(expected: DurableState, found: DurableState): boolean {
  if (expected.hardState.term !== found.hardState.term) return false;
  if (expected.hardState.votedFor !== found.hardState.votedFor) return false;
  if (expected.base + expected.terms.length !== found.base + found.terms.length) return false;
  const from = Math.max(expected.base, found.base);
  for (let index = from; index < found.base + found.terms.length; index += 1) {
    if (expected.terms[index - expected.base] !== found.terms[index - found.base]) return false;
  }
  return true;
}
