/**
 * Tools that know nothing of Odradek, against a real node: reflection, health, and errors with their details.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientNetwork } from '../../src/cli/real-network.ts';
import type { Channel } from '../../src/ports/stream.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { detailsOf, malformedBytes } from '../api/service-host.ts';
import { root } from './built-program.ts';
import { Bench, type ServingNode } from './node-process.ts';

const bench = new Bench();
let node: ServingNode;
let channel: Channel;

beforeAll(async () => {
  node = await bench.serve(bench.folder());
  channel = clientNetwork().channel(node.api);
});
afterAll(async () => {
  channel.close();
  await bench.stopAll();
});

const services = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'odradek.v1.ClusterService',
  'odradek.v1.LogService',
  'odradek.v1.MetadataService',
  'odradek.v1.QuorumService',
  'odradek.v1.TopicService',
];

function bufCurl(...words: string[]): { stdout: string; stderr: string; status: number | null } {
  const common = ['curl', '--http2-prior-knowledge', '--protocol', 'grpc'];
  return spawnSync(join(root, 'node_modules/.bin/buf'), [...common, ...words], { encoding: 'utf8', cwd: root });
}

test.each(['grpc-v1', 'grpc-v1alpha'])('buf lists the services by reflection %s', (protocol) => {
  const { stdout } = bufCurl('--reflect-protocol', protocol, '--list-services', `http://${node.api}`);
  expect(stdout.trim().split('\n')).toEqual(services);
});

test('buf calls a method whose reply imports another package', () => {
  const { stdout } = bufCurl('-d', '{}', `http://${node.api}/odradek.v1.MetadataService/GetServerInfo`);
  const info = JSON.parse(stdout) as Record<string, unknown>;
  expect(info).toMatchObject({ nodeId: 1, roles: ['NODE_ROLE_QUORUM'], apiPackages: ['odradek.v1'] });
  expect(Date.parse(String(info['startedAt']))).toBeGreaterThan(Date.now() - 600_000);
});

test('a refusal reaches a generic tool with its reason', () => {
  const { stderr, status } = bufCurl('-d', '{"service":"nobody"}', `http://${node.api}/grpc.health.v1.Health/Check`);
  expect(status).not.toBe(0);
  const error = JSON.parse(stderr) as { code: string; details: { type: string; value: string }[] };
  expect(error.code).toBe('not_found');
  expect(error.details[0]?.type).toBe('google.rpc.ErrorInfo');
  expect(Buffer.from(error.details[0]?.value ?? '', 'base64').toString()).toContain('NOT_FOUND');
});

async function statusOf(method: string, request: Uint8Array): Promise<ReturnType<typeof detailsOf> | string> {
  const answer = await callUnary(channel, { method, request: [request], options: { deadlineMs: 5000, headers: {} } });
  if (answer.ok) return 'ok';
  return answer.problem.details === undefined ? answer.problem.name : detailsOf(answer.problem);
}

test('malformed bytes are refused with a typed error over the wire', async () => {
  expect(await statusOf('odradek.v1.QuorumService/GetQuorum', malformedBytes)).toMatchObject({
    statusCode: 3,
    reason: 'INVALID_REQUEST',
    metadata: { method: 'odradek.v1.QuorumService/GetQuorum' },
  });
});

test('a method that does not exist is unimplemented', async () => {
  expect(await statusOf('odradek.v1.QuorumService/Dissolve', new Uint8Array(0))).toBe('unimplemented');
});

test('peer methods are not served where clients call', async () => {
  expect(await statusOf('odradek.internal.v1.PeerService/Introduce', new Uint8Array(0))).toBe('unimplemented');
});
