/**
 * A listener in a process of its own, and everything that hostile callers do to it: it stays up, answers others
 * meanwhile, says what is wrong or hangs up, and forgets it all.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import type { Channel } from '../../src/ports/stream.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { conformanceNetworkOptions, until, wait } from '../conformance/stream-grpc-fixture.ts';
import { askAndReadNothing, attacks, type Endings, openIdleConnections, slowloris } from './hostile-client.ts';
import type { TargetReport } from './hostile-target.ts';

const megabyte = 1024 * 1024;
const keptBytesMax = 50 * megabyte;
const check = 'grpc.health.v1.Health/Check';
const badCallsMin = 10_000;

const callsByAttack: Readonly<Record<string, number>> = {
  'malformed protobuf': 1200,
  'frames that lie about their length or compression': 300,
  'decompression bombs': 20,
  'half a message': 200,
  'crooked headers': 420,
  'many and large headers': 60,
  'streams opened and reset in a loop': 8000,
  'random bytes, other protocols and broken prefaces': 60,
  'frames that break the rules of HTTP/2': 64,
  'headers that never end': 20,
};

let target: ChildProcess;
let endpoint: string;
let channel: Channel;
let residentBytesBefore: number;
let badCalls = 0;

async function nextReport<Type extends TargetReport['type']>(
  type: Type,
): Promise<Extract<TargetReport, { type: Type }>> {
  const [message] = (await once(target, 'message')) as [TargetReport];
  if (message.type !== type) throw new Error(`the target says ${message.type} instead of ${type}`);
  return message as Extract<TargetReport, { type: Type }>;
}

async function whatItHolds(): Promise<Extract<TargetReport, { type: 'holding' }>> {
  const report = nextReport('holding');
  target.send('report');
  return report;
}

/** An honest caller's call: it tries again when its connection was closed under it, as the idle limit may do. */
async function isServing(attemptsMax = 3): Promise<boolean> {
  const options = { deadlineMs: 20_000, headers: {} };
  const reply = await callUnary(channel, { method: check, request: [], options });
  if (!reply.ok && reply.problem.name === 'unavailable' && attemptsMax > 1) return isServing(attemptsMax - 1);
  // HealthCheckResponse{status: SERVING}
  return reply.ok && Buffer.from([8, 1]).equals(reply.value);
}

/** Runs the attack while an honest caller keeps calling. */
async function servingDuring<Value>(attack: () => Promise<Value>): Promise<Value> {
  const attacked = { isOver: false };
  const outcome = attack().finally(() => (attacked.isOver = true));
  const answers: boolean[] = [];
  do {
    answers.push(await isServing());
    await wait(20);
  } while (!attacked.isOver);
  expect(answers).not.toContain(false);
  return outcome;
}

function total(endings: Endings): number {
  return [...endings.values()].reduce((sum, count) => sum + count, 0);
}

beforeAll(async () => {
  target = fork(fileURLToPath(new URL('hostile-target.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '--expose-gc'],
  });
  ({ endpoint } = await nextReport('listening'));
  channel = grpcNetwork(conformanceNetworkOptions).channel(endpoint);
  for (let count = 0; count < 300; count += 1) expect(await isServing()).toBe(true);
  residentBytesBefore = (await whatItHolds()).residentBytes;
});

afterAll(() => {
  channel.close();
  target.disconnect();
});

test.each(attacks)('a listener answers others and stays up under $name', async ({ name, expected, run }) => {
  const calls = callsByAttack[name] ?? 0;
  const endings = await servingDuring(() => run({ endpoint, method: check }, calls));
  expect(total(endings)).toBe(calls);
  expect([...endings.keys()].filter((ending) => !expected.includes(ending))).toEqual([]);
  badCalls += calls;
});

test('a thousand idle connections cost little, and are closed when they have been idle for long', async () => {
  const connections = await servingDuring(() => openIdleConnections({ endpoint, method: check }, 1000));
  const { residentBytes } = await whatItHolds();
  expect(residentBytes - residentBytesBefore).toBeLessThan(2 * keptBytesMax);
  await until('all idle connections are closed', () => connections.every(({ isClosed }) => isClosed));
});

test('callers that speak one byte at a time are hung up on', async () => {
  const endings = await servingDuring(() => slowloris({ endpoint, method: check }, 100, 6000));
  expect([...endings]).toEqual([['closed', 100]]);
});

test('callers that read nothing pin their windows and no more, and leave nothing when they go', async () => {
  const shape = { connections: 10, streams: 8 };
  const connections = await servingDuring(() => askAndReadNothing({ endpoint, method: 'test.Flood/Flood' }, shape));
  await wait(300);
  const { residentBytes, openStreams } = await whatItHolds();
  expect(openStreams).toBe(shape.connections * shape.streams);
  // A stream's window, twice: as the handler's piece and as the frame it was copied to.
  expect(residentBytes - residentBytesBefore).toBeLessThan(keptBytesMax + openStreams * 2 * megabyte);
  for (const connection of connections) connection.destroy();
});

test('after ten thousand bad calls a listener holds no stream, no error and no more than 50 MB of memory', async () => {
  expect(badCalls).toBeGreaterThanOrEqual(badCallsMin);
  const isCalm = ({ openStreams, residentBytes }: Awaited<ReturnType<typeof whatItHolds>>): boolean =>
    openStreams === 0 && residentBytes - residentBytesBefore < keptBytesMax;
  let held = await whatItHolds();
  // The heap gives its free pages back when it has been quiet for a while.
  for (let attempt = 0; attempt < 20 && !isCalm(held); attempt += 1) held = await whatItHolds();
  expect(held.openStreams).toBe(0);
  expect(held.errors).toEqual([]);
  expect(held.residentBytes - residentBytesBefore).toBeLessThan(keptBytesMax);
  expect(target.exitCode).toBeNull();
  expect(await isServing()).toBe(true);
});
