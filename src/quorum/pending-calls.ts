/**
 * Calls that this voter, leading, has begun and not answered: who waits for which proposal, read or transfer.
 *
 * Bounded by Raft's own limits (uncommitted entries, pending reads); one transfer at a time.
 */
import { assertUnreachable } from '../base/assert.ts';
import { indexZero, type LogIndex } from '../base/raft-position.ts';
import type { LeaderAnswer, LeaderRefusal } from '../raft/leader-call.ts';
import type { TransferOutcome } from '../raft/raft-effect.ts';
import type { ProposalId, ReadId } from '../raft/raft-event.ts';

type Resolve = (answer: LeaderAnswer) => void;

export const nothing = new Uint8Array(0);
const outcomeUnknown: LeaderAnswer = { type: 'outcome-unknown' };

export function refusedCall(problem: LeaderRefusal): LeaderAnswer {
  return { type: 'refused', problem };
}

export class PendingCalls {
  readonly #proposals = new Map<ProposalId, Resolve>();
  readonly #reads = new Map<ReadId, Resolve>();
  #transfer: Resolve | undefined;
  #lastId = 0;

  get count(): number {
    return this.#proposals.size + this.#reads.size;
  }

  get isTransferring(): boolean {
    return this.#transfer !== undefined;
  }

  addProposal(resolve: Resolve): ProposalId {
    const id = this.#nextId() as ProposalId;
    this.#proposals.set(id, resolve);
    return id;
  }

  addRead(resolve: Resolve): ReadId {
    const id = this.#nextId() as ReadId;
    this.#reads.set(id, resolve);
    return id;
  }

  setTransfer(resolve: Resolve): void {
    this.#transfer = resolve;
  }

  committed(id: ProposalId, index: LogIndex, reply: Uint8Array): void {
    this.#endProposal(id, { type: 'done', index, reply });
  }

  refused(id: ProposalId, problem: LeaderRefusal): void {
    this.#endProposal(id, refusedCall(problem));
  }

  unknown(id: ProposalId): void {
    this.#endProposal(id, outcomeUnknown);
  }

  readReady(id: ReadId, index: LogIndex): void {
    this.#endRead(id, { type: 'done', index, reply: nothing });
  }

  readRefused(id: ReadId, problem: LeaderRefusal): void {
    this.#endRead(id, refusedCall(problem));
  }

  transferEnded(outcome: TransferOutcome): void {
    const resolve = this.#transfer;
    this.#transfer = undefined;
    resolve?.(answerOfTransfer(outcome));
  }

  /** The voter stops: what was begun may yet be committed by others. */
  endAll(): void {
    for (const id of this.#proposals.keys()) this.#endProposal(id, outcomeUnknown);
    for (const id of this.#reads.keys()) this.#endRead(id, refusedCall({ type: 'not-serving' }));
    this.transferEnded('not-leader');
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #endProposal(id: ProposalId, answer: LeaderAnswer): void {
    const resolve = this.#proposals.get(id);
    this.#proposals.delete(id);
    resolve?.(answer);
  }

  #endRead(id: ReadId, answer: LeaderAnswer): void {
    const resolve = this.#reads.get(id);
    this.#reads.delete(id);
    resolve?.(answer);
  }
}

function answerOfTransfer(outcome: TransferOutcome): LeaderAnswer {
  switch (outcome) {
    case 'done':
    case 'already-leader':
      return { type: 'done', index: indexZero, reply: nothing };
    case 'timed-out':
      return refusedCall({ type: 'transfer-timed-out', target: undefined });
    case 'not-leader':
      return refusedCall({ type: 'not-leader', leader: undefined });
    case 'no-such-voter':
      return refusedCall({ type: 'not-a-voter' });
    default:
      return assertUnreachable(outcome);
  }
}
