/**
 * Answering those who want to lead.
 *
 * A voter that has heard from a leader lately refuses both kinds of request (leader stickiness, thesis 4.2.3 and
 * 9.6): otherwise a voter that the leader cannot reach, or that was removed, would unseat it again and again. Who
 * asks need not be in this voter's set, nor this voter in its own: the set that makes both of them voters may be in
 * entries that have not arrived here yet, and a vote kept back could then stop the cluster for good (R12).
 */
import type { VoterId } from '../base/ids.ts';
import type { RaftCore } from './raft-core.ts';
import type { PreVoteRequest, VoteRequest } from './raft-message.ts';

/** There is a leader, as far as this voter can tell. A leader that has lost its majority resigns, so it counts too. */
export function hasLeader(core: RaftCore): boolean {
  const { role, limits } = core;
  if (role.name === 'leader') return true;
  if (role.name === 'candidate') return false;
  return core.nowMs - role.leaderHeardMs < limits.heartbeatMs + limits.electionTimeoutMsMin;
}

/** Changes nothing here, whatever the answer (R15). */
export function onPreVoteRequest(core: RaftCore, from: VoterId, message: PreVoteRequest): void {
  // A refusal carries this voter's term: who is behind catches up by it, or it would ask in vain for ever.
  const granted = message.term >= core.term && !hasLeader(core) && core.log.isCoveredBy(message.last);
  const { term } = core;
  core.sendWhenDurable(from, { type: 'pre-vote-reply', term, requestTerm: message.term, granted });
}

/** In the current term. One vote per term, first come, and only for a log at least as complete as the own one. */
export function onVoteRequest(core: RaftCore, from: VoterId, message: VoteRequest): void {
  const granted = canVoteFor(core, from) && core.log.isCoveredBy(message.last);
  if (granted && core.role.name === 'follower') {
    if (core.votedFor === undefined) core.setHardState({ term: core.term, votedFor: from });
    core.role.electionDeadlineMs = core.nextElectionDeadlineMs();
  }
  core.sendWhenDurable(from, { type: 'vote-reply', term: core.term, granted });
}

function canVoteFor(core: RaftCore, from: VoterId): boolean {
  const { role, votedFor } = core;
  if (role.name !== 'follower' || role.leader !== undefined) return false;
  return votedFor === undefined || votedFor === from;
}
