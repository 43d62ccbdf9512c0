/**
 * A broker as a simulated process: the real thing from its directory to its partitions, through all its lives. It follows the quorum
 * without a vote, registers, talks to other replicas, and keeps what the metadata places on it.
 */
import { InvariantError } from '../../../src/base/assert.ts';
import type { BrokerEpoch } from '../../../src/base/epochs.ts';
import { FaultError } from '../../../src/base/fault-error.ts';
import {
  brokerId,
  incarnationId,
  nodeId,
  uniqueIdFromBytes,
  type BrokerId,
  type ClusterId,
} from '../../../src/base/ids.ts';
import { BrokerMember } from '../../../src/broker/broker-member.ts';
import { PartitionHost } from '../../../src/broker/partition-host.ts';
import type { PartitionKey } from '../../../src/broker/partition-key.ts';
import type { PartitionWatch } from '../../../src/broker/partition-runner.ts';
import { QuorumPartitionController } from '../../../src/broker/quorum-partition-controller.ts';
import { ReplicaTransport, replicaTransportLimitsDefault } from '../../../src/broker/replica-transport.ts';
import { featureDefinitions } from '../../../src/metadata/feature-definitions.ts';
import type { MetadataImage } from '../../../src/metadata/metadata-image.ts';
import { brokerTimingDefault } from '../../../src/node/start-broker.ts';
import { delay } from '../../../src/ports/clock.ts';
import { MetadataObserver } from '../../../src/quorum/metadata-observer.ts';
import { MetadataStateMachine } from '../../../src/quorum/metadata-state-machine.ts';
import type { ProcessPorts, SimulatedProcess } from '../../../src/simulation/simulated-process.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import { StorageDirectory } from '../../../src/storage/directory-identity.ts';
import { metadataQuorumCodecs } from '../../../src/wire/metadata-quorum-codecs.ts';
import { replicaFrameCodec } from '../../../src/wire/replica-frame-codec.ts';

export interface BrokerUnderTestOptions {
  readonly simulation: Simulation;
  readonly number: number;
  /** Peer endpoints. */
  readonly voters: readonly string[];
  /** Undefined until there is a cluster to join. */
  readonly clusterId: () => ClusterId | undefined;
  readonly watchOf: (key: PartitionKey) => PartitionWatch;
  readonly onImage: (image: MetadataImage) => void;
}

export interface BrokerUnderTestLife {
  readonly start: number;
  readonly ports: ProcessPorts;
  readonly observer: MetadataObserver;
  /** Once it is registered. */
  host: PartitionHost | undefined;
}

const joinPollMs = 100;
const folder = 'broker';

export class BrokerUnderTest {
  readonly id: BrokerId;
  readonly process: SimulatedProcess;
  readonly #options: BrokerUnderTestOptions;
  #life: BrokerUnderTestLife | undefined;

  constructor(options: BrokerUnderTestOptions) {
    this.#options = options;
    this.id = brokerId(100 + options.number);
    this.process = options.simulation.addProcess(this.name, (ports) => this.#boot(ports));
    this.process.start();
  }

  get name(): string {
    return `b${this.#options.number}`;
  }

  /** Of the life that runs now; undefined while it starts or is down. */
  get life(): BrokerUnderTestLife | undefined {
    return this.process.state !== 'down' && this.#life?.start === this.process.starts ? this.#life : undefined;
  }

  async #boot(ports: ProcessPorts): Promise<void> {
    const start = this.process.starts;
    const onFatal = (fault: unknown): void => {
      if (fault instanceof InvariantError)
        this.#options.simulation.world.fail({ what: fault.message, facts: fault.facts, cause: fault });
      else if (fault instanceof FaultError) ports.exit(fault);
      else throw fault;
    };
    try {
      await this.#start(ports, start, onFatal);
    } catch (fault) {
      onFatal(fault);
    }
  }

  async #start(ports: ProcessPorts, start: number, onFatal: (fault: unknown) => void): Promise<void> {
    const { voters, onImage } = this.#options;
    const clusterId = await this.#untilFounded(ports);
    const { clock, random, disk } = ports;
    const opened = await StorageDirectory.open({ disk, folder, random, nodeId: nodeId(this.id), clusterId });
    if (!opened.ok) throw new FaultError('the directory of a broker is not its own', { problem: opened.problem });
    const { directoryId } = opened.value;
    const observer = new MetadataObserver({
      ...ports,
      clusterId,
      voters,
      machine: new MetadataStateMachine(metadataQuorumCodecs.log),
      codecs: metadataQuorumCodecs.service,
      follow: metadataQuorumCodecs.follow,
      onFatal,
    });
    let onRegistered: (epoch: BrokerEpoch) => void = () => {};
    const registered = new Promise<BrokerEpoch>((resolve) => {
      onRegistered = resolve;
    });
    const member = this.#makeMember(ports, { clusterId, observer, onFatal, onRegistered, directoryId });
    const life: BrokerUnderTestLife = { start, ports, observer, host: undefined };
    const transport = new ReplicaTransport({
      ...ports,
      codec: replicaFrameCodec,
      limits: replicaTransportLimitsDefault,
      catchUpBytesPerSecond: () => Infinity,
      self: () =>
        member.epoch === undefined ? undefined : { clusterId, brokerId: this.id, brokerEpoch: member.epoch },
      findBroker: (id) => {
        const known = observer.image.brokers.get(id);
        return known && { brokerEpoch: known.brokerEpoch, peerEndpoint: known.endpoints.peer };
      },
      events: {
        onMessage: (from, key, message) => life.host?.onMessage(from, key, message),
        onLinkLost: (broker) => life.host?.onLinkLost(broker),
        readHere: (key, from) => life.host?.readHere(key, from) ?? Promise.resolve(undefined),
      },
      onFault: onFatal,
    });
    observer.onChange(({ after }) => {
      onImage(after);
      transport.look();
    });
    await ports.network.listen({ endpoint: `${this.name}:7191`, methods: transport.methods });
    observer.start();
    member.start();
    this.#life = life;
    const brokerEpoch = await registered;
    const controller = new QuorumPartitionController({
      brokerId: this.id,
      brokerEpoch,
      quorum: observer,
      clock,
      requestId: () => uniqueIdFromBytes(random.bytes(16)),
    });
    life.host = await PartitionHost.start({
      ...ports,
      brokerId: this.id,
      brokerEpoch,
      directory: directoryId,
      folder: `${folder}/partitions`,
      scrubPace: { bytesPerSecond: 1_000_000, roundMs: 2_000 },
      quorum: observer,
      links: transport,
      controller,
      watchOf: this.#options.watchOf,
      onFatal,
    });
  }

  async #untilFounded({ clock }: ProcessPorts): Promise<ClusterId> {
    for (;;) {
      const clusterId = this.#options.clusterId();
      if (clusterId !== undefined) return clusterId;
      await delay(clock, joinPollMs);
    }
  }

  #makeMember({ clock, random, eventLog }: ProcessPorts, place: BrokerPlace): BrokerMember {
    return new BrokerMember({
      clock,
      eventLog,
      quorum: place.observer,
      registration: {
        brokerId: this.id,
        clusterId: place.clusterId,
        incarnation: incarnationId(uniqueIdFromBytes(random.bytes(16))),
        directories: [place.directoryId],
        rack: undefined,
        endpoints: { api: `${this.name}:7091`, peer: `${this.name}:7191` },
        features: featureDefinitions.map(({ name, levelMin, levelMax }) => ({ name, levelMin, levelMax })),
      },
      timing: brokerTimingDefault,
      onRegistered: place.onRegistered,
      onFatal: place.onFatal,
    });
  }
}

interface BrokerPlace {
  readonly clusterId: ClusterId;
  readonly observer: MetadataObserver;
  readonly directoryId: StorageDirectory['directoryId'];
  readonly onRegistered: (brokerEpoch: BrokerEpoch) => void;
  readonly onFatal: (fault: unknown) => void;
}
