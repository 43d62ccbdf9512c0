/**
 * Records of the metadata, as odradek.internal.v1.MetadataLogRecord. A disk format: what is in a log stays readable.
 */
import { assertUnreachable } from '../base/assert.ts';
import { positionFromOutside } from '../base/brand.ts';
import { brokerEpochFromOutside, partitionEpochFromOutside } from '../base/epochs.ts';
import {
  brokerIdFromOutside,
  directoryIdFromOutside,
  incarnationIdFromOutside,
  topicIdFromOutside,
  type BrokerId,
  type TopicId,
} from '../base/ids.ts';
import { leaderEpochFromOutside, type LeaderEpoch } from '../base/offsets.ts';
import { logIndexFromOutside } from '../base/raft-position.ts';
import type {
  BrokerState,
  ConfigResource,
  FeatureRange,
  PartitionImage,
  RecoveryState,
} from '../metadata/metadata-image.ts';
import type { BrokerRegistered, MetadataRecord, PartitionChanged } from '../metadata/metadata-record.ts';
import { must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { uniqueIdFromBytes, uniqueIdToBytes } from './unique-id-bytes.ts';

const { BrokerStateName, PartitionRecovery } = odradek.internal.v1;
type Wire = odradek.internal.v1.MetadataLogRecord.$Properties;
type WireFeature = odradek.internal.v1.FeatureLevels.$Properties;

export function recordToWire(record: MetadataRecord): Wire {
  switch (record.type) {
    case 'broker-registered':
      return { brokerRegistered: registrationToWire(record) };
    case 'broker-state-changed':
      return { brokerStateChanged: { brokerId: record.brokerId, state: brokerStates[record.state] } };
    case 'topic-created': {
      const { topicId, name, changedRevision } = record;
      return {
        topicCreated: { topicId: uniqueIdToBytes(topicId), name, changedRevision: changedRevision ?? null },
      };
    }
    case 'topic-deleted':
      return { topicDeleted: { topicId: uniqueIdToBytes(record.topicId) } };
    case 'partition-created':
      return { partitionCreated: partitionToWire(record.topicId, record.partition) };
    case 'partition-changed':
      return { partitionChanged: changeToWire(record) };
    case 'config-set': {
      const { resource, name, value } = record;
      return { configSet: { ...resourceToWire(resource), name, value: value ?? null } };
    }
    case 'feature-level-set':
      return { featureLevelSet: { name: record.name, level: record.level } };
    case 'producer-ids-allocated':
      return { producerIdsAllocated: { nextProducerId: record.nextProducerId } };
    default:
      return assertUnreachable(record);
  }
}

export function recordFromWire(message: Wire): MetadataRecord {
  if (message.partitionCreated) {
    const partition = message.partitionCreated;
    return {
      type: 'partition-created',
      topicId: topicFrom(partition.topicId),
      partition: partitionFromWire(partition),
    };
  }
  if (message.partitionChanged) return changeFromWire(message.partitionChanged);
  if (message.topicCreated) {
    const { topicId, name, changedRevision } = message.topicCreated;
    const revision = typeof changedRevision === 'number' ? logIndexFromOutside(changedRevision) : undefined;
    return {
      type: 'topic-created',
      topicId: topicFrom(topicId),
      name: name ?? '',
      changedRevision: revision === undefined ? undefined : must('changed_revision', revision),
    };
  }
  if (message.topicDeleted) return { type: 'topic-deleted', topicId: topicFrom(message.topicDeleted.topicId) };
  if (message.brokerRegistered) return registrationFromWire(message.brokerRegistered);
  if (message.brokerStateChanged) {
    const { brokerId, state } = message.brokerStateChanged;
    return { type: 'broker-state-changed', brokerId: brokerFrom(brokerId), state: brokerStateFromWire(state) };
  }
  if (message.configSet) {
    const { name, value } = message.configSet;
    const resource = resourceFromWire(message.configSet);
    return { type: 'config-set', resource, name: name ?? '', value: value ?? undefined };
  }
  if (message.featureLevelSet)
    return {
      type: 'feature-level-set',
      name: message.featureLevelSet.name ?? '',
      level: message.featureLevelSet.level ?? 0,
    };
  if (message.producerIdsAllocated) {
    const next = positionFromOutside<number>('producer id', message.producerIdsAllocated.nextProducerId);
    return { type: 'producer-ids-allocated', nextProducerId: must('next_producer_id', next) };
  }
  return unreadable('record', undefined, 'a record that this release knows');
}

export function brokerStateFromWire(state: odradek.internal.v1.BrokerStateName | null | undefined): BrokerState {
  return brokerStateNames.get(state ?? 0) ?? unreadable('state', state, 'a state that this release knows');
}

export const brokerStates = {
  fenced: BrokerStateName.BROKER_STATE_NAME_FENCED,
  active: BrokerStateName.BROKER_STATE_NAME_ACTIVE,
  'shutting-down': BrokerStateName.BROKER_STATE_NAME_SHUTTING_DOWN,
} as const satisfies Record<BrokerState, odradek.internal.v1.BrokerStateName>;

export function featuresFromWire(features: readonly WireFeature[] | null | undefined): readonly FeatureRange[] {
  return (features ?? []).map(({ name, levelMin, levelMax }) => {
    return { name: name ?? '', levelMin: levelMin ?? 0, levelMax: levelMax ?? 0 };
  });
}

export function brokerFrom(value: number | null | undefined): BrokerId {
  return must('broker_id', brokerIdFromOutside(value));
}

export function brokersFrom(values: readonly number[] | null | undefined): readonly BrokerId[] {
  return (values ?? []).map(brokerFrom);
}

const brokerStateNames = new Map(
  Object.entries(brokerStates).map(([name, state]) => [state as number, name as BrokerState]),
);

const recoveries = {
  recovered: PartitionRecovery.PARTITION_RECOVERY_RECOVERED,
  recovering: PartitionRecovery.PARTITION_RECOVERY_RECOVERING,
} as const satisfies Record<RecoveryState, odradek.internal.v1.PartitionRecovery>;

export function recoveryToWire(recovery: RecoveryState): odradek.internal.v1.PartitionRecovery {
  return recoveries[recovery];
}

export function recoveryFrom(recovery: odradek.internal.v1.PartitionRecovery | null | undefined): RecoveryState {
  return recoveryFromWire(recovery) ?? unreadable('recovery', recovery, 'a state');
}

function recoveryFromWire(
  recovery: odradek.internal.v1.PartitionRecovery | null | undefined,
): RecoveryState | undefined {
  switch (recovery ?? PartitionRecovery.PARTITION_RECOVERY_UNSPECIFIED) {
    case PartitionRecovery.PARTITION_RECOVERY_UNSPECIFIED:
      return undefined;
    case PartitionRecovery.PARTITION_RECOVERY_RECOVERED:
      return 'recovered';
    case PartitionRecovery.PARTITION_RECOVERY_RECOVERING:
      return 'recovering';
    default:
      return unreadable('recovery', recovery, 'a state that this release knows');
  }
}

function topicFrom(bytes: Uint8Array | null | undefined): TopicId {
  return uniqueIdFromBytes('topic_id', bytes, topicIdFromOutside);
}

function registrationToWire(record: BrokerRegistered): odradek.internal.v1.BrokerRegistered.$Properties {
  const { brokerId, incarnation, brokerEpoch, directories, rack, endpoints, features } = record;
  return {
    brokerId,
    incarnation: uniqueIdToBytes(incarnation),
    brokerEpoch: brokerEpoch ?? null,
    directories: directories.map(uniqueIdToBytes),
    rack: rack ?? null,
    apiEndpoint: endpoints.api,
    peerEndpoint: endpoints.peer,
    features: [...features],
  };
}

function registrationFromWire(message: odradek.internal.v1.BrokerRegistered.$Properties): BrokerRegistered {
  const { brokerEpoch } = message;
  return {
    type: 'broker-registered',
    brokerId: brokerFrom(message.brokerId),
    incarnation: uniqueIdFromBytes('incarnation', message.incarnation, incarnationIdFromOutside),
    brokerEpoch:
      typeof brokerEpoch === 'number' ? must('broker_epoch', brokerEpochFromOutside(brokerEpoch)) : undefined,
    directories: (message.directories ?? []).map((bytes) =>
      uniqueIdFromBytes('directory', bytes, directoryIdFromOutside),
    ),
    rack: message.rack ?? undefined,
    endpoints: { api: message.apiEndpoint ?? '', peer: message.peerEndpoint ?? '' },
    features: featuresFromWire(message.features),
  };
}

function partitionToWire(
  topicId: TopicId,
  partition: PartitionImage,
): odradek.internal.v1.PartitionCreatedRecord.$Properties {
  const { replicas, inSync, eligible, aside, leader, recovery, leaderEpoch, partitionEpoch } = partition;
  return {
    topicId: uniqueIdToBytes(topicId),
    replicas: replicas.map(({ brokerId, directory }) => ({ brokerId, directory: uniqueIdToBytes(directory) })),
    inSync: [...inSync],
    eligible: [...eligible],
    leader: leader ?? null,
    recovery: recoveries[recovery],
    leaderEpoch,
    partitionEpoch,
    aside: [...aside],
    uncleanEpoch: partition.uncleanEpoch ?? null,
    uncleanEpochBefore: partition.uncleanEpochBefore ?? null,
  };
}

function partitionFromWire(message: odradek.internal.v1.PartitionCreatedRecord.$Properties): PartitionImage {
  return {
    replicas: (message.replicas ?? []).map(({ brokerId, directory }) => ({
      brokerId: brokerFrom(brokerId),
      directory: uniqueIdFromBytes('directory', directory, directoryIdFromOutside),
    })),
    inSync: brokersFrom(message.inSync),
    eligible: brokersFrom(message.eligible),
    aside: brokersFrom(message.aside),
    leader: typeof message.leader === 'number' ? brokerFrom(message.leader) : undefined,
    recovery: recoveryFrom(message.recovery),
    uncleanEpoch: epochOrNone('unclean_epoch', message.uncleanEpoch),
    uncleanEpochBefore: epochOrNone('unclean_epoch_before', message.uncleanEpochBefore),
    leaderEpoch: must('leader_epoch', leaderEpochFromOutside(message.leaderEpoch)),
    partitionEpoch: must('partition_epoch', partitionEpochFromOutside(message.partitionEpoch)),
  };
}

function epochOrNone(field: string, epoch: number | null | undefined): LeaderEpoch | undefined {
  return typeof epoch === 'number' ? must(field, leaderEpochFromOutside(epoch)) : undefined;
}

function changeToWire(record: PartitionChanged): odradek.internal.v1.PartitionChangedRecord.$Properties {
  const { topicId, partition, leaderEpoch, partitionEpoch, leader, inSync, eligible, aside, recovery } = record;
  return {
    topicId: uniqueIdToBytes(topicId),
    partition,
    leaderEpoch,
    partitionEpoch,
    ...(leader === undefined ? {} : { leader: leader === 'none' ? 0 : leader }),
    ...(inSync === undefined ? {} : { inSync: { brokerIds: [...inSync] } }),
    ...(eligible === undefined ? {} : { eligible: { brokerIds: [...eligible] } }),
    ...(aside === undefined ? {} : { aside: { brokerIds: [...aside] } }),
    ...(recovery === undefined ? {} : { recovery: recoveries[recovery] }),
  };
}

function changeFromWire(message: odradek.internal.v1.PartitionChangedRecord.$Properties): PartitionChanged {
  const { leader, inSync, eligible, aside } = message;
  const recovery = recoveryFromWire(message.recovery);
  return {
    type: 'partition-changed',
    topicId: topicFrom(message.topicId),
    partition: must('partition', positionFromOutside<number>('partition', message.partition)),
    leaderEpoch: must('leader_epoch', leaderEpochFromOutside(message.leaderEpoch)),
    partitionEpoch: must('partition_epoch', partitionEpochFromOutside(message.partitionEpoch)),
    ...(typeof leader === 'number' ? { leader: leader === 0 ? 'none' : brokerFrom(leader) } : {}),
    ...(inSync ? { inSync: brokersFrom(inSync.brokerIds) } : {}),
    ...(eligible ? { eligible: brokersFrom(eligible.brokerIds) } : {}),
    ...(aside ? { aside: brokersFrom(aside.brokerIds) } : {}),
    ...(recovery === undefined ? {} : { recovery }),
  };
}

function resourceToWire(
  resource: ConfigResource,
): Pick<odradek.internal.v1.ConfigSetRecord.$Properties, 'brokerId' | 'topicId'> {
  switch (resource.scope) {
    case 'cluster':
      return {};
    case 'broker':
      return { brokerId: resource.brokerId };
    case 'topic':
      return { topicId: uniqueIdToBytes(resource.topicId) };
    default:
      return assertUnreachable(resource);
  }
}

function resourceFromWire({ brokerId, topicId }: odradek.internal.v1.ConfigSetRecord.$Properties): ConfigResource {
  if (typeof brokerId === 'number') return { scope: 'broker', brokerId: brokerFrom(brokerId) };
  return topicId ? { scope: 'topic', topicId: topicFrom(topicId) } : { scope: 'cluster' };
}
