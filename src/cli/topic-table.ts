/**
 * Topics and their partitions, as tables for people and as plain data for programs.
 */
import type { PartitionImage } from '../metadata/metadata-image.ts';
import type { TopicReply, TopicSummary } from '../wire/topic-values.ts';
import { factLines, tableOf, type ListColumn } from './print-listing.ts';

export const topicColumns: readonly ListColumn<TopicSummary>[] = [
  { title: 'TOPIC', cell: ({ name }) => name },
  { title: 'PARTITIONS', align: 'right', cell: ({ partitionCount }) => String(partitionCount) },
  { title: 'REPLICAS', align: 'right', cell: ({ replicationFactor }) => String(replicationFactor) },
  { title: 'LEADERLESS', align: 'right', cell: ({ leaderlessCount }) => String(leaderlessCount) },
  { title: 'UNDER-REPLICATED', align: 'right', cell: ({ underReplicatedCount }) => String(underReplicatedCount) },
  { title: 'ID', isWide: true, cell: ({ topicId }) => topicId },
];

interface NumberedPartition extends PartitionImage {
  readonly number: number;
}

const partitionColumns: readonly ListColumn<NumberedPartition>[] = [
  { title: 'PARTITION', align: 'right', cell: ({ number }) => String(number) },
  { title: 'LEADER', align: 'right', cell: ({ leader }) => (leader === undefined ? 'none' : String(leader)) },
  { title: 'EPOCH', align: 'right', cell: ({ leaderEpoch }) => String(leaderEpoch) },
  { title: 'REPLICAS', cell: ({ replicas }) => idsOf(replicas.map(({ brokerId }) => brokerId)) },
  { title: 'IN SYNC', cell: ({ inSync }) => idsOf(inSync) },
  { title: 'ELIGIBLE', isWide: true, cell: ({ eligible }) => idsOf(eligible) },
  { title: 'ASIDE', isWide: true, cell: ({ aside }) => idsOf(aside) },
  { title: 'PARTITION EPOCH', align: 'right', isWide: true, cell: ({ partitionEpoch }) => String(partitionEpoch) },
  { title: 'DIRECTORIES', isWide: true, cell: ({ replicas }) => replicas.map(({ directory }) => directory).join(',') },
];

export function topicSheet(
  { name, topicId, partitions, configs, changedRevision }: TopicReply,
  isWide: boolean,
): string {
  const facts: (readonly [string, string])[] = [
    ['topic', name],
    ['id', topicId],
    ['partitions', String(partitions.length)],
    ['changed at', `revision ${changedRevision}`],
    ...[...configs].map(([config, value]) => [config, value] as const),
  ];
  const rows = partitions.map((partition, number) => ({ ...partition, number }));
  return `${factLines(facts)}\n${tableOf(partitionColumns, rows, isWide ? 'wide' : 'table')}`;
}

export function plainTopic({ name, topicId, partitions, configs, changedRevision }: TopicReply): object {
  return {
    name,
    topicId,
    changedRevision,
    configs: Object.fromEntries(configs),
    partitions: partitions.map(plainPartition),
  };
}

export function plainPartition(partition: PartitionImage, number: number): object {
  const { leader, leaderEpoch, partitionEpoch, replicas, inSync, eligible, aside, recovery } = partition;
  return {
    partition: number,
    leaderId: leader,
    leaderEpoch,
    partitionEpoch,
    replicas: replicas.map(({ brokerId, directory }) => ({ brokerId, directoryId: directory })),
    inSyncIds: inSync,
    eligibleIds: eligible,
    asideIds: aside,
    isRecovering: recovery === 'recovering',
    uncleanEpochs: [partition.uncleanEpoch, partition.uncleanEpochBefore].filter((epoch) => epoch !== undefined),
  };
}

function idsOf(brokerIds: readonly number[]): string {
  return brokerIds.length === 0 ? '-' : brokerIds.join(',');
}
