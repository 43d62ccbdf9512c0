/**
 * Why the metadata refused a command, in the words of the error table: what, where, what next.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { TopicId } from '../base/ids.ts';
import { suggestion } from '../base/nearest-name.ts';
import { configDefinitions } from '../metadata/config-definitions.ts';
import type { MetadataRefusal, TopicRef } from '../metadata/metadata-command.ts';
import type { MetadataReply } from '../quorum/metadata-quorum.ts';
import type { ApiProblem } from './api-problem.ts';
import { problemOfRefusal } from './quorum-problem.ts';

/** What a request calls the fields of a command, as its proto file writes them. */
export interface FieldPaths {
  readonly name: string;
  readonly partitionCount: string;
  readonly replicationFactor: string;
  readonly assignments: string;
  readonly configs: string;
}

export function problemOfMetadata(reply: Exclude<MetadataReply, { type: 'done' }>, paths: FieldPaths): ApiProblem {
  switch (reply.type) {
    case 'refused':
      return problemOfCommand(reply.problem, paths);
    case 'not-served':
      return problemOfRefusal(reply.problem);
    case 'outcome-unknown':
      return {
        error: 'outcome-unknown',
        message:
          'the controller was lost before it answered, and the change may still be committed; ' +
          'look whether it was made, or repeat it under the same request id',
      };
    default:
      return assertUnreachable(reply);
  }
}

function problemOfCommand(problem: MetadataRefusal, paths: FieldPaths): ApiProblem {
  switch (problem.type) {
    case 'invalid':
      return atField('invalid-request', pathOf(problem.field, paths), problem.why);
    case 'invalid-topic-name':
      return {
        ...atField('invalid-topic', paths.name, `${quoted(problem.name)} ${problem.why}`),
        message: `the topic name ${quoted(problem.name)} ${problem.why}; choose another`,
      };
    case 'topic-exists':
      return {
        error: 'topic-already-exists',
        message: `topic ${problem.name} exists (id ${problem.topicId}); choose another name, or set if_not_exists`,
        metadata: { topic: problem.name, topic_id: problem.topicId },
      };
    case 'topic-not-found':
      return unknownTopic(problem.topic);
    case 'topic-id-mismatch':
      return otherTopic(problem);
    case 'topic-changed':
      return {
        error: 'revision-conflict',
        message:
          `topic ${problem.name} was changed at revision ${problem.changedRevision}, after ${problem.expected}; ` +
          'look at it again, then decide anew',
        metadata: { topic: problem.name, changed_revision: String(problem.changedRevision) },
      };
    case 'invalid-partition-count':
      return atField(
        'invalid-partitions',
        paths.partitionCount,
        `${problem.wanted} partitions are asked for, and ${problem.min} to ${problem.max} are possible`,
      );
    case 'invalid-replication-factor':
      return atField(
        'invalid-request',
        paths.replicationFactor,
        `${problem.wanted} replicas are asked for, and 1 to ${problem.max} are possible`,
      );
    case 'too-few-brokers':
      return tooFewBrokers(problem);
    case 'invalid-assignment':
      return {
        ...atField('invalid-replica-assignment', `${paths.assignments}[${problem.partition}]`, problem.why),
        message: `the brokers named for partition ${problem.partition} cannot keep it: ${problem.why}`,
      };
    case 'limit-reached':
      return {
        error: 'limit-reached',
        message: `the cluster is at its limit ${problem.limit} of ${problem.max}; delete something first`,
        metadata: { limit: problem.limit, value: String(problem.max) },
      };
    case 'request-id-reused':
      return requestIdReused(problem.requestId);
    case 'unknown-config':
    case 'config-not-settable':
    case 'invalid-config':
      return problemOfConfig(problem, paths);
    case 'unknown-feature':
    case 'unsupported-feature-level':
    case 'downgrade-not-allowed':
      return problemOfFeature(problem);
    default:
      return problemOfBroker(problem);
  }
}

function tooFewBrokers({ wanted, available }: { wanted: number; available: number }): ApiProblem {
  return {
    error: 'invalid-replication-factor',
    message:
      `too few brokers: a partition is to be on ${wanted}, and ${available} can take replicas now; ` +
      'start more brokers (ListBrokers shows those there are), or ask for fewer replicas',
    metadata: { wanted: String(wanted), available: String(available) },
  };
}

type ConfigRefusal = Extract<MetadataRefusal, { type: 'unknown-config' | 'config-not-settable' | 'invalid-config' }>;

function problemOfConfig(problem: ConfigRefusal, paths: FieldPaths): ApiProblem {
  switch (problem.type) {
    case 'unknown-config':
      return unknownConfig(problem.name, paths.configs);
    case 'config-not-settable':
      return atField(
        'invalid-config',
        `${paths.configs}[${problem.name}]`,
        `the config ${problem.name} can be set for ${problem.scopes.join(' or ')} alone`,
      );
    case 'invalid-config':
      return atField(
        'invalid-config',
        `${paths.configs}[${problem.name}]`,
        `the config ${problem.name} is ${quoted(problem.value)}, and must be ${problem.why}`,
      );
    default:
      return assertUnreachable(problem);
  }
}

type FeatureRefusal = Extract<
  MetadataRefusal,
  { type: 'unknown-feature' | 'unsupported-feature-level' | 'downgrade-not-allowed' }
>;

function problemOfFeature(problem: FeatureRefusal): ApiProblem {
  const { name } = problem;
  switch (problem.type) {
    case 'unknown-feature':
      return {
        error: 'feature-update-failed',
        message: `there is no feature ${quoted(name)}; ListFeatures shows those there are`,
        metadata: { feature: shortened(name) },
        violations: [{ field: 'updates.name', description: `there is no feature ${quoted(name)}` }],
      };
    case 'unsupported-feature-level': {
      const who = problem.brokerId === undefined ? 'this release' : `broker ${problem.brokerId}`;
      return {
        error: 'feature-update-failed',
        message:
          `the feature ${name} cannot go to level ${problem.level}: ${who} works at levels ` +
          `${problem.levelMin} to ${problem.levelMax}; upgrade it first`,
        metadata: { feature: name, level_min: String(problem.levelMin), level_max: String(problem.levelMax) },
      };
    }
    case 'downgrade-not-allowed':
      return {
        error: 'feature-update-failed',
        message:
          `the feature ${name} is at level ${problem.current}, and ${problem.level} is lower; ` +
          'set allow_downgrade if that is meant',
        metadata: { feature: name, level: String(problem.current) },
      };
    default:
      return assertUnreachable(problem);
  }
}

type BrokerRefusal = Extract<
  MetadataRefusal,
  { type: 'broker-not-found' | 'stale-broker-epoch' | 'cluster-id-mismatch' | 'broker-id-in-use' }
>;

function problemOfBroker(problem: BrokerRefusal): ApiProblem {
  switch (problem.type) {
    case 'broker-not-found':
      return unknownBroker(problem.brokerId);
    case 'stale-broker-epoch':
      return {
        error: 'stale-broker-epoch',
        message: `broker ${problem.brokerId} has registered again (epoch ${problem.current}); register anew`,
        metadata: { broker_id: String(problem.brokerId), broker_epoch: String(problem.current) },
      };
    case 'cluster-id-mismatch':
      return {
        error: 'cluster-id-mismatch',
        message: `this is cluster ${problem.ours}, and the broker belongs to ${problem.named}; correct its addresses`,
        metadata: { cluster_id: problem.ours },
      };
    case 'broker-id-in-use':
      return {
        error: 'duplicate-broker-registration',
        message:
          `broker ${problem.brokerId} is registered by a process that lives (${problem.incarnation}); ` +
          'stop that one, or give this one another number',
        metadata: { broker_id: String(problem.brokerId), incarnation_id: problem.incarnation },
      };
    default:
      return assertUnreachable(problem);
  }
}

export function unknownTopic(topic: TopicRef): ApiProblem {
  const what = topic.by === 'name' ? `topic ${quoted(topic.name)}` : `topic with the id ${topic.topicId}`;
  return {
    error: 'unknown-topic',
    message: `there is no ${what}; ListTopics shows those there are, CreateTopic makes one`,
    metadata: topic.by === 'name' ? { topic: shortened(topic.name) } : { topic_id: topic.topicId },
  };
}

export function otherTopic({ name, named, current }: { name: string; named: TopicId; current: TopicId }): ApiProblem {
  return {
    error: 'inconsistent-topic-id',
    message: `topic ${name} has the id ${current} now, and not ${named}; look it up again`,
    metadata: { topic: name, topic_id: current },
  };
}

export function unknownBroker(brokerId: number): ApiProblem {
  return {
    error: 'broker-not-registered',
    message: `no broker ${brokerId} is registered; ListBrokers shows those there are`,
    metadata: { broker_id: String(brokerId) },
  };
}

export function unknownConfig(name: string, field: string): ApiProblem {
  const nearest = suggestion(
    shortened(name),
    configDefinitions.map((definition) => definition.name),
  );
  return {
    ...atField('invalid-config', field, `there is no config ${quoted(name)}${nearest}`),
    message: `there is no config ${quoted(name)}${nearest}; ListConfigDefinitions shows those there are`,
  };
}

export function requestIdReused(requestId: string): ApiProblem {
  return {
    error: 'request-id-reused',
    message: `request id ${requestId} was used for another request; choose a new one for each`,
    metadata: { request_id: requestId },
  };
}

function atField(error: ApiProblem['error'], field: string, why: string): ApiProblem {
  return { error, message: `${why}; correct ${field}`, metadata: { field }, violations: [{ field, description: why }] };
}

/** The core names fields of its commands; what follows the first dot is a name of its own. */
function pathOf(field: string, paths: FieldPaths): string {
  const [head = '', ...rest] = field.split('.');
  const path = (paths as unknown as Readonly<Record<string, string>>)[head] ?? snakeCase(head);
  return rest.length === 0 ? path : `${path}[${rest.join('.')}]`;
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Names from outside can be as long as a message. */
function shortened(name: string): string {
  return name.length <= shownMax ? name : `${name.slice(0, shownMax)}...`;
}

const shownMax = 100;

function quoted(name: string): string {
  return JSON.stringify(shortened(name));
}
