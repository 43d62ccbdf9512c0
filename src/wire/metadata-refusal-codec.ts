/**
 * Why the controller refused a command, as odradek.internal.v1.MetadataRefusal: one message for all, of which each
 * type uses the fields that it needs.
 */
import { assertUnreachable } from '../base/assert.ts';
import { brokerEpochFromOutside } from '../base/epochs.ts';
import { clusterIdFromOutside, incarnationIdFromOutside, topicIdFromOutside, type BrokerId } from '../base/ids.ts';
import { logIndexFromOutside } from '../base/raft-position.ts';
import type { ConfigScope } from '../metadata/metadata-image.ts';
import type { MetadataRefusal } from '../metadata/metadata-command.ts';
import { must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { referenceFromWire, referenceToWire } from './metadata-command-codec.ts';
import { brokerFrom } from './metadata-record-codec.ts';

const Type = odradek.internal.v1.MetadataRefusalType;
type Wire = odradek.internal.v1.MetadataRefusal.$Properties;

export function refusalToWire(refusal: MetadataRefusal): Wire {
  return { type: types[refusal.type], ...fieldsToWire(refusal) };
}

export function refusalFromWire(message: Wire): MetadataRefusal {
  const type = typeNames.get(message.type ?? 0);
  return type === undefined
    ? unreadable('type', message.type, 'a reason that this release knows')
    : read(type, message);
}

const types = {
  invalid: Type.METADATA_REFUSAL_TYPE_INVALID,
  'invalid-topic-name': Type.METADATA_REFUSAL_TYPE_INVALID_TOPIC_NAME,
  'topic-exists': Type.METADATA_REFUSAL_TYPE_TOPIC_EXISTS,
  'topic-not-found': Type.METADATA_REFUSAL_TYPE_TOPIC_NOT_FOUND,
  'topic-id-mismatch': Type.METADATA_REFUSAL_TYPE_TOPIC_ID_MISMATCH,
  'topic-changed': Type.METADATA_REFUSAL_TYPE_TOPIC_CHANGED,
  'invalid-partition-count': Type.METADATA_REFUSAL_TYPE_INVALID_PARTITION_COUNT,
  'invalid-replication-factor': Type.METADATA_REFUSAL_TYPE_INVALID_REPLICATION_FACTOR,
  'too-few-brokers': Type.METADATA_REFUSAL_TYPE_TOO_FEW_BROKERS,
  'invalid-assignment': Type.METADATA_REFUSAL_TYPE_INVALID_ASSIGNMENT,
  'unknown-config': Type.METADATA_REFUSAL_TYPE_UNKNOWN_CONFIG,
  'config-not-settable': Type.METADATA_REFUSAL_TYPE_CONFIG_NOT_SETTABLE,
  'invalid-config': Type.METADATA_REFUSAL_TYPE_INVALID_CONFIG,
  'unknown-feature': Type.METADATA_REFUSAL_TYPE_UNKNOWN_FEATURE,
  'unsupported-feature-level': Type.METADATA_REFUSAL_TYPE_UNSUPPORTED_FEATURE_LEVEL,
  'downgrade-not-allowed': Type.METADATA_REFUSAL_TYPE_DOWNGRADE_NOT_ALLOWED,
  'broker-not-found': Type.METADATA_REFUSAL_TYPE_BROKER_NOT_FOUND,
  'stale-broker-epoch': Type.METADATA_REFUSAL_TYPE_STALE_BROKER_EPOCH,
  'cluster-id-mismatch': Type.METADATA_REFUSAL_TYPE_CLUSTER_ID_MISMATCH,
  'broker-id-in-use': Type.METADATA_REFUSAL_TYPE_BROKER_ID_IN_USE,
  'request-id-reused': Type.METADATA_REFUSAL_TYPE_REQUEST_ID_REUSED,
  'limit-reached': Type.METADATA_REFUSAL_TYPE_LIMIT_REACHED,
} as const satisfies Record<MetadataRefusal['type'], odradek.internal.v1.MetadataRefusalType>;

const typeNames = new Map(
  Object.entries(types).map(([name, type]) => [type as number, name as MetadataRefusal['type']]),
);

function fieldsToWire(refusal: MetadataRefusal): Wire {
  switch (refusal.type) {
    case 'invalid':
      return { name: refusal.field, why: refusal.why };
    case 'invalid-topic-name':
      return { name: refusal.name, why: refusal.why };
    case 'topic-exists':
      return { name: refusal.name, currentId: refusal.topicId };
    case 'topic-not-found':
      return { topic: referenceToWire(refusal.topic) };
    case 'topic-id-mismatch':
      return { name: refusal.name, namedId: refusal.named, currentId: refusal.current };
    case 'topic-changed':
      return { name: refusal.name, wanted: refusal.expected, current: refusal.changedRevision };
    case 'invalid-partition-count':
      return { wanted: refusal.wanted, min: refusal.min, max: refusal.max };
    case 'invalid-replication-factor':
      return { wanted: refusal.wanted, max: refusal.max };
    case 'too-few-brokers':
      return { wanted: refusal.wanted, current: refusal.available };
    case 'invalid-assignment':
      return { partition: refusal.partition, why: refusal.why };
    case 'unknown-config':
    case 'unknown-feature':
      return { name: refusal.name };
    case 'config-not-settable':
      return { name: refusal.name, scopes: [...refusal.scopes] };
    case 'invalid-config':
      return { name: refusal.name, value: refusal.value, why: refusal.why };
    case 'unsupported-feature-level':
      return {
        name: refusal.name,
        wanted: refusal.level,
        min: refusal.levelMin,
        max: refusal.levelMax,
        brokerId: refusal.brokerId ?? null,
      };
    case 'downgrade-not-allowed':
      return { name: refusal.name, wanted: refusal.level, current: refusal.current };
    case 'broker-not-found':
      return { brokerId: refusal.brokerId };
    case 'stale-broker-epoch':
      return { brokerId: refusal.brokerId, current: refusal.current };
    case 'cluster-id-mismatch':
      return { namedId: refusal.named, currentId: refusal.ours };
    case 'broker-id-in-use':
      return { brokerId: refusal.brokerId, currentId: refusal.incarnation };
    case 'request-id-reused':
      return { name: refusal.requestId };
    case 'limit-reached':
      return { name: refusal.limit, max: refusal.max };
    default:
      return assertUnreachable(refusal);
  }
}

function read(type: MetadataRefusal['type'], message: Wire): MetadataRefusal {
  const { name: absentName, why: absentWhy, wanted: absentWanted } = message;
  const name = absentName ?? '';
  const why = absentWhy ?? '';
  const wanted = absentWanted ?? 0;
  const [min, max, current] = [whole(message.min), whole(message.max), whole(message.current)];
  switch (type) {
    case 'invalid':
      return { type, field: name, why };
    case 'invalid-topic-name':
      return { type, name, why };
    case 'topic-exists':
      return { type, name, topicId: topicFrom(message.currentId) };
    case 'topic-not-found':
      return { type, topic: referenceFromWire(message.topic) };
    case 'topic-id-mismatch':
      return { type, name, named: topicFrom(message.namedId), current: topicFrom(message.currentId) };
    case 'topic-changed': {
      const expected = must('wanted', logIndexFromOutside(wanted));
      return { type, name, expected, changedRevision: must('current', logIndexFromOutside(current)) };
    }
    case 'invalid-partition-count':
      return { type, wanted, min, max };
    case 'invalid-replication-factor':
      return { type, wanted, max };
    case 'too-few-brokers':
      return { type, wanted, available: current };
    case 'invalid-assignment':
      return { type, partition: whole(message.partition), why };
    case 'unknown-config':
    case 'unknown-feature':
      return { type, name };
    case 'config-not-settable':
      return { type, name, scopes: (message.scopes ?? []).map(scopeFrom) };
    case 'invalid-config':
      return { type, name, value: message.value ?? '', why };
    case 'unsupported-feature-level':
      return { type, name, level: wanted, levelMin: min, levelMax: max, brokerId: optionalBroker(message.brokerId) };
    case 'downgrade-not-allowed':
      return { type, name, level: wanted, current };
    case 'broker-not-found':
      return { type, brokerId: brokerFrom(message.brokerId) };
    case 'stale-broker-epoch': {
      const epoch = must('current', brokerEpochFromOutside(current));
      return { type, brokerId: brokerFrom(message.brokerId), current: epoch };
    }
    case 'cluster-id-mismatch':
      return { type, named: clusterFrom(message.namedId), ours: clusterFrom(message.currentId) };
    case 'broker-id-in-use': {
      const incarnation = must('current_id', incarnationIdFromOutside(message.currentId ?? ''));
      return { type, brokerId: brokerFrom(message.brokerId), incarnation };
    }
    case 'request-id-reused':
      return { type, requestId: name };
    case 'limit-reached':
      return { type, limit: name, max };
    default:
      return assertUnreachable(type);
  }
}

function topicFrom(id: string | null | undefined) {
  return must('topic id', topicIdFromOutside(id ?? ''));
}

function clusterFrom(id: string | null | undefined) {
  return must('cluster id', clusterIdFromOutside(id ?? ''));
}

function optionalBroker(id: number | null | undefined): BrokerId | undefined {
  return typeof id === 'number' ? brokerFrom(id) : undefined;
}

function scopeFrom(scope: string): ConfigScope {
  return scope === 'cluster' || scope === 'broker' || scope === 'topic'
    ? scope
    : unreadable('scopes', scope, 'a scope');
}

function whole(value: number | null | undefined): number {
  return Number.isSafeInteger(value ?? 0) ? (value ?? 0) : unreadable('number', value, 'a whole number');
}
