/**
 * Bad input for every field of every RPC, made from the descriptors, at a whole node: each call ends with a typed answer,
 * and one that was refused has changed nothing.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { errorCodes, type ErrorName } from '../../src/base/error-codes.ts';
import { statusCodes, type Status } from '../../src/base/status.ts';
import { reasonOf } from '../../src/api/api-problem.ts';
import type { MetadataImage } from '../../src/metadata/metadata-image.ts';
import { createTopicReplyCodec, createTopicRequestCodec } from '../../src/wire/topic-messages.ts';
import { topicNamed } from '../api/admin-server.ts';
import { detailsOf } from '../api/service-host.ts';
import { badMessages, badRequests, publicMethods, type PublicMethod } from './bad-requests.ts';
import { WholeCluster } from './whole-cluster.ts';

const reasons = new Map(Object.entries(errorCodes).map(([name, row]) => [reasonOf(name as ErrorName), row]));

/** Requests that are right, so that one wrong field is the only thing that is wrong. Others: the empty message. */
const soundRequests: Readonly<Record<string, object>> = {
  'ClusterService/GetBroker': { brokerId: 1 },
  'ClusterService/GetConfigs': { resource: { scope: 3, name: 'orders' } },
  'ClusterService/UpdateConfigs': { resource: { scope: 3, name: 'orders' }, setConfigs: { 'retention.ms': '1000' } },
  'ClusterService/UpdateFeatures': { updates: [{ name: 'metadata', level: 1 }] },
  'MetadataService/GetMetadata': { topics: ['orders'] },
  'TopicService/CreateTopic': { topic: { name: 'orders', partitionCount: 2 } },
  'TopicService/GetTopic': { name: 'orders' },
  'TopicService/UpdateTopic': { name: 'orders', setConfigs: { 'retention.ms': '1000' } },
  'TopicService/DeleteTopic': { name: 'clicks', topicId: 'e'.repeat(32) },
  'QuorumService/AddVoter': { nodeId: 1, directoryId: 'd'.repeat(32), peerEndpoint: 'n4:1', apiEndpoint: 'n4:2' },
  'QuorumService/RemoveVoter': { nodeId: 3, directoryId: '3'.repeat(32) },
};

let cluster: WholeCluster;

beforeAll(async () => {
  cluster = new WholeCluster(1, 1);
  await cluster.addBrokers(3);
  const codecs = [createTopicRequestCodec, createTopicReplyCodec] as const;
  await cluster.call(1, 'TopicService/CreateTopic', codecs, {
    command: topicNamed('orders', { partitionCount: 3 }),
    requestId: undefined,
  });
});

/** What callers can see of the metadata, apart from what goes on by itself. */
function visible({ topics, configs, features, brokers }: MetadataImage): string {
  return JSON.stringify([
    [...topics.values()],
    [...configs.entries()].map(([key, values]) => [key, ...values]),
    [...features.entries()],
    [...brokers.values()],
  ]);
}

function metadata(): string {
  const image = cluster.voters[0]?.metadata?.image;
  assert(image !== undefined, 'the node has metadata');
  return visible(image);
}

/** Asks once, and does not wait for the end of an answer that goes on for ever. Undefined: it was answered. */
async function refusalOf({ path, isStreaming }: PublicMethod, request: Uint8Array): Promise<Status | undefined> {
  if (isStreaming) {
    const { status } = await cluster.stream(1, path, request, 20);
    return status?.name === 'ok' ? undefined : status;
  }
  const answer = await cluster.ask(1, path, request);
  // A number that no voter has is a new voter, which is waited for as long as its caller has time.
  const isWaitedFor = path.endsWith('/AddVoter') && !answer.ok && answer.problem.name === 'deadline-exceeded';
  return answer.ok || isWaitedFor ? undefined : answer.problem;
}

/** One that a caller can act on: by its reason, by its fields, and in words. */
function expectTyped(status: Status, what: string): void {
  const details = detailsOf(status);
  const row = reasons.get(details.reason);
  expect(row, `${what}: ${details.reason} is in the table`).toBeDefined();
  expect(row?.status, what).toBe(status.name);
  expect(details.statusCode, what).toBe(statusCodes[status.name]);
  expect(['internal', 'unknown', 'deadline-exceeded'], `${what}: ${status.message}`).not.toContain(status.name);
  expect(status.message.length, `${what}: ${status.message}`).toBeGreaterThan(20);
  expect(status.message.length, `${what}: ${status.message}`).toBeLessThan(600);
  for (const { field, description } of details.violations) expect(`${field}${description}`, what).not.toBe('');
}

describe.each(publicMethods().map((method) => [method.path, method] as const))('%s', (path, method) => {
  test('refuses bad values with typed errors, and applies nothing by halves', async () => {
    const sound = method.request.encode(soundRequests[path.replace('odradek.v1.', '')] ?? {}).finish();
    let refusals = 0;
    for (const { what, suffix } of [...badRequests(method.request), ...badMessages]) {
      const before = metadata();
      const refusal = await refusalOf(method, Buffer.concat([sound, suffix]));
      if (refusal === undefined) continue;
      refusals += 1;
      expectTyped(refusal, what);
      expect(metadata(), `${what} has changed nothing`).toBe(before);
    }
    // At least what is no message at all.
    expect(refusals).toBeGreaterThanOrEqual(3);
  });
});

test('every field of every request gets bad values, by itself', () => {
  const methods = publicMethods();
  expect(methods.length).toBeGreaterThan(20);
  for (const { path, request } of methods) {
    const fields = new Set(badRequests(request).map(({ what }) => /^\w+/.exec(what)?.[0] ?? ''));
    expect([...fields].sort(), path).toEqual(request.fieldsArray.map(({ name }) => name).sort());
  }
});

test('after all of it the node still makes a topic', async () => {
  const codecs = [createTopicRequestCodec, createTopicReplyCodec] as const;
  const made = await cluster.call(1, 'TopicService/CreateTopic', codecs, {
    command: topicNamed('after-all'),
    requestId: undefined,
  });
  expect(made.created).toBe(true);
});
