/**
 * Asking for votes, in two stages: pre-votes for a term that nobody has entered, then votes for that term.
 *
 * Pre-votes keep a voter that was cut off from coming back with a higher term and unseating a leader that is fine.
 * The two kinds of grant are different messages and are never added up (R15).
 */
import { assert } from '../base/assert.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { RaftCore } from './raft-core.ts';
import type { PreVoteReply, RaftMessage, VoteReply } from './raft-message.ts';
import { voteOutcome } from './raft-majority.ts';
import type { CandidateRole } from './raft-role.ts';
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate } from './raft-become-role.ts';

/** The election timer ran out. Who is no voter as far as it knows just keeps waiting for a leader. */
export function onElectionTimeout(core: RaftCore): void {
  assert(core.role.name !== 'leader', 'a leader has no election timer');
  if (!core.mayCampaign) {
    if (core.role.name === 'candidate' || core.role.leader !== undefined) becomeFollower(core, core.term, undefined);
    else core.role.electionDeadlineMs = core.nextElectionDeadlineMs();
    return;
  }
  becomePreCandidate(core);
  askEverybody(core, { type: 'pre-vote-request', term: core.term, last: core.log.last });
  countVotes(core);
}

/** A real election. The requests reveal the new term and the own vote, so they leave when both are durable. */
export function campaign(core: RaftCore, isTransfer: boolean): void {
  becomeCandidate(core, isTransfer);
  askEverybody(core, { type: 'vote-request', term: core.term, last: core.log.last, isTransfer });
}

export function onPreVoteReply(core: RaftCore, from: VoterId, fromDirectory: DirectoryId, reply: PreVoteReply): void {
  const { role } = core;
  if (role.name !== 'candidate' || !role.isPreVote || reply.requestTerm !== core.term) return;
  record(core, role, { from, fromDirectory, granted: reply.granted });
}

export function onVoteReply(core: RaftCore, from: VoterId, fromDirectory: DirectoryId, reply: VoteReply): void {
  const { role } = core;
  if (role.name !== 'candidate' || role.isPreVote) return;
  record(core, role, { from, fromDirectory, granted: reply.granted });
}

/** The own vote counts from the moment it would survive a crash. */
export function countOwnVote(core: RaftCore): void {
  const { role } = core;
  if (role.name !== 'candidate' || role.isPreVote || !core.persistence.isHardStateDurable) return;
  assert(core.votedFor === core.voterId, 'a candidate voted for itself');
  if (core.isVoter) role.granted.add(core.voterId);
  countVotes(core);
}

interface Vote {
  readonly from: VoterId;
  readonly fromDirectory: DirectoryId;
  readonly granted: boolean;
}

function record(core: RaftCore, role: CandidateRole, { from, fromDirectory, granted }: Vote): void {
  // The vote of a disk that this set does not name is nobody's vote (R13).
  if (!core.voterSets.includes(from, fromDirectory)) return;
  if (role.granted.has(from) || role.refused.has(from)) return;
  (granted ? role.granted : role.refused).add(from);
  countVotes(core);
}

function countVotes(core: RaftCore): void {
  const { role } = core;
  assert(role.name === 'candidate', 'votes are counted by candidates');
  const voterCount = core.voterSets.voters.length;
  const outcome = voteOutcome({ voterCount, granted: role.granted.size, refused: role.refused.size });
  if (outcome === 'open') return;
  if (outcome === 'lost') becomeFollower(core, core.term, undefined);
  else if (role.isPreVote) campaign(core, false);
  else becomeLeader(core);
}

function askEverybody(core: RaftCore, message: RaftMessage): void {
  for (const { voterId } of core.voterSets.voters) {
    if (voterId !== core.voterId) core.sendWhenDurable(voterId, message);
  }
}
