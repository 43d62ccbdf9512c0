/**
 * How fast one replica feeds another: pushes of 256 KiB batches over real gRPC, leader and follower in processes of their own,
 * through the whole transport (frames, checks of every batch, turns), as a ratio to the same bytes as raw messages over a
 * stream of the same network in the same run, in turn with it. Medians of short rounds.
 *
 * Run: node --import tsx test/bench/replica-stream.ts
 */
import { type ChildProcess, fork } from 'node:child_process';
import { NodeClock } from '../../src/adapters/node-clock.ts';
import { grpcNetwork } from '../../src/adapters/grpc-network.ts';
import { listenerLimitsDefault } from '../../src/adapters/grpc-options.ts';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, clusterId, topicId } from '../../src/base/ids.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import { statusOk } from '../../src/base/status.ts';
import { ReplicaTransport, replicaTransportLimitsDefault } from '../../src/broker/replica-transport.ts';
import { assignedBatch, type AssignedBatch } from '../../src/partition/partition-batch.ts';
import type { PartitionMessage, PushMessage } from '../../src/partition/partition-message.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { streamLimitsDefault, type StreamAcceptor } from '../../src/ports/stream.ts';
import { BatchEncoder } from '../../src/record/batch-encoder.ts';
import { BatchHeader } from '../../src/record/batch-header.ts';
import { replicaFrameCodec } from '../../src/wire/replica-frame-codec.ts';

const rounds = 7;
const roundMs = 500;
const batchBytes = 256 * 1024;
const sinkMethod = 'bench.Stream/Sink';
const key = { topicId: topicId('a'.repeat(32)), partition: 0 };
const life = brokerEpoch(10);
const [leader, follower] = [brokerId(1), brokerId(2)];

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

function transport(
  self: typeof leader,
  endpoints: ReadonlyMap<typeof leader, string>,
  onMessage: (message: PartitionMessage) => void,
): ReplicaTransport {
  return new ReplicaTransport({
    clock: new NodeClock(),
    network,
    codec: replicaFrameCodec,
    eventLog: quiet,
    limits: replicaTransportLimitsDefault,
    catchUpBytesPerSecond: () => Infinity,
    self: () => ({ clusterId: clusterId('c'.repeat(32)), brokerId: self, brokerEpoch: life }),
    findBroker: (broker) => {
      const peerEndpoint = endpoints.get(broker);
      return peerEndpoint === undefined ? undefined : { brokerEpoch: life, peerEndpoint };
    },
    events: {
      onMessage: (_, __, message) => onMessage(message),
      onLinkLost() {},
      readHere: () => Promise.resolve(undefined),
    },
    onFault: (fault) => {
      throw fault;
    },
    onBadPush: ({ problem }) => {
      throw new Error(`a push arrived damaged: ${problem.type}`);
    },
  });
}

/** The follower, and the sink of raw messages beside it: they tell what has arrived. */
async function serve(): Promise<void> {
  const arrived = { pushes: 0, raw: 0 };
  const replicas = transport(follower, new Map([[leader, '127.0.0.1:1']]), (message) => {
    if (message.type === 'push') arrived.pushes += message.batches.length;
  });
  const sink: StreamAcceptor = (_, stream) => ({
    onMessage(message) {
      arrived.raw += 1;
      stream.release(message.length);
    },
    onCredit() {},
    onEnd: () => stream.close(statusOk),
    onClose() {},
  });
  const methods = new Map([...replicas.methods, [sinkMethod, sink] as const]);
  const listener = await network.listen({ endpoint: '127.0.0.1:0', methods });
  process.on('message', () => process.send?.({ ...arrived }));
  process.once('disconnect', () => process.exit());
  process.send?.(listener.endpoint);
}

function batchAt(base: number): AssignedBatch {
  const encoder = new BatchEncoder({ batchBytesTarget: batchBytes, batchBytesMax: 2 * batchBytes });
  const value = new Uint8Array(1000).fill(7);
  for (let count = 0; count < Math.floor(batchBytes / 1010); count += 1)
    encoder.append({ key: null, value, timestampMs: 1_700_000_000_000 });
  const bytes = encoder.finishOwned();
  new BatchHeader(bytes).stamp({ baseOffset: offset(base), leaderEpoch: leaderEpoch(1) });
  return assignedBatch(bytes);
}

interface Counts {
  readonly pushes: number;
  readonly raw: number;
}

class Bench {
  readonly #child: ChildProcess;
  readonly #endpoint: string;
  readonly #replicas: ReplicaTransport;
  readonly #batch = batchAt(0);

  constructor(child: ChildProcess, endpoint: string) {
    this.#child = child;
    this.#endpoint = endpoint;
    this.#replicas = transport(leader, new Map([[follower, endpoint]]), () => {});
  }

  get bytes(): number {
    return this.#batch.ownedBytes.length;
  }

  counts(): Promise<Counts> {
    const told = new Promise<Counts>((resolve) => this.#child.once('message', (counts) => resolve(counts as Counts)));
    this.#child.send('count');
    return told;
  }

  /** Batches that arrived in a round of pushes, the next asked for when one is on its way, as a leader does. */
  async pushes(): Promise<number> {
    const before = (await this.counts()).pushes;
    const { baseOffset: from, nextOffset: next } = this.#batch;
    const message: PushMessage = {
      type: 'push',
      leaderEpoch: leaderEpoch(1),
      brokerEpoch: life,
      session: 1,
      watermark: from,
      startWanted: offset(0),
      start: offset(0),
      from,
      next,
      batches: [this.#batch],
    };
    const untilMs = performance.now() + roundMs;
    while (performance.now() < untilMs)
      await this.#replicas.push(follower, key, 'tail', () => Promise.resolve(message));
    return (await this.counts()).pushes - before;
  }

  async raw(): Promise<number> {
    const before = (await this.counts()).raw;
    const channel = network.channel(this.#endpoint);
    await new Promise<void>((resolve, reject) => {
      const untilMs = performance.now() + roundMs;
      let isDone = false;
      const more = (): void => {
        while (!isDone && stream.creditBytes > 0) {
          isDone = performance.now() >= untilMs;
          if (isDone) stream.end();
          else stream.send([this.#batch.ownedBytes]);
        }
      };
      const handlers = { onMessage() {}, onEnd() {}, onCredit: more };
      const stream = channel.open(
        sinkMethod,
        { deadlineMs: undefined, headers: {} },
        { ...handlers, onClose: ({ name, message }) => (name === 'ok' ? resolve() : reject(new Error(message))) },
      );
      more();
    });
    channel.close();
    return (await this.counts()).raw - before;
  }
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function lead(): Promise<void> {
  const child = fork(import.meta.filename, ['serve'], {
    execArgv: [...process.execArgv, '--initial-old-space-size=256'],
  });
  const endpoint = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(message as string));
    child.once('exit', (code) => reject(new Error(`the follower ended with ${code}`)));
  });
  const bench = new Bench(child, endpoint);
  const megabytes = async (round: () => Promise<number>): Promise<number> => {
    const startMs = performance.now();
    const count = await round();
    return (count * bench.bytes) / 1e3 / (performance.now() - startMs);
  };
  const rates: { readonly pushed: number; readonly raw: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const raw = await megabytes(() => bench.raw());
    const pushed = await megabytes(() => bench.pushes());
    // The first is for the compiler and for pages that nobody has touched yet.
    if (round > 0) rates.push({ pushed, raw });
  }
  const show = (name: string, value: number): void =>
    console.log(`${name.padEnd(44)}${value.toFixed(0).padStart(8)} MB/s`);
  show('256 KiB raw messages over a gRPC stream', middle(rates.map(({ raw }) => raw)));
  show('256 KiB batches pushed to a replica', middle(rates.map(({ pushed }) => pushed)));
  const ratio = middle(rates.map(({ pushed, raw }) => pushed / raw));
  console.log(`${'ratio, median of rounds'.padEnd(44)}${ratio.toFixed(2).padStart(8)}`);
  child.disconnect();
  process.exit();
}

if (process.argv[2] === 'serve') await serve();
else await lead();
