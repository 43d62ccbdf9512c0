/**
 * Where everything is, as clients need it: odradek.v1.MetadataService/GetMetadata and WatchMetadata.
 */
import { brokerIdFromOutside, clusterIdFromOutside, topicIdFromOutside, voterIdFromOutside } from '../base/ids.ts';
import type { BrokerId, ClusterId, TopicId, VoterId } from '../base/ids.ts';
import { leaderEpochFromOutside } from '../base/offsets.ts';
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import type { BrokerImage, PartitionImage, TopicImage } from '../metadata/metadata-image.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import {
  consistencyFromWire,
  consistencyToWire,
  namesFromWire,
  optionalFrom,
  pageFromWire,
  pageToWire,
  revisionFrom,
  type ListRequest,
} from './request-fields.ts';

const wire = odradek.v1;
type WireTopic = odradek.v1.TopicMetadata.$Properties;
type WireBroker = odradek.v1.BrokerMetadata.$Properties;
type WirePartition = odradek.v1.PartitionMetadata.$Properties;

/** Names per request, so that what is asked for is bounded like what is listed. */
export const topicNamesMax = 1000;

export interface GetMetadataRequest extends ListRequest {
  readonly topics: readonly string[];
  readonly allTopics: boolean;
  /** Make those of `topics` that do not exist, where the node allows it. */
  readonly createMissing: boolean;
}

export type PartitionPlaces = Pick<PartitionImage, 'leader' | 'leaderEpoch' | 'inSync'> & {
  readonly replicaIds: readonly BrokerId[];
};

export type TopicPlaces =
  | {
      readonly isKnown: true;
      readonly name: string;
      readonly topicId: TopicId;
      readonly partitions: readonly PartitionPlaces[];
    }
  | { readonly isKnown: false; readonly name: string };

export interface BrokerPlace {
  readonly brokerId: BrokerId;
  readonly endpoint: string;
  readonly rack: string | undefined;
}

export interface GetMetadataReply {
  readonly clusterId: ClusterId;
  readonly controllerId: VoterId | undefined;
  readonly brokers: readonly BrokerPlace[];
  readonly topics: readonly TopicPlaces[];
  readonly nextPageToken: string;
  readonly revision: LogIndex;
}

export interface WatchMetadataRequest {
  /** 0: everything. */
  readonly fromRevision: LogIndex;
}

/** One message of a watch: a part of what changed, or of everything. */
export interface MetadataChange {
  readonly revision: LogIndex;
  readonly isRestart: boolean;
  readonly isComplete: boolean;
  readonly brokers: readonly BrokerPlace[];
  readonly removedBrokerIds: readonly BrokerId[];
  readonly topics: readonly TopicPlaces[];
  readonly removedTopicIds: readonly TopicId[];
}

export function placeOfBroker({ brokerId, endpoints, rack }: BrokerImage): BrokerPlace {
  return { brokerId, endpoint: endpoints.api, rack };
}

export function placesOfTopic({ name, topicId, partitions }: TopicImage): TopicPlaces {
  const places = partitions.map(({ leader, leaderEpoch, inSync, replicas }) => ({
    leader,
    leaderEpoch,
    inSync,
    replicaIds: replicas.map(({ brokerId }) => brokerId),
  }));
  return { isKnown: true, name, topicId, partitions: places };
}

export const getMetadataRequestCodec: Codec<GetMetadataRequest> = {
  encode: ({ topics, allTopics, page, consistency, createMissing }) =>
    wire.GetMetadataRequest.encode({
      topics: [...topics],
      allTopics,
      createMissing,
      ...pageToWire(page),
      consistency: consistencyToWire(consistency),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetMetadataRequest, ownedBytes, (message) => {
      if (message.topics.length > topicNamesMax)
        return unreadable('topics', `${message.topics.length} names`, `${topicNamesMax} names or fewer`);
      if (message.allTopics && message.topics.length > 0)
        return unreadable('topics', message.topics[0], 'absent, as it is with all_topics');
      return {
        topics: namesFromWire('topics', message.topics),
        allTopics: message.allTopics,
        createMissing: message.createMissing,
        page: pageFromWire(message),
        consistency: consistencyFromWire(message.consistency),
      };
    }),
};

export const getMetadataReplyCodec: Codec<GetMetadataReply> = {
  encode: (reply) =>
    wire.GetMetadataResponse.encode({
      clusterId: reply.clusterId,
      controllerId: reply.controllerId ?? null,
      brokers: reply.brokers.map(brokerToWire),
      topics: reply.topics.map(topicToWire),
      nextPageToken: reply.nextPageToken,
      metadataRevision: reply.revision,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetMetadataResponse, ownedBytes, (message) => ({
      clusterId: must('cluster_id', clusterIdFromOutside(message.clusterId)),
      controllerId: optionalFrom(message.controllerId, (id) => must('controller_id', voterIdFromOutside(id))),
      brokers: message.brokers.map(brokerFromWire),
      topics: message.topics.map(topicFromWire),
      nextPageToken: message.nextPageToken,
      revision: revisionFrom(message),
    })),
};

export const watchMetadataRequestCodec: Codec<WatchMetadataRequest> = {
  encode: ({ fromRevision }) => wire.WatchMetadataRequest.encode({ fromRevision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.WatchMetadataRequest, ownedBytes, ({ fromRevision }) => ({
      fromRevision: must('from_revision', logIndexFromOutside(fromRevision)),
    })),
};

export const watchMetadataReplyCodec: Codec<MetadataChange> = {
  encode: (change) =>
    wire.WatchMetadataResponse.encode({
      metadataRevision: change.revision,
      isRestart: change.isRestart,
      isComplete: change.isComplete,
      brokers: change.brokers.map(brokerToWire),
      removedBrokerIds: [...change.removedBrokerIds],
      topics: change.topics.map(topicToWire),
      removedTopicIds: [...change.removedTopicIds],
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.WatchMetadataResponse, ownedBytes, (message) => ({
      revision: revisionFrom(message),
      isRestart: message.isRestart,
      isComplete: message.isComplete,
      brokers: message.brokers.map(brokerFromWire),
      removedBrokerIds: message.removedBrokerIds.map((id) => must('removed_broker_ids', brokerIdFromOutside(id))),
      topics: message.topics.map(topicFromWire),
      removedTopicIds: message.removedTopicIds.map((id) => must('removed_topic_ids', topicIdFromOutside(id))),
    })),
};

function brokerToWire({ brokerId, endpoint, rack }: BrokerPlace): WireBroker {
  return { brokerId, endpoint, rack: rack ?? '' };
}

function brokerFromWire({ brokerId, endpoint, rack }: WireBroker): BrokerPlace {
  return {
    brokerId: must('brokers.broker_id', brokerIdFromOutside(brokerId)),
    endpoint: endpoint ?? '',
    rack: rack ? rack : undefined,
  };
}

function topicToWire(topic: TopicPlaces): WireTopic {
  const { name } = topic;
  if (!topic.isKnown) return { name, errorCode: wire.ErrorCode.ERROR_CODE_UNKNOWN_TOPIC };
  return { name, topicId: topic.topicId, partitions: topic.partitions.map(partitionToWire) };
}

function topicFromWire({ errorCode, name, topicId, partitions }: WireTopic): TopicPlaces {
  if (errorCode) return { isKnown: false, name: name ?? '' };
  return {
    isKnown: true,
    name: name ?? '',
    topicId: must('topics.topic_id', topicIdFromOutside(topicId ?? '')),
    partitions: (partitions ?? []).map(partitionFromWire),
  };
}

function partitionToWire({ leader, leaderEpoch, inSync, replicaIds }: PartitionPlaces, number: number): WirePartition {
  return {
    partition: number,
    leaderId: leader ?? null,
    leaderEpoch,
    replicaIds: [...replicaIds],
    inSyncIds: [...inSync],
  };
}

function partitionFromWire(message: WirePartition): PartitionPlaces {
  return {
    leader: optionalFrom(message.leaderId, (id) => must('partitions.leader_id', brokerIdFromOutside(id))),
    leaderEpoch: must('partitions.leader_epoch', leaderEpochFromOutside(message.leaderEpoch ?? 0)),
    replicaIds: (message.replicaIds ?? []).map((id) => must('partitions.replica_ids', brokerIdFromOutside(id))),
    inSync: (message.inSyncIds ?? []).map((id) => must('partitions.in_sync_ids', brokerIdFromOutside(id))),
  };
}
