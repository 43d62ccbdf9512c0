/**
 * Who should be in sync, by what the leader sees: proposed to the controller, and true once the metadata says so.
 *
 * Leaving is a matter of time alone: whoever has lacked for too long what there was then. Joining needs everything
 * that may have been acknowledged (P8).
 */
import { assert } from '../base/assert.ts';
import type { BrokerId } from '../base/ids.ts';
import type { FollowerProgress } from './follower-progress.ts';
import type { PartitionCore } from './partition-core.ts';
import { findReplica, type PartitionMetadata } from './partition-metadata.ts';
import type { LeaderRole } from './partition-role.ts';

export function proposeInSync(core: PartitionCore, role: LeaderRole): void {
  const { metadata } = core;
  assert(metadata !== undefined, 'a leader was made one by metadata');
  if (!role.inSync.mayPropose) return;
  const { committed } = role.inSync;
  const wanted = metadata.replicas.flatMap(({ brokerId }) => (shouldBeIn(core, role, brokerId) ? [brokerId] : []));
  const isSame = wanted.length === committed.length && wanted.every((member) => committed.includes(member));
  // An uncertain proposal holds the watermark back for as long as the partition epoch lasts: any change ends that.
  if (isSame && !role.inSync.hasLeftovers) return;
  sendProposal(core, role, metadata, wanted);
}

export function sendProposal(
  core: PartitionCore,
  role: LeaderRole,
  metadata: PartitionMetadata,
  members: readonly BrokerId[],
): void {
  assert(members.includes(core.brokerId), 'P6: a leader stays in sync with itself', () => ({ members }));
  role.inSync.propose(members);
  const { leaderEpoch } = role;
  const { partitionEpoch } = metadata;
  const named = members.map((member) => {
    const replica = findReplica(metadata, member);
    assert(replica !== undefined, 'only replicas are in sync', () => ({ member }));
    return { brokerId: member, brokerEpoch: member === core.brokerId ? core.brokerEpoch : replica.brokerEpoch };
  });
  const proposal = { leaderEpoch, partitionEpoch, members: named, recovery: 'recovered' } as const;
  core.emit({ type: 'propose-in-sync', proposal });
}

function shouldBeIn(core: PartitionCore, role: LeaderRole, brokerId: BrokerId): boolean {
  if (brokerId === core.brokerId) return true;
  const progress = role.followers.get(brokerId);
  if (progress === undefined || progress.behind.isOver(core.nowMs, core.limits.lagMsMax)) return false;
  return role.inSync.committed.includes(brokerId) || mayJoin(core, role, progress);
}

/**
 * P8: everything that may have been acknowledged, by this leader (the watermark) and by those before it (the start of
 * its epoch: until the own-epoch commit point its watermark is old). P11: said in the life that the metadata knows.
 */
function mayJoin(core: PartitionCore, role: LeaderRole, progress: FollowerProgress): boolean {
  const { metadata, watermark, start } = core;
  assert(metadata !== undefined, 'a leader was made one by metadata');
  const { replica, confirmed } = progress;
  const position = progress.position(metadata.durability);
  if (confirmed === undefined || position === undefined) return false;
  if (!replica.isActive || !progress.isKnown) return false;
  if (position < watermark || position < role.epochStart) return false;
  // What was agreed on is old news as well, until this leader is established.
  return confirmed.start >= start.agreed && confirmed.start >= role.startAtElection;
}
