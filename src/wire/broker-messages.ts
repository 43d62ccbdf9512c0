/**
 * The brokers of odradek.v1.ClusterService: what is registered, and what each of them keeps and leads.
 */
import { brokerEpochFromOutside } from '../base/epochs.ts';
import { brokerIdFromOutside, directoryIdFromOutside, incarnationIdFromOutside, type BrokerId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { BrokerImage, BrokerState } from '../metadata/metadata-image.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import {
  consistencyFromWire,
  consistencyToWire,
  count,
  enumNames,
  pageFromWire,
  pageToWire,
  revisionFrom,
  type ConsistencyName,
  type ListRequest,
} from './request-fields.ts';

const wire = odradek.v1;

export interface ListBrokersReply {
  readonly brokers: readonly BrokerImage[];
  readonly nextPageToken: string;
  readonly revision: LogIndex;
}

export interface GetBrokerRequest {
  readonly brokerId: BrokerId;
  readonly consistency: ConsistencyName;
}

export interface GetBrokerReply {
  readonly broker: BrokerImage;
  readonly revision: LogIndex;
}

const states = enumNames<BrokerState>({
  active: wire.BrokerState.BROKER_STATE_ACTIVE,
  fenced: wire.BrokerState.BROKER_STATE_FENCED,
  'shutting-down': wire.BrokerState.BROKER_STATE_SHUTTING_DOWN,
});

export const listBrokersRequestCodec: Codec<ListRequest> = {
  encode: ({ page, consistency }) =>
    wire.ListBrokersRequest.encode({ ...pageToWire(page), consistency: consistencyToWire(consistency) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ListBrokersRequest, ownedBytes, (message) => ({
      page: pageFromWire(message),
      consistency: consistencyFromWire(message.consistency),
    })),
};

export const listBrokersReplyCodec: Codec<ListBrokersReply> = {
  encode: ({ brokers, nextPageToken, revision }) =>
    wire.ListBrokersResponse.encode({
      brokers: brokers.map(brokerToWire),
      nextPageToken,
      metadataRevision: revision,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ListBrokersResponse, ownedBytes, (message) => ({
      brokers: message.brokers.map(brokerFromWire),
      nextPageToken: message.nextPageToken,
      revision: revisionFrom(message),
    })),
};

export const getBrokerRequestCodec: Codec<GetBrokerRequest> = {
  encode: ({ brokerId, consistency }) =>
    wire.GetBrokerRequest.encode({ brokerId, consistency: consistencyToWire(consistency) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetBrokerRequest, ownedBytes, (message) => ({
      brokerId: must('broker_id', brokerIdFromOutside(message.brokerId)),
      consistency: consistencyFromWire(message.consistency),
    })),
};

export const getBrokerReplyCodec: Codec<GetBrokerReply> = {
  encode: ({ broker, revision }) =>
    wire.GetBrokerResponse.encode({ broker: brokerToWire(broker), metadataRevision: revision }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetBrokerResponse, ownedBytes, (message) => ({
      broker: brokerFromWire(message.broker ?? {}),
      revision: revisionFrom(message),
    })),
};

function brokerToWire(broker: BrokerImage): odradek.v1.Broker.$Properties {
  return {
    brokerId: broker.brokerId,
    state: states.toWire(broker.state),
    brokerEpoch: broker.brokerEpoch,
    incarnationId: broker.incarnation,
    rack: broker.rack ?? '',
    apiEndpoint: broker.endpoints.api,
    peerEndpoint: broker.endpoints.peer,
    directoryIds: [...broker.directories],
    leaderCount: broker.leaderCount,
    replicaCount: broker.replicaCount,
    features: broker.features.map((feature) => ({ ...feature })),
  };
}

function brokerFromWire(message: odradek.v1.Broker.$Properties): BrokerImage {
  return {
    brokerId: must('broker.broker_id', brokerIdFromOutside(message.brokerId)),
    state: states.fromWire('broker.state', message.state),
    brokerEpoch: must('broker.broker_epoch', brokerEpochFromOutside(message.brokerEpoch ?? 0)),
    incarnation: must('broker.incarnation_id', incarnationIdFromOutside(message.incarnationId ?? '')),
    rack: message.rack ? message.rack : undefined,
    endpoints: { api: message.apiEndpoint ?? '', peer: message.peerEndpoint ?? '' },
    directories: (message.directoryIds ?? []).map((id) => must('broker.directory_ids', directoryIdFromOutside(id))),
    leaderCount: count('broker.leader_count', message.leaderCount),
    replicaCount: count('broker.replica_count', message.replicaCount),
    features: (message.features ?? []).map((feature) => ({
      name: feature.name ?? '',
      levelMin: count('broker.features.level_min', feature.levelMin),
      levelMax: count('broker.features.level_max', feature.levelMax),
    })),
  };
}
