/**
 * Random values of the administrative messages, for tests that send them over the wire.
 */
import * as fc from 'fast-check';
import { brokerEpoch, partitionEpoch } from '../../src/base/epochs.ts';
import { brokerId, directoryId, incarnationId, topicId, voterId } from '../../src/base/ids.ts';
import { leaderEpoch } from '../../src/base/offsets.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import type { ConfigChange, TopicRef } from '../../src/metadata/metadata-command.ts';
import type { BrokerImage, PartitionImage } from '../../src/metadata/metadata-image.ts';
import type { NamedResource } from '../../src/wire/config-messages.ts';
import type { TopicPlaces } from '../../src/wire/metadata-messages.ts';
import { pageTokenOf, type ListRequest, type PageRequest } from '../../src/wire/request-fields.ts';
import type { TopicReply, TopicSummary } from '../../src/wire/topic-values.ts';

export const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined });
export const positions = fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
export const revisions = positions.map(logIndex);
export const counts = fc.nat(2 ** 31 - 1);
const uniqueIds = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const nodeNumbers = fc.integer({ min: 1, max: 2 ** 31 - 1 });
export const brokerIds = nodeNumbers.map(brokerId);
export const voterIds = nodeNumbers.map(voterId);
export const clusterTopicIds = uniqueIds.map(topicId);
export const texts = fc.string({ maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text));
export const names = fc.stringMatching(/^[a-z][a-z._-]{0,12}$/);
export const requestIds = maybe(fc.stringMatching(/^[A-Za-z0-9-]{1,64}$/));
export const consistencies = fc.constantFrom('linearizable' as const, 'local' as const);
const leaderEpochs = fc.nat(2 ** 31 - 1).map(leaderEpoch);

export const pages: fc.Arbitrary<PageRequest> = fc.record({
  size: maybe(fc.integer({ min: 1, max: 2 ** 31 - 1 })),
  token: fc.oneof(fc.constant(''), fc.string({ unit: 'grapheme' }).map(pageTokenOf)),
});
export const listRequests: fc.Arbitrary<ListRequest> = fc.record({ page: pages, consistency: consistencies });

const distinctNames = fc.uniqueArray(names, { maxLength: 5 });
export const setConfigs: fc.Arbitrary<readonly (ConfigChange & { readonly value: string })[]> = distinctNames.chain(
  (found) => fc.tuple(...found.sort().map((name) => fc.record({ name: fc.constant(name), value: texts }))),
);
/** Sets in the order of their names, then resets: as they arrive. */
export const configChanges: fc.Arbitrary<readonly ConfigChange[]> = fc
  .tuple(setConfigs, distinctNames)
  .map(([set, reset]) => [
    ...set,
    ...reset.filter((name) => set.every((each) => each.name !== name)).map((name) => ({ name, value: undefined })),
  ]);

export const topicRefs: fc.Arbitrary<TopicRef> = fc.oneof(
  fc.record({
    by: fc.constant('name' as const),
    name: fc.string({ minLength: 1 }),
    topicId: maybe(clusterTopicIds),
  }),
  clusterTopicIds.map((id) => ({ by: 'id' as const, topicId: id })),
);

const uncleanEpochs = fc.uniqueArray(leaderEpochs, { maxLength: 2 });

const partitions: fc.Arbitrary<PartitionImage> = fc
  .record({
    replicas: fc.array(fc.record({ brokerId: brokerIds, directory: uniqueIds.map(directoryId) }), { maxLength: 4 }),
    inSync: fc.array(brokerIds, { maxLength: 4 }),
    eligible: fc.array(brokerIds, { maxLength: 4 }),
    aside: fc.array(brokerIds, { maxLength: 4 }),
    leader: maybe(brokerIds),
    recovery: fc.constantFrom('recovered' as const, 'recovering' as const),
    leaderEpoch: leaderEpochs,
    partitionEpoch: positions.map(partitionEpoch),
    unclean: uncleanEpochs,
  })
  .map(({ unclean: [uncleanEpoch, uncleanEpochBefore], ...partition }) => {
    return { ...partition, uncleanEpoch, uncleanEpochBefore };
  });

export const topics: fc.Arbitrary<TopicReply> = fc.record({
  name: names,
  topicId: clusterTopicIds,
  partitions: fc.array(partitions, { maxLength: 4 }),
  configs: setConfigs.map((set) => new Map(set.map(({ name, value }) => [name, value]))),
  changedRevision: revisions,
});

export const summaries: fc.Arbitrary<TopicSummary> = fc.record({
  name: names,
  topicId: clusterTopicIds,
  partitionCount: counts,
  replicationFactor: counts,
  leaderlessCount: counts,
  underReplicatedCount: counts,
});

const racks = maybe(texts.filter((text) => text !== ''));

export const brokers: fc.Arbitrary<BrokerImage> = fc.record({
  brokerId: brokerIds,
  incarnation: uniqueIds.map(incarnationId),
  brokerEpoch: positions.map(brokerEpoch),
  directories: fc.array(uniqueIds.map(directoryId), { maxLength: 3 }),
  rack: racks,
  endpoints: fc.record({ api: texts, peer: texts }),
  features: fc.array(fc.record({ name: names, levelMin: counts, levelMax: counts }), { maxLength: 3 }),
  state: fc.constantFrom('fenced' as const, 'active' as const, 'shutting-down' as const),
  replicaCount: counts,
  leaderCount: counts,
});

export const resources: fc.Arbitrary<NamedResource> = fc.oneof(
  fc.constant({ scope: 'cluster' as const }),
  brokerIds.map((id) => ({ scope: 'broker' as const, brokerId: id })),
  names.map((name) => ({ scope: 'topic' as const, name })),
);

export const brokerPlaces = fc.record({ brokerId: brokerIds, endpoint: texts, rack: racks });
export const topicPlaces: fc.Arbitrary<TopicPlaces> = fc.oneof(
  names.map((name) => ({ isKnown: false as const, name })),
  fc.record({
    isKnown: fc.constant(true as const),
    name: names,
    topicId: clusterTopicIds,
    partitions: fc.array(
      fc.record({
        leader: maybe(brokerIds),
        leaderEpoch: leaderEpochs,
        replicaIds: fc.array(brokerIds, { maxLength: 3 }),
        inSync: fc.array(brokerIds, { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
  }),
);
