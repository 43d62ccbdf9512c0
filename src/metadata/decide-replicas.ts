/**
 * The replicas of new partitions: placed by the controller, or where somebody says.
 */
import { assert } from '../base/assert.ts';
import { partitionEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import { leaderEpoch } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { DecideContext } from './decide-context.ts';
import type { Assignment, MetadataRefusal } from './metadata-command.ts';
import type { BrokerImage, MetadataImage, PartitionImage, Replica } from './metadata-image.ts';
import { metadataLimits } from './metadata-limits.ts';
import { isActive } from './partition-changes.ts';
import { placePartitions } from './place-partitions.ts';

export interface ReplicaWish {
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** One per partition; empty: the controller places them. */
  readonly assignments: readonly Assignment[];
}

export function decideReplicas(
  image: MetadataImage,
  wish: ReplicaWish,
  context: DecideContext,
): Result<readonly PartitionImage[], MetadataRefusal> {
  const { partitionCount, replicationFactor, assignments } = wish;
  const { replicationFactorMax, replicasPerCommandMax } = metadataLimits;
  if (!(replicationFactor >= 1 && replicationFactor <= replicationFactorMax))
    return refused({ type: 'invalid-replication-factor', wanted: replicationFactor, max: replicationFactorMax });
  if (partitionCount * replicationFactor > replicasPerCommandMax)
    return refused({ type: 'limit-reached', limit: 'replicasPerCommandMax', max: replicasPerCommandMax });
  const placed = assignments.length > 0 ? checkAssignments(image, wish) : place(image, wish, context);
  if (!placed.ok) return placed;
  assert(placed.value.length === partitionCount, 'every partition is placed', { partitionCount });
  const added = new Map<BrokerId, number>();
  return ok(placed.value.map((assignment) => newPartition(image, assignment, added)));
}

function place(
  image: MetadataImage,
  { partitionCount, replicationFactor }: ReplicaWish,
  { integerBelow }: DecideContext,
): Result<readonly Assignment[], MetadataRefusal> {
  const candidates = [...image.brokers.values()].filter(({ state }) => state === 'active');
  if (candidates.length < replicationFactor)
    return refused({ type: 'too-few-brokers', wanted: replicationFactor, available: candidates.length });
  return ok(placePartitions({ candidates, partitionCount, replicationFactor, integerBelow }));
}

function checkAssignments(image: MetadataImage, wish: ReplicaWish): Result<readonly Assignment[], MetadataRefusal> {
  const { partitionCount, replicationFactor, assignments } = wish;
  if (assignments.length !== partitionCount)
    return refused({
      type: 'invalid-assignment',
      partition: Math.min(assignments.length, partitionCount),
      why: `there are ${assignments.length} assignments for ${partitionCount} partitions`,
    });
  for (const [partition, brokerIds] of assignments.entries()) {
    const why = findFlaw(image, brokerIds, replicationFactor);
    if (why !== undefined) return refused({ type: 'invalid-assignment', partition, why });
  }
  return ok(assignments);
}

function findFlaw(image: MetadataImage, brokerIds: Assignment, replicationFactor: number): string | undefined {
  if (brokerIds.length !== replicationFactor)
    return `it names ${brokerIds.length} brokers instead of ${replicationFactor}`;
  if (new Set(brokerIds).size < brokerIds.length) return 'it names a broker twice';
  const stranger = brokerIds.find((brokerId) => !image.brokers.has(brokerId));
  if (stranger !== undefined) return `broker ${stranger} is not registered`;
  return brokerIds.some((brokerId) => isActive(image, brokerId)) ? undefined : 'none of its brokers can lead now';
}

/** Fenced brokers are replicas, and come into sync when they are back. */
function newPartition(image: MetadataImage, assignment: Assignment, added: Map<BrokerId, number>): PartitionImage {
  const inSync = assignment.filter((brokerId) => isActive(image, brokerId));
  assert(inSync.length > 0, 'M4: a new partition has somebody in sync');
  return {
    replicas: assignment.map((brokerId) => replicaOn(image.brokers.get(brokerId), added)),
    inSync,
    eligible: [],
    leader: inSync[0],
    aside: [],
    recovery: 'recovered',
    uncleanEpoch: undefined,
    uncleanEpochBefore: undefined,
    leaderEpoch: leaderEpoch(0),
    partitionEpoch: partitionEpoch(0),
  };
}

/** Directories take turns, so that a broker's disks fill alike. */
function replicaOn(broker: BrokerImage | undefined, added: Map<BrokerId, number>): Replica {
  assert(broker !== undefined, 'M11: a replica is placed on a registered broker');
  const { brokerId, directories, replicaCount } = broker;
  const before = added.get(brokerId) ?? 0;
  added.set(brokerId, before + 1);
  const directory = directories[(replicaCount + before) % directories.length];
  assert(directory !== undefined, 'M11: a broker has a directory', { brokerId });
  return { brokerId, directory };
}
