/**
 * Leading: from the election to the moment at which this replica answers for all that was committed before, and on.
 *
 * What follows from any event is in `lead`, in the order in which it has to be: what the replicas confirmed moves
 * start and watermark, those release who waits, then proposals and pushes go out.
 */
import { assert } from '../base/assert.ts';
import { offset, type LeaderEpoch, type Offset } from '../base/offsets.ts';
import { FollowerProgress } from './follower-progress.ts';
import { proposeInSync } from './in-sync-proposals.ts';
import { InSyncSet } from './in-sync-set.ts';
import type { PartitionCore } from './partition-core.ts';
import { isEnoughInSync, type PartitionMetadata } from './partition-metadata.ts';
import { beginRecovery, recover } from './partition-recovery.ts';
import type { LeaderRole } from './partition-role.ts';
import { isDone, nudge, pushTo } from './push-batches.ts';
import { WaitingProduces, type WaitingProduce } from './waiting-produces.ts';
import { WaitingRoom } from './waiting-room.ts';

export function becomeLeader(core: PartitionCore, metadata: PartitionMetadata): void {
  const { leaderEpoch } = metadata;
  if (core.lacks !== undefined && metadata.recovery === 'recovered') {
    if (metadata.replicas.length > 1) {
      // Elected as if it had everything, which it knows that it has not. Only an operator may choose such a leader.
      core.fencedEpoch = leaderEpoch;
      core.stepAside('lost-records');
      return;
    }
    giveUpWhatNobodyHas(core, core.lacks.upTo, leaderEpoch);
  }
  const latest = core.log.epochs.latest;
  assert(latest === undefined || latest < leaderEpoch, 'P10: a leadership begins in an epoch of its own', () => ({
    latest,
    leaderEpoch,
  }));
  const role: LeaderRole = {
    name: 'leader',
    leaderEpoch,
    epochStart: core.log.assigned,
    startAtElection: core.start.written,
    isEstablished: false,
    recovery: metadata.recovery === 'recovering' ? beginRecovery(core) : undefined,
    followers: new Map(),
    inSync: new InSyncSet(metadata),
    produces: new WaitingProduces(core.limits.producesWaitingMax),
    sinceMs: core.nowMs,
    producersHeardMs: new Map(),
    deletes: new WaitingRoom(core.limits.deletesWaitingMax),
  };
  core.become(role);
  noteReplicas(core, role, metadata);
  core.emit({ type: 'became-leader', leaderEpoch, logEnd: core.log.assigned });
}

/** P12: the only replica there is. What it lost cannot come back, so it is said, and not waited for. */
function giveUpWhatNobodyHas(core: PartitionCore, upTo: Offset, leaderEpoch: LeaderEpoch): void {
  const from = core.log.assigned;
  if (upTo > from) core.emit({ type: 'possible-loss', leaderEpoch, from, to: upTo });
  core.lacks = undefined;
}

/** The same leadership under newer metadata. */
export function onMetadataAsLeader(core: PartitionCore, role: LeaderRole, metadata: PartitionMetadata): void {
  role.inSync.onMetadata(metadata);
  noteReplicas(core, role, metadata);
  if (role.recovery === undefined || metadata.recovery === 'recovering') return;
  role.recovery = undefined;
  core.lacks = undefined;
}

/** What follows from any event while this replica leads. */
export function lead(core: PartitionCore, role: LeaderRole): void {
  for (const progress of role.followers.values()) noteLag(core, progress);
  if (role.recovery !== undefined) {
    recover(core, role, role.recovery);
    return;
  }
  wantStart(core, role);
  agreeOnStart(core, role);
  advanceWatermark(core, role);
  if (role.isEstablished) answer(core, role);
  proposeInSync(core, role);
  for (const progress of role.followers.values()) pushTo(core, role, progress);
}

export function onLeaderTick(core: PartitionCore, role: LeaderRole): void {
  const { nowMs, limits } = core;
  const { retry } = role.inSync;
  retry.onTick(nowMs);
  if (retry.isOver(nowMs, limits.inSyncRetryMs)) retry.end();
  role.recovery?.patience.onTick(nowMs);
  for (const progress of role.followers.values()) {
    progress.behind.onTick(nowMs);
    progress.silence.onTick(nowMs);
    if (progress.silence.isOver(nowMs, limits.nudgeMs)) nudge(core, role, progress);
  }
  role.produces.expire(nowMs, ({ requestId }) =>
    core.emit({ type: 'produce-outcome-unknown', requestId, why: 'timed-out' }),
  );
  role.deletes.expire(nowMs, ({ requestId }) =>
    core.emit({ type: 'delete-outcome-unknown', requestId, why: 'timed-out' }),
  );
}

/** When a leader has something to do that no event but time brings; undefined when nothing is. */
export function leaderDueMs(core: PartitionCore, role: LeaderRole): number | undefined {
  const { nowMs, limits } = core;
  let due = earlierOf(role.produces.firstDeadlineMs, role.deletes.firstDeadlineMs);
  due = earlierOf(due, role.inSync.retry.dueMs(nowMs, limits.inSyncRetryMs));
  due = earlierOf(due, role.recovery?.patience.dueMs(nowMs, limits.recoveryWaitMs));
  for (const { replica, behind, silence } of role.followers.values()) {
    due = earlierOf(due, silence.dueMs(nowMs, limits.nudgeMs));
    // Whoever is not in sync may be behind for as long as it takes.
    if (!role.inSync.isMember(replica.brokerId)) continue;
    // Over, and still a member: then it is the proposal that is waited for.
    if (!behind.isOver(nowMs, limits.lagMsMax)) due = earlierOf(due, behind.dueMs(nowMs, limits.lagMsMax));
  }
  return due;
}

export function earlierOf(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

function noteReplicas(core: PartitionCore, role: LeaderRole, { replicas }: PartitionMetadata): void {
  for (const replica of replicas) {
    if (replica.brokerId === core.brokerId) continue;
    const known = role.followers.get(replica.brokerId);
    if (known !== undefined) known.onReplica(replica);
    else role.followers.set(replica.brokerId, new FollowerProgress(replica));
  }
  for (const brokerId of role.followers.keys())
    if (!replicas.some((replica) => replica.brokerId === brokerId)) role.followers.delete(brokerId);
}

function noteLag(core: PartitionCore, progress: FollowerProgress): void {
  const { metadata, log } = core;
  assert(metadata !== undefined, 'a leader was made one by metadata');
  const position = progress.position(metadata.durability);
  progress.noteLag(position, log.assigned);
  if (isDone(core, position, progress)) progress.silence.end();
}

/** What an earlier leader wanted and others wrote down is wanted by this one too: they cannot take it back. */
function wantStart(core: PartitionCore, role: LeaderRole): void {
  for (const { confirmed } of role.isEstablished ? role.followers.values() : [])
    if (confirmed !== undefined && confirmed.start <= core.watermark) core.start.want(confirmed.start);
  const start = core.start.nextToWrite();
  if (start !== undefined) core.emit({ type: 'write-start', start });
}

/** P15: the partition begins where every replica that could lead has written down that it does. */
function agreeOnStart(core: PartitionCore, role: LeaderRole): void {
  const start = lowestAmongMembers(core, role, core.start.written, ({ confirmed }) => confirmed?.start);
  if (start !== undefined && core.start.agree(start)) core.emit({ type: 'drop-below', start });
}

/**
 * P5: over the maximal set, P7: while the committed one is large enough. Nothing below the start of the own epoch is
 * taken as committed by counting: a leader first makes sure that all members hold all that earlier leaders wrote (P2).
 */
function advanceWatermark(core: PartitionCore, role: LeaderRole): void {
  const { metadata, log } = core;
  assert(metadata !== undefined, 'a leader was made one by metadata');
  const own = metadata.durability === 'flushed' ? log.durable : log.written;
  const committed = lowestAmongMembers(core, role, own, (progress) => progress.position(metadata.durability));
  if (committed === undefined || committed < role.epochStart) return;
  // Also when it is where it was: it is known under this leadership from here on.
  if (committed >= core.watermark) core.moveWatermark(committed, role.leaderEpoch);
  if (role.isEstablished) return;
  // The start needs no wait of its own: every member has said what it wrote down, which is at least what was agreed on.
  role.isEstablished = true;
  assert(core.watermark >= role.epochStart, 'P2: an established leader knows all that was committed before it');
  core.emit({ type: 'leadership-established', leaderEpoch: role.leaderEpoch, watermark: core.watermark });
}

/** Undefined while a member has not confirmed anything yet, or the committed set is too small (P7). */
function lowestAmongMembers(
  core: PartitionCore,
  role: LeaderRole,
  own: Offset,
  positionOf: (progress: FollowerProgress) => Offset | undefined,
): Offset | undefined {
  const { metadata } = core;
  if (metadata === undefined || !isEnoughInSync(metadata)) return undefined;
  let lowest: number = own;
  for (const member of role.inSync.maximal) {
    if (member === core.brokerId) continue;
    const progress = role.followers.get(member);
    const position = progress === undefined ? undefined : positionOf(progress);
    if (position === undefined) return undefined;
    lowest = Math.min(lowest, position);
  }
  return offset(lowest);
}

/** P10, P2: only an established leader acknowledges anything. */
function answer(core: PartitionCore, role: LeaderRole): void {
  const done = ({ requestId, baseOffset }: WaitingProduce): void =>
    core.emit({ type: 'produce-done', requestId, baseOffset });
  role.produces.release('all', core.watermark, done);
  role.produces.release('leader', core.log.written, done);
  role.deletes.release(({ requestId, before }) => {
    if (before > core.start.agreed) return false;
    core.emit({ type: 'records-deleted', requestId, start: core.start.agreed });
    return true;
  });
}
