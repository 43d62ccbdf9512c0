/**
 * odradek.v1.ClusterService: the cluster in figures, its health, its brokers, configs and features, on any node.
 *
 * Read next: health-findings.ts (what is wrong, and what to do), cluster-configs.ts, cluster-features.ts.
 */
import { ok, refused, type Result } from '../base/result.ts';
import type { QuorumDescription } from '../quorum/quorum-description.ts';
import {
  getBrokerReplyCodec,
  getBrokerRequestCodec,
  listBrokersReplyCodec,
  listBrokersRequestCodec,
} from '../wire/broker-messages.ts';
import {
  getClusterReplyCodec,
  getClusterRequestCodec,
  getHealthReplyCodec,
  getHealthRequestCodec,
} from '../wire/cluster-messages.ts';
import type { ApiProblem } from './api-problem.ts';
import { getConfigs, listConfigDefinitions, updateConfigs } from './cluster-configs.ts';
import { listFeatures, updateFeatures } from './cluster-features.ts';
import { healthFindings } from './health-findings.ts';
import { pageOfNumbers } from './list-page.ts';
import type { MetadataDoor } from './metadata-door.ts';
import { unknownBroker } from './metadata-problem.ts';
import { countAllPartitions } from './partition-counts.ts';
import { notFounded } from './quorum-problem.ts';
import type { Method, Service } from './service-table.ts';
import { unaryMethod } from './unary-method.ts';

export const clusterServiceName = 'odradek.v1.ClusterService';

export interface ClusterServiceParts {
  readonly metadata: MetadataDoor;
  /** Refused while the node starts or stops. */
  readonly describeQuorum: () => Result<QuorumDescription, ApiProblem>;
}

export function clusterService(parts: ClusterServiceParts): Service {
  const { metadata } = parts;
  return {
    name: clusterServiceName,
    methods: {
      GetCluster: getCluster(parts),
      GetHealth: getHealth(parts),
      ListBrokers: listBrokers(metadata),
      GetBroker: getBroker(metadata),
      GetConfigs: getConfigs(metadata),
      UpdateConfigs: updateConfigs(metadata),
      ListConfigDefinitions: listConfigDefinitions(),
      ListFeatures: listFeatures(metadata),
      UpdateFeatures: updateFeatures(metadata),
    },
  };
}

function getCluster({ metadata, describeQuorum }: ClusterServiceParts): Method {
  return unaryMethod({
    request: getClusterRequestCodec,
    reply: getClusterReplyCodec,
    answer: async (context, { consistency }) => {
      const image = await metadata.read(context, consistency);
      if (!image.ok) return image;
      const quorum = describeQuorum();
      if (!quorum.ok) return quorum;
      const { clusterId, leaderId, voters } = quorum.value;
      if (clusterId === undefined) return refused(notFounded);
      const { brokers, topics, partitionCount, revision } = image.value;
      const counts = countAllPartitions(image.value);
      return ok({
        clusterId,
        controllerId: leaderId,
        voterCount: voters.length,
        brokerCount: brokers.size,
        fencedBrokerCount: [...brokers.values()].filter(({ state }) => state === 'fenced').length,
        topicCount: topics.size,
        partitionCount,
        leaderlessPartitionCount: counts.leaderless,
        underReplicatedPartitionCount: counts.underReplicated,
        revision,
      });
    },
  });
}

/** By what this node knows: it has to answer above all when there is no quorum. */
function getHealth({ metadata, describeQuorum }: ClusterServiceParts): Method {
  return unaryMethod({
    request: getHealthRequestCodec,
    reply: getHealthReplyCodec,
    answer: () => {
      const quorum = describeQuorum();
      if (!quorum.ok) return quorum;
      const found = metadata.find();
      if (!found.ok) return found;
      const { image } = found.value;
      return ok({ findings: healthFindings(quorum.value, image), revision: image.revision });
    },
  });
}

function listBrokers(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: listBrokersRequestCodec,
    reply: listBrokersReplyCodec,
    answer: async (context, { page, consistency }) => {
      const image = await metadata.read(context, consistency);
      if (!image.ok) return image;
      const brokers = pageOfNumbers(image.value.brokers, page);
      if (!brokers.ok) return brokers;
      const { rows, nextPageToken } = brokers.value;
      return ok({ brokers: rows, nextPageToken, revision: image.value.revision });
    },
  });
}

function getBroker(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: getBrokerRequestCodec,
    reply: getBrokerReplyCodec,
    answer: async (context, { brokerId, consistency }) => {
      const image = await metadata.read(context, consistency);
      if (!image.ok) return image;
      const broker = image.value.brokers.get(brokerId);
      return broker === undefined ? refused(unknownBroker(brokerId)) : ok({ broker, revision: image.value.revision });
    },
  });
}
