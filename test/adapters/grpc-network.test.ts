import { Client, credentials, type Metadata, status as grpcCodes } from '@grpc/grpc-js';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import type { GrpcNetworkOptions } from '../../src/adapters/grpc-options.ts';
import { hostAndPort } from '../../src/base/endpoint.ts';
import { assert, type InvariantError } from '../../src/base/assert.ts';
import { FaultError } from '../../src/base/fault-error.ts';
import { statusOf, statusOk } from '../../src/base/status.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import type { AcceptedStream, Channel, Listener, StreamAcceptor, StreamHandlers } from '../../src/ports/stream.ts';
import { conformanceNetworkOptions, until, wait } from '../conformance/stream-grpc-fixture.ts';
import { patterned, Recording, sameBytes } from '../conformance/stream-stage.ts';
import { makeTestAuthority } from './test-certificates.ts';

const noOptions = { deadlineMs: undefined, headers: {} };
const quiet: StreamHandlers = { onMessage() {}, onCredit() {}, onEnd() {}, onClose() {} };
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface World {
  readonly listener: Listener;
  readonly channel: Channel;
  readonly logged: readonly string[];
  readonly bugs: readonly InvariantError[];
}

async function world(acceptor: StreamAcceptor, changes: Partial<GrpcNetworkOptions> = {}): Promise<World> {
  const logged: string[] = [];
  const bugs: InvariantError[] = [];
  const eventLog: EventLog = {
    emit: (level, sentence) => void logged.push(`${level}: ${sentence}`),
    with: () => eventLog,
  };
  const network = grpcNetwork({
    ...conformanceNetworkOptions,
    eventLog,
    onFatal: (bug) => void bugs.push(bug),
    ...changes,
  });
  const listener = await network.listen({
    endpoint: '127.0.0.1:0',
    methods: new Map([['test.Stream/Talk', acceptor]]),
  });
  const channel = network.channel(listener.endpoint);
  cleanups.push(
    () => listener.close(0),
    () => channel.close(),
  );
  return { listener, channel, logged, bugs };
}

async function talk(channel: Channel): Promise<Recording> {
  const heard = new Recording();
  const stream = channel.open('test.Stream/Talk', noOptions, heard);
  heard.stream = stream;
  stream.send([patterned(10, 1)]);
  stream.end();
  await until('the stream has closed', () => heard.closedAs !== undefined);
  return heard;
}

const greet: StreamAcceptor = (_, stream) => ({
  ...quiet,
  onEnd() {
    stream.send([Buffer.from('welcome')]);
    stream.close(statusOk);
  },
});

function dial(listener: Listener): Promise<Socket> {
  const socket = connect(hostAndPort(listener.endpoint));
  cleanups.push(() => void socket.destroy());
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
}

test('a listener beyond loopback is refused without TLS, and allowed by the one loud setting', async () => {
  const beyond = { endpoint: '0.0.0.0:0', methods: new Map<string, StreamAcceptor>() };
  const refused = grpcNetwork(conformanceNetworkOptions).listen(beyond);
  await expect(refused).rejects.toThrow(FaultError);
  await expect(refused).rejects.toThrow(/without TLS/);

  const said: string[] = [];
  const eventLog: EventLog = {
    emit: (level, sentence) => void said.push(`${level}: ${sentence}`),
    with: () => eventLog,
  };
  const loud = grpcNetwork({ ...conformanceNetworkOptions, eventLog, insecureNetworkAllowed: true });
  await (await loud.listen(beyond)).close(0);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^warn: listening beyond this machine without TLS/);

  const identity = makeTestAuthority().identity('node');
  const encrypted = grpcNetwork({ ...conformanceNetworkOptions, listenerTls: { ...identity, clientCa: undefined } });
  await (await encrypted.listen(beyond)).close(0);
});

test('a stream over TLS knows the listener by its authority, and strangers are unavailable', async () => {
  const authority = makeTestAuthority();
  const listenerTls = { ...authority.identity('node'), clientCa: undefined };
  const { channel, listener } = await world(greet, {
    listenerTls,
    channelTls: { ca: authority.cert, identity: undefined },
  });
  expect((await talk(channel)).closedAs).toEqual(statusOk);

  for (const channelTls of [{ ca: makeTestAuthority().cert, identity: undefined }, undefined]) {
    const stranger = grpcNetwork({ ...conformanceNetworkOptions, channelTls }).channel(listener.endpoint);
    expect((await talk(stranger)).closedAs?.name).toBe('unavailable');
    stranger.close();
  }
});

test('a listener that names an authority for callers takes only those who show its certificate', async () => {
  const authority = makeTestAuthority();
  const listenerTls = { ...authority.identity('node'), clientCa: authority.cert };
  const { listener } = await world(greet, { listenerTls });
  const outcomes = [];
  for (const identity of [authority.identity('caller'), makeTestAuthority().identity('stranger'), undefined]) {
    const channelTls = { ca: authority.cert, identity };
    const channel = grpcNetwork({ ...conformanceNetworkOptions, channelTls }).channel(listener.endpoint);
    outcomes.push((await talk(channel)).closedAs?.name);
    channel.close();
  }
  expect(outcomes).toEqual(['ok', 'unavailable', 'unavailable']);
});

const throwingPlaces: readonly [string, (fail: () => never) => StreamAcceptor][] = [
  ['acceptor', (fail) => () => fail()],
  ['onMessage', (fail) => () => ({ ...quiet, onMessage: fail })],
  ['onEnd', (fail) => () => ({ ...quiet, onEnd: fail })],
];

test.each(throwingPlaces)(
  'an acceptor whose %s throws ends its call as internal, and nothing else',
  async (_, acceptor) => {
    const { channel, logged, bugs } = await world(
      acceptor(() => {
        throw new Error('the secret reason');
      }),
    );
    for (const attempt of [1, 2]) {
      const { closedAs } = await talk(channel);
      expect(closedAs?.name).toBe('internal');
      expect(closedAs?.message).not.toContain('secret');
      expect(logged).toHaveLength(attempt);
    }
    expect(logged[0]).toBe('error: a stream handler failed; its stream ends');
    expect(bugs).toEqual([]);
  },
);

test.each(throwingPlaces)('a broken invariant in an acceptor’s %s reaches the process', async (_, acceptor) => {
  const { channel, bugs } = await world(acceptor(() => assert(false, 'the sky stays up') as never));
  expect((await talk(channel)).closedAs?.name).toBe('internal');
  expect(bugs.map(({ message }) => message)).toEqual(['broken: the sky stays up']);
});

test('an opener whose handler throws ends its own stream and no other', async () => {
  const { channel, logged } = await world((_, stream) => {
    stream.send([patterned(5, 1)]);
    return quiet;
  });
  const closed: string[] = [];
  channel.open('test.Stream/Talk', noOptions, {
    ...quiet,
    onMessage() {
      throw new Error('cannot bear it');
    },
    onClose: (status) => void closed.push(status.name),
  });
  const other = new Recording();
  channel.open('test.Stream/Talk', noOptions, other);
  await until('the throwing stream has closed', () => closed.length > 0 && other.messages.length === 1);
  expect(closed).toEqual(['internal']);
  expect(other.count('close')).toBe(0);
  expect(logged).toEqual(['error: a stream handler failed; its stream ends']);
});

test('a handler that throws in onClose harms nothing', async () => {
  const fail = (): never => {
    throw new Error('too late');
  };
  const { channel, logged } = await world((_, stream) => {
    stream.close(statusOk);
    return { ...quiet, onClose: fail };
  });
  channel.open('test.Stream/Talk', noOptions, { ...quiet, onClose: fail });
  const fresh = grpcNetwork(conformanceNetworkOptions).channel(channel.endpoint);
  fresh.close();
  fresh.open('test.Stream/Talk', noOptions, { ...quiet, onClose: fail });
  await until('both are logged', () => logged.length === 2);
  expect((await talk(channel)).closedAs).toEqual(statusOk);
});

test('callers that know nothing of us get plain gRPC: status, message and details in the trailers', async () => {
  const details = patterned(100, 3);
  const { listener } = await world((_, stream) => {
    stream.send([patterned(5, 1)]);
    stream.close(statusOf('failed-precondition', 'räumen: 100 %', details));
    return quiet;
  });
  const client = new Client(listener.endpoint, credentials.createInsecure());
  const same = (bytes: Buffer): Buffer => bytes;
  const call = client.makeBidiStreamRequest('/test.Stream/Talk', same, same);
  const outcome = await new Promise<{ code: number; details: string; metadata: Metadata }>((resolve) => {
    call.on('data', () => {});
    call.on('error', () => {});
    call.on('status', resolve);
  });
  expect(outcome.code).toBe(grpcCodes.FAILED_PRECONDITION);
  expect(outcome.details).toBe('räumen: 100 %');
  expect(sameBytes(outcome.metadata.get('grpc-status-details-bin') as Buffer[], [details])).toBe(true);
  client.close();
});

test('a status that no trailer could carry still arrives, cut to what fits', async () => {
  const { channel } = await world((_, stream) => {
    stream.close(statusOf('aborted', `half a pair \uD800 ${'x'.repeat(100_000)}`, new Uint8Array(100_000)));
    return quiet;
  });
  const { closedAs } = await talk(channel);
  expect(closedAs?.name).toBe('aborted');
  expect(closedAs?.message.startsWith('half a pair \uFFFD xxx')).toBe(true);
  expect(closedAs?.message.length).toBe(4096);
  expect(closedAs?.details).toBeUndefined();
});

test('an endpoint that cannot be parsed fails its streams as unavailable, and says which', async () => {
  const channel = grpcNetwork(conformanceNetworkOptions).channel('not an endpoint');
  const { closedAs } = await talk(channel);
  expect(closedAs?.name).toBe('unavailable');
  expect(closedAs?.message).toContain('not an endpoint');
  channel.close();
});

test('connections over the limit are refused, and room that is left is given again', async () => {
  const listenerLimits = { ...conformanceNetworkOptions.listenerLimits, connectionsMax: 2 };
  const { listener, logged, channel } = await world(greet, { listenerLimits });
  const sockets = [await dial(listener), await dial(listener), await dial(listener)];
  await until('one of three is refused', () => sockets.some((socket) => socket.readyState === 'closed'));
  expect(logged).toEqual(['warn: refusing connections: the limit is reached']);
  for (const socket of sockets) socket.destroy();
  const outcomes: (string | undefined)[] = [];
  while (outcomes.at(-1) !== 'ok' && outcomes.length < 1000) outcomes.push((await talk(channel)).closedAs?.name);
  expect(outcomes.at(-1)).toBe('ok');
});

test('a connection that says nothing is closed when its handshake is late', async () => {
  const listenerLimits = { ...conformanceNetworkOptions.listenerLimits, handshakeMsMax: 50 };
  const { listener, channel } = await world((_, stream) => ({ ...quiet, onEnd: () => stream.close(statusOk) }), {
    listenerLimits,
  });
  const silent = await dial(listener);
  silent.resume();
  const held = new Recording();
  channel.open('test.Stream/Talk', noOptions, held);
  await until('the silent one is cut', () => silent.readyState === 'closed' || silent.closed);
  expect(held.count('close')).toBe(0);
});

test('a connection without streams is closed when it has been idle for long', async () => {
  const listenerLimits = { ...conformanceNetworkOptions.listenerLimits, connectionIdleMsMax: 50 };
  const { listener } = await world(greet, { listenerLimits });
  const session = connectHttp2(`http://${listener.endpoint}`);
  await until('the idle one is closed', () => session.closed || session.destroyed);
});

test.each([
  ['sets no deadline', {}],
  ['would wait for hours', { 'grpc-timeout': '5H' }],
])('a caller that never takes what it asked for and %s loses the stream after the close', async (_, deadline) => {
  const listenerLimits = { ...conformanceNetworkOptions.listenerLimits, closeFlushMsMax: 100 };
  const closes: string[] = [];
  const { listener } = await world(
    (_, stream: AcceptedStream) => {
      stream.send([patterned(500_000, 1)]);
      stream.close(statusOk);
      return { ...quiet, onClose: (status) => void closes.push(status.name) };
    },
    { listenerLimits },
  );
  const session = connectHttp2(`http://${listener.endpoint}`, { settings: { initialWindowSize: 1000 } });
  session.on('error', () => {});
  const request = session.request({
    ':method': 'POST',
    ':path': '/test.Stream/Talk',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...deadline,
  });
  request.on('error', () => {});
  request.pause();
  await until('the stream is reset', () => request.closed);
  expect(request.rstCode).toBe(constants.NGHTTP2_CANCEL);
  await until('the acceptor is told', () => closes.length === 1);
  expect(session.destroyed).toBe(false);
  session.destroy();
});

/** A call by hand that begins messages of that size and does not end them. */
function beginMessages(listener: Listener, { streams, bytes }: { streams: number; bytes: number }) {
  const session = connectHttp2(`http://${listener.endpoint}`);
  cleanups.push(() => session.destroy());
  session.on('error', () => {});
  return Array.from({ length: streams }, () => {
    const request = session.request({
      ':method': 'POST',
      ':path': '/test.Stream/Talk',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const outcome: { status: string; resetCode: number | undefined } = { status: '', resetCode: undefined };
    request.on('response', (headers) => (outcome.status = String(headers['grpc-status'])));
    request.on('error', () => {});
    request.on('close', () => (outcome.resetCode = request.rstCode));
    request.resume();
    const prefix = Buffer.from([0, 0, 0, 0, 0]);
    prefix.writeUInt32BE(bytes, 1);
    request.write(Buffer.concat([prefix, Buffer.alloc(bytes - 1)]));
    return outcome;
  });
}

const isOverBudget = ({ resetCode }: { readonly resetCode: number | undefined }): boolean =>
  resetCode === constants.NGHTTP2_ENHANCE_YOUR_CALM;

test('streams that begin more large messages than the budget holds are refused, and the others are not', async () => {
  const listenerLimits = { ...conformanceNetworkOptions.listenerLimits, connectionBytesMax: 1_000_000 };
  const { listener, channel } = await world(greet, { listenerLimits });
  const outcomes = beginMessages(listener, { streams: 10, bytes: 300_000 });
  await until('some are refused', () => outcomes.filter(isOverBudget).length >= 7);
  await wait(100);
  expect(outcomes.filter(({ resetCode }) => resetCode === undefined).length).toBeGreaterThan(0);
  expect((await talk(channel)).closedAs).toEqual(statusOk);
});

test('the budget of a listener holds over all its connections', async () => {
  const listenerLimits = { ...conformanceNetworkOptions.listenerLimits, listenerBytesMax: 1_000_000 };
  const { listener } = await world(greet, { listenerLimits });
  const outcomes = Array.from({ length: 10 }, () => beginMessages(listener, { streams: 1, bytes: 300_000 })).flat();
  await until('some are refused', () => outcomes.filter(isOverBudget).length >= 7);
  await wait(100);
  expect(outcomes.filter(({ resetCode }) => resetCode === undefined).length).toBeGreaterThan(0);
});

test('a message that does not come to its end is not waited for', async () => {
  const listenerLimits = { ...conformanceNetworkOptions.listenerLimits, messageMsMax: 100 };
  const { listener, channel } = await world(() => quiet, { listenerLimits });
  const idle = new Recording();
  channel.open('test.Stream/Talk', noOptions, idle);
  const outcomes = beginMessages(listener, { streams: 2, bytes: 1000 });
  await until('both are refused', () =>
    outcomes.every(({ status }) => status === String(grpcCodes.RESOURCE_EXHAUSTED)),
  );
  expect(idle.count('close')).toBe(0);
});

test('a handler that keeps its window is not taken for a caller that dawdles', async () => {
  const listenerLimits = { ...conformanceNetworkOptions.listenerLimits, messageMsMax: 100 };
  const kept = new Recording();
  kept.keepsBytes = true;
  const { channel } = await world(() => kept, { listenerLimits });
  const heard = new Recording();
  const stream = channel.open('test.Stream/Talk', noOptions, heard);
  while (stream.creditBytes > 0) {
    while (stream.creditBytes > 0) stream.send([patterned(10_000, 1)]);
    await wait(30);
  }
  await wait(1200);
  expect(heard.count('close')).toBe(0);
});
