/**
 * The public API of a node: which services it serves in which role, over what it knows of itself.
 */
import type { ServiceHost } from '../api/service-table.ts';
import { serviceTable, type Service } from '../api/service-table.ts';
import { healthService, healthServiceName } from '../api/health-service.ts';
import type { HealthBoard } from '../api/health-board.ts';
import { clusterService, clusterServiceName } from '../api/cluster-service.ts';
import { logService, logServiceName } from '../api/log-service.ts';
import type { LogServiceParts } from '../api/partition-calls.ts';
import type { MetadataDoor } from '../api/metadata-door.ts';
import { metadataService, metadataServiceName } from '../api/metadata-service.ts';
import type { MetadataWatches } from '../api/metadata-watches.ts';
import { quorumService, quorumServiceName, type QuorumView } from '../api/quorum-service.ts';
import { reflectionServiceNames, reflectionServices } from '../api/reflection-service.ts';
import { topicService, topicServiceName } from '../api/topic-service.ts';
import type { StreamAcceptor } from '../ports/stream.ts';
import type { ServerInfo } from '../wire/server-info-messages.ts';

/** Services whose health is told one by one. */
export const healthCheckedServices = [
  clusterServiceName,
  logServiceName,
  metadataServiceName,
  quorumServiceName,
  topicServiceName,
] as const;

export interface NodeFacts {
  readonly quorum: QuorumView;
  readonly metadata: MetadataDoor;
  readonly topicsOnFirstUse: boolean;
  readonly log: LogServiceParts;
  readonly watches: MetadataWatches;
  readonly health: HealthBoard;
  /** Bytes of a google.protobuf.FileDescriptorSet of the whole API. */
  readonly descriptorSet: () => Uint8Array;
  readonly describeNode: () => ServerInfo;
}

export function nodeServices(facts: NodeFacts, host: ServiceHost): ReadonlyMap<string, StreamAcceptor> {
  const reflected = [healthServiceName, ...reflectionServiceNames, ...healthCheckedServices].sort();
  const describeQuorum = (): ReturnType<QuorumView['describe']> => facts.quorum.describe();
  const services: readonly Service[] = [
    quorumService(facts.quorum),
    metadataService({ ...facts, describeQuorum }),
    topicService(facts.metadata),
    logService(facts.log),
    clusterService({ ...facts, describeQuorum }),
    healthService(facts.health),
    ...reflectionServices({ descriptorSet: facts.descriptorSet, services: reflected }),
  ];
  return serviceTable(services, host);
}
