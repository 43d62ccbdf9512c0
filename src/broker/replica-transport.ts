/**
 * The way between the replicas on this broker and those on all others.
 *
 * Whoever has something to say opens the stream that it needs, one per broker and lane, each on a connection of its own: so bytes on
 * their way to one replica delay neither the acknowledgements nor another replica. The other broker's words come on
 * streams that it opens. Nothing is kept for later when there is no way: replicas say again what matters.
 * Read next: replica-link.ts (one stream), control-queue.ts, push-lane.ts, replica-acceptor.ts (the listening side).
 */
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { Offset } from '../base/offsets.ts';
import type { Status } from '../base/status.ts';
import type { PushMessage } from '../partition/partition-message.ts';
import type { ControlMessage } from '../partition/replica-frame.ts';
import type { ReplicaLane, ReplicaSelf } from '../partition/replica-hello.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Network, StreamAcceptor } from '../ports/stream.ts';
import { callUnary } from '../ports/unary.ts';
import { ByteBudget } from './byte-budget.ts';
import { ControlQueue } from './control-queue.ts';
import type { PartitionKey } from './partition-key.ts';
import type { PeerBatches } from '../partition/peer-batches.ts';
import { answerBatches, readBatchesMethod } from './answer-batches.ts';
import { PushLane } from './push-lane.ts';
import { ReplicaAcceptor, type BadPush } from './replica-acceptor.ts';
import { replicateMethod, type ReplicaCodec } from './replica-codec.ts';
import { ReplicaLink, replicaLinkLimitsDefault, type ReplicaLinkLimits } from './replica-link.ts';
import type { PushLane as PushLaneName, ReplicaLinkEvents, ReplicaLinks } from './replica-links.ts';

export interface ReplicaTransportLimits extends ReplicaLinkLimits {
  /** That wait for room, per broker. */
  readonly controlMessagesMax: number;
  /** That wait for room, per broker and lane. */
  readonly pushesMax: number;
  readonly batchBytesMax: number;
}

export const replicaTransportLimitsDefault: ReplicaTransportLimits = {
  ...replicaLinkLimitsDefault,
  controlMessagesMax: 32_768,
  pushesMax: 32_768,
  batchBytesMax: 8 * 1024 * 1024,
};

/** A broker as the newest metadata knows it. */
export interface KnownBroker {
  readonly brokerEpoch: BrokerEpoch;
  readonly peerEndpoint: string;
}

export interface ReplicaTransportOptions {
  readonly clock: Clock;
  readonly network: Network;
  readonly codec: ReplicaCodec;
  readonly eventLog: EventLog;
  readonly limits: ReplicaTransportLimits;
  /** To all brokers together. Infinity: no limit. */
  readonly catchUpBytesPerSecond: () => number;
  /** Undefined while this process is not registered, and once it stops. */
  readonly self: () => ReplicaSelf | undefined;
  readonly findBroker: (broker: BrokerId) => KnownBroker | undefined;
  readonly events: ReplicaLinkEvents;
  readonly onBadPush?: (bad: BadPush) => void;
  /** A bug met while another broker was answered. */
  readonly onFault: (fault: unknown) => void;
}

const readBatchesMsMax = 10_000;

/** All ways to one life of another broker. */
interface Ways {
  readonly known: KnownBroker;
  readonly self: ReplicaSelf;
  readonly links: readonly ReplicaLink[];
  readonly control: ControlQueue;
  readonly lanes: Readonly<Record<PushLaneName, PushLane>>;
}

export class ReplicaTransport implements ReplicaLinks {
  /** To be listened for on the peer port. */
  readonly methods: ReadonlyMap<string, StreamAcceptor>;
  readonly #options: ReplicaTransportOptions;
  readonly #acceptor: ReplicaAcceptor;
  readonly #ways = new Map<BrokerId, Ways>();
  readonly #budgets: Readonly<Record<PushLaneName, ByteBudget>>;
  readonly #reported = new Set<string>();
  #isClosed = false;

  constructor(options: ReplicaTransportOptions) {
    const { clock, limits, findBroker } = options;
    this.#options = options;
    this.#acceptor = new ReplicaAcceptor({
      ...options,
      self: () => (this.#isClosed ? undefined : options.self()),
      newestOf: (broker) => findBroker(broker)?.brokerEpoch,
      onStreamLost: (broker) => this.#findWays(broker)?.control.oweLoss(),
      onBadPush: (bad) => this.#onBadPush(bad),
      batchBytesMax: limits.batchBytesMax,
    });
    this.methods = new Map([
      [replicateMethod, this.#acceptor.accept],
      [readBatchesMethod, this.#answerBatches()],
    ]);
    this.#budgets = {
      tail: new ByteBudget(clock, () => Number.POSITIVE_INFINITY),
      'catch-up': new ByteBudget(clock, options.catchUpBytesPerSecond),
    };
  }

  send(to: BrokerId, key: PartitionKey, message: ControlMessage): void {
    this.#findWays(to)?.control.say(key, message);
  }

  push(
    to: BrokerId,
    key: PartitionKey,
    lane: PushLaneName,
    read: () => Promise<PushMessage | undefined>,
  ): Promise<boolean> {
    return this.#findWays(to)?.lanes[lane].push(key, read) ?? Promise.resolve(false);
  }

  async readBatches(of: BrokerId, key: PartitionKey, from: Offset): Promise<PeerBatches | undefined> {
    const { findBroker, self, network, codec } = this.#options;
    const [known, clusterId] = [findBroker(of), self()?.clusterId];
    if (this.#isClosed || known === undefined || clusterId === undefined) return undefined;
    const channel = network.channel(known.peerEndpoint);
    const request = [codec.batchesAsked.encode({ clusterId, key, from })];
    const options = { deadlineMs: readBatchesMsMax, headers: {} };
    const reply = await callUnary(channel, { method: readBatchesMethod, request, options });
    channel.close();
    const batches = reply.ok ? codec.peerBatches.decode(reply.value) : reply;
    return batches.ok ? batches.value : undefined;
  }

  /** To be called when there is newer metadata: lives of brokers that are over are neither spoken nor listened to. */
  look(): void {
    for (const [broker, ways] of this.#ways) if (!this.#isCurrent(broker, ways)) this.#leave(broker, ways);
    this.#acceptor.look();
  }

  close(): void {
    this.#isClosed = true;
    for (const [broker, ways] of this.#ways) this.#leave(broker, ways);
    this.#acceptor.look();
  }

  #answerBatches(): StreamAcceptor {
    const { self, events, codec, onFault } = this.#options;
    return answerBatches({
      clusterId: () => (this.#isClosed ? undefined : self()?.clusterId),
      read: (key, from) => events.readHere(key, from),
      codecs: codec,
      onFault,
    });
  }

  #findWays(to: BrokerId): Ways | undefined {
    const { findBroker } = this.#options;
    const ways = this.#ways.get(to);
    if (ways !== undefined && this.#isCurrent(to, ways)) return ways;
    if (ways !== undefined) this.#leave(to, ways);
    const [self, known] = [this.#options.self(), findBroker(to)];
    if (this.#isClosed || self === undefined || known === undefined) return undefined;
    const made = this.#makeWays(to, known, self);
    this.#ways.set(to, made);
    return made;
  }

  #isCurrent(broker: BrokerId, { known, self }: Ways): boolean {
    const newest = this.#options.findBroker(broker);
    return (
      newest?.brokerEpoch === known.brokerEpoch &&
      newest.peerEndpoint === known.peerEndpoint &&
      this.#options.self()?.brokerEpoch === self.brokerEpoch
    );
  }

  #makeWays(to: BrokerId, known: KnownBroker, self: ReplicaSelf): Ways {
    const { limits, codec, clock } = this.#options;
    const hello = {
      clusterId: self.clusterId,
      from: self.brokerId,
      fromEpoch: self.brokerEpoch,
      to,
      toEpoch: known.brokerEpoch,
    };
    const links: ReplicaLink[] = [];
    const makeLink = (lane: ReplicaLane, onRoom: () => void, drop: () => void): ReplicaLink => {
      const link = new ReplicaLink({
        ...this.#options,
        endpoint: known.peerEndpoint,
        hello: { ...hello, lane },
        onRoom,
        onLost: (status, mayLack) => {
          drop();
          control.oweLoss();
          this.#onLost(to, status, mayLack);
        },
      });
      links.push(link);
      return link;
    };
    const makeLane = (lane: PushLaneName): PushLane => {
      const link = makeLink(
        lane,
        () => made.pump(),
        () => made.drop(),
      );
      const made: PushLane = new PushLane({
        clock,
        codec,
        link,
        budget: this.#budgets[lane],
        pushesMax: limits.pushesMax,
      });
      return made;
    };
    const link = makeLink(
      'control',
      () => control.flush(),
      () => control.clear(),
    );
    const control: ControlQueue = new ControlQueue({
      clock,
      codec,
      link,
      messagesMax: limits.controlMessagesMax,
      retryMs: limits.redialMsMax,
    });
    return { known, self, links, control, lanes: { tail: makeLane('tail'), 'catch-up': makeLane('catch-up') } };
  }

  #leave(broker: BrokerId, { links, control, lanes }: Ways): void {
    this.#ways.delete(broker);
    for (const link of links) link.close();
    control.close();
    lanes.tail.drop();
    lanes['catch-up'].drop();
    if (!this.#isClosed) this.#options.events.onLinkLost(broker);
  }

  #onLost(broker: BrokerId, status: Status | undefined, mayLack: boolean): void {
    if (status?.name === 'failed-precondition' || status?.name === 'not-found')
      this.#reportOnce(`${broker} ${status.message}`, () => {
        this.#options.eventLog.emit('info', 'a broker refuses to listen', { broker, why: status.message });
      });
    if (mayLack) this.#options.events.onLinkLost(broker);
  }

  #onBadPush(bad: BadPush): void {
    const { topicId, partition } = bad.key;
    this.#reportOnce(`${bad.from} ${topicId}-${partition} ${bad.problem.type}`, () => {
      this.#options.eventLog.emit('error', 'dropped a push whose batches are not as their leader wrote them', {
        ...bad,
      });
    });
    this.#options.onBadPush?.(bad);
  }

  /** What goes on and on is told once. */
  #reportOnce(what: string, report: () => void): void {
    const reportedMax = 256;
    if (this.#reported.has(what) || this.#reported.size >= reportedMax) return;
    this.#reported.add(what);
    report();
  }
}
