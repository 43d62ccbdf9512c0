/**
 * Topics: made, given more partitions or other configs, deleted. Where partitions go: decide-replicas.ts.
 */
import { topicId } from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { changesInSyncMin, checkConfigChanges, configRecords } from './decide-configs.ts';
import type { Decided, DecideContext } from './decide-context.ts';
import { decideReplicas } from './decide-replicas.ts';
import { configValue } from './effective-configs.ts';
import { findTopic } from './find-topic.ts';
import type { CreateTopic, DeleteTopic, MetadataRefusal, TopicCreated, UpdateTopic } from './metadata-command.ts';
import type { MetadataImage, PartitionImage, TopicImage } from './metadata-image.ts';
import { metadataLimits } from './metadata-limits.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { clearedEligible } from './partition-changes.ts';
import { isActive } from './partition-changes.ts';
import { checkTopicName } from './topic-name.ts';

export function decideCreateTopic(image: MetadataImage, command: CreateTopic, context: DecideContext): Decided {
  const { name, assignments, configs } = command;
  const isName = checkTopicName(name);
  if (!isName.ok) return refused({ type: 'invalid-topic-name', name, why: isName.problem });
  const existing = findTopic(image, { by: 'name', name, topicId: undefined });
  if (existing !== undefined) {
    if (command.ifNotExists) return ok({ answer: createdAnswer(existing, true), records: [] });
    return refused({ type: 'topic-exists', name, topicId: existing.topicId });
  }
  const areConfigs = checkConfigChanges(configs, 'topic');
  if (!areConfigs.ok) return areConfigs;
  const count = checkPartitionCount(image, {
    wanted: command.partitionCount ?? (assignments.length || clusterNumber(image, 'num.partitions')),
    existing: 0,
  });
  if (!count.ok) return count;
  const replicationFactor = command.replicationFactor ?? assignments[0]?.length ?? defaultReplicationFactor(image);
  const replicas = decideReplicas(image, { partitionCount: count.value, replicationFactor, assignments }, context);
  if (!replicas.ok) return replicas;
  const id = topicId(context.uniqueId());
  const resource = { scope: 'topic', topicId: id } as const;
  return ok({
    answer: createdAnswer({ topicId: id, name, partitions: replicas.value }, false),
    records: [
      { type: 'topic-created', topicId: id, name, changedRevision: undefined },
      ...replicas.value.map((partition) => ({ type: 'partition-created', topicId: id, partition }) as const),
      ...configRecords(image, resource, configs),
    ],
  });
}

/** Everything or nothing. */
export function decideUpdateTopic(image: MetadataImage, command: UpdateTopic, context: DecideContext): Decided {
  const found = checkTopic(image, command);
  if (!found.ok) return found;
  const topic = found.value;
  const { configs, assignments } = command;
  const areConfigs = checkConfigChanges(configs, 'topic');
  if (!areConfigs.ok) return areConfigs;
  const existing = topic.partitions.length;
  const count = checkPartitionCount(image, { wanted: command.partitionCount ?? existing, existing });
  if (!count.ok) return count;
  const added = decideAddedReplicas(image, { topic, added: count.value - existing, assignments }, context);
  if (!added.ok) return added;
  const records: MetadataRecord[] = [
    ...added.value.map((partition) => ({ type: 'partition-created', topicId: topic.topicId, partition }) as const),
    ...configRecords(image, { scope: 'topic', topicId: topic.topicId }, configs),
  ];
  if (changesInSyncMin(records)) records.push(...clearedEligible(image, ({ topicId }) => topicId === topic.topicId));
  const { topicId: id, name } = topic;
  return ok({ answer: { type: 'topic-updated', topicId: id, name, partitionCount: count.value }, records });
}

export function decideDeleteTopic(image: MetadataImage, command: DeleteTopic): Decided {
  const found = checkTopic(image, command);
  if (!found.ok) {
    if (found.problem.type !== 'topic-not-found' || !command.ifExists) return found;
    return ok({ answer: { type: 'topic-deleted', topicId: undefined, name: undefined }, records: [] });
  }
  const { topicId: id, name } = found.value;
  return ok({
    answer: { type: 'topic-deleted', topicId: id, name },
    records: [{ type: 'topic-deleted', topicId: id }],
  });
}

/** The one that is meant, in the state in which the caller saw it. */
function checkTopic(
  image: MetadataImage,
  { topic, expectedRevision }: Pick<DeleteTopic, 'topic' | 'expectedRevision'>,
): Result<TopicImage, MetadataRefusal> {
  const found = findTopic(image, topic.by === 'id' ? topic : { ...topic, topicId: undefined });
  if (found === undefined) return refused({ type: 'topic-not-found', topic });
  const { name, topicId: current, changedRevision } = found;
  const named = topic.topicId;
  if (named !== undefined && named !== current) return refused({ type: 'topic-id-mismatch', name, named, current });
  if (expectedRevision !== undefined && expectedRevision !== changedRevision)
    return refused({ type: 'topic-changed', name, expected: expectedRevision, changedRevision });
  return ok(found);
}

function decideAddedReplicas(
  image: MetadataImage,
  { topic, added, assignments }: { topic: TopicImage; added: number } & Pick<UpdateTopic, 'assignments'>,
  context: DecideContext,
): Result<readonly PartitionImage[], MetadataRefusal> {
  if (added === 0 && assignments.length > 0)
    return refused({ type: 'invalid-assignment', partition: topic.partitions.length, why: 'no partition is added' });
  if (added === 0) return ok([]);
  const replicationFactor = topic.partitions[0]?.replicas.length ?? 1;
  return decideReplicas(image, { partitionCount: added, replicationFactor, assignments }, context);
}

function checkPartitionCount(
  image: MetadataImage,
  { wanted, existing }: { wanted: number; existing: number },
): Result<number, MetadataRefusal> {
  const { partitionsPerTopicMax: max, partitionsMax } = metadataLimits;
  const min = Math.max(1, existing);
  if (!Number.isSafeInteger(wanted) || wanted < min || wanted > max)
    return refused({ type: 'invalid-partition-count', wanted, min, max });
  if (image.partitionCount + wanted - existing > partitionsMax)
    return refused({ type: 'limit-reached', limit: 'partitionsMax', max: partitionsMax });
  return ok(wanted);
}

function defaultReplicationFactor(image: MetadataImage): number {
  const value = configValue(image, { scope: 'cluster' }, 'default.replication.factor');
  if (value !== 'auto') return Number(value);
  const available = [...image.brokers.keys()].filter((brokerId) => isActive(image, brokerId)).length;
  return Math.max(1, Math.min(3, available));
}

function clusterNumber(image: MetadataImage, name: string): number {
  return Number(configValue(image, { scope: 'cluster' }, name));
}

function createdAnswer(
  { topicId: id, name, partitions }: Pick<TopicImage, 'topicId' | 'name' | 'partitions'>,
  existedBefore: boolean,
): TopicCreated {
  return {
    type: 'topic-created',
    topicId: id,
    name,
    partitionCount: partitions.length,
    replicationFactor: partitions[0]?.replicas.length ?? 0,
    existedBefore,
  };
}
