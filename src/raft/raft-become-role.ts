/**
 * From role to role. Each transition checks that it is legal, sets the hard state first, and leaves nothing of the
 * old role behind: what a leader still owed is answered here when it stops leading.
 */
import { assert } from '../base/assert.ts';
import type { VoterId } from '../base/ids.ts';
import { indexZero, nextIndex, nextTerm, type Term } from '../base/raft-position.ts';
import type { NotLeader } from './raft-effect.ts';
import type { RaftCore } from './raft-core.ts';
import { Progress } from './raft-progress.ts';
import { firstRound, type CandidateRole, type LeaderRole } from './raft-role.ts';

/** Also from follower to follower, when a term begins or ends its leader. */
export function becomeFollower(core: RaftCore, term: Term, leader: VoterId | undefined): void {
  assert(term >= core.term, 'nobody follows into the past', () => ({ term, own: core.term }));
  const isNewTerm = term > core.term;
  if (core.role.name === 'leader') endLeadership(core, core.role, isNewTerm);
  if (isNewTerm) core.setHardState({ term, votedFor: undefined });
  core.role = {
    name: 'follower',
    leader,
    leaderHeardMs: leader === undefined ? Number.NEGATIVE_INFINITY : core.nowMs,
    electionDeadlineMs: core.nextElectionDeadlineMs(),
    verifiedIndex: indexZero,
    round: 0,
    isAckDue: false,
    ackedIndex: indexZero,
    ackedRound: firstRound,
    incoming: undefined,
  };
  core.emit({ type: 'became-follower', term, leader });
}

/** Asks first whether the election could be won. The term stays what it is. */
export function becomePreCandidate(core: RaftCore): void {
  assert(core.mayCampaign, 'only voters campaign');
  assert(core.role.name !== 'leader', 'a leader does not campaign');
  core.role = candidate(core, { isPreVote: true, isTransfer: false });
  // Its own consent is no promise to anybody, so it needs no disk.
  if (core.isVoter) core.role.granted.add(core.voterId);
  core.emit({ type: 'became-candidate', term: core.term, isPreVote: true });
}

/** Opens a new term and votes for itself; the vote counts when it is durable. */
export function becomeCandidate(core: RaftCore, isTransfer: boolean): void {
  assert(core.mayCampaign, 'only voters campaign');
  assert(core.role.name !== 'leader', 'a leader does not campaign');
  core.setHardState({ term: nextTerm(core.term), votedFor: core.voterId });
  core.role = candidate(core, { isPreVote: false, isTransfer });
  core.emit({ type: 'became-candidate', term: core.term, isPreVote: false });
}

export function becomeLeader(core: RaftCore): LeaderRole {
  assert(core.role.name === 'candidate' && !core.role.isPreVote, 'leaders are elected', () => ({
    role: core.role.name,
  }));
  assert(core.votedFor === core.voterId && core.persistence.isHardStateDurable, 'a leader has its own durable vote');
  const { nowMs, limits, log } = core;
  const firstOwnIndex = nextIndex(log.lastIndex);
  const progress = new Map<VoterId, Progress>();
  for (const peer of core.voterSets.voters) {
    if (peer.voterId === core.voterId) continue;
    progress.set(peer.voterId, new Progress({ peer, isVoter: true, nextIndex: firstOwnIndex, nowMs, limits }));
  }
  const role: LeaderRole = {
    name: 'leader',
    firstOwnIndex,
    progress,
    heartbeatDueMs: nowMs + limits.heartbeatMs,
    round: firstRound,
    isEstablished: false,
    reads: { confirming: [], confirmRound: 0, waiting: [] },
    transfer: undefined,
    joining: undefined,
  };
  core.role = role;
  core.emit({ type: 'became-leader', term: core.term });
  core.append({ index: firstOwnIndex, term: core.term, payload: { type: 'no-op' } });
  return role;
}

function candidate(core: RaftCore, kind: Pick<CandidateRole, 'isPreVote' | 'isTransfer'>): CandidateRole {
  return {
    name: 'candidate',
    ...kind,
    electionDeadlineMs: core.candidacyDeadlineMs(),
    granted: new Set(),
    refused: new Set(),
  };
}

function endLeadership(core: RaftCore, role: LeaderRole, isNewTerm: boolean): void {
  const problem: NotLeader = { type: 'not-leader', leader: undefined };
  for (const { readId } of [...role.reads.confirming, ...role.reads.waiting]) {
    core.emit({ type: 'read-refused', readId, problem });
  }
  if (role.joining !== undefined) {
    core.emit({ type: 'proposal-refused', proposalId: role.joining.proposalId, problem });
    core.arePeersChanged = true;
  }
  for (const { proposalId } of core.proposals.takeAfter(core.commitIndex)) {
    core.emit({ type: 'proposal-outcome-unknown', proposalId });
  }
  if (role.transfer !== undefined) {
    const outcome = isNewTerm ? 'done' : 'timed-out';
    core.emit({ type: 'transfer-ended', target: role.transfer.target, outcome });
  }
}
