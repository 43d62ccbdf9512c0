/**
 * Arbitrary values of the metadata, for codecs: everything that their types allow.
 */
import * as fc from 'fast-check';
import { brokerEpoch, partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId, clusterId, directoryId, incarnationId, topicId } from '../../src/base/ids.ts';
import { leaderEpoch } from '../../src/base/offsets.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import type {
  MetadataAnswer,
  MetadataCommand,
  MetadataRefusal,
  TopicRef,
} from '../../src/metadata/metadata-command.ts';
import type { ConfigResource, PartitionImage } from '../../src/metadata/metadata-image.ts';
import type { AnsweredRequest, MetadataRecord } from '../../src/metadata/metadata-record.ts';

const { constant, constantFrom, oneof, record, string, boolean, nat, maxSafeNat, array } = fc;

const hex = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const topicIds = hex.map(topicId);
const directoryIds = hex.map(directoryId);
const incarnations = hex.map(incarnationId);
export const clusterIds = hex.map(clusterId);
const brokerIds = fc.integer({ min: 1, max: 2 ** 31 - 1 }).map(brokerId);
const brokerEpochs = maxSafeNat().map(brokerEpoch);
export const revisions = maxSafeNat().map(logIndex);
const counts = nat({ max: 100_000 });
const words = string({ maxLength: 12 });
const optional = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined });
const brokerLists = array(brokerIds, { maxLength: 4 });
const features = array(record({ name: words, levelMin: counts, levelMax: counts }), { maxLength: 2 });
const endpoints = record({ api: words, peer: words });
const recovery = constantFrom('recovered' as const, 'recovering' as const);
const leaderEpochs = fc.integer({ min: 0, max: 2 ** 31 - 1 }).map(leaderEpoch);
const partitionEpochs = maxSafeNat().map(partitionEpoch);

const partitions: fc.Arbitrary<PartitionImage> = record({
  replicas: array(record({ brokerId: brokerIds, directory: directoryIds }), { maxLength: 3 }),
  inSync: brokerLists,
  eligible: brokerLists,
  aside: brokerLists,
  leader: optional(brokerIds),
  recovery,
  uncleanEpoch: optional(leaderEpochs),
  uncleanEpochBefore: optional(leaderEpochs),
  leaderEpoch: leaderEpochs,
  partitionEpoch: partitionEpochs,
});

const resources: fc.Arbitrary<ConfigResource> = oneof(
  constant({ scope: 'cluster' as const }),
  brokerIds.map((id) => ({ scope: 'broker' as const, brokerId: id })),
  topicIds.map((id) => ({ scope: 'topic' as const, topicId: id })),
);

export const records: fc.Arbitrary<MetadataRecord> = oneof(
  record({
    type: constant('broker-registered' as const),
    brokerId: brokerIds,
    incarnation: incarnations,
    brokerEpoch: optional(brokerEpochs),
    directories: array(directoryIds, { maxLength: 2 }),
    rack: optional(words),
    endpoints,
    features,
  }),
  record({
    type: constant('broker-state-changed' as const),
    brokerId: brokerIds,
    state: constantFrom('fenced' as const, 'active' as const, 'shutting-down' as const),
  }),
  record({
    type: constant('topic-created' as const),
    topicId: topicIds,
    name: words,
    changedRevision: optional(revisions),
  }),
  record({ type: constant('topic-deleted' as const), topicId: topicIds }),
  record({ type: constant('partition-created' as const), topicId: topicIds, partition: partitions }),
  record(
    {
      type: constant('partition-changed' as const),
      topicId: topicIds,
      partition: counts,
      leaderEpoch: leaderEpochs,
      partitionEpoch: partitionEpochs,
      leader: oneof(brokerIds, constant('none' as const)),
      inSync: brokerLists,
      eligible: brokerLists,
      aside: brokerLists,
      recovery,
    },
    { requiredKeys: ['type', 'topicId', 'partition', 'leaderEpoch', 'partitionEpoch'] },
  ),
  record({ type: constant('config-set' as const), resource: resources, name: words, value: optional(words) }),
  record({ type: constant('feature-level-set' as const), name: words, level: counts }),
  record({ type: constant('producer-ids-allocated' as const), nextProducerId: maxSafeNat() }),
);

export const answers: fc.Arbitrary<MetadataAnswer> = oneof(
  record({
    type: constant('topic-created' as const),
    topicId: topicIds,
    name: words,
    partitionCount: counts,
    replicationFactor: counts,
    existedBefore: boolean(),
  }),
  record({ type: constant('topic-updated' as const), topicId: topicIds, name: words, partitionCount: counts }),
  record({ type: constant('topic-deleted' as const), topicId: optional(topicIds), name: optional(words) }),
  constant({ type: 'configs-updated' as const }),
  constant({ type: 'features-updated' as const }),
  record({ type: constant('broker-registered' as const), brokerId: brokerIds, incarnation: incarnations }),
  record({ type: constant('broker-shutting-down' as const), brokerId: brokerIds, leadershipsKept: counts }),
  record({ type: constant('producer-ids-allocated' as const), firstProducerId: maxSafeNat(), count: counts }),
  record({
    type: constant('in-sync-changed' as const),
    outcomes: array(constantFrom('accepted' as const, 'refused' as const, 'stale' as const), { maxLength: 4 }),
  }),
  record({ type: constant('stepped-aside' as const), brokerId: brokerIds }),
);

export const answered: fc.Arbitrary<AnsweredRequest> = record({ requestId: words, answer: answers });

const topicRefs: fc.Arbitrary<TopicRef> = oneof(
  record({ by: constant('name' as const), name: words, topicId: optional(topicIds) }),
  record({ by: constant('id' as const), topicId: topicIds }),
);
const configs = array(record({ name: words, value: optional(words) }), { maxLength: 2 });
const assignments = array(brokerLists, { maxLength: 2 });
const validateOnly = boolean();

export const commands: fc.Arbitrary<MetadataCommand> = oneof(
  record({
    type: constant('create-topic' as const),
    name: words,
    partitionCount: optional(counts),
    replicationFactor: optional(counts),
    assignments,
    configs,
    ifNotExists: boolean(),
    validateOnly,
  }),
  record({
    type: constant('update-topic' as const),
    topic: topicRefs,
    partitionCount: optional(counts),
    assignments,
    configs,
    expectedRevision: optional(revisions),
    validateOnly,
  }),
  record({
    type: constant('delete-topic' as const),
    topic: topicRefs,
    ifExists: boolean(),
    expectedRevision: optional(revisions),
    validateOnly,
  }),
  record({
    type: constant('update-configs' as const),
    resource: oneof(
      constant({ scope: 'cluster' as const }),
      brokerIds.map((id) => ({ scope: 'broker' as const, brokerId: id })),
    ),
    configs,
    validateOnly,
  }),
  record({
    type: constant('update-features' as const),
    updates: array(record({ name: words, level: counts, allowDowngrade: boolean() }), { maxLength: 2 }),
    validateOnly,
  }),
  record({
    type: constant('register-broker' as const),
    brokerId: brokerIds,
    clusterId: clusterIds,
    incarnation: incarnations,
    directories: array(directoryIds, { maxLength: 2 }),
    rack: optional(words),
    endpoints,
    features,
  }),
  record({ type: constant('shut-down-broker' as const), brokerId: brokerIds, brokerEpoch: brokerEpochs }),
  record({ type: constant('allocate-producer-ids' as const), brokerId: brokerIds, brokerEpoch: brokerEpochs }),
  record({
    type: constant('change-in-sync' as const),
    brokerId: brokerIds,
    brokerEpoch: brokerEpochs,
    changes: array(
      record({
        topicId: topicIds,
        partition: counts,
        leaderEpoch: leaderEpochs,
        partitionEpoch: partitionEpochs,
        members: array(record({ brokerId: brokerIds, brokerEpoch: brokerEpochs }), { maxLength: 3 }),
        recovery,
      }),
      { maxLength: 2 },
    ),
  }),
  record({
    type: constant('step-aside' as const),
    brokerId: brokerIds,
    brokerEpoch: brokerEpochs,
    partitions: array(
      record({
        topicId: topicIds,
        partition: counts,
        leaderEpoch: leaderEpochs,
        hasLost: boolean(),
        isBack: boolean(),
      }),
      {
        maxLength: 2,
      },
    ),
  }),
);

export const metadataRefusals: fc.Arbitrary<MetadataRefusal> = oneof(
  record({ type: constant('invalid' as const), field: words, why: words }),
  record({ type: constant('invalid-topic-name' as const), name: words, why: words }),
  record({ type: constant('topic-exists' as const), name: words, topicId: topicIds }),
  record({ type: constant('topic-not-found' as const), topic: topicRefs }),
  record({ type: constant('topic-id-mismatch' as const), name: words, named: topicIds, current: topicIds }),
  record({ type: constant('topic-changed' as const), name: words, expected: revisions, changedRevision: revisions }),
  record({ type: constant('invalid-partition-count' as const), wanted: fc.integer(), min: counts, max: counts }),
  record({ type: constant('invalid-replication-factor' as const), wanted: fc.integer(), max: counts }),
  record({ type: constant('too-few-brokers' as const), wanted: counts, available: counts }),
  record({ type: constant('invalid-assignment' as const), partition: counts, why: words }),
  record({ type: constant('unknown-config' as const), name: words }),
  record({
    type: constant('config-not-settable' as const),
    name: words,
    scopes: array(constantFrom('cluster' as const, 'broker' as const, 'topic' as const), { maxLength: 3 }),
  }),
  record({ type: constant('invalid-config' as const), name: words, value: words, why: words }),
  record({ type: constant('unknown-feature' as const), name: words }),
  record({
    type: constant('unsupported-feature-level' as const),
    name: words,
    level: counts,
    levelMin: counts,
    levelMax: counts,
    brokerId: optional(brokerIds),
  }),
  record({ type: constant('downgrade-not-allowed' as const), name: words, level: counts, current: counts }),
  record({ type: constant('broker-not-found' as const), brokerId: brokerIds }),
  record({ type: constant('stale-broker-epoch' as const), brokerId: brokerIds, current: brokerEpochs }),
  record({ type: constant('cluster-id-mismatch' as const), named: clusterIds, ours: clusterIds }),
  record({ type: constant('broker-id-in-use' as const), brokerId: brokerIds, incarnation: incarnations }),
  record({ type: constant('request-id-reused' as const), requestId: words }),
  record({ type: constant('limit-reached' as const), limit: words, max: counts }),
);

export const heartbeats = record({
  brokerId: brokerIds,
  brokerEpoch: brokerEpochs,
  revision: revisions,
  isLeaving: boolean(),
});

export const states = optional(constantFrom('fenced' as const, 'active' as const, 'shutting-down' as const));
