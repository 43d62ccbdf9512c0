/**
 * What the outside asks a leader to append: commands, and changes of the voter set.
 *
 * A voter that is added catches up first, as a peer that is sent everything and counts for nothing (thesis 4.2.1):
 * otherwise an empty disk would be part of every majority while it fills. Only then the new set is appended, and is
 * in force at once. No change before an entry of this term is committed, and none while another is not (R11): two
 * leaders that each append a set without having committed anything can end up with majorities that do not meet.
 */
import { assert } from '../base/assert.ts';
import { nextIndex } from '../base/raft-position.ts';
import { refused, type Result } from '../base/result.ts';
import type { RaftCore } from './raft-core.ts';
import type { ProposalProblem } from './raft-effect.ts';
import { entryBytes, type Entry, type EntryPayload, type Voter } from './raft-entry.ts';
import type { Proposal, ProposalId, VoterChange } from './raft-event.ts';
import { decideVoters, voterDifference } from './raft-voter-sets.ts';
import { Progress } from './raft-progress.ts';
import { heartbeatTo } from './raft-replication.ts';
import type { LeaderRole } from './raft-role.ts';

export function onPropose(core: RaftCore, proposals: readonly Proposal[]): void {
  for (const { proposalId, bytes } of proposals) {
    const payload: EntryPayload = { type: 'command', bytes };
    const refusal = findRefusal(core) ?? findCommandRefusal(core, bytes.length);
    if (refusal === undefined) appendProposal(core, proposalId, payload);
    else core.emit({ type: 'proposal-refused', proposalId, problem: refusal });
  }
}

export function onChangeVoters(core: RaftCore, proposalId: ProposalId, change: VoterChange): void {
  const { role } = core;
  const decided = decideChange(core, change);
  if (!decided.ok || role.name !== 'leader') {
    if (!decided.ok) core.emit({ type: 'proposal-refused', proposalId, problem: decided.problem });
    return;
  }
  if (change.type === 'add') startJoining(core, role, proposalId, change.voter);
  else appendVoters(core, role, proposalId, decided.value);
}

/** After every answer and tick: admits the joining voter, begins its next round, or gives up on it. */
export function advanceJoining(core: RaftCore, role: LeaderRole): void {
  const { joining } = role;
  if (joining === undefined) return;
  const progress = role.progress.get(joining.voter.voterId);
  assert(progress !== undefined && !progress.isVoter, 'a joining voter is a peer', () => ({ joining }));
  if (core.nowMs >= joining.deadlineMs) {
    stopJoining(core, role, { type: 'catch-up-timed-out' });
    return;
  }
  if (progress.matchedIndex < joining.roundTarget) return;
  const isFast = core.nowMs - joining.roundStartMs < core.limits.electionTimeoutMsMin;
  if (!isFast) {
    joining.roundTarget = core.log.lastIndex;
    joining.roundStartMs = core.nowMs;
    return;
  }
  if (role.transfer !== undefined || !core.proposals.checkRoom(0).ok) return;
  // Nothing else can have changed the set meanwhile: joining counts as a change in progress.
  const decided = decideVoters(core.voterSets.voters, { type: 'add', voter: joining.voter });
  assert(decided.ok, 'a voter that may join at first may join at last');
  role.joining = undefined;
  appendVoters(core, role, joining.proposalId, decided.value);
}

function startJoining(core: RaftCore, role: LeaderRole, proposalId: ProposalId, voter: Voter): void {
  const { nowMs, limits, log } = core;
  const deadlineMs = nowMs + limits.catchUpMsMax;
  role.joining = { proposalId, voter, deadlineMs, roundTarget: log.lastIndex, roundStartMs: nowMs };
  const progress = new Progress({ peer: voter, isVoter: false, nextIndex: nextIndex(log.lastIndex), nowMs, limits });
  role.progress.set(voter.voterId, progress);
  heartbeatTo(core, role, progress);
  core.arePeersChanged = true;
}

function stopJoining(core: RaftCore, role: LeaderRole, problem: ProposalProblem): void {
  const { joining } = role;
  assert(joining !== undefined, 'somebody is joining');
  role.joining = undefined;
  role.progress.delete(joining.voter.voterId);
  core.arePeersChanged = true;
  core.emit({ type: 'proposal-refused', proposalId: joining.proposalId, problem });
}

function appendVoters(core: RaftCore, role: LeaderRole, proposalId: ProposalId, voters: readonly Voter[]): void {
  const before = core.voterSets.voters;
  assert(voterDifference(before, voters) <= 1, 'voters change one at a time', () => ({ before, voters }));
  appendProposal(core, proposalId, { type: 'voters', voters });
  for (const [voterId, progress] of role.progress) {
    const peer = voters.find((voter) => voter.voterId === voterId);
    if (peer === undefined) role.progress.delete(voterId);
    else progress.isVoter = true;
  }
}

function appendProposal(core: RaftCore, proposalId: ProposalId, payload: EntryPayload): void {
  const index = nextIndex(core.log.lastIndex);
  const { term } = core;
  const entry: Entry = { index, term, payload };
  core.append(entry);
  core.proposals.add({ proposalId, index, term, bytes: entryBytes(entry) });
}

/** Why nothing at all may be proposed here now. */
function findRefusal(core: RaftCore): ProposalProblem | undefined {
  const { role } = core;
  if (role.name === 'candidate') return { type: 'not-leader', leader: undefined };
  if (role.name === 'follower') return { type: 'not-leader', leader: role.leader };
  return role.transfer === undefined ? undefined : { type: 'transfer-in-progress', target: role.transfer.target };
}

function findCommandRefusal(core: RaftCore, bytes: number): ProposalProblem | undefined {
  const { commandBytesMax } = core.limits;
  if (bytes > commandBytesMax) return { type: 'command-too-large', bytesMax: commandBytesMax };
  const room = core.proposals.checkRoom(bytes);
  return room.ok ? undefined : room.problem;
}

function decideChange(core: RaftCore, change: VoterChange): Result<readonly Voter[], ProposalProblem> {
  const refusal = findRefusal(core) ?? findCommandRefusal(core, 0);
  if (refusal !== undefined) return refused(refusal);
  if (!core.isTermCommitted) return refused({ type: 'term-not-committed' });
  const isJoining = core.role.name === 'leader' && core.role.joining !== undefined;
  if (isJoining || core.voterSets.current.index > core.commitIndex) return refused({ type: 'change-in-progress' });
  return decideVoters(core.voterSets.voters, change);
}
