/**
 * ClusterService over the real controller: figures, health, brokers, configs, features.
 */
import { describe, expect, test } from 'vitest';
import { brokerId } from '../../src/base/ids.ts';
import { configDefinitions } from '../../src/metadata/config-definitions.ts';
import { getBrokerReplyCodec, getBrokerRequestCodec } from '../../src/wire/broker-messages.ts';
import {
  getClusterReplyCodec,
  getClusterRequestCodec,
  getHealthReplyCodec,
  getHealthRequestCodec,
  type GetHealthReply,
} from '../../src/wire/cluster-messages.ts';
import {
  getConfigsReplyCodec,
  getConfigsRequestCodec,
  listConfigDefinitionsReplyCodec,
  listConfigDefinitionsRequestCodec,
  updateConfigsRequestCodec,
  type NamedResource,
  type UpdateConfigsRequest,
} from '../../src/wire/config-messages.ts';
import {
  listFeaturesReplyCodec,
  listFeaturesRequestCodec,
  updateFeaturesRequestCodec,
} from '../../src/wire/feature-messages.ts';
import { updateConfigsReplyCodec, updateFeaturesReplyCodec } from '../../src/wire/revision-reply.ts';
import { AdminServer, loneQuorum, topicNamed } from './admin-server.ts';

const linearizable = 'linearizable' as const;
const wholeList = { page: { size: undefined, token: '' }, consistency: linearizable };
const getConfigs = [getConfigsRequestCodec, getConfigsReplyCodec] as const;
const updateConfigs = [updateConfigsRequestCodec, updateConfigsReplyCodec] as const;
const getHealth = [getHealthRequestCodec, getHealthReplyCodec] as const;

test('the cluster is told in figures', async () => {
  const server = new AdminServer({ brokers: 3 });
  server.controller.must(topicNamed('orders', { partitionCount: 5 }));
  server.controller.must(topicNamed('clicks', { partitionCount: 2, replicationFactor: 1 }));
  server.fence(3);
  const codecs = [getClusterRequestCodec, getClusterReplyCodec] as const;
  const cluster = await server.call('ClusterService/GetCluster', codecs, { consistency: linearizable });
  expect(cluster).toMatchObject({
    clusterId: 'c'.repeat(32),
    controllerId: 1,
    voterCount: 3,
    brokerCount: 3,
    fencedBrokerCount: 1,
    topicCount: 2,
    partitionCount: 7,
    underReplicatedPartitionCount: 5,
  });
});

test('a broker is shown with what it keeps, and one that is not registered is refused', async () => {
  const server = new AdminServer({ brokers: 2 });
  server.controller.must(topicNamed('orders', { partitionCount: 4, replicationFactor: 2 }));
  const codecs = [getBrokerRequestCodec, getBrokerReplyCodec] as const;
  const ask = { brokerId: brokerId(1), consistency: linearizable };
  const { broker } = await server.call('ClusterService/GetBroker', codecs, ask);
  expect(broker).toMatchObject({ brokerId: 1, state: 'active', replicaCount: 4, endpoints: { api: 'b1:7091' } });
  const refusal = await server.refusal('ClusterService/GetBroker', codecs[0], { ...ask, brokerId: brokerId(9) });
  expect(refusal).toMatchObject({ reason: 'BROKER_NOT_REGISTERED', metadata: { broker_id: '9' } });
});

describe('health', () => {
  const codesOf = ({ findings }: GetHealthReply): string[] => findings.map(({ code }) => code);
  const healthOf = (server: AdminServer): Promise<GetHealthReply> =>
    server.call('ClusterService/GetHealth', getHealth, undefined);

  test('nothing is wrong with three voters, three brokers and their topics', async () => {
    const server = new AdminServer({ brokers: 3 });
    server.controller.must(topicNamed('orders'));
    expect(codesOf(await healthOf(server))).toEqual([]);
  });

  test('each thing that is wrong has a finding, the gravest first, and each says what to do', async () => {
    const server = new AdminServer({ brokers: 3 });
    server.controller.must(topicNamed('orders', { partitionCount: 12 }));
    server.controller.must(topicNamed('clicks', { assignments: [[brokerId(3)]] }));
    server.fence(2, 3);
    const voters = loneQuorum.voters.map((voter, at) => (at === 0 ? voter : { ...voter, lastContactMs: 3001 }));
    server.quorum = { ...loneQuorum, leaderId: undefined, voters: voters.slice(0, 2) };
    const health = await healthOf(server);
    expect(codesOf(health)).toEqual([
      'NO_LEADER',
      'PARTITION_LEADERLESS',
      'PARTITION_UNDER_MIN_ISR',
      'VOTER_SILENT',
      'BROKER_FENCED',
      'PARTITION_UNDER_REPLICATED',
      'QUORUM_FRAGILE',
    ]);
    for (const { summary, remedy } of health.findings) expect([summary, remedy]).not.toContain('');
    const find = (code: string) => health.findings.find((each) => each.code === code);
    expect(find('PARTITION_LEADERLESS')).toMatchObject({ subjects: ['clicks-0'], subjectCount: 1 });
    expect(find('PARTITION_UNDER_MIN_ISR')).toMatchObject({ subjects: { length: 10 }, subjectCount: 12 });
    expect(find('BROKER_FENCED')).toMatchObject({ subjects: ['broker 2', 'broker 3'] });
    expect(find('VOTER_SILENT')).toMatchObject({ subjects: ['voter 2'] });
  });

  test('a cluster without brokers is told so, gravely only when it has topics', async () => {
    const server = new AdminServer();
    expect((await healthOf(server)).findings).toMatchObject([{ code: 'NO_BROKERS', severity: 'notice' }]);
  });

  test('it is answered without a quorum', async () => {
    const server = new AdminServer({ brokers: 1 });
    server.controller.leaderless = true;
    server.quorum = { ...loneQuorum, leaderId: undefined };
    expect(codesOf(await healthOf(server))).toContain('NO_LEADER');
  });

  test('a partition that its brokers have come back to is well again', async () => {
    const server = new AdminServer({ brokers: 1 });
    server.controller.must(topicNamed('orders'));
    server.fence(1);
    expect(codesOf(await healthOf(server))).toContain('PARTITION_LEADERLESS');
    server.controller.hear(brokerId(1), false);
    expect(codesOf(await healthOf(server))).toEqual([]);
  });
});

describe('configs', () => {
  const cluster: NamedResource = { scope: 'cluster' };
  const orders: NamedResource = { scope: 'topic', name: 'orders' };

  function updateOf(resource: NamedResource, configs: UpdateConfigsRequest['configs']): UpdateConfigsRequest {
    return { resource, configs, validateOnly: false, requestId: undefined };
  }

  async function valueOf(server: AdminServer, resource: NamedResource, name: string): Promise<unknown> {
    const ask = { resource, names: [name], consistency: linearizable };
    const { configs } = await server.call('ClusterService/GetConfigs', getConfigs, ask);
    expect(configs).toHaveLength(1);
    return [configs[0]?.value, configs[0]?.source];
  }

  test('a topic inherits from the cluster until it has a value of its own', async () => {
    const server = new AdminServer({ brokers: 1 });
    server.controller.must(topicNamed('orders'));
    const set = (resource: NamedResource, value: string | undefined) =>
      server.call('ClusterService/UpdateConfigs', updateConfigs, updateOf(resource, [{ name: 'retention.ms', value }]));
    expect(await valueOf(server, orders, 'retention.ms')).toEqual([String(7 * 86_400_000), 'default']);
    await set(cluster, '2000');
    expect(await valueOf(server, orders, 'retention.ms')).toEqual(['2000', 'cluster']);
    await set(orders, '3000');
    expect(await valueOf(server, orders, 'retention.ms')).toEqual(['3000', 'topic']);
    await set(orders, undefined);
    expect(await valueOf(server, orders, 'retention.ms')).toEqual(['2000', 'cluster']);
  });

  test('all configs of a resource are shown in the order of their names, with what they do', async () => {
    const server = new AdminServer({ brokers: 1 });
    const ask = { resource: cluster, names: [], consistency: linearizable };
    const { configs } = await server.call('ClusterService/GetConfigs', getConfigs, ask);
    const names = configs.map(({ name }) => name);
    expect(names).toEqual(configDefinitions.filter(({ scopes }) => scopes.includes('cluster')).map(({ name }) => name));
    expect(configs.every(({ doc }) => doc !== '')).toBe(true);
  });

  test('of several changes all are made or none', async () => {
    const server = new AdminServer({ brokers: 1 });
    const before = server.controller.image;
    const changes = [
      { name: 'retention.ms', value: '2000' },
      { name: 'segment.ms', value: 'soon' },
    ];
    const refusal = await server.refusal('ClusterService/UpdateConfigs', updateConfigs[0], updateOf(cluster, changes));
    expect(refusal).toMatchObject({ reason: 'INVALID_CONFIG', violations: [{ field: 'set_configs[segment.ms]' }] });
    expect(server.controller.image).toBe(before);
  });

  test('configs of what does not exist are refused', async () => {
    const server = new AdminServer({ brokers: 1 });
    const ask = (resource: NamedResource, names: string[] = []) =>
      server.refusal('ClusterService/GetConfigs', getConfigs[0], { resource, names, consistency: linearizable });
    expect((await ask(orders)).reason).toBe('UNKNOWN_TOPIC');
    expect((await ask({ scope: 'broker', brokerId: brokerId(7) })).reason).toBe('BROKER_NOT_REGISTERED');
    const unknown = await ask(cluster, ['retention.msec']);
    expect(unknown).toMatchObject({ reason: 'INVALID_CONFIG', violations: [{ field: 'names' }] });
    expect(unknown.message).toContain('did you mean retention.ms?');
  });

  test('the definitions that fit a scope are listed, with bounds and words', async () => {
    const server = new AdminServer();
    const codecs = [listConfigDefinitionsRequestCodec, listConfigDefinitionsReplyCodec] as const;
    const { definitions } = await server.call('ClusterService/ListConfigDefinitions', codecs, {
      scope: 'topic',
      page: wholeList.page,
    });
    expect(definitions.map(({ name }) => name)).not.toContain('num.partitions');
    expect(definitions.find(({ name }) => name === 'min.insync.replicas')).toMatchObject({
      type: 'integer',
      minimum: '1',
      choices: ['auto'],
      defaultValue: 'auto',
    });
  });
});

describe('features', () => {
  const list = [listFeaturesRequestCodec, listFeaturesReplyCodec] as const;
  const update = [updateFeaturesRequestCodec, updateFeaturesReplyCodec] as const;

  test('each is shown with the level in force and the levels that this node knows', async () => {
    const server = new AdminServer();
    const { features } = await server.call('ClusterService/ListFeatures', list, wholeList);
    expect(features).toMatchObject([{ name: 'metadata', level: 1, levelMin: 1, levelMax: 1 }]);
  });

  test.each([
    ['warp', 1],
    ['metadata', 9],
    ['metadata', 0],
  ])('feature %s does not go to level %i, and stays where it is', async (name, level) => {
    const server = new AdminServer({ brokers: 1 });
    const before = server.controller.image;
    const updates = [{ name, level, allowDowngrade: false }];
    const refusal = await server.refusal('ClusterService/UpdateFeatures', update[0], {
      updates,
      validateOnly: false,
      requestId: undefined,
    });
    expect(refusal.reason).toBe('FEATURE_UPDATE_FAILED');
    expect(server.controller.image).toBe(before);
  });
});
