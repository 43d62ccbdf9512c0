/**
 * Handing leadership over (thesis 3.10): stop taking proposals, wait until the target has the whole log, tell it to
 * campaign at once. Its campaign skips the pre-vote and is no intrusion, because the leader itself asked for it. If
 * that leads nowhere within an election timeout, this leader goes on.
 */
import type { VoterId } from '../base/ids.ts';
import { campaign } from './raft-election.ts';
import type { RaftCore } from './raft-core.ts';
import type { TransferOutcome } from './raft-effect.ts';
import { followLeader } from './raft-follower.ts';
import type { Progress } from './raft-progress.ts';
import type { LeaderRole } from './raft-role.ts';

export function onTransfer(core: RaftCore, target: VoterId | undefined): void {
  const { role } = core;
  if (role.name !== 'leader') {
    endTransfer(core, target, 'not-leader');
    return;
  }
  const chosen = target ?? furthestVoter(role)?.peer.voterId;
  if (chosen === core.voterId) {
    endTransfer(core, target, 'already-leader');
    return;
  }
  if (chosen === undefined || role.progress.get(chosen)?.isVoter !== true) {
    endTransfer(core, target, 'no-such-voter');
    return;
  }
  // A second wish replaces the first, whose target may just have died.
  if (role.transfer !== undefined) endTransfer(core, role.transfer.target, 'timed-out');
  role.transfer = { target: chosen, deadlineMs: core.nowMs + core.limits.electionTimeoutMsMax };
  handOverWhenCaughtUp(core, role);
}

/** After every answer of the target. */
export function handOverWhenCaughtUp(core: RaftCore, role: LeaderRole): void {
  if (role.transfer === undefined) return;
  const progress = role.progress.get(role.transfer.target);
  if (progress?.matchedIndex === core.log.lastIndex) {
    core.send(role.transfer.target, { type: 'timeout-now', term: core.term });
  }
}

export function onTransferTick(core: RaftCore, role: LeaderRole): void {
  if (role.transfer === undefined || core.nowMs < role.transfer.deadlineMs) return;
  const { target } = role.transfer;
  role.transfer = undefined;
  endTransfer(core, target, 'timed-out');
}

/** From the leader of the current term. */
export function onTimeoutNow(core: RaftCore, from: VoterId): void {
  followLeader(core, from, 0);
  if (core.mayCampaign) campaign(core, true);
}

export function furthestVoter(role: LeaderRole): Progress | undefined {
  let furthest: Progress | undefined;
  for (const progress of role.progress.values()) {
    if (!progress.isVoter) continue;
    if (furthest === undefined || progress.matchedIndex > furthest.matchedIndex) furthest = progress;
  }
  return furthest;
}

function endTransfer(core: RaftCore, target: VoterId | undefined, outcome: TransferOutcome): void {
  core.emit({ type: 'transfer-ended', target, outcome });
}
