/**
 * What the gRPC streams carry over loopback, listener and caller in processes of their own: GB/s of 64 KiB messages
 * and messages/s of 100 B, each way, the processor time of each message, and the round trip of one small message.
 * Medians of short rounds; the same bytes over a plain socket show what the machine gives at that moment.
 *
 * Both run with an old generation that starts large. Once it is beyond 8 MiB, V8 begins a full marking each time
 * some 32 MiB of buffers have passed, which doubles the cost of a message; a start of 256 MiB postpones that.
 *
 * Run: node --import tsx test/bench/stream-throughput.ts
 */
import { type ChildProcess, fork } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { listenerLimitsDefault } from '../../src/adapters/grpc-options.ts';
import { ok } from '../../src/base/result.ts';
import { statusOk } from '../../src/base/status.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import {
  type AcceptedStream,
  type Channel,
  type OpenedStream,
  type StreamAcceptor,
  type StreamHandlers,
  streamLimitsDefault,
} from '../../src/ports/stream.ts';
import { acceptUnary, callUnary } from '../../src/ports/unary.ts';

const rounds = 5;
const roundMs = 400;
const quiet: EventLog = { emit() {}, with: () => quiet };

const network = grpcNetwork({
  limits: streamLimitsDefault,
  listenerLimits: listenerLimitsDefault,
  eventLog: quiet,
  onFatal: (bug) => {
    throw bug;
  },
  listenerTls: undefined,
  channelTls: undefined,
  insecureNetworkAllowed: false,
});

/** Sends pieces while there is credit, until the time is over; then calls `done`. */
function pump(stream: OpenedStream | AcceptedStream, piece: Uint8Array, done: () => void): () => void {
  const stopAtMs = performance.now() + roundMs;
  let isDone = false;
  return () => {
    while (!isDone && stream.creditBytes > 0) {
      if (performance.now() >= stopAtMs) {
        isDone = true;
        done();
      } else stream.send([piece]);
    }
  };
}

const sink: StreamAcceptor = (_, stream) => ({
  onMessage: (message) => stream.release(message.length),
  onCredit() {},
  onEnd: () => stream.close(statusOk),
  onClose() {},
});

const source: StreamAcceptor = ({ headers }, stream) => {
  const sendMore = pump(stream, new Uint8Array(Number(headers['piece-bytes'])), () => stream.close(statusOk));
  setImmediate(sendMore);
  return { onMessage() {}, onCredit: sendMore, onEnd() {}, onClose() {} };
};

const echo: StreamAcceptor = (_, stream) => ({
  onMessage(message) {
    stream.release(message.length);
    stream.send([message]);
  },
  onCredit() {},
  onEnd: () => stream.close(statusOk),
  onClose() {},
});

interface Round {
  readonly messages: number;
  readonly seconds: number;
}

/** One stream, from its opening to its close; `talk` returns what counts the messages. */
function round(
  channel: Channel,
  { method, pieceBytes }: { method: string; pieceBytes: number },
  talk: (stream: OpenedStream) => Partial<StreamHandlers> & { messages(): number },
): Promise<Round> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const told: { by?: ReturnType<typeof talk> } = {};
    const stream: OpenedStream = channel.open(
      method,
      { deadlineMs: undefined, headers: { 'piece-bytes': String(pieceBytes) } },
      {
        onMessage(message) {
          stream.release(message.length);
          told.by?.onMessage?.(message);
        },
        onCredit: () => told.by?.onCredit?.(),
        onEnd() {},
        onClose(status) {
          if (status.name !== 'ok') reject(new Error(status.message));
          else resolve({ messages: told.by?.messages() ?? 0, seconds: (performance.now() - startMs) / 1000 });
        },
      },
    );
    told.by = talk(stream);
  });
}

function toListener(channel: Channel, pieceBytes: number): Promise<Round> {
  return round(channel, { method: 'bench.Stream/Sink', pieceBytes }, (stream) => {
    let messages = 0;
    const piece = new Uint8Array(pieceBytes);
    const counting: OpenedStream = {
      get creditBytes() {
        return stream.creditBytes;
      },
      send(parts) {
        messages += 1;
        stream.send(parts);
      },
      release: (bytes) => stream.release(bytes),
      end: () => stream.end(),
      reset: () => stream.reset(),
    };
    const sendMore = pump(counting, piece, () => stream.end());
    sendMore();
    return { onCredit: sendMore, messages: () => messages };
  });
}

function toCaller(channel: Channel, pieceBytes: number): Promise<Round> {
  let messages = 0;
  return round(channel, { method: 'bench.Stream/Source', pieceBytes }, () => ({
    onMessage: () => (messages += 1),
    messages: () => messages,
  }));
}

function thereAndBack(channel: Channel, pieceBytes: number): Promise<Round> {
  return round(channel, { method: 'bench.Stream/Echo', pieceBytes }, (stream) => {
    let messages = 0;
    const piece = new Uint8Array(pieceBytes);
    const stopAtMs = performance.now() + roundMs;
    stream.send([piece]);
    return {
      onMessage() {
        messages += 1;
        if (performance.now() < stopAtMs) stream.send([piece]);
        else stream.end();
      },
      messages: () => messages,
    };
  });
}

/** The same bytes over a plain socket: what the machine has to give at this moment. */
function overPlainSocket(port: number, pieceBytes: number): Promise<Round> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const piece = new Uint8Array(pieceBytes);
    let messages = 0;
    const socket = connect({ host: '127.0.0.1', port });
    const sendMore = (): void => {
      while (performance.now() - startMs < roundMs) {
        messages += 1;
        if (!socket.write(piece)) return;
      }
      socket.end();
    };
    socket.on('connect', sendMore);
    socket.on('drain', sendMore);
    socket.on('error', reject);
    socket.on('close', () => resolve({ messages, seconds: (performance.now() - startMs) / 1000 }));
    socket.resume();
  });
}

interface Rates {
  readonly perSecond: number;
  readonly callerUs: number;
  readonly listenerUs: number;
}

const busyUs = ({ user, system } = process.cpuUsage()): number => user + system;

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function median(channel: Channel, measure: () => Promise<Round>): Promise<Rates> {
  await measure();
  const all: Rates[] = [];
  for (let index = 0; index < rounds; index += 1) {
    const [callerStartUs, listenerStartUs] = [busyUs(), await busyUsOf(channel)];
    const { messages, seconds } = await measure();
    const callerUs = (busyUs() - callerStartUs) / messages;
    const listenerUs = ((await busyUsOf(channel)) - listenerStartUs) / messages;
    all.push({ perSecond: messages / seconds, callerUs, listenerUs });
  }
  return {
    perSecond: middle(all.map(({ perSecond }) => perSecond)),
    callerUs: middle(all.map(({ callerUs }) => callerUs)),
    listenerUs: middle(all.map(({ listenerUs }) => listenerUs)),
  };
}

/** Processor time that the listener's process has used. */
async function busyUsOf(channel: Channel): Promise<number> {
  const options = { deadlineMs: 5000, headers: {} };
  const reply = await callUnary(channel, { method: 'bench.Stream/Busy', request: [], options });
  if (!reply.ok) throw new Error(reply.problem.message);
  return Number(Buffer.from(reply.value).toString());
}

function print(name: string, { perSecond, callerUs, listenerUs }: Rates, rate: (perSecond: number) => string): void {
  const cost = `caller ${callerUs.toFixed(1)} us, listener ${listenerUs.toFixed(1)} us each`;
  console.log(`${name.padEnd(26)}${rate(perSecond).padStart(20)}   ${cost}`);
}

async function call(endpoint: string, plainPort: number): Promise<void> {
  const channel = network.channel(endpoint);
  const large = 64 * 1024;
  const small = 100;
  const gigabytes = (perSecond: number): string => `${((perSecond * large) / 1e9).toFixed(2)} GB/s`;
  const thousands = (perSecond: number): string => `${(perSecond / 1e3).toFixed(0)} k messages/s`;
  const microseconds = (perSecond: number): string => `${(1e6 / perSecond).toFixed(0)} us`;
  print('64 KiB caller -> listener', await median(channel, () => toListener(channel, large)), gigabytes);
  print('64 KiB listener -> caller', await median(channel, () => toCaller(channel, large)), gigabytes);
  print('100 B  caller -> listener', await median(channel, () => toListener(channel, small)), thousands);
  print('100 B  listener -> caller', await median(channel, () => toCaller(channel, small)), thousands);
  print('100 B  there and back', await median(channel, () => thereAndBack(channel, small)), microseconds);
  print('64 KiB over a plain socket', await median(channel, () => overPlainSocket(plainPort, large)), gigabytes);
  channel.close();
}

async function serve(): Promise<void> {
  const busy = acceptUnary(
    async () => ok([Buffer.from(String(busyUs()))]),
    () => {},
  );
  const methods = new Map<string, StreamAcceptor>([
    ['bench.Stream/Sink', sink],
    ['bench.Stream/Source', source],
    ['bench.Stream/Echo', echo],
    ['bench.Stream/Busy', busy],
  ]);
  const listener = await network.listen({ endpoint: '127.0.0.1:0', methods });
  const plain = createServer((socket) => socket.resume().on('end', () => socket.end()));
  plain.listen(0, '127.0.0.1', () => {
    const address = plain.address();
    const plainPort = typeof address === 'object' && address !== null ? address.port : 0;
    process.send?.([listener.endpoint, String(plainPort)]);
  });
  process.once('disconnect', () => process.exit());
}

function startProcess(...args: readonly string[]): ChildProcess {
  return fork(import.meta.filename, args, { execArgv: [...process.execArgv, '--initial-old-space-size=256'] });
}

async function measure(): Promise<void> {
  const listener = startProcess('serve');
  const places = await new Promise<readonly string[]>((resolve, reject) => {
    listener.once('message', (message) => resolve(message as readonly string[]));
    listener.once('exit', (code) => reject(new Error(`the listener ended with ${code}`)));
  });
  const caller = startProcess('call', ...places);
  const code = await new Promise((resolve) => caller.once('exit', resolve));
  if (code !== 0) process.exitCode = 1;
  listener.disconnect();
}

const [role, endpoint, plainPort] = process.argv.slice(2);
if (role === 'serve') await serve();
else if (role === 'call' && endpoint !== undefined) {
  await call(endpoint, Number(plainPort));
  process.disconnect();
} else await measure();
