/**
 * The cluster as a whole, as odradek.v1.ClusterService shows it: its figures and its health.
 */
import { clusterIdFromOutside, voterIdFromOutside, type ClusterId, type VoterId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must } from './decode-message.ts';
import { emptyMessageCodec } from './empty-message.ts';
import { odradek } from './generated/messages.js';
import {
  consistencyFromWire,
  consistencyToWire,
  count,
  enumNames,
  optionalFrom,
  revisionFrom,
  type ConsistencyName,
} from './request-fields.ts';

const wire = odradek.v1;

export interface GetClusterRequest {
  readonly consistency: ConsistencyName;
}

export interface ClusterFigures {
  readonly voterCount: number;
  readonly brokerCount: number;
  readonly fencedBrokerCount: number;
  readonly topicCount: number;
  readonly partitionCount: number;
  readonly leaderlessPartitionCount: number;
  readonly underReplicatedPartitionCount: number;
}

export interface GetClusterReply extends ClusterFigures {
  readonly clusterId: ClusterId;
  readonly controllerId: VoterId | undefined;
  readonly revision: LogIndex;
}

/** The gravest last. */
export type HealthSeverityName = 'notice' | 'warning' | 'critical';

export interface HealthFinding {
  /** For programs: SCREAMING_SNAKE_CASE. */
  readonly code: string;
  readonly severity: HealthSeverityName;
  readonly summary: string;
  readonly remedy: string;
  /** Some of what it is about. */
  readonly subjects: readonly string[];
  readonly subjectCount: number;
}

export interface GetHealthReply {
  /** The gravest first. */
  readonly findings: readonly HealthFinding[];
  readonly revision: LogIndex;
}

const severities = enumNames<HealthSeverityName>({
  notice: wire.HealthSeverity.HEALTH_SEVERITY_NOTICE,
  warning: wire.HealthSeverity.HEALTH_SEVERITY_WARNING,
  critical: wire.HealthSeverity.HEALTH_SEVERITY_CRITICAL,
});

export const getClusterRequestCodec: Codec<GetClusterRequest> = {
  encode: ({ consistency }) => wire.GetClusterRequest.encode({ consistency: consistencyToWire(consistency) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetClusterRequest, ownedBytes, (message) => ({
      consistency: consistencyFromWire(message.consistency),
    })),
};

export const getClusterReplyCodec: Codec<GetClusterReply> = {
  encode: ({ revision, controllerId, ...cluster }) =>
    wire.GetClusterResponse.encode({
      ...cluster,
      controllerId: controllerId ?? null,
      metadataRevision: revision,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetClusterResponse, ownedBytes, (message) => ({
      clusterId: must('cluster_id', clusterIdFromOutside(message.clusterId)),
      controllerId: optionalFrom(message.controllerId, (id) => must('controller_id', voterIdFromOutside(id))),
      voterCount: count('voter_count', message.voterCount),
      brokerCount: count('broker_count', message.brokerCount),
      fencedBrokerCount: count('fenced_broker_count', message.fencedBrokerCount),
      topicCount: count('topic_count', message.topicCount),
      partitionCount: count('partition_count', message.partitionCount),
      leaderlessPartitionCount: count('leaderless_partition_count', message.leaderlessPartitionCount),
      underReplicatedPartitionCount: count('under_replicated_partition_count', message.underReplicatedPartitionCount),
      revision: revisionFrom(message),
    })),
};

export const getHealthRequestCodec = emptyMessageCodec(wire.GetHealthRequest);

export const getHealthReplyCodec: Codec<GetHealthReply> = {
  encode: ({ findings, revision }) =>
    wire.GetHealthResponse.encode({
      severity: findings[0] === undefined ? 0 : severities.toWire(findings[0].severity),
      findings: findings.map(findingToWire),
      metadataRevision: revision,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetHealthResponse, ownedBytes, (message) => ({
      findings: message.findings.map(findingFromWire),
      revision: revisionFrom(message),
    })),
};

function findingToWire(finding: HealthFinding): odradek.v1.HealthFinding.$Properties {
  return { ...finding, severity: severities.toWire(finding.severity), subjects: [...finding.subjects] };
}

function findingFromWire(message: odradek.v1.HealthFinding.$Properties): HealthFinding {
  return {
    code: message.code ?? '',
    severity: severities.fromWire('findings.severity', message.severity),
    summary: message.summary ?? '',
    remedy: message.remedy ?? '',
    subjects: message.subjects ?? [],
    subjectCount: count('findings.subject_count', message.subjectCount),
  };
}
