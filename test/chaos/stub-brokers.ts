/**
 * Brokers that keep nothing: they register, send heartbeats, and say that they have seen whatever there is. For
 * trials of the metadata, which places partitions on nobody else.
 */
import { randomBytes } from 'node:crypto';
import { brokerEpoch, type BrokerEpoch } from '../../src/base/epochs.ts';
import {
  brokerId,
  directoryId,
  incarnationId,
  uniqueIdFromBytes,
  type BrokerId,
  type ClusterId,
} from '../../src/base/ids.ts';
import { logIndex } from '../../src/base/raft-position.ts';
import { featureDefinitions } from '../../src/metadata/feature-definitions.ts';
import type { RegisterBroker } from '../../src/metadata/metadata-command.ts';
import { controlMethods } from '../../src/quorum/control-service.ts';
import {
  decideReplyCodec,
  decideRequestCodec,
  heartbeatReplyCodec,
  heartbeatRequestCodec,
} from '../../src/wire/control-codec.ts';
import type { LocalQuorum } from './local-quorum.ts';
import { RenewedChannel } from './renewed-channel.ts';

const heartbeatMs = 250;
const firstBrokerId = 101;

const newId = (): string => uniqueIdFromBytes(randomBytes(16));

class StubBroker {
  readonly brokerId: BrokerId;
  readonly #channels: readonly RenewedChannel[];
  readonly #incarnation = incarnationId(newId());
  #epoch: BrokerEpoch | undefined;
  #at: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isActive = false;
  #isStopped = false;

  constructor(id: BrokerId, channels: readonly RenewedChannel[]) {
    this.brokerId = id;
    this.#channels = channels;
    this.#at = id % channels.length;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  async register(clusterId: ClusterId): Promise<void> {
    const number = this.brokerId;
    const command: RegisterBroker = {
      type: 'register-broker',
      brokerId: this.brokerId,
      clusterId,
      incarnation: this.#incarnation,
      directories: [directoryId(newId())],
      rack: `rack-${number % 3}`,
      endpoints: { api: `stub-${number}:7091`, peer: `stub-${number}:7191` },
      features: featureDefinitions.map(({ name, levelMin, levelMax }) => ({ name, levelMin, levelMax })),
    };
    const reply = await this.#channel().call({
      method: controlMethods.decide,
      request: { requestId: `${this.#incarnation}-register`, command },
      requestCodec: decideRequestCodec,
      replyCodec: decideReplyCodec,
      deadlineMs: 10_000,
    });
    if (!reply.ok || reply.value.type !== 'decided' || reply.value.outcome.type !== 'done')
      throw new Error(`broker ${number} was not registered: ${JSON.stringify(reply)}`);
    this.#epoch = brokerEpoch(reply.value.revision);
    void this.#beat();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Whichever voter is asked passes it on; one that does not answer is left for the next. */
  async #beat(): Promise<void> {
    if (this.#isStopped || this.#epoch === undefined) return;
    const heartbeat = {
      brokerId: this.brokerId,
      brokerEpoch: this.#epoch,
      revision: logIndex(this.#epoch),
      isLeaving: false,
    };
    const reply = await this.#channel().call({
      method: controlMethods.heartbeat,
      request: heartbeat,
      requestCodec: heartbeatRequestCodec,
      replyCodec: heartbeatReplyCodec,
      deadlineMs: 1_000,
    });
    if (reply.ok) this.#isActive = reply.value.state === 'active';
    else this.#at += 1;
    this.#timer = setTimeout(() => void this.#beat(), heartbeatMs);
  }

  #channel(): RenewedChannel {
    const channel = this.#channels[this.#at % this.#channels.length];
    if (channel === undefined) throw new Error('there is a voter to ask');
    return channel;
  }
}

export class StubBrokers {
  readonly #channels: readonly RenewedChannel[];
  readonly #brokers: readonly StubBroker[];

  private constructor(channels: readonly RenewedChannel[], brokers: readonly StubBroker[]) {
    this.#channels = channels;
    this.#brokers = brokers;
  }

  /** Resolves when all of them may lead partitions. */
  static async start(quorum: LocalQuorum, count: number): Promise<StubBrokers> {
    const clusterId = await quorum.clusterId();
    const channels = quorum.members.map(({ calls }) => new RenewedChannel(calls.addresses.peer));
    const brokers = Array.from({ length: count }, (_, at) => new StubBroker(brokerId(firstBrokerId + at), channels));
    await Promise.all(brokers.map((broker) => broker.register(clusterId)));
    await quorum.until('all stub brokers are active', () =>
      Promise.resolve(brokers.every(({ isActive }) => isActive) ? true : undefined),
    );
    return new StubBrokers(channels, brokers);
  }

  stop(): void {
    for (const broker of this.#brokers) broker.stop();
    for (const channel of this.#channels) channel.close();
  }
}
