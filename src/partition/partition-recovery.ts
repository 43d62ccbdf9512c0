/**
 * What a leader does that was elected although others may hold records that it lacks (P12).
 *
 * It serves nobody until the metadata says that it has recovered. Before it asks for that it waits a while for the
 * other replicas, to learn how far their logs go: that is the range in which records may have been lost or replaced,
 * and it is reported before anything is served. Taking their records back is not attempted: which of them were
 * acknowledged cannot be told any more, and whoever chose this leader chose its log.
 */
import { assert } from '../base/assert.ts';
import { offset, type Offset } from '../base/offsets.ts';
import { sendProposal } from './in-sync-proposals.ts';
import type { PartitionCore } from './partition-core.ts';
import type { AttachMessage } from './partition-message.ts';
import type { PartitionMetadata } from './partition-metadata.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LeaderRecovery, LeaderRole } from './partition-role.ts';
import { Patience } from './patience.ts';

export function beginRecovery(core: PartitionCore): LeaderRecovery {
  const patience = new Patience();
  patience.begin();
  const furthestEnd = offset(Math.max(core.log.assigned, core.lacks?.upTo ?? 0));
  return { patience, heard: new Set(), furthestEnd, isReported: false };
}

export function hearReplica(recovery: LeaderRecovery, from: BrokerId, { logEnd }: AttachMessage): void {
  recovery.heard.add(from);
  if (logEnd > recovery.furthestEnd) recovery.furthestEnd = logEnd;
}

export function recover(core: PartitionCore, role: LeaderRole, recovery: LeaderRecovery): void {
  const { metadata, nowMs, limits } = core;
  assert(metadata !== undefined, 'a leader was made one by metadata');
  const others = [...role.followers.values()].filter(({ replica }) => replica.isActive);
  const hasHeardAll = others.every(({ replica }) => recovery.heard.has(replica.brokerId));
  if (!hasHeardAll && !recovery.patience.isOver(nowMs, limits.recoveryWaitMs)) return;
  recovery.patience.end();
  if (!recovery.isReported) {
    recovery.isReported = true;
    const from = firstInDoubt(core, metadata);
    assert(recovery.furthestEnd >= from, 'P12: what may be lost lies above what is known', () => ({ from }));
    core.emit({ type: 'possible-loss', leaderEpoch: role.leaderEpoch, from, to: recovery.furthestEnd });
    core.takeBackWatermark(offset(Math.max(from, core.start.agreed)));
  }
  if (role.inSync.mayPropose) sendProposal(core, role, metadata, metadata.inSync);
}

/**
 * Below the watermark this log has what was committed. But if others were led by an unclean election since it learned
 * that, they gave up some of it, committed something else in its place, and that is what may be lost now.
 */
function firstInDoubt(core: PartitionCore, { uncleanEpochBefore }: PartitionMetadata): Offset {
  const isOutdated = uncleanEpochBefore !== undefined && uncleanEpochBefore > (core.watermarkEpoch ?? -1);
  return isOutdated ? core.log.localStart : core.watermark;
}
