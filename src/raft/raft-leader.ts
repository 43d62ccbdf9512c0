/**
 * Leading: the clockwork of a leader, its peers' answers, and the rule by which entries become committed.
 *
 * A leader commits by counting only what it appended itself (R8, the paper's figure 8): an older entry on a majority
 * may still be overwritten, and becomes safe together with the first own entry after it.
 */
import { assert } from '../base/assert.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import { assertUnreachable } from '../base/assert.ts';
import type { RaftCore } from './raft-core.ts';
import type { AppendRejection, AppendReply, SnapshotChunkReply } from './raft-message.ts';
import { committedByMajority, majorityOf } from './raft-majority.ts';
import { answerReads } from './raft-reads.ts';
import { advanceJoining } from './raft-proposals.ts';
import { announceCommit, heartbeatTo, onAppendRejection, onAppendReply, replicateTo } from './raft-replication.ts';
import type { LeaderRole } from './raft-role.ts';
import { onChunkReply, retrySnapshot } from './raft-snapshot-sender.ts';
import { furthestVoter, handOverWhenCaughtUp, onTransferTick } from './raft-transfer.ts';
import { becomeFollower } from './raft-become-role.ts';

export type PeerAnswer = AppendReply | AppendRejection | SnapshotChunkReply;

export function onLeaderTick(core: RaftCore, role: LeaderRole): void {
  if (!hearsMajority(core, role)) {
    // Somebody else may lead by now; whoever waits here for a commit or a read shall not wait for ever.
    becomeFollower(core, core.term, undefined);
    return;
  }
  onTransferTick(core, role);
  if (core.nowMs < role.heartbeatDueMs) return;
  role.heartbeatDueMs = core.nowMs + core.limits.heartbeatMs;
  for (const progress of role.progress.values()) {
    heartbeatTo(core, role, progress);
    retrySnapshot(core, progress);
  }
}

export function onPeerAnswer(core: RaftCore, from: VoterId, fromDirectory: DirectoryId, answer: PeerAnswer): void {
  const { role } = core;
  if (role.name !== 'leader') return;
  const progress = role.progress.get(from);
  // Not the disk that this peer was given its place for: what it lost may be what it once promised to keep (R13).
  if (progress === undefined || progress.peer.directoryId !== fromDirectory) return;
  assert(answer.round <= role.round, 'answers follow questions', () => ({ round: answer.round, own: role.round }));
  progress.onContact(core.nowMs, answer.round);
  switch (answer.type) {
    case 'append-reply':
      onAppendReply(core, progress, answer);
      if (role.transfer?.target === from) handOverWhenCaughtUp(core, role);
      break;
    case 'append-rejection':
      onAppendRejection(core, progress, answer);
      break;
    case 'snapshot-chunk-reply':
      onChunkReply(core, progress, answer);
      break;
    default:
      assertUnreachable(answer);
  }
}

/** At the end of every step of a leader: draw the consequences of whatever happened in it. */
export function lead(core: RaftCore, role: LeaderRole): void {
  advanceCommit(core, role);
  advanceJoining(core, role);
  answerReads(core, role);
  for (const progress of role.progress.values()) {
    replicateTo(core, role, progress);
    announceCommit(core, role, progress);
  }
}

/** After applying: a leader whose state is complete says so, one that is no voter any more goes. */
export function settleLeadership(core: RaftCore, role: LeaderRole): void {
  if (!role.isEstablished && core.appliedIndex >= role.firstOwnIndex) {
    role.isEstablished = true;
    core.emit({ type: 'leadership-established', term: core.term, index: role.firstOwnIndex });
  }
  const { index } = core.voterSets.current;
  if (core.isVoter || core.appliedIndex < index) return;
  // Its last act is to name a successor, so that nobody waits for a timeout.
  const successor = furthestVoter(role);
  if (successor !== undefined) core.send(successor.peer.voterId, { type: 'timeout-now', term: core.term });
  becomeFollower(core, core.term, undefined);
}

function advanceCommit(core: RaftCore, role: LeaderRole): void {
  const matched = core.voterSets.voters.map((voter) => {
    if (voter.voterId === core.voterId) return core.persistence.durableIndex;
    const progress = role.progress.get(voter.voterId);
    assert(progress?.isVoter === true, 'the leader keeps track of every voter', () => ({ voter }));
    return progress.matchedIndex;
  });
  const candidate = committedByMajority(matched);
  if (candidate <= core.commitIndex) return;
  if (candidate < role.firstOwnIndex) return;
  assert(core.log.mustTermAt(candidate) === core.term, 'a leader commits its own entries by counting', () => ({
    candidate,
  }));
  core.commitTo(candidate);
}

/** Itself included, so a sole voter always does. A peer counts as long as it could not have turned to another leader. */
function hearsMajority(core: RaftCore, role: LeaderRole): boolean {
  const { heartbeatMs, electionTimeoutMsMax } = core.limits;
  const silenceMsMax = heartbeatMs + electionTimeoutMsMax;
  let heard = 0;
  for (const { voterId } of core.voterSets.voters) {
    const progress = role.progress.get(voterId);
    if (voterId === core.voterId || (progress !== undefined && core.nowMs - progress.lastContactMs < silenceMsMax)) {
      heard += 1;
    }
  }
  return heard >= majorityOf(core.voterSets.voters.length);
}
