/**
 * What hostile, broken and careless callers do to an endpoint that serves gRPC. Each attack takes any endpoint and any
 * of its methods, makes that many bad calls, and tells how they ended.
 *
 * No attack waits for ever: what the other side leaves open is counted as `left open` and closed.
 * Read next: http2-frames.ts, hostile-callers.test.ts.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { gzipSync } from 'node:zlib';
import {
  callHeaders,
  endHeaders,
  frame,
  frameTypes,
  grpcFrame,
  headerBlock,
  preface,
  RawConnection,
} from './http2-frames.ts';

export interface Target {
  readonly endpoint: string;
  /** A method that takes one message, such as grpc.health.v1.Health/Check. */
  readonly method: string;
}

/** How bad calls ended, by count: a gRPC status code (`status 3`), `closed`, `refused`, `left open`. */
export type Endings = ReadonlyMap<string, number>;

export interface Attack {
  readonly name: string;
  /** Endings that are right. */
  readonly expected: readonly string[];
  /** Makes `calls` bad calls. */
  readonly run: (target: Target, calls: number) => Promise<Endings>;
}

/** Longer than any honest answer takes, also on a busy machine. */
const answerMsMax = 8000;
const callsAtOnceMax = 64;
const anyStatus = Array.from({ length: 17 }, (_, code) => `status ${code}`);

class Tally {
  readonly endings = new Map<string, number>();

  count(ending: string): void {
    this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
  }
}

/** Keeps one session to the endpoint, and makes a new one when that was taken away. */
class Sessions {
  readonly #endpoint: string;
  #session: ClientHttp2Session | undefined;

  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  current(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(`http://${this.#endpoint}`, { maxSendHeaderBlockLength: 2 ** 24 });
      this.#session.on('error', () => {});
    }
    return this.#session;
  }

  end(): void {
    this.#session?.destroy();
  }
}

interface BadCall {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Uint8Array;
  /** Leaves its half of the stream open. */
  readonly unfinished?: boolean;
}

function makeBadCall(sessions: Sessions, { method }: Target, { headers, body, unfinished }: BadCall): Promise<string> {
  return new Promise((resolve) => {
    let status: string | undefined;
    let request;
    try {
      request = sessions.current().request({
        ':method': 'POST',
        ':path': `/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
    } catch {
      resolve('refused');
      return;
    }
    const timer = setTimeout(() => {
      request.close(constants.NGHTTP2_CANCEL);
      resolve('left open');
    }, answerMsMax);
    const heard = (fields: Readonly<Record<string, unknown>>): void => {
      if (fields['grpc-status'] !== undefined) status = `status ${Number(fields['grpc-status'])}`;
      else if (fields[':status'] !== undefined && fields[':status'] !== 200)
        status = `http ${Number(fields[':status'])}`;
    };
    request.on('response', heard);
    request.on('trailers', heard);
    request.on('error', () => {});
    request.on('close', () => {
      clearTimeout(timer);
      resolve(status ?? 'closed');
    });
    request.resume();
    if (body !== undefined) request.write(body);
    if (unfinished !== true) request.end();
    else request.on('end', () => request.close());
  });
}

/** Bounded fan-out over one session that is renewed when it is taken away. */
async function makeBadCalls(target: Target, calls: number, badCall: (index: number) => BadCall): Promise<Endings> {
  const tally = new Tally();
  const sessions = new Sessions(target.endpoint);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) {
      const index = next;
      next += 1;
      tally.count(await makeBadCall(sessions, target, badCall(index)));
    }
  };
  await Promise.all(Array.from({ length: Math.min(calls, callsAtOnceMax) }, worker));
  sessions.end();
  return tally.endings;
}

/** One raw connection per call: `break` speaks, then the other side is given time to hang up. */
async function breakConnections(
  { endpoint }: Target,
  calls: number,
  speak: (connection: RawConnection, index: number) => Promise<void>,
): Promise<Endings> {
  const tally = new Tally();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) {
      const index = next;
      next += 1;
      const connection = await RawConnection.open(endpoint);
      await speak(connection, index);
      tally.count((await connection.closesWithin(answerMsMax)) ? 'closed' : 'left open');
      connection.destroy();
    }
  };
  await Promise.all(Array.from({ length: Math.min(calls, callsAtOnceMax) }, worker));
  return tally.endings;
}

const hello = Buffer.concat([preface, frame(frameTypes.settings, 0, 0)]);

/** As valid a protobuf as chance makes: tags, lengths and varints that lead nowhere. */
function malformedMessage(index: number): Uint8Array {
  const kinds = [
    () => randomBytes(randomInt(1, 200)),
    () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    () => Buffer.from([0x0a, 0x05, 0xc3, 0x28, 0xff, 0xfe, 0x00]),
    () => Buffer.alloc(50, 0x0b),
    () => Buffer.alloc(20, 0xff),
    () => Buffer.concat([Buffer.from([0x0a, 0x80, 0x10]), Buffer.alloc(2048, 0x41)]),
  ];
  return kinds[index % kinds.length]?.() ?? new Uint8Array();
}

const lyingFrames: readonly ((messageBytesMax: number) => Buffer)[] = [
  () => grpcFrame(Buffer.alloc(10), { length: 0xffff_ffff }),
  (messageBytesMax) => grpcFrame(Buffer.alloc(10), { length: messageBytesMax + 1 }),
  () => grpcFrame(randomBytes(100), { compressed: 1 }),
  () => grpcFrame(Buffer.alloc(3), { compressed: 255 }),
];

/** Small on the wire, over any limit unpacked. */
const bomb = grpcFrame(gzipSync(Buffer.alloc(32 * 1024 * 1024)), { compressed: 1 });

const crookedHeaders: readonly Readonly<Record<string, string | string[]>>[] = [
  { 'grpc-timeout': '99999999H' },
  { 'grpc-timeout': 'soon' },
  { 'grpc-timeout': '-1S' },
  { 'grpc-encoding': 'rot13' },
  { 'content-type': 'text/html' },
  { 'content-type': 'application/grpc-web' },
  { ':path': '/' },
  { ':path': '/../../etc/passwd' },
  { ':path': `/${'x'.repeat(10_000)}` },
  { ':method': 'GET' },
  { ':authority': '\u00ff'.repeat(300) },
  { 'grpc-trace-bin': '!!!not base64!!!' },
  { __proto__x: 'polluted', constructor: 'polluted' },
  { 'grpc-status': '0' },
];

export const attacks: readonly Attack[] = [
  {
    name: 'malformed protobuf',
    // Chance also makes valid messages, which are answered.
    expected: anyStatus,
    run: (target, calls) => makeBadCalls(target, calls, (index) => ({ body: grpcFrame(malformedMessage(index)) })),
  },
  {
    name: 'frames that lie about their length or compression',
    expected: [...anyStatus.slice(1), 'closed'],
    run: (target, calls) =>
      makeBadCalls(target, calls, (index) => ({
        body: lyingFrames[index % lyingFrames.length]?.(8 * 1024 * 1024) ?? Buffer.alloc(0),
        headers: index % 2 === 0 ? { 'grpc-encoding': 'gzip' } : {},
        // A caller that ends here is still right to wait for an answer.
        unfinished: index % lyingFrames.length < 2,
      })),
  },
  {
    name: 'decompression bombs',
    expected: [...anyStatus.slice(1), 'closed'],
    run: (target, calls) => makeBadCalls(target, calls, () => ({ body: bomb, headers: { 'grpc-encoding': 'gzip' } })),
  },
  {
    name: 'half a message',
    expected: [...anyStatus.slice(1), 'closed'],
    run: (target, calls) =>
      makeBadCalls(target, calls, () => ({ body: grpcFrame(Buffer.alloc(100), { length: 200 }) })),
  },
  {
    name: 'crooked headers',
    expected: [...anyStatus, 'http 415', 'closed', 'refused'],
    run: (target, calls) =>
      makeBadCalls(target, calls, (index) => ({
        headers: crookedHeaders[index % crookedHeaders.length] ?? {},
        body: grpcFrame(new Uint8Array()),
      })),
  },
  {
    name: 'many and large headers',
    expected: [...anyStatus.slice(1), 'closed', 'refused', 'http 431'],
    run: (target, calls) =>
      makeBadCalls(target, calls, (index) => ({
        headers:
          index % 2 === 0
            ? Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`x-flood-${at}`, 'y'.repeat(40)]))
            : { 'x-flood': 'y'.repeat(200_000) },
      })),
  },
  {
    name: 'streams opened and reset in a loop',
    expected: ['reset'],
    run: resetInALoop,
  },
  {
    name: 'random bytes, other protocols and broken prefaces',
    expected: ['closed'],
    run: (target, calls) =>
      breakConnections(target, calls, async (connection, index) => {
        const openings = [
          randomBytes(200),
          Buffer.from('GET / HTTP/1.1\r\nHost: odradek\r\n\r\n'),
          Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, ...randomBytes(500)]),
          Buffer.concat([preface.subarray(0, 20), randomBytes(50)]),
          Buffer.concat([preface, randomBytes(500)]),
        ];
        await connection.write(openings[index % openings.length] ?? preface);
      }),
  },
  {
    name: 'frames that break the rules of HTTP/2',
    expected: ['closed'],
    run: (target, calls) =>
      breakConnections(target, calls, async (connection, index) => {
        const faults = [
          frame(frameTypes.data, 0, 0, Buffer.alloc(10)),
          frame(frameTypes.window, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
          frame(frameTypes.headers, endHeaders, 2, headerBlock(callHeaders(target.method, target.endpoint))),
          frame(frameTypes.settings, 0, 1),
          frame(frameTypes.settings, 0, 0, Buffer.from([0, 4, 0xff, 0xff, 0xff, 0xff])),
          frame(frameTypes.continuation, 0, 1, Buffer.alloc(10)),
          frame(frameTypes.headers, endHeaders, 1, Buffer.alloc(100, 0xff)),
          frame(frameTypes.ping, 0, 0, Buffer.alloc(3)),
        ];
        await connection.write(Buffer.concat([hello, faults[index % faults.length] ?? hello]));
      }),
  },
  {
    name: 'headers that never end',
    expected: ['closed'],
    run: (target, calls) =>
      breakConnections(target, calls, async (connection) => {
        const piece = headerBlock(Array.from({ length: 100 }, (_, at) => [`x-${at}`, 'y'.repeat(100)] as const));
        const start = headerBlock(callHeaders(target.method, target.endpoint));
        await connection.write(Buffer.concat([hello, frame(frameTypes.headers, 0, 1, start)]));
        for (let count = 0; count < 100 && !connection.isClosed; count += 1)
          await connection.write(frame(frameTypes.continuation, 0, 1, piece));
      }),
  },
];

/** Opens and resets, many to a packet; a listener that ends the session is called again. */
async function resetInALoop({ endpoint, method }: Target, calls: number): Promise<Endings> {
  const tally = new Tally();
  const start = headerBlock(callHeaders(method, endpoint));
  const cancel = Buffer.from([0, 0, 0, 8]);
  for (let made = 0; made < calls;) {
    const connection = await RawConnection.open(endpoint);
    await connection.write(hello);
    for (let stream = 1; made < calls && !connection.isClosed && stream < 4000; stream += 200) {
      const packet: Buffer[] = [];
      for (let at = stream; at < stream + 200; at += 2) {
        packet.push(frame(frameTypes.headers, endHeaders, at, start), frame(frameTypes.reset, 0, at, cancel));
        tally.count('reset');
        made += 1;
      }
      await connection.write(Buffer.concat(packet));
    }
    await connection.closesWithin(20);
    connection.destroy();
  }
  return tally.endings;
}

/** Speaks one byte at a time, and never to the end: of the preface, of a frame's head, of a header block. */
export async function slowloris(
  { endpoint, method }: Target,
  connections: number,
  patienceMs: number,
): Promise<Endings> {
  const tally = new Tally();
  const unfinished = frame(frameTypes.headers, 0, 1, headerBlock(callHeaders(method, endpoint)));
  const speak = async (index: number): Promise<void> => {
    const connection = await RawConnection.open(endpoint);
    const slowly = index % 2 === 0 ? preface : unfinished;
    if (index % 2 === 1) await connection.write(hello);
    const stopAtMs = performance.now() + patienceMs;
    for (let at = 0; at < slowly.length - 1 && performance.now() < stopAtMs && !connection.isClosed; at += 1) {
      await connection.write(slowly.subarray(at, at + 1));
      await connection.closesWithin(patienceMs / slowly.length);
    }
    tally.count((await connection.closesWithin(Math.max(0, stopAtMs - performance.now()))) ? 'closed' : 'left open');
    connection.destroy();
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => speak(index)));
  return tally.endings;
}

/** Connections that greet and then say nothing. */
export async function openIdleConnections({ endpoint }: Target, count: number): Promise<readonly RawConnection[]> {
  const connections: RawConnection[] = [];
  for (let index = 0; index < count; index += 1) {
    const connection = await RawConnection.open(endpoint);
    await connection.write(hello);
    connections.push(connection);
  }
  return connections;
}

/** Asks for as much as it can and reads none of it: no stream window at all. */
export async function askAndReadNothing(
  { endpoint, method }: Target,
  { connections, streams }: { connections: number; streams: number },
): Promise<readonly RawConnection[]> {
  const noWindow = frame(frameTypes.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]));
  const start = headerBlock(callHeaders(method, endpoint));
  const all: RawConnection[] = [];
  for (let index = 0; index < connections; index += 1) {
    const connection = await RawConnection.open(endpoint);
    const calls = Array.from({ length: streams }, (_, at) => [
      frame(frameTypes.headers, endHeaders, 2 * at + 1, start),
      frame(frameTypes.data, 1, 2 * at + 1, grpcFrame(new Uint8Array())),
    ]).flat();
    await connection.write(Buffer.concat([preface, noWindow, ...calls]));
    all.push(connection);
  }
  return all;
}
