/**
 * What holds for one voter after every step: of its state as a whole, and of the change since the step before.
 *
 * Run after every step in tests and in simulation; production relies on the assertions inside the core. What holds
 * between voters is raft-cluster-invariants.ts. The numbers are those of README.md.
 */
import { assert, type Facts } from '../base/assert.ts';
import type { LogIndex, Term } from '../base/raft-position.ts';
import type { RaftView } from './raft-view.ts';

interface Before {
  readonly term: Term;
  readonly votedFor: number | undefined;
  readonly role: RaftView['role'];
  readonly commitIndex: LogIndex;
  readonly commitTerm: Term | undefined;
  readonly appliedIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  readonly durableTerm: Term;
}

export class RaftInvariants {
  readonly #view: RaftView;
  #before: Before;

  constructor(view: RaftView) {
    this.#view = view;
    this.#before = remember(view);
  }

  check(): void {
    const after = remember(this.#view);
    this.#checkWhole(after);
    this.#checkDelta(this.#before, after);
    this.#before = after;
  }

  #checkWhole(now: Before): void {
    const view = this.#view;
    const facts = (): Facts => ({ voter: view.voterId, ...now });
    const { appliedIndex, commitIndex, lastIndex } = now;
    assert(appliedIndex <= commitIndex && commitIndex <= lastIndex, 'R9: applied <= committed <= last', facts);
    assert(appliedIndex <= view.durableIndex, 'R9: what is applied is durable', facts);
    assert(view.durableIndex <= lastIndex, 'R7: nothing is durable beyond the log', facts);
    assert(view.previous.index <= commitIndex, 'R14: the log begins right behind what is committed', facts);
    assert(now.lastTerm <= now.term, 'R6: no entry is of a term not reached', facts);
    assert(now.durableTerm <= now.term, 'R6: no term is durable before it is current', facts);
    if (now.role === 'leader') {
      assert(now.votedFor === view.voterId, 'R1: a leader voted for itself', facts);
      assert(now.durableTerm === now.term, 'R6: a leader leads in a durable term', facts);
      assert(
        view.peers().every(({ matchedIndex }) => matchedIndex <= lastIndex),
        'R7: nobody is ahead',
        facts,
      );
    }
  }

  #checkDelta(before: Before, after: Before): void {
    const facts = (): Facts => ({ voter: this.#view.voterId, before, after });
    assert(after.term >= before.term, 'R6: the term never goes back', facts);
    assert(after.durableTerm >= before.durableTerm, 'R6: the durable term never goes back', facts);
    const isSameTerm = after.term === before.term;
    if (isSameTerm && before.votedFor !== undefined) {
      assert(after.votedFor === before.votedFor, 'R6: one vote per term', facts);
    }
    assert(after.commitIndex >= before.commitIndex, 'R9: the commit index never goes back', facts);
    assert(after.appliedIndex >= before.appliedIndex, 'R5: entries are applied once', facts);
    const committedTerm = this.#view.termAt(before.commitIndex);
    if (committedTerm !== undefined && before.commitTerm !== undefined) {
      assert(committedTerm === before.commitTerm, 'R9: what is committed stays', facts);
    }
    if (before.role === 'leader' && after.role === 'leader' && isSameTerm) {
      assert(after.lastIndex >= before.lastIndex, 'R2: a leader only appends', facts);
      assert(this.#view.termAt(before.lastIndex) === before.lastTerm, 'R2: a leader overwrites nothing', facts);
      if (after.commitIndex > before.commitIndex) {
        assert(after.commitTerm === after.term, 'R8: a leader commits entries of its own term', facts);
      }
    }
    if (after.role === 'leader' && before.role !== 'leader') {
      assert(after.lastIndex > before.lastIndex, 'R8: a term begins with an entry of its own', facts);
    }
  }
}

function remember(view: RaftView): Before {
  const { term, votedFor, role, commitIndex, appliedIndex, last, durableHardState } = view;
  return {
    term,
    votedFor,
    role,
    commitIndex,
    commitTerm: view.termAt(commitIndex),
    appliedIndex,
    lastIndex: last.index,
    lastTerm: last.term,
    durableTerm: durableHardState.term,
  };
}
