/**
 * The proposals of this voter that wait for their entries to be applied, in the order of the log.
 *
 * They outlive a leadership only when their entry is committed already, and then until it is applied or a snapshot
 * takes its place; the outcome of the others is unknown from
 * then on. Bounded in number and bytes: that is the limit on what a leader appends ahead of the majority.
 */
import { assert } from '../base/assert.ts';
import type { LogIndex, Term } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { ProposalProblem } from './raft-effect.ts';
import type { ProposalId } from './raft-event.ts';
import type { RaftLimits } from './raft-options.ts';

export interface PendingProposal {
  readonly proposalId: ProposalId;
  readonly index: LogIndex;
  readonly term: Term;
  readonly bytes: number;
}

export class PendingProposals {
  readonly #queue: RingQueue<PendingProposal>;
  readonly #limits: RaftLimits;
  #bytes = 0;
  #lastIndex = 0;

  constructor(limits: RaftLimits) {
    this.#queue = new RingQueue(limits.uncommittedEntriesMax);
    this.#limits = limits;
  }

  get count(): number {
    return this.#queue.length;
  }

  /** Whether one more may be appended. A single command is always let in, however large. */
  checkRoom(bytes: number): Result<void, ProposalProblem> {
    if (this.#queue.length >= this.#limits.uncommittedEntriesMax) {
      return refused({ type: 'limit-reached', limit: 'uncommittedEntriesMax' });
    }
    if (this.#queue.length > 0 && this.#bytes + bytes > this.#limits.uncommittedBytesMax) {
      return refused({ type: 'limit-reached', limit: 'uncommittedBytesMax' });
    }
    return ok(undefined);
  }

  add(proposal: PendingProposal): void {
    assert(this.#queue.length === 0 || proposal.index > this.#lastIndex, 'proposals wait in the order of the log');
    const pushed = this.#queue.push(proposal);
    assert(pushed.ok, 'room was checked before the entry was appended');
    this.#bytes += proposal.bytes;
    this.#lastIndex = proposal.index;
  }

  takeUpTo(index: LogIndex): readonly PendingProposal[] {
    const taken: PendingProposal[] = [];
    for (let oldest = this.#queue.peek(); oldest !== undefined; oldest = this.#queue.peek()) {
      if (oldest.index > index) break;
      taken.push(oldest);
      this.#bytes -= oldest.bytes;
      this.#queue.shift();
    }
    return taken;
  }

  /** Gives up all that is not committed. */
  takeAfter(commitIndex: LogIndex): readonly PendingProposal[] {
    const committed = this.takeUpTo(commitIndex);
    const rest: PendingProposal[] = [];
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) rest.push(next);
    this.#bytes = 0;
    for (const proposal of committed) this.add(proposal);
    return rest;
  }
}
