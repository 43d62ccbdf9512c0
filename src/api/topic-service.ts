/**
 * odradek.v1.TopicService: topics made, looked up, listed, changed and deleted, on any node.
 *
 * Changes are commands of the metadata and are judged by the controller; what is read comes from an image. A reply to
 * a change tells what the command did, and not how the topic looks by now.
 */
import { ok, refused, type Result } from '../base/result.ts';
import type { TopicRef } from '../metadata/metadata-command.ts';
import { configKey, type MetadataImage, type TopicImage } from '../metadata/metadata-image.ts';
import { findTopic } from '../metadata/find-topic.ts';
import {
  createTopicReplyCodec,
  createTopicRequestCodec,
  deleteTopicReplyCodec,
  deleteTopicRequestCodec,
  getTopicReplyCodec,
  getTopicRequestCodec,
  listTopicsReplyCodec,
  listTopicsRequestCodec,
  updateTopicReplyCodec,
  updateTopicRequestCodec,
} from '../wire/topic-messages.ts';
import type { TopicSummary } from '../wire/topic-values.ts';
import type { ApiProblem } from './api-problem.ts';
import { pageOfNames } from './list-page.ts';
import type { MetadataDoor } from './metadata-door.ts';
import { otherTopic, unknownTopic, type FieldPaths } from './metadata-problem.ts';
import { countPartitions } from './partition-counts.ts';
import type { Method, Service } from './service-table.ts';
import { unaryMethod } from './unary-method.ts';

export const topicServiceName = 'odradek.v1.TopicService';

/** Explicit assignments of the largest topic that there can be. */
const requestBytesMax = 1024 * 1024;

export const updatePaths: FieldPaths = {
  name: 'name',
  partitionCount: 'partition_count',
  replicationFactor: 'replication_factor',
  assignments: 'assignments',
  configs: 'set_configs',
};

export const createPaths: FieldPaths = {
  name: 'topic.name',
  partitionCount: 'topic.partition_count',
  replicationFactor: 'topic.replication_factor',
  assignments: 'topic.assignments',
  configs: 'topic.configs',
};

export function topicService(metadata: MetadataDoor): Service {
  return {
    name: topicServiceName,
    methods: {
      CreateTopic: createTopic(metadata),
      GetTopic: getTopic(metadata),
      ListTopics: listTopics(metadata),
      UpdateTopic: updateTopic(metadata),
      DeleteTopic: deleteTopic(metadata),
    },
  };
}

function createTopic(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: createTopicRequestCodec,
    reply: createTopicReplyCodec,
    requestBytesMax,
    answer: async (context, { command, requestId }) => {
      const made = await metadata.change(context, 'topic-created', { command, requestId, paths: createPaths });
      if (!made.ok) return made;
      const { name, topicId, partitionCount, replicationFactor, existedBefore } = made.value.answer;
      return ok({
        name,
        topicId: command.validateOnly && !existedBefore ? undefined : topicId,
        partitionCount,
        replicationFactor,
        created: !command.validateOnly && !existedBefore,
        revision: made.value.revision,
      });
    },
  });
}

function getTopic(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: getTopicRequestCodec,
    reply: getTopicReplyCodec,
    answer: async (context, { topic: ref, consistency }) => {
      const image = await metadata.read(context, consistency);
      if (!image.ok) return image;
      const topic = findNamed(image.value, ref);
      if (!topic.ok) return topic;
      const { name, topicId, partitions, changedRevision } = topic.value;
      const configs = image.value.configs.get(configKey({ scope: 'topic', topicId })) ?? new Map<string, string>();
      return ok({ topic: { name, topicId, partitions, configs, changedRevision }, revision: image.value.revision });
    },
  });
}

function listTopics(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: listTopicsRequestCodec,
    reply: listTopicsReplyCodec,
    answer: async (context, { page, consistency }) => {
      const image = await metadata.read(context, consistency);
      if (!image.ok) return image;
      const { topics, topicIdsByName, revision } = image.value;
      const { rows, nextPageToken } = pageOfNames(topicIdsByName, page);
      const summaries = rows.flatMap((topicId) => topics.get(topicId) ?? []).map(summaryOf);
      return ok({ topics: summaries, nextPageToken, revision });
    },
  });
}

function updateTopic(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: updateTopicRequestCodec,
    reply: updateTopicReplyCodec,
    requestBytesMax,
    answer: async (context, { command, requestId }) => {
      const made = await metadata.change(context, 'topic-updated', { command, requestId, paths: updatePaths });
      if (!made.ok) return made;
      const { name, topicId, partitionCount } = made.value.answer;
      return ok({ name, topicId, partitionCount, revision: made.value.revision });
    },
  });
}

function deleteTopic(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: deleteTopicRequestCodec,
    reply: deleteTopicReplyCodec,
    answer: async (context, { command, requestId }) => {
      const made = await metadata.change(context, 'topic-deleted', { command, requestId, paths: updatePaths });
      if (!made.ok) return made;
      const { topicId } = made.value.answer;
      return ok({ deleted: topicId !== undefined && !command.validateOnly, topicId, revision: made.value.revision });
    },
  });
}

function findNamed(image: MetadataImage, ref: TopicRef): Result<TopicImage, ApiProblem> {
  const topic = findTopic(image, ref);
  if (topic !== undefined) return ok(topic);
  const current = ref.by === 'name' ? image.topicIdsByName.get(ref.name) : undefined;
  if (ref.by === 'id' || current === undefined || ref.topicId === undefined) return refused(unknownTopic(ref));
  return refused(otherTopic({ name: ref.name, named: ref.topicId, current }));
}

function summaryOf(topic: TopicImage): TopicSummary {
  const { name, topicId, partitions } = topic;
  const { leaderless, underReplicated } = countPartitions(topic);
  return {
    name,
    topicId,
    partitionCount: partitions.length,
    replicationFactor: partitions[0]?.replicas.length ?? 0,
    leaderlessCount: leaderless,
    underReplicatedCount: underReplicated,
  };
}
