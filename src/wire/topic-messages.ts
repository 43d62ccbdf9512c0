/**
 * odradek.v1.TopicService: its requests as commands of the metadata, its replies as values.
 *
 * What a request may ask for is judged by the metadata core; here only what no value can hold is refused.
 */
import { topicIdFromOutside, type TopicId } from '../base/ids.ts';
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import type { CreateTopic, DeleteTopic, TopicRef, UpdateTopic } from '../metadata/metadata-command.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import {
  configChangesFromWire,
  configChangesToWire,
  configsFromWire,
  consistencyFromWire,
  consistencyToWire,
  optionalFrom,
  pageFromWire,
  pageToWire,
  requestIdFromWire,
  count,
  revisionFrom,
  type ConsistencyName,
  type ListRequest,
} from './request-fields.ts';
import {
  assignmentsFromWire,
  assignmentsToWire,
  topicRefFromWire,
  topicRefToWire,
  summaryFromWire,
  summaryToWire,
  topicFromWire,
  topicToWire,
  type TopicReply,
  type TopicSummary,
} from './topic-values.ts';

const wire = odradek.v1;

export interface CreateTopicRequest {
  readonly command: CreateTopic;
  /** Undefined: the node chooses one. */
  readonly requestId: string | undefined;
}

export interface CreateTopicReply {
  readonly name: string;
  /** Undefined when only validated. */
  readonly topicId: TopicId | undefined;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  readonly created: boolean;
  readonly revision: LogIndex;
}

export interface GetTopicRequest {
  readonly topic: TopicRef;
  readonly consistency: ConsistencyName;
}

export interface GetTopicReply {
  readonly topic: TopicReply;
  readonly revision: LogIndex;
}

export interface ListTopicsReply {
  readonly topics: readonly TopicSummary[];
  /** Empty: this was the last page. */
  readonly nextPageToken: string;
  readonly revision: LogIndex;
}

export interface UpdateTopicRequest {
  readonly command: UpdateTopic;
  readonly requestId: string | undefined;
}

export interface UpdateTopicReply {
  readonly name: string;
  readonly topicId: TopicId;
  readonly partitionCount: number;
  readonly revision: LogIndex;
}

export interface DeleteTopicRequest {
  readonly command: DeleteTopic;
  readonly requestId: string | undefined;
}

export interface DeleteTopicReply {
  readonly deleted: boolean;
  readonly topicId: TopicId | undefined;
  readonly revision: LogIndex;
}

export const createTopicRequestCodec: Codec<CreateTopicRequest> = {
  encode: ({ command, requestId }) =>
    wire.CreateTopicRequest.encode({
      topic: {
        name: command.name,
        partitionCount: command.partitionCount ?? null,
        replicationFactor: command.replicationFactor ?? null,
        assignments: assignmentsToWire(command.assignments),
        configs: configChangesToWire(command.configs).setConfigs,
      },
      validateOnly: command.validateOnly,
      ifNotExists: command.ifNotExists,
      requestId: requestId ?? '',
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.CreateTopicRequest, ownedBytes, ({ topic, validateOnly, ifNotExists, requestId }) => ({
      command: {
        type: 'create-topic',
        name: topic?.name ?? '',
        partitionCount: topic?.partitionCount ?? undefined,
        replicationFactor: topic?.replicationFactor ?? undefined,
        assignments: assignmentsFromWire('topic.assignments', topic?.assignments),
        configs: configsFromWire('topic.configs', topic?.configs),
        ifNotExists,
        validateOnly,
      },
      requestId: requestIdFromWire(requestId),
    })),
};

export const createTopicReplyCodec: Codec<CreateTopicReply> = {
  encode: ({ topicId, revision, ...reply }) =>
    wire.CreateTopicResponse.encode({ ...reply, topicId: topicId ?? '', metadataRevision: revision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.CreateTopicResponse, ownedBytes, (message) => ({
      name: message.name,
      topicId: idFrom(message.topicId),
      partitionCount: count('partition_count', message.partitionCount),
      replicationFactor: count('replication_factor', message.replicationFactor),
      created: message.created,
      revision: revisionFrom(message),
    })),
};

export const getTopicRequestCodec: Codec<GetTopicRequest> = {
  encode: ({ topic, consistency }) =>
    wire.GetTopicRequest.encode({
      ...topicRefToWire(topic),
      consistency: consistencyToWire(consistency),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetTopicRequest, ownedBytes, (message) => ({
      topic: topicRefFromWire(message),
      consistency: consistencyFromWire(message.consistency),
    })),
};

export const getTopicReplyCodec: Codec<GetTopicReply> = {
  encode: ({ topic, revision }) =>
    wire.GetTopicResponse.encode({ topic: topicToWire(topic), metadataRevision: revision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetTopicResponse, ownedBytes, (message) => ({
      topic: topicFromWire(message.topic ?? {}),
      revision: revisionFrom(message),
    })),
};

export const listTopicsRequestCodec: Codec<ListRequest> = {
  encode: ({ page, consistency }) =>
    wire.ListTopicsRequest.encode({ ...pageToWire(page), consistency: consistencyToWire(consistency) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ListTopicsRequest, ownedBytes, (message) => ({
      page: pageFromWire(message),
      consistency: consistencyFromWire(message.consistency),
    })),
};

export const listTopicsReplyCodec: Codec<ListTopicsReply> = {
  encode: ({ topics, nextPageToken, revision }) =>
    wire.ListTopicsResponse.encode({
      topics: topics.map(summaryToWire),
      nextPageToken,
      metadataRevision: revision,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ListTopicsResponse, ownedBytes, (message) => ({
      topics: message.topics.map(summaryFromWire),
      nextPageToken: message.nextPageToken,
      revision: revisionFrom(message),
    })),
};

export const updateTopicRequestCodec: Codec<UpdateTopicRequest> = {
  encode: ({ command, requestId }) =>
    wire.UpdateTopicRequest.encode({
      ...topicRefToWire(command.topic),
      partitionCount: command.partitionCount ?? null,
      assignments: assignmentsToWire(command.assignments),
      ...configChangesToWire(command.configs),
      validateOnly: command.validateOnly,
      requestId: requestId ?? '',
      expectedRevision: command.expectedRevision ?? null,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.UpdateTopicRequest, ownedBytes, (message) => ({
      command: {
        type: 'update-topic',
        topic: topicRefFromWire(message),
        partitionCount: optionalFrom(message.partitionCount, (partitions) => partitions),
        assignments: assignmentsFromWire('assignments', message.assignments),
        configs: configChangesFromWire(message),
        expectedRevision: expectedFrom(message),
        validateOnly: message.validateOnly,
      },
      requestId: requestIdFromWire(message.requestId),
    })),
};

export const updateTopicReplyCodec: Codec<UpdateTopicReply> = {
  encode: ({ revision, ...reply }) =>
    wire.UpdateTopicResponse.encode({ ...reply, metadataRevision: revision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.UpdateTopicResponse, ownedBytes, (message) => ({
      name: message.name,
      topicId: must('topic_id', topicIdFromOutside(message.topicId)),
      partitionCount: count('partition_count', message.partitionCount),
      revision: revisionFrom(message),
    })),
};

export const deleteTopicRequestCodec: Codec<DeleteTopicRequest> = {
  encode: ({ command: { topic, ifExists, expectedRevision, validateOnly }, requestId }) =>
    wire.DeleteTopicRequest.encode({
      ...topicRefToWire(topic),
      ifExists,
      validateOnly,
      requestId: requestId ?? '',
      expectedRevision: expectedRevision ?? null,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.DeleteTopicRequest, ownedBytes, (message) => ({
      command: {
        type: 'delete-topic',
        topic: topicRefFromWire(message),
        ifExists: message.ifExists,
        expectedRevision: expectedFrom(message),
        validateOnly: message.validateOnly,
      },
      requestId: requestIdFromWire(message.requestId),
    })),
};

export const deleteTopicReplyCodec: Codec<DeleteTopicReply> = {
  encode: ({ deleted, topicId, revision }) =>
    wire.DeleteTopicResponse.encode({ deleted, topicId: topicId ?? '', metadataRevision: revision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.DeleteTopicResponse, ownedBytes, (message) => ({
      deleted: message.deleted,
      topicId: idFrom(message.topicId),
      revision: revisionFrom(message),
    })),
};

function idFrom(topicId: string): TopicId | undefined {
  return topicId === '' ? undefined : must('topic_id', topicIdFromOutside(topicId));
}

function expectedFrom({ expectedRevision }: { readonly expectedRevision?: number | null }): LogIndex | undefined {
  return optionalFrom(expectedRevision, (revision) => must('expected_revision', logIndexFromOutside(revision)));
}
