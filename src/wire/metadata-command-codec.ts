/**
 * Commands of the metadata on their way to the controller, as odradek.internal.v1.MetadataRequest.
 *
 * Only what no domain value can hold is refused here; whether a command makes sense is for whoever decides it.
 */
import { assertUnreachable } from '../base/assert.ts';
import { brokerEpochFromOutside } from '../base/epochs.ts';
import {
  clusterIdFromOutside,
  directoryIdFromOutside,
  incarnationIdFromOutside,
  topicIdFromOutside,
} from '../base/ids.ts';
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import type {
  Assignment,
  ConfigChange,
  CreateTopic,
  MetadataCommand,
  MetadataRequest,
  RegisterBroker,
  TopicRef,
  UpdateTopic,
} from '../metadata/metadata-command.ts';
import { must, unreadable } from './decode-message.ts';
import type { odradek } from './generated/messages.js';
import {
  changeInSyncFromWire,
  changeInSyncToWire,
  stepAsideFromWire,
  stepAsideToWire,
} from './in-sync-command-codec.ts';
import { brokerFrom, brokersFrom, featuresFromWire } from './metadata-record-codec.ts';

type Wire = odradek.internal.v1.MetadataRequest.$Properties;
type WireReference = odradek.internal.v1.TopicReference.$Properties;
type WireChange = odradek.internal.v1.ConfigChangeValue.$Properties;
type WireAssignment = odradek.internal.v1.AssignedBrokers.$Properties;

export function commandToWire({ requestId, command }: MetadataRequest): Wire {
  return { requestId, ...bodyToWire(command) };
}

export function commandFromWire(message: Wire | null | undefined): MetadataRequest {
  return { requestId: message?.requestId ?? '', command: bodyFromWire(message ?? {}) };
}

export function referenceToWire(topic: TopicRef): WireReference {
  return { name: topic.by === 'name' ? topic.name : null, topicId: topic.topicId ?? null };
}

export function referenceFromWire(message: WireReference | null | undefined): TopicRef {
  const { name, topicId } = message ?? {};
  const id = typeof topicId === 'string' ? must('topic_id', topicIdFromOutside(topicId)) : undefined;
  if (typeof name === 'string') return { by: 'name', name, topicId: id };
  return id === undefined ? unreadable('topic', undefined, 'a name or an id') : { by: 'id', topicId: id };
}

function bodyToWire(command: MetadataCommand): Omit<Wire, 'requestId'> {
  switch (command.type) {
    case 'create-topic': {
      const { name, partitionCount = null, replicationFactor = null, ifNotExists, validateOnly } = command;
      const { assignments, configs } = listsToWire(command);
      return {
        createTopic: { name, partitionCount, replicationFactor, assignments, configs, ifNotExists, validateOnly },
      };
    }
    case 'update-topic': {
      const { partitionCount = null, expectedRevision = null, validateOnly } = command;
      const topic = referenceToWire(command.topic);
      return { updateTopic: { topic, partitionCount, ...listsToWire(command), expectedRevision, validateOnly } };
    }
    case 'delete-topic': {
      const { ifExists, expectedRevision = null, validateOnly } = command;
      return { deleteTopic: { topic: referenceToWire(command.topic), ifExists, expectedRevision, validateOnly } };
    }
    case 'update-configs': {
      const { resource, validateOnly } = command;
      const brokerId = resource.scope === 'broker' ? resource.brokerId : null;
      return { updateConfigs: { brokerId, configs: changesToWire(command.configs), validateOnly } };
    }
    case 'update-features':
      return { updateFeatures: { updates: [...command.updates], validateOnly: command.validateOnly } };
    case 'register-broker':
      return { registerBroker: registrationToWire(command) };
    case 'shut-down-broker':
      return { shutDownBroker: command };
    case 'allocate-producer-ids':
      return { allocateProducerIds: command };
    case 'change-in-sync':
      return { changeInSync: changeInSyncToWire(command) };
    case 'step-aside':
      return { stepAside: stepAsideToWire(command) };
    default:
      return assertUnreachable(command);
  }
}

function bodyFromWire(message: Wire): MetadataCommand {
  if (message.createTopic) return createFromWire(message.createTopic);
  if (message.updateTopic) return updateFromWire(message.updateTopic);
  if (message.deleteTopic) {
    const { topic, ifExists, expectedRevision, validateOnly } = message.deleteTopic;
    return {
      type: 'delete-topic',
      topic: referenceFromWire(topic),
      ifExists: ifExists ?? false,
      expectedRevision: optionalRevision(expectedRevision),
      validateOnly: validateOnly ?? false,
    };
  }
  if (message.updateConfigs) {
    const { brokerId, configs, validateOnly } = message.updateConfigs;
    return {
      type: 'update-configs',
      resource:
        typeof brokerId === 'number' ? { scope: 'broker', brokerId: brokerFrom(brokerId) } : { scope: 'cluster' },
      configs: changesFromWire(configs),
      validateOnly: validateOnly ?? false,
    };
  }
  if (message.updateFeatures) {
    const updates = (message.updateFeatures.updates ?? []).map(({ name, level, allowDowngrade }) => {
      return { name: name ?? '', level: level ?? 0, allowDowngrade: allowDowngrade ?? false };
    });
    return { type: 'update-features', updates, validateOnly: message.updateFeatures.validateOnly ?? false };
  }
  return brokerCommandFromWire(message);
}

function brokerCommandFromWire(message: Wire): MetadataCommand {
  if (message.registerBroker) return registrationFromWire(message.registerBroker);
  if (message.shutDownBroker) return { type: 'shut-down-broker', ...brokerLifeFrom(message.shutDownBroker) };
  if (message.allocateProducerIds)
    return { type: 'allocate-producer-ids', ...brokerLifeFrom(message.allocateProducerIds) };
  if (message.changeInSync)
    return { ...changeInSyncFromWire(message.changeInSync), ...brokerLifeFrom(message.changeInSync) };
  if (message.stepAside) return { ...stepAsideFromWire(message.stepAside), ...brokerLifeFrom(message.stepAside) };
  return unreadable('command', undefined, 'a command that this release knows');
}

function createFromWire(message: odradek.internal.v1.CreateTopicCommand.$Properties): CreateTopic {
  return {
    type: 'create-topic',
    name: message.name ?? '',
    partitionCount: message.partitionCount ?? undefined,
    replicationFactor: message.replicationFactor ?? undefined,
    assignments: assignmentsFromWire(message.assignments),
    configs: changesFromWire(message.configs),
    ifNotExists: message.ifNotExists ?? false,
    validateOnly: message.validateOnly ?? false,
  };
}

function updateFromWire(message: odradek.internal.v1.UpdateTopicCommand.$Properties): UpdateTopic {
  return {
    type: 'update-topic',
    topic: referenceFromWire(message.topic),
    partitionCount: message.partitionCount ?? undefined,
    assignments: assignmentsFromWire(message.assignments),
    configs: changesFromWire(message.configs),
    expectedRevision: optionalRevision(message.expectedRevision),
    validateOnly: message.validateOnly ?? false,
  };
}

function registrationToWire(command: RegisterBroker): odradek.internal.v1.RegisterBrokerCommand.$Properties {
  const { brokerId, clusterId, incarnation, directories, rack = null, endpoints, features } = command;
  const addresses = { apiEndpoint: endpoints.api, peerEndpoint: endpoints.peer };
  return {
    brokerId,
    clusterId,
    incarnation,
    directories: [...directories],
    rack,
    ...addresses,
    features: [...features],
  };
}

function registrationFromWire(message: odradek.internal.v1.RegisterBrokerCommand.$Properties): RegisterBroker {
  return {
    type: 'register-broker',
    brokerId: brokerFrom(message.brokerId),
    clusterId: must('cluster_id', clusterIdFromOutside(message.clusterId ?? '')),
    incarnation: must('incarnation', incarnationIdFromOutside(message.incarnation ?? '')),
    directories: (message.directories ?? []).map((id) => must('directories', directoryIdFromOutside(id))),
    rack: message.rack ?? undefined,
    endpoints: { api: message.apiEndpoint ?? '', peer: message.peerEndpoint ?? '' },
    features: featuresFromWire(message.features),
  };
}

function brokerLifeFrom({ brokerId, brokerEpoch }: odradek.internal.v1.ShutDownBrokerCommand.$Properties) {
  const epoch = must('broker_epoch', brokerEpochFromOutside(brokerEpoch ?? 0));
  return { brokerId: brokerFrom(brokerId), brokerEpoch: epoch };
}

function listsToWire({ assignments, configs }: Pick<UpdateTopic, 'assignments' | 'configs'>) {
  return {
    assignments: assignments.map((brokerIds): WireAssignment => ({ brokerIds: [...brokerIds] })),
    configs: changesToWire(configs),
  };
}

function assignmentsFromWire(messages: readonly WireAssignment[] | null | undefined): readonly Assignment[] {
  return (messages ?? []).map(({ brokerIds }) => brokersFrom(brokerIds));
}

function changesToWire(changes: readonly ConfigChange[]): WireChange[] {
  return changes.map(({ name, value }) => ({ name, value: value ?? null }));
}

function changesFromWire(messages: readonly WireChange[] | null | undefined): readonly ConfigChange[] {
  return (messages ?? []).map(({ name, value }) => ({ name: name ?? '', value: value ?? undefined }));
}

function optionalRevision(value: number | null | undefined): LogIndex | undefined {
  return typeof value === 'number' ? must('expected_revision', logIndexFromOutside(value)) : undefined;
}
