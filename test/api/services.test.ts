/**
 * The services against values: what each method answers, through the same table that a listener gets.
 */
import { expect, test } from 'vitest';
import { clusterId, directoryId, voterId } from '../../src/base/ids.ts';
import { logIndex, term } from '../../src/base/raft-position.ts';
import { ok, refused } from '../../src/base/result.ts';
import { HealthBoard } from '../../src/api/health-board.ts';
import { healthService } from '../../src/api/health-service.ts';
import { quorumService, type QuorumView } from '../../src/api/quorum-service.ts';
import type { QuorumDescription } from '../../src/quorum/quorum-description.ts';
import { healthReplyCodec, healthRequestCodec } from '../../src/wire/health-messages.ts';
import { getQuorumRequestCodec, quorumReplyCodec } from '../../src/wire/quorum-messages.ts';
import { detailsOf, malformedBytes, TestServer } from './service-host.ts';

const quorum: QuorumDescription = {
  clusterId: clusterId('0123456789abcdef0123456789abcdef'),
  voterId: voterId(1),
  leaderId: voterId(1),
  term: term(3),
  role: 'leader',
  firstIndex: logIndex(1),
  lastIndex: logIndex(8),
  commitIndex: logIndex(7),
  committedChain: 0xfedcba98,
  voters: [
    {
      voterId: voterId(1),
      directoryId: directoryId('f'.repeat(32)),
      peerEndpoint: '127.0.0.1:7181',
      apiEndpoint: '127.0.0.1:7081',
      matchedIndex: logIndex(8),
      lastContactMs: 0,
    },
    {
      voterId: voterId(2),
      directoryId: undefined,
      peerEndpoint: '127.0.0.1:7182',
      apiEndpoint: '127.0.0.1:7082',
      matchedIndex: undefined,
      lastContactMs: undefined,
    },
  ],
};

function viewOf(describe: QuorumView['describe']): QuorumView {
  return {
    describe,
    ask: () => expect.unreachable(),
    records: () => expect.unreachable(),
    image: () => expect.unreachable(),
  };
}

test('GetQuorum tells everything that the voter describes', async () => {
  const server = new TestServer([quorumService(viewOf(() => ok(quorum)))]);
  const { reply } = await server.ask('odradek.v1.QuorumService/GetQuorum', getQuorumRequestCodec.encode(undefined));
  expect(quorumReplyCodec.decode(reply ?? malformedBytes)).toEqual(ok(quorum));
});

test('GetQuorum says so while there is no leader and no cluster id', async () => {
  const leaderless = { ...quorum, leaderId: undefined, clusterId: undefined, role: 'candidate' } as const;
  const server = new TestServer([quorumService(viewOf(() => ok(leaderless)))]);
  const { reply } = await server.ask('odradek.v1.QuorumService/GetQuorum', new Uint8Array(0));
  expect(quorumReplyCodec.decode(reply ?? malformedBytes)).toEqual(ok(leaderless));
});

test('GetQuorum is refused with the reason that the voter gives', async () => {
  const starting = { error: 'node-starting', message: 'the voter reads its log; retry soon' } as const;
  const server = new TestServer([quorumService(viewOf(() => refused(starting)))]);
  const { status } = await server.ask('odradek.v1.QuorumService/GetQuorum', new Uint8Array(0));
  expect(detailsOf(status).reason).toBe('NODE_STARTING');
});

const checkPath = 'grpc.health.v1.Health/Check';
const watchPath = 'grpc.health.v1.Health/Watch';
const askAbout = (service: string): Uint8Array => healthRequestCodec.encode({ service });

test('a health check answers for the node and for each service', async () => {
  const board = new HealthBoard(['odradek.v1.QuorumService']);
  const server = new TestServer([healthService(board)]);
  const check = async (service: string) => {
    const { reply } = await server.ask(checkPath, askAbout(service));
    return healthReplyCodec.decode(reply ?? malformedBytes);
  };
  expect(await check('')).toEqual(ok('not-serving'));
  board.set('odradek.v1.QuorumService', 'serving');
  expect(await check('odradek.v1.QuorumService')).toEqual(ok('serving'));
  expect(await check('')).toEqual(ok('not-serving'));
  board.setAll('serving');
  expect(await check('')).toEqual(ok('serving'));
});

test('a health check of a service that is not there is refused as not found', async () => {
  const { status } = await new TestServer([healthService(new HealthBoard([]))]).ask(checkPath, askAbout('nobody'));
  expect(status.name).toBe('not-found');
  expect(detailsOf(status).metadata).toEqual({ service: 'nobody' });
});

function statusesSeen(sent: readonly Uint8Array[]): unknown[] {
  return sent.map((message) => {
    const status = healthReplyCodec.decode(message);
    return status.ok ? status.value : status.problem;
  });
}

test('a health watch tells the status at once and at each change, until the watcher hangs up', () => {
  const board = new HealthBoard([]);
  const call = new TestServer([healthService(board)]).call(watchPath).message(askAbout('')).end();
  board.setAll('serving');
  board.setAll('serving');
  board.setAll('not-serving');
  expect(statusesSeen(call.sent)).toEqual(['not-serving', 'serving', 'not-serving']);
  call.hangUp();
  board.setAll('serving');
  expect(call.sent).toHaveLength(3);
});

test('a health watch of an unknown service stays open and says so', () => {
  const server = new TestServer([healthService(new HealthBoard([]))]);
  const call = server.call(watchPath).message(askAbout('later')).end();
  expect(statusesSeen(call.sent)).toEqual(['service-unknown']);
  expect(call.status).toBeUndefined();
});

test('a slow watcher gets the newest status and no queue', () => {
  const board = new HealthBoard([]);
  const call = new TestServer([healthService(board)]).call(watchPath, { creditBytes: 1 }).message(askAbout(''));
  board.setAll('serving');
  board.setAll('not-serving');
  board.setAll('serving');
  call.grantCredit(100);
  expect(statusesSeen(call.sent)).toEqual(['not-serving', 'serving']);
});

test('health watches are bounded, and a closed one makes room', async () => {
  const server = new TestServer([healthService(new HealthBoard([], 1))]);
  const first = server.call(watchPath).message(askAbout(''));
  const second = server.call(watchPath).message(askAbout(''));
  expect(detailsOf(await second.closed()).metadata).toEqual({ limit: 'watchersMax', value: '1' });
  first.hangUp();
  expect(server.call(watchPath).message(askAbout('')).status).toBeUndefined();
});

test('a health watch takes exactly one well-formed request', async () => {
  const server = new TestServer([healthService(new HealthBoard([]))]);
  const malformed = server.call(watchPath).message(malformedBytes).end();
  expect(detailsOf(await malformed.closed()).reason).toBe('INVALID_REQUEST');
  const twice = server.call(watchPath).message(askAbout('')).message(askAbout(''));
  expect(detailsOf(await twice.closed()).reason).toBe('INVALID_REQUEST');
  const never = server.call(watchPath).end();
  expect(detailsOf(await never.closed()).reason).toBe('INVALID_REQUEST');
});
