/**
 * What keeps leadership in the right hands, checked from the outside after every step of one voter: who leads hears a
 * majority (RL2), and who hears a leader unseats nobody (RL3).
 *
 * Keeps its own account of who was heard when, by the events alone, so that a core that forgets to look is noticed.
 * Time is that of the last tick, as it is for the core. For tests and simulation.
 */
import { assert, type Facts } from '../base/assert.ts';
import type { DirectoryId } from '../base/ids.ts';
import type { Term } from '../base/raft-position.ts';
import { majorityOf } from './raft-majority.ts';
import type { RaftEvent } from './raft-event.ts';
import type { RaftMessage } from './raft-message.ts';
import type { RaftView } from './raft-view.ts';

export class RaftLeadershipWatch {
  readonly #view: RaftView;
  #nowMs = Number.NEGATIVE_INFINITY;
  /** Of a leader; a voter that was not heard yet counts from when it was first looked for. */
  readonly #heardMs = new Map<DirectoryId, number>();
  /** Of a follower: its present leader. */
  #leaderHeardMs = Number.NEGATIVE_INFINITY;
  #before: { readonly term: Term; readonly role: RaftView['role'] };

  constructor(view: RaftView) {
    this.#view = view;
    this.#before = { term: view.term, role: view.role };
  }

  onStep(event: RaftEvent): void {
    const view = this.#view;
    const before = this.#before;
    this.#before = { term: view.term, role: view.role };
    if (event.type === 'message') this.#checkCandidacy(event.message, before.term);
    if (view.term !== before.term || view.role !== before.role) {
      this.#heardMs.clear();
      this.#leaderHeardMs = Number.NEGATIVE_INFINITY;
    }
    if (event.type === 'tick') this.#onTick(event.nowMs, before.role);
    if (event.type === 'message') this.#note(event);
  }

  #onTick(nowMs: number, roleBefore: RaftView['role']): void {
    const view = this.#view;
    this.#nowMs = nowMs;
    const { voters } = view.voterSet;
    const facts = (): Facts => ({ voter: view.voterId, term: view.term, nowMs, heardMs: [...this.#heardMs] });
    if (roleBefore === 'leader' && view.isVoter && voters.length === 1)
      assert(view.role === 'leader', 'RL2: a sole voter never resigns', facts);
    if (view.role !== 'leader') return;
    const { heartbeatMs, electionTimeoutMsMax } = view.limits;
    const heard = voters.filter(({ voterId, directoryId }) => {
      if (voterId === view.voterId) return true;
      const heardMs = this.#heardMs.get(directoryId);
      if (heardMs === undefined) this.#heardMs.set(directoryId, nowMs);
      return heardMs === undefined || nowMs - heardMs < heartbeatMs + electionTimeoutMsMax;
    });
    assert(heard.length >= majorityOf(voters.length), 'RL2: who leads hears a majority', facts);
  }

  #checkCandidacy(message: RaftMessage, termBefore: Term): void {
    const { heartbeatMs, electionTimeoutMsMin } = this.#view.limits;
    const hearsLeader = this.#nowMs - this.#leaderHeardMs < heartbeatMs + electionTimeoutMsMin;
    if (!hearsLeader || !isCandidacy(message)) return;
    const isUnmoved = this.#view.term === termBefore;
    assert(isUnmoved, 'RL3: who hears a leader follows no candidate', () => ({ voter: this.#view.voterId, message }));
  }

  #note({ message, fromDirectory }: Extract<RaftEvent, { type: 'message' }>): void {
    const { term, role } = this.#view;
    if (message.term !== term) return;
    if (role === 'follower' && isOfLeader(message)) this.#leaderHeardMs = this.#nowMs;
    if (role === 'leader' && isOfFollower(message)) this.#heardMs.set(fromDirectory, this.#nowMs);
  }
}

function isCandidacy(message: RaftMessage): boolean {
  return message.type === 'pre-vote-request' || (message.type === 'vote-request' && !message.isTransfer);
}

function isOfLeader({ type }: RaftMessage): boolean {
  return type === 'append-request' || type === 'snapshot-chunk-request';
}

function isOfFollower({ type }: RaftMessage): boolean {
  return type === 'append-reply' || type === 'append-rejection' || type === 'snapshot-chunk-reply';
}
