/**
 * Topics and their partitions as odradek.v1 shows them, and how requests name them.
 *
 * Read next: topic-messages.ts, the calls that these values travel in.
 */
import { partitionEpochFromOutside } from '../base/epochs.ts';
import { brokerIdFromOutside, directoryIdFromOutside, topicIdFromOutside, type TopicId } from '../base/ids.ts';
import { leaderEpochFromOutside } from '../base/offsets.ts';
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import type { Assignment, TopicRef } from '../metadata/metadata-command.ts';
import type { PartitionImage, Replica } from '../metadata/metadata-image.ts';
import { must, unreadable } from './decode-message.ts';
import type { odradek } from './generated/messages.js';
import { configsFromWire, count, optionalFrom } from './request-fields.ts';

type WireTopic = odradek.v1.Topic.$Properties;
type WirePartition = odradek.v1.Partition.$Properties;
type WireSummary = odradek.v1.TopicSummary.$Properties;
type WireAssignment = odradek.v1.ReplicaAssignment.$Properties;

export interface TopicReply {
  readonly name: string;
  readonly topicId: TopicId;
  readonly partitions: readonly PartitionImage[];
  /** What was set for the topic itself. */
  readonly configs: ReadonlyMap<string, string>;
  readonly changedRevision: LogIndex;
}

export interface TopicSummary {
  readonly name: string;
  readonly topicId: TopicId;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  readonly leaderlessCount: number;
  readonly underReplicatedCount: number;
}

/** An empty field is one that was not sent. */
export function topicRefToWire(topic: TopicRef): { name: string; topicId: string } {
  return { name: topic.by === 'name' ? topic.name : '', topicId: topic.topicId ?? '' };
}

export function topicRefFromWire(wire: { readonly name: string; readonly topicId: string }): TopicRef {
  const { name } = wire;
  const topicId = wire.topicId === '' ? undefined : must('topic_id', topicIdFromOutside(wire.topicId));
  if (name !== '') return { by: 'name', name, topicId };
  return topicId === undefined
    ? unreadable('name', name, 'the name of a topic; name it, or its id')
    : { by: 'id', topicId };
}

export function assignmentsToWire(assignments: readonly Assignment[]): { brokerIds: number[] }[] {
  return assignments.map((brokerIds) => ({ brokerIds: [...brokerIds] }));
}

export function assignmentsFromWire(
  field: string,
  assignments: readonly WireAssignment[] | null | undefined,
): readonly Assignment[] {
  return (assignments ?? []).map(({ brokerIds }, partition) =>
    (brokerIds ?? []).map((brokerId) => must(`${field}[${partition}].broker_ids`, brokerIdFromOutside(brokerId))),
  );
}

export function topicToWire({ name, topicId, partitions, configs, changedRevision }: TopicReply): WireTopic {
  return {
    name,
    topicId,
    partitions: partitions.map(partitionToWire),
    configs: Object.fromEntries(configs),
    changedRevision,
  };
}

export function topicFromWire(wire: WireTopic): TopicReply {
  return {
    name: wire.name ?? '',
    topicId: must('topic.topic_id', topicIdFromOutside(wire.topicId ?? '')),
    partitions: (wire.partitions ?? []).map(partitionFromWire),
    configs: new Map(configsFromWire('topic.configs', wire.configs).map(({ name, value }) => [name, value])),
    changedRevision: must('topic.changed_revision', logIndexFromOutside(wire.changedRevision ?? 0)),
  };
}

export function summaryToWire(summary: TopicSummary): WireSummary {
  return { ...summary };
}

export function summaryFromWire(wire: WireSummary): TopicSummary {
  return {
    name: wire.name ?? '',
    topicId: must('topics.topic_id', topicIdFromOutside(wire.topicId ?? '')),
    partitionCount: count('topics.partition_count', wire.partitionCount),
    replicationFactor: count('topics.replication_factor', wire.replicationFactor),
    leaderlessCount: count('topics.leaderless_count', wire.leaderlessCount),
    underReplicatedCount: count('topics.under_replicated_count', wire.underReplicatedCount),
  };
}

function partitionToWire(partition: PartitionImage, number: number): WirePartition {
  return {
    partition: number,
    leaderId: partition.leader ?? null,
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    replicas: partition.replicas.map(({ brokerId, directory }) => ({ brokerId, directoryId: directory })),
    inSyncIds: [...partition.inSync],
    eligibleIds: [...partition.eligible],
    isRecovering: partition.recovery === 'recovering',
    asideIds: [...partition.aside],
    uncleanEpochs: [partition.uncleanEpoch, partition.uncleanEpochBefore].filter((epoch) => epoch !== undefined),
  };
}

function partitionFromWire(wire: WirePartition): PartitionImage {
  const [uncleanEpoch, uncleanEpochBefore] = (wire.uncleanEpochs ?? []).map((epoch) =>
    must('partitions.unclean_epochs', leaderEpochFromOutside(epoch)),
  );
  return {
    leader: optionalFrom(wire.leaderId, (id) => must('partitions.leader_id', brokerIdFromOutside(id))),
    leaderEpoch: must('partitions.leader_epoch', leaderEpochFromOutside(wire.leaderEpoch)),
    partitionEpoch: must('partitions.partition_epoch', partitionEpochFromOutside(wire.partitionEpoch)),
    replicas: (wire.replicas ?? []).map(replicaFromWire),
    inSync: (wire.inSyncIds ?? []).map((id) => must('partitions.in_sync_ids', brokerIdFromOutside(id))),
    eligible: (wire.eligibleIds ?? []).map((id) => must('partitions.eligible_ids', brokerIdFromOutside(id))),
    aside: (wire.asideIds ?? []).map((id) => must('partitions.aside_ids', brokerIdFromOutside(id))),
    recovery: wire.isRecovering === true ? 'recovering' : 'recovered',
    uncleanEpoch,
    uncleanEpochBefore,
  };
}

function replicaFromWire({ brokerId, directoryId }: odradek.v1.Replica.$Properties): Replica {
  return {
    brokerId: must('replicas.broker_id', brokerIdFromOutside(brokerId)),
    directory: must('replicas.directory_id', directoryIdFromOutside(directoryId ?? '')),
  };
}
