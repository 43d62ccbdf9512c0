/**
 * The administrative messages keep their values across the wire, and what no value can hold is refused by its field.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clusterId } from '../../src/base/ids.ts';
import { ok } from '../../src/base/result.ts';
import type { Codec } from '../../src/ports/codec.ts';
import * as brokerCodecs from '../../src/wire/broker-messages.ts';
import * as clusterCodecs from '../../src/wire/cluster-messages.ts';
import * as configCodecs from '../../src/wire/config-messages.ts';
import * as featureCodecs from '../../src/wire/feature-messages.ts';
import { odradek } from '../../src/wire/generated/messages.js';
import * as metadataCodecs from '../../src/wire/metadata-messages.ts';
import * as revisionCodecs from '../../src/wire/revision-reply.ts';
import * as snapshotCodecs from '../../src/wire/snapshot-messages.ts';
import * as topicCodecs from '../../src/wire/topic-messages.ts';
import * as values from './admin-values.ts';

const { counts, maybe, revisions } = values;
const texts = values.texts;
const nextPageToken = texts;
const validateOnly = fc.boolean();
const optionalCount = maybe(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const assignments = fc.array(fc.array(values.brokerIds, { maxLength: 4 }), { maxLength: 4 });
const listed = { nextPageToken, revision: revisions };

function roundTrip<Value>(codec: Codec<Value>, arbitrary: fc.Arbitrary<Value>): () => void {
  return () =>
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(codec.decode(codec.encode(value))).toEqual(ok(value));
      }),
      { numRuns: 50 },
    );
}

const messages: Readonly<Record<string, () => void>> = {
  CreateTopicRequest: roundTrip(
    topicCodecs.createTopicRequestCodec,
    fc.record({
      command: fc.record({
        type: fc.constant('create-topic' as const),
        name: fc.string(),
        partitionCount: optionalCount,
        replicationFactor: optionalCount,
        assignments,
        configs: values.setConfigs,
        ifNotExists: fc.boolean(),
        validateOnly,
      }),
      requestId: values.requestIds,
    }),
  ),
  CreateTopicResponse: roundTrip(
    topicCodecs.createTopicReplyCodec,
    fc.record({
      name: texts,
      topicId: maybe(values.clusterTopicIds),
      partitionCount: counts,
      replicationFactor: counts,
      created: fc.boolean(),
      revision: revisions,
    }),
  ),
  GetTopicRequest: roundTrip(
    topicCodecs.getTopicRequestCodec,
    fc.record({ topic: values.topicRefs, consistency: values.consistencies }),
  ),
  GetTopicResponse: roundTrip(topicCodecs.getTopicReplyCodec, fc.record({ topic: values.topics, revision: revisions })),
  ListTopicsRequest: roundTrip(topicCodecs.listTopicsRequestCodec, values.listRequests),
  ListTopicsResponse: roundTrip(
    topicCodecs.listTopicsReplyCodec,
    fc.record({ topics: fc.array(values.summaries, { maxLength: 3 }), ...listed }),
  ),
  UpdateTopicRequest: roundTrip(
    topicCodecs.updateTopicRequestCodec,
    fc.record({
      command: fc.record({
        type: fc.constant('update-topic' as const),
        topic: values.topicRefs,
        expectedRevision: maybe(revisions),
        partitionCount: optionalCount,
        assignments,
        configs: values.configChanges,
        validateOnly,
      }),
      requestId: values.requestIds,
    }),
  ),
  UpdateTopicResponse: roundTrip(
    topicCodecs.updateTopicReplyCodec,
    fc.record({ name: texts, topicId: values.clusterTopicIds, partitionCount: counts, revision: revisions }),
  ),
  DeleteTopicRequest: roundTrip(
    topicCodecs.deleteTopicRequestCodec,
    fc.record({
      command: fc.record({
        type: fc.constant('delete-topic' as const),
        topic: values.topicRefs,
        ifExists: fc.boolean(),
        expectedRevision: maybe(revisions),
        validateOnly,
      }),
      requestId: values.requestIds,
    }),
  ),
  DeleteTopicResponse: roundTrip(
    topicCodecs.deleteTopicReplyCodec,
    fc.record({ deleted: fc.boolean(), topicId: maybe(values.clusterTopicIds), revision: revisions }),
  ),
  GetClusterRequest: roundTrip(clusterCodecs.getClusterRequestCodec, fc.record({ consistency: values.consistencies })),
  GetClusterResponse: roundTrip(
    clusterCodecs.getClusterReplyCodec,
    fc.record({
      clusterId: fc.constant(clusterId('c'.repeat(32))),
      controllerId: maybe(values.voterIds),
      voterCount: counts,
      brokerCount: counts,
      fencedBrokerCount: counts,
      topicCount: counts,
      partitionCount: counts,
      leaderlessPartitionCount: counts,
      underReplicatedPartitionCount: counts,
      revision: revisions,
    }),
  ),
  GetHealthResponse: roundTrip(
    clusterCodecs.getHealthReplyCodec,
    fc.record({
      findings: fc.array(
        fc.record({
          code: texts,
          severity: fc.constantFrom('notice' as const, 'warning' as const, 'critical' as const),
          summary: texts,
          remedy: texts,
          subjects: fc.array(texts),
          subjectCount: counts,
        }),
      ),
      revision: revisions,
    }),
  ),
  ListBrokersRequest: roundTrip(brokerCodecs.listBrokersRequestCodec, values.listRequests),
  ListBrokersResponse: roundTrip(
    brokerCodecs.listBrokersReplyCodec,
    fc.record({ brokers: fc.array(values.brokers, { maxLength: 3 }), ...listed }),
  ),
  GetBrokerRequest: roundTrip(
    brokerCodecs.getBrokerRequestCodec,
    fc.record({ brokerId: values.brokerIds, consistency: values.consistencies }),
  ),
  GetBrokerResponse: roundTrip(
    brokerCodecs.getBrokerReplyCodec,
    fc.record({ broker: values.brokers, revision: revisions }),
  ),
  GetConfigsRequest: roundTrip(
    configCodecs.getConfigsRequestCodec,
    fc.record({
      resource: values.resources,
      names: fc.uniqueArray(values.names, { maxLength: 4 }),
      consistency: values.consistencies,
    }),
  ),
  GetConfigsResponse: roundTrip(
    configCodecs.getConfigsReplyCodec,
    fc.record({
      configs: fc.array(
        fc.record({
          name: texts,
          value: texts,
          source: fc.constantFrom('default' as const, 'cluster' as const, 'broker' as const, 'topic' as const),
          doc: texts,
          isDynamic: fc.boolean(),
        }),
      ),
      revision: revisions,
    }),
  ),
  UpdateConfigsRequest: roundTrip(
    configCodecs.updateConfigsRequestCodec,
    fc.record({
      resource: values.resources,
      configs: values.configChanges,
      validateOnly,
      requestId: values.requestIds,
    }),
  ),
  UpdateConfigsResponse: roundTrip(revisionCodecs.updateConfigsReplyCodec, fc.record({ revision: revisions })),
  ListConfigDefinitionsRequest: roundTrip(
    configCodecs.listConfigDefinitionsRequestCodec,
    fc.record({
      scope: maybe(fc.constantFrom('cluster' as const, 'broker' as const, 'topic' as const)),
      page: values.pages,
    }),
  ),
  ListConfigDefinitionsResponse: roundTrip(
    configCodecs.listConfigDefinitionsReplyCodec,
    fc.record({
      definitions: fc.array(
        fc.record({
          name: texts,
          type: fc.constantFrom('boolean' as const, 'integer' as const, 'duration-ms' as const, 'choice' as const),
          defaultValue: texts,
          doc: texts,
          scopes: fc.uniqueArray(fc.constantFrom('cluster' as const, 'topic' as const)),
          isDynamic: fc.boolean(),
          choices: fc.array(texts),
          minimum: texts,
          maximum: texts,
        }),
      ),
      nextPageToken,
    }),
  ),
  ListFeaturesRequest: roundTrip(featureCodecs.listFeaturesRequestCodec, values.listRequests),
  ListFeaturesResponse: roundTrip(
    featureCodecs.listFeaturesReplyCodec,
    fc.record({
      features: fc.array(fc.record({ name: texts, doc: texts, level: counts, levelMin: counts, levelMax: counts })),
      ...listed,
    }),
  ),
  UpdateFeaturesRequest: roundTrip(
    featureCodecs.updateFeaturesRequestCodec,
    fc.record({
      updates: fc.uniqueArray(fc.record({ name: values.names, level: counts, allowDowngrade: fc.boolean() }), {
        selector: ({ name }) => name,
      }),
      validateOnly,
      requestId: values.requestIds,
    }),
  ),
  UpdateFeaturesResponse: roundTrip(revisionCodecs.updateFeaturesReplyCodec, fc.record({ revision: revisions })),
  GetMetadataRequest: roundTrip(
    metadataCodecs.getMetadataRequestCodec,
    fc.oneof(
      fc.record({
        topics: fc.uniqueArray(values.names, { maxLength: 4 }),
        allTopics: fc.constant(false),
        page: values.pages,
        consistency: values.consistencies,
        createMissing: fc.boolean(),
      }),
      fc.record({
        topics: fc.constant([]),
        allTopics: fc.constant(true),
        page: values.pages,
        consistency: values.consistencies,
        createMissing: fc.boolean(),
      }),
    ),
  ),
  GetMetadataResponse: roundTrip(
    metadataCodecs.getMetadataReplyCodec,
    fc.record({
      clusterId: fc.constant(clusterId('c'.repeat(32))),
      controllerId: maybe(values.voterIds),
      brokers: fc.array(values.brokerPlaces, { maxLength: 3 }),
      topics: fc.array(values.topicPlaces, { maxLength: 3 }),
      ...listed,
    }),
  ),
  WatchMetadataRequest: roundTrip(metadataCodecs.watchMetadataRequestCodec, fc.record({ fromRevision: revisions })),
  WatchMetadataResponse: roundTrip(
    metadataCodecs.watchMetadataReplyCodec,
    fc.record({
      revision: revisions,
      isRestart: fc.boolean(),
      isComplete: fc.boolean(),
      brokers: fc.array(values.brokerPlaces, { maxLength: 3 }),
      removedBrokerIds: fc.array(values.brokerIds, { maxLength: 3 }),
      topics: fc.array(values.topicPlaces, { maxLength: 3 }),
      removedTopicIds: fc.array(values.clusterTopicIds, { maxLength: 3 }),
    }),
  ),
  SnapshotResponse: roundTrip(
    snapshotCodecs.snapshotReplyCodec,
    fc.record({
      revision: revisions,
      piece: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      totalBytes: values.positions,
      checksum: maybe(fc.nat(2 ** 32 - 1)),
    }),
  ),
};

describe.each(Object.entries(messages))('%s', (_name, comesBack) => {
  test('comes back as it was sent', comesBack);
});

const v1 = odradek.v1;
const goodTopic = { name: 'orders' };

test.each([
  ['request_id', topicCodecs.createTopicRequestCodec, v1.CreateTopicRequest.encode({ requestId: 'a b' })],
  [
    'topic.assignments[1].broker_ids',
    topicCodecs.createTopicRequestCodec,
    v1.CreateTopicRequest.encode({ topic: { assignments: [{ brokerIds: [1] }, { brokerIds: [0] }] } }),
  ],
  [
    'topic.configs[retention.ms]',
    topicCodecs.createTopicRequestCodec,
    v1.CreateTopicRequest.encode({ topic: { configs: { 'retention.ms': 'one\u0000two' } } }),
  ],
  ['name', topicCodecs.getTopicRequestCodec, v1.GetTopicRequest.encode({})],
  ['topic_id', topicCodecs.getTopicRequestCodec, v1.GetTopicRequest.encode({ topicId: 'abc' })],
  [
    'consistency',
    topicCodecs.getTopicRequestCodec,
    v1.GetTopicRequest.encode({ ...goodTopic, consistency: 9 as odradek.v1.Consistency }),
  ],
  ['page_size', topicCodecs.listTopicsRequestCodec, v1.ListTopicsRequest.encode({ pageSize: -1 })],
  ['page_token', topicCodecs.listTopicsRequestCodec, v1.ListTopicsRequest.encode({ pageToken: 'orders' })],
  [
    'reset_configs',
    topicCodecs.updateTopicRequestCodec,
    v1.UpdateTopicRequest.encode({ ...goodTopic, resetConfigs: ['retention.ms', 'retention.ms'] }),
  ],
  [
    'reset_configs',
    topicCodecs.updateTopicRequestCodec,
    v1.UpdateTopicRequest.encode({ ...goodTopic, setConfigs: { a: '1' }, resetConfigs: ['a'] }),
  ],
  ['resource.scope', configCodecs.getConfigsRequestCodec, v1.GetConfigsRequest.encode({})],
  [
    'resource.name',
    configCodecs.getConfigsRequestCodec,
    v1.GetConfigsRequest.encode({ resource: { scope: v1.ConfigScope.CONFIG_SCOPE_BROKER, name: '1e3' } }),
  ],
  [
    'resource.name',
    configCodecs.getConfigsRequestCodec,
    v1.GetConfigsRequest.encode({ resource: { scope: v1.ConfigScope.CONFIG_SCOPE_CLUSTER, name: 'blue' } }),
  ],
  ['broker_id', brokerCodecs.getBrokerRequestCodec, v1.GetBrokerRequest.encode({ brokerId: -1 })],
  [
    'updates[0].level',
    featureCodecs.updateFeaturesRequestCodec,
    v1.UpdateFeaturesRequest.encode({ updates: [{ name: 'x', level: -1 }] }),
  ],
  [
    'topics',
    metadataCodecs.getMetadataRequestCodec,
    v1.GetMetadataRequest.encode({ topics: Array.from({ length: 1001 }, (_, at) => `t${at}`) }),
  ],
  [
    'from_revision',
    metadataCodecs.watchMetadataRequestCodec,
    v1.WatchMetadataRequest.encode({ fromRevision: 2 ** 53 }),
  ],
])('an impossible %s is refused by that name', (field, codec, message) => {
  const decoded = (codec as Codec<unknown>).decode(message.finish());
  expect(decoded).toMatchObject({ ok: false, problem: { type: 'undecodable', field } });
});

test('a config that is called like a part of every object is a config like others', () => {
  const command = {
    type: 'update-topic',
    topic: { by: 'name', name: 'orders', topicId: undefined },
    partitionCount: undefined,
    assignments: [],
    configs: [{ name: '__proto__', value: 'x' }],
    expectedRevision: undefined,
    validateOnly: true,
  };
  const bytes = Buffer.concat([
    v1.UpdateTopicRequest.encode({ name: 'orders', validateOnly: true }).finish(),
    // set_configs { key: "__proto__" value: "x" }: no encoder of ours lets such a key pass.
    Buffer.from([0x2a, 14, 0x0a, 9, ...Buffer.from('__proto__'), 0x12, 1, ...Buffer.from('x')]),
  ]);
  expect(topicCodecs.updateTopicRequestCodec.decode(bytes)).toEqual(ok({ command, requestId: undefined }));
});

test('a value that is long is not repeated at length', () => {
  const decoded = topicCodecs.getTopicRequestCodec.decode(
    v1.GetTopicRequest.encode({ topicId: 'x'.repeat(9000) }).finish(),
  );
  expect(decoded.ok ? '' : decoded.problem.why.length).toBeLessThan(300);
});
