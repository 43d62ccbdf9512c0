/**
 * What a replica is told by the metadata about its partition, at one revision.
 *
 * The broker makes it from the metadata's image, whenever the partition changed or one of its brokers registered, was
 * fenced or unfenced. The core takes every word of it as committed.
 */
import { assert } from '../base/assert.ts';
import type { BrokerEpoch, PartitionEpoch } from '../base/epochs.ts';
import type { BrokerId, DirectoryId } from '../base/ids.ts';
import type { LeaderEpoch } from '../base/offsets.ts';
import type { LogIndex } from '../base/raft-position.ts';

export interface ReplicaMetadata {
  readonly brokerId: BrokerId;
  readonly directory: DirectoryId;
  /** Of the broker's latest registration. */
  readonly brokerEpoch: BrokerEpoch;
  /** Neither fenced nor shutting down. */
  readonly isActive: boolean;
}

export interface PartitionMetadata {
  /** The entry of the quorum's log that this is the state after. */
  readonly revision: LogIndex;
  readonly replicas: readonly ReplicaMetadata[];
  /** The committed in-sync set, in the order of the replicas. The leader is in it. */
  readonly inSync: readonly BrokerId[];
  readonly leader: BrokerId | undefined;
  /** Goes up with every change of the leader, and with every registration of the leading broker. */
  readonly leaderEpoch: LeaderEpoch;
  /** Goes up with every change; what a proposed change is compared against. */
  readonly partitionEpoch: PartitionEpoch;
  /** `recovering`: the leader was elected outside of the in-sync and eligible replicas, and has not said more yet. */
  readonly recovery: 'recovered' | 'recovering';
  /** The last leader epoch that was elected so, ever. Replicas may have to give up what was committed before it. */
  readonly uncleanEpoch: LeaderEpoch | undefined;
  /** The one before that: whoever is elected so may know to be committed what was given up already. */
  readonly uncleanEpochBefore: LeaderEpoch | undefined;
  /** `min.insync.replicas`, as it is set. */
  readonly inSyncMin: number;
  /** Which offsets move the watermark: those on the disks, or those in the files. */
  readonly durability: 'flushed' | 'replicated';
}

export function findReplica(metadata: PartitionMetadata, broker: BrokerId): ReplicaMetadata | undefined {
  return metadata.replicas.find(({ brokerId }) => brokerId === broker);
}

/** A partition with fewer replicas than the setting asks for needs all of them, not more. */
export function inSyncNeeded({ inSyncMin, replicas }: PartitionMetadata): number {
  return Math.min(inSyncMin, replicas.length);
}

/** P7: whether acknowledging may go on. Counts the committed set only: what is merely proposed may never be. */
export function isEnoughInSync(metadata: PartitionMetadata): boolean {
  return metadata.inSync.length >= inSyncNeeded(metadata);
}

/** Of the quorum's word, so a breach is a bug and not an input. */
export function assertFollowsOn(before: PartitionMetadata | undefined, after: PartitionMetadata): void {
  const facts = (): Record<string, unknown> => ({ before, after });
  assert(after.leader === undefined || after.inSync.includes(after.leader), 'P6: a leader is in sync', facts);
  assert((after.uncleanEpoch ?? 0) <= after.leaderEpoch, 'P12: an unclean election has happened', facts);
  if (before === undefined) return;
  assert(after.revision >= before.revision, 'P10: metadata does not go back', facts);
  assert(after.leaderEpoch >= before.leaderEpoch, 'P10: leader epochs do not go back', facts);
  assert(after.partitionEpoch >= before.partitionEpoch, 'P10: partition epochs do not go back', facts);
  assert(
    after.leaderEpoch > before.leaderEpoch || after.leader === before.leader || after.leader === undefined,
    'P10: an epoch has one leader',
    facts,
  );
}
