/**
 * Brokers that have nothing but a transport, on the simulated network: each notes what it hears and what it is told, and what its
 * transport takes of clock and network is counted.
 */
import { expect } from 'vitest';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, clusterId, directoryId, topicId, type BrokerId } from '../../src/base/ids.ts';
import { leaderEpoch, offset } from '../../src/base/offsets.ts';
import type { BadPush } from '../../src/broker/replica-acceptor.ts';
import type { PartitionKey } from '../../src/broker/partition-key.ts';
import {
  ReplicaTransport,
  replicaTransportLimitsDefault,
  type KnownBroker,
  type ReplicaTransportLimits,
} from '../../src/broker/replica-transport.ts';
import type { AttachMessage, PartitionMessage, ProgressMessage } from '../../src/partition/partition-message.ts';
import type { ReplicaSelf } from '../../src/partition/replica-hello.ts';
import type { Clock, Timer } from '../../src/ports/clock.ts';
import { streamLimitsDefault, type Channel, type Network } from '../../src/ports/stream.ts';
import type { ProcessPorts } from '../../src/simulation/simulated-process.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { replicaFrameCodec } from '../../src/wire/replica-frame-codec.ts';

export const cluster = clusterId('c'.repeat(32));

export function keyOf(partition: number): PartitionKey {
  return { topicId: topicId('a'.repeat(32)), partition };
}

const said = { leaderEpoch: leaderEpoch(4), brokerEpoch: brokerEpoch(11), session: 1 };

export function attach(session: number): AttachMessage {
  const directory = directoryId('d'.repeat(32));
  return { type: 'attach', ...said, session, directory, lastEpoch: undefined, logEnd: offset(0), grantedBytes: 10 };
}

export function progress(next: number, session = 1): ProgressMessage {
  const at = offset(next);
  return {
    type: 'progress',
    ...said,
    session,
    next: at,
    durable: at,
    watermark: at,
    start: offset(0),
    grantedBytes: 9,
  };
}

export interface Heard {
  readonly from: number;
  readonly partition: number;
  readonly message: PartitionMessage;
}

/** One broker in all its lives. */
export class TransportUser {
  readonly id: BrokerId;
  readonly heard: Heard[] = [];
  readonly lost: number[] = [];
  readonly bad: BadPush[] = [];
  sentMessages = 0;
  channels = 0;
  readonly timers = new Set<Timer>();
  transport: ReplicaTransport | undefined;

  constructor(number: number) {
    this.id = brokerId(number);
  }

  get name(): string {
    return `b${this.id}`;
  }

  /** What was heard, in short. */
  get lines(): readonly string[] {
    return this.heard.map(({ from, partition, message }) => {
      const detail = message.type === 'progress' ? message.next : message.session;
      return `${from}/${partition} ${message.type} ${detail}`;
    });
  }
}

export interface StageOptions {
  readonly brokers?: number;
  readonly limits?: Partial<ReplicaTransportLimits>;
  readonly catchUpBytesPerSecond?: number;
  readonly windowBytes?: number;
  readonly self?: (user: TransportUser) => ReplicaSelf;
}

export class TransportStage {
  readonly simulation: Simulation;
  readonly users: readonly TransportUser[];
  /** The newest metadata, which all see at once. */
  readonly known = new Map<BrokerId, KnownBroker>();

  constructor(options: StageOptions = {}) {
    const { brokers = 2, windowBytes } = options;
    const streamLimits = { ...streamLimitsDefault, windowBytes: windowBytes ?? streamLimitsDefault.windowBytes };
    this.simulation = new Simulation({ seed: 3, streamLimits });
    this.users = Array.from({ length: brokers }, (_, at) => new TransportUser(at + 1));
    for (const user of this.users) {
      this.known.set(user.id, { brokerEpoch: brokerEpoch(10), peerEndpoint: `${user.name}:7191` });
      this.simulation.addProcess(user.name, (ports) => this.#boot(user, ports, options));
    }
    for (const process of this.simulation.processes) process.start();
  }

  user(number: number): TransportUser {
    const user = this.users[number - 1];
    if (user === undefined) throw new Error(`there is no broker ${number}`);
    return user;
  }

  /** As the program of that broker. */
  as(number: number, act: (transport: ReplicaTransport) => void): void {
    const { name } = this.user(number);
    this.simulation.mustFindProcess(name).run(() => {
      const { transport } = this.user(number);
      if (transport === undefined) throw new Error('a process that runs has a transport');
      act(transport);
    });
  }

  async pass(ms: number): Promise<void> {
    await this.simulation.run({ untilMs: this.simulation.world.nowMs + ms });
    expect(this.simulation.world.problem).toBeUndefined();
  }

  /** The broker is registered anew; its own process has that life. */
  register(number: number, epoch: number): void {
    const { id, name } = this.user(number);
    this.known.set(id, { brokerEpoch: brokerEpoch(epoch), peerEndpoint: `${name}:7191` });
    for (const user of this.users) user.transport?.look();
  }

  async #boot(
    user: TransportUser,
    ports: ProcessPorts,
    { limits, catchUpBytesPerSecond = Infinity, self }: StageOptions,
  ): Promise<void> {
    user.timers.clear();
    const born = this.known.get(user.id)?.brokerEpoch ?? brokerEpoch(10);
    const transport = new ReplicaTransport({
      eventLog: ports.eventLog,
      clock: countedClock(user, ports.clock),
      network: countedNetwork(user, ports.network),
      codec: replicaFrameCodec,
      limits: { ...replicaTransportLimitsDefault, ...limits },
      catchUpBytesPerSecond: () => catchUpBytesPerSecond,
      self: () => self?.(user) ?? { clusterId: cluster, brokerId: user.id, brokerEpoch: born },
      findBroker: (broker) => this.known.get(broker),
      events: {
        onMessage: (from, { partition }, message) => void user.heard.push({ from, partition, message }),
        onLinkLost: (broker) => void user.lost.push(broker),
        readHere: () => Promise.resolve(undefined),
      },
      onFault: (fault) => {
        throw fault;
      },
      onBadPush: (bad) => void user.bad.push(bad),
    });
    user.transport = transport;
    await ports.network.listen({ endpoint: `${user.name}:7191`, methods: transport.methods });
  }
}

function countedClock({ timers }: TransportUser, clock: Clock): Clock {
  return {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs(),
    callSoon: (action) => clock.callSoon(action),
    callAfterMs(delayMs, action) {
      const inner = clock.callAfterMs(delayMs, () => {
        timers.delete(timer);
        action();
      });
      const timer: Timer = {
        cancel() {
          timers.delete(timer);
          inner.cancel();
        },
      };
      timers.add(timer);
      return timer;
    },
  };
}

function countedNetwork(user: TransportUser, network: Network): Network {
  return {
    listen: (options) => network.listen(options),
    channel(endpoint): Channel {
      user.channels += 1;
      const channel = network.channel(endpoint);
      return {
        endpoint,
        close: () => channel.close(),
        open(method, options, handlers) {
          const stream = channel.open(method, options, handlers);
          return {
            get creditBytes() {
              return stream.creditBytes;
            },
            send(parts) {
              user.sentMessages += 1;
              stream.send(parts);
            },
            release: (bytes) => stream.release(bytes),
            end: () => stream.end(),
            reset: () => stream.reset(),
          };
        },
      };
    },
  };
}
