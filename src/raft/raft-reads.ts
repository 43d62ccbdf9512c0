/**
 * Reads that see everything that was acknowledged before they arrived (thesis 6.4), without a clock's help.
 *
 * A read is answered with an index: apply up to there, then look. That takes two things (R10): an entry of this
 * term is committed, because only then the leader knows what earlier leaders committed; and a majority answered a
 * message that was sent after the read arrived, because only then nobody else can have led in between. Reads that
 * arrive while such a round is out share the next.
 */
import { logIndex } from '../base/raft-position.ts';
import { refused, type Result } from '../base/result.ts';
import type { RaftCore } from './raft-core.ts';
import type { ReadProblem } from './raft-effect.ts';
import type { ReadId } from './raft-event.ts';
import { reachedByMajority } from './raft-majority.ts';
import { heartbeatTo } from './raft-replication.ts';
import type { LeaderReads, LeaderRole } from './raft-role.ts';

export function onRead(core: RaftCore, readId: ReadId): void {
  const { role } = core;
  const room = checkRead(core);
  if (!room.ok || role.name !== 'leader') {
    if (!room.ok) core.emit({ type: 'read-refused', readId, problem: room.problem });
    return;
  }
  const index = logIndex(Math.max(core.commitIndex, role.firstOwnIndex));
  role.reads.waiting.push({ readId, index });
  if (role.reads.confirming.length === 0) startRound(core, role);
}

/** In every step of a leader. */
export function answerReads(core: RaftCore, role: LeaderRole): void {
  const { reads } = role;
  while (reads.confirming.length > 0) {
    if (confirmedRound(core, role) < reads.confirmRound || core.commitIndex < role.firstOwnIndex) return;
    for (const { readId, index } of reads.confirming) core.emit({ type: 'read-ready', readId, index });
    reads.confirming = [];
    if (reads.waiting.length > 0) startRound(core, role);
  }
}

export function pendingReads(reads: LeaderReads): number {
  return reads.confirming.length + reads.waiting.length;
}

function checkRead(core: RaftCore): Result<void, ReadProblem> {
  const { role } = core;
  if (role.name === 'candidate') return refused({ type: 'not-leader', leader: undefined });
  if (role.name === 'follower') return refused({ type: 'not-leader', leader: role.leader });
  return pendingReads(role.reads) >= core.limits.pendingReadsMax
    ? refused({ type: 'limit-reached', limit: 'pendingReadsMax' })
    : { ok: true, value: undefined };
}

function startRound(core: RaftCore, role: LeaderRole): void {
  role.round += 1;
  role.reads.confirming = role.reads.waiting;
  role.reads.waiting = [];
  role.reads.confirmRound = role.round;
  for (const progress of role.progress.values()) {
    if (progress.isVoter) heartbeatTo(core, role, progress);
  }
}

/** A leader that is no voter any more does not confirm itself. */
function confirmedRound(core: RaftCore, role: LeaderRole): number {
  const rounds = core.voterSets.voters.map((voter) =>
    voter.voterId === core.voterId ? role.round : (role.progress.get(voter.voterId)?.ackedRound ?? 0),
  );
  return reachedByMajority(rounds);
}
