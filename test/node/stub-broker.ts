/**
 * A broker that keeps nothing: it registers with the quorum and is heard from, so that partitions can be placed on it.
 * The same on simulated and on real machines; until brokers exist it is how tests make topics.
 */
import { assert } from '../../src/base/assert.ts';
import { brokerEpoch } from '../../src/base/epochs.ts';
import { brokerId, directoryId, incarnationId, uniqueIdFromBytes, type ClusterId } from '../../src/base/ids.ts';
import { logIndex, type LogIndex } from '../../src/base/raft-position.ts';
import { featureDefinitions } from '../../src/metadata/feature-definitions.ts';
import { delay, type Clock } from '../../src/ports/clock.ts';
import type { Codec } from '../../src/ports/codec.ts';
import type { Random } from '../../src/ports/random.ts';
import type { Network } from '../../src/ports/stream.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { controlMethods } from '../../src/quorum/control-service.ts';
import {
  decideReplyCodec,
  decideRequestCodec,
  heartbeatReplyCodec,
  heartbeatRequestCodec,
} from '../../src/wire/control-codec.ts';
import { getQuorumRequestCodec, quorumReplyCodec } from '../../src/wire/quorum-messages.ts';

export interface StubBrokerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
}

export interface StubBrokerPlace {
  readonly number: number;
  /** Of any voters; the next is asked when one does not answer. */
  readonly voterApis: readonly string[];
  readonly voterPeers: readonly string[];
}

const heartbeatMs = 250;
const callMsMax = 2000;

export class StubBroker {
  readonly #ports: StubBrokerPorts;
  readonly #place: StubBrokerPlace;
  #isStopped = false;
  /** What the quorum says that it may do. */
  state: string | undefined;

  constructor(ports: StubBrokerPorts, place: StubBrokerPlace) {
    this.#ports = ports;
    this.#place = place;
  }

  /** Until it is stopped. */
  async live(): Promise<void> {
    const clusterId = await this.#findCluster();
    let registeredAt: LogIndex | undefined;
    let revision = logIndex(0);
    while (!this.#isStopped) {
      if (registeredAt === undefined) registeredAt = await this.#register(clusterId);
      const heard = registeredAt === undefined ? undefined : await this.#beat(registeredAt, revision);
      if (heard !== undefined) {
        this.state = heard.state;
        revision = heard.revision;
        if (heard.state === undefined) registeredAt = undefined;
      }
      // At once until it may work: a test has nothing to do before.
      if (this.state !== 'active') await delay(this.#ports.clock, 10);
      else await delay(this.#ports.clock, heartbeatMs);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #findCluster(): Promise<ClusterId> {
    for (;;) {
      const { voterApis } = this.#place;
      const method = 'odradek.v1.QuorumService/GetQuorum';
      const quorum = await this.#ask(voterApis, method, [getQuorumRequestCodec, quorumReplyCodec], undefined);
      if (quorum?.clusterId !== undefined && quorum.leaderId !== undefined) return quorum.clusterId;
      await delay(this.#ports.clock, 50);
    }
  }

  async #register(clusterId: ClusterId): Promise<LogIndex | undefined> {
    const { number, voterPeers } = this.#place;
    const uniqueId = (): string => uniqueIdFromBytes(this.#ports.random.bytes(16));
    const command = {
      type: 'register-broker',
      brokerId: brokerId(number),
      clusterId,
      incarnation: incarnationId(uniqueId()),
      directories: [directoryId(uniqueId())],
      rack: undefined,
      endpoints: { api: `127.0.0.1:${7090 + number}`, peer: `127.0.0.1:${7190 + number}` },
      features: featureDefinitions.map(({ name, levelMin, levelMax }) => ({ name, levelMin, levelMax })),
    } as const;
    const codecs = [decideRequestCodec, decideReplyCodec] as const;
    const reply = await this.#ask(voterPeers, controlMethods.decide, codecs, { requestId: uniqueId(), command });
    if (reply?.type !== 'decided') return undefined;
    assert(reply.outcome.type === 'done', 'a stub broker may register', { outcome: reply.outcome });
    return reply.revision;
  }

  #beat(
    registeredAt: LogIndex,
    revision: LogIndex,
  ): Promise<{ readonly state: string | undefined; readonly revision: LogIndex } | undefined> {
    const heartbeat = {
      brokerId: brokerId(this.#place.number),
      brokerEpoch: brokerEpoch(registeredAt),
      revision,
      isLeaving: false,
    };
    const codecs = [heartbeatRequestCodec, heartbeatReplyCodec] as const;
    return this.#ask(this.#place.voterPeers, controlMethods.heartbeat, codecs, heartbeat);
  }

  async #ask<Request, Reply>(
    endpoints: readonly string[],
    method: string,
    [requestCodec, replyCodec]: readonly [Codec<Request>, Codec<Reply>],
    request: Request,
  ): Promise<Reply | undefined> {
    for (const endpoint of endpoints) {
      const channel = this.#ports.network.channel(endpoint);
      const options = { deadlineMs: callMsMax, headers: {} };
      const answer = await callUnary(channel, { method, request: [requestCodec.encode(request)], options });
      channel.close();
      const reply = answer.ok ? replyCodec.decode(answer.value) : undefined;
      if (reply?.ok === true) return reply.value;
    }
    return undefined;
  }
}
