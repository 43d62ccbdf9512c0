/**
 * The broker of a node, beside its voter: a storage directory of its own, its life in the cluster, and the partitions
 * that are placed on it, from its registration on.
 */
import { assert } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import { FaultError } from '../base/fault-error.ts';
import {
  brokerId,
  incarnationId,
  uniqueIdFromBytes,
  type BrokerId,
  type ClusterId,
  type DirectoryId,
} from '../base/ids.ts';
import { BrokerMember, type BrokerTiming } from '../broker/broker-member.ts';
import type { PartitionDoors } from '../broker/partition-door.ts';
import { CatchUpPace } from '../broker/catch-up-pace.ts';
import { PartitionHost } from '../broker/partition-host.ts';
import { ProducerIds } from '../broker/producer-id-blocks.ts';
import { QuorumPartitionController } from '../broker/quorum-partition-controller.ts';
import { ReplicaTransport, replicaTransportLimitsDefault, type KnownBroker } from '../broker/replica-transport.ts';
import type { BrokerQuorum } from '../broker/broker-quorum.ts';
import { featureDefinitions } from '../metadata/feature-definitions.ts';
import type { BrokerState } from '../metadata/metadata-image.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Random } from '../ports/random.ts';
import type { Network, StreamAcceptor } from '../ports/stream.ts';
import { StorageDirectory } from '../storage/directory-identity.ts';
import { describeDirectoryProblem } from '../storage/directory-problem.ts';
import { replicaFrameCodec } from '../wire/replica-frame-codec.ts';
import type { NodeConfig } from './node-config.ts';

/** Below the node's data folder. */
export const brokerFolder = 'broker';

export interface BrokerStart {
  readonly ports: {
    readonly clock: Clock;
    readonly random: Random;
    readonly disk: Disk;
    readonly eventLog: EventLog;
    readonly network: Network;
  };
  readonly config: NodeConfig;
  readonly clusterId: ClusterId;
  readonly quorum: BrokerQuorum;
  /** Where clients, and where other nodes reach this node. */
  readonly endpoints: { readonly api: string; readonly peer: string };
  readonly onFatal: (fault: unknown) => void;
}

export interface NodeBroker {
  /** Of this life's registration; undefined while it may not serve. */
  readonly epoch: BrokerEpoch | undefined;
  readonly state: BrokerState | undefined;
  /** Undefined until it is registered and has begun to open what it keeps. */
  readonly seat: BrokerPartitions | undefined;
  /** Hands over what it leads, within bounds, and leaves its directory closed. */
  stop(): Promise<void>;
}

export interface BrokerPartitions {
  readonly doors: PartitionDoors;
  /** Where other brokers reach the replicas here. */
  readonly peerMethods: ReadonlyMap<string, StreamAcceptor>;
  readonly producerIds: ProducerIds;
}

/** Below the folder of the broker. */
const partitionsFolder = `${brokerFolder}/partitions`;

/** A session is six heartbeats long. */
export const brokerTimingDefault: BrokerTiming = { heartbeatMs: 250, retryMs: 250, handoverMsMax: 5_000 };

export async function startBroker(start: BrokerStart): Promise<NodeBroker> {
  const { ports, config, clusterId, quorum, endpoints, onFatal } = start;
  const { disk, random, clock } = ports;
  const { nodeId, rack } = config;
  assert(config.roles.includes('broker'), 'a node that is to keep partitions starts a broker', { nodeId });
  const opened = await StorageDirectory.open({ disk, folder: brokerFolder, random, nodeId, clusterId });
  if (!opened.ok)
    throw new FaultError(describeDirectoryProblem(brokerFolder, opened.problem), { problem: opened.problem });
  const directory = opened.value;
  const requestId = (): string => uniqueIdFromBytes(random.bytes(16));
  let partitions: Promise<RunningPartitions> | undefined;
  let seat: BrokerPartitions | undefined;
  const onRegistered = (brokerEpoch: BrokerEpoch): void => {
    const life = { brokerId: brokerId(nodeId), brokerEpoch, quorum, requestId };
    partitions = hostPartitions({ ...start, ...life, directory: directory.directoryId });
    partitions.then((running) => {
      seat = running;
    }, onFatal);
  };
  const member = new BrokerMember({
    clock,
    eventLog: ports.eventLog.with({ component: 'broker' }),
    quorum,
    registration: {
      brokerId: brokerId(nodeId),
      clusterId,
      // Another one for each life: whoever was given leadership before is not this one (M3).
      incarnation: incarnationId(requestId()),
      directories: [directory.directoryId],
      rack,
      endpoints,
      features: featureDefinitions.map(({ name, levelMin, levelMax }) => ({ name, levelMin, levelMax })),
    },
    timing: brokerTimingDefault,
    onRegistered,
    onFatal,
  });
  member.start();
  return {
    get epoch() {
      return member.epoch;
    },
    get state() {
      return member.state;
    },
    get seat() {
      return seat;
    },
    async stop() {
      await member.leave();
      await (await partitions)?.stop();
      await directory.close();
    },
  };
}

interface RunningPartitions extends BrokerPartitions {
  stop(): Promise<void>;
}

interface PartitionsStart extends BrokerStart {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  readonly directory: DirectoryId;
  readonly requestId: () => string;
}

async function hostPartitions(start: PartitionsStart): Promise<RunningPartitions> {
  const { ports, clusterId, brokerId: id, brokerEpoch, quorum, requestId, directory, onFatal } = start;
  const { clock, disk, network } = ports;
  const eventLog = ports.eventLog.with({ component: 'partitions' });
  const late: { host: PartitionHost | undefined } = { host: undefined };
  const pace = new CatchUpPace({
    clock,
    bytesPerSecondMin: start.config.catchUpBytesPerSecondMin,
    appendedBytes: () => late.host?.appendedBytes ?? 0,
  });
  const transport = new ReplicaTransport({
    clock,
    catchUpBytesPerSecond: () => pace.bytesPerSecond,
    network,
    codec: replicaFrameCodec,
    eventLog,
    limits: replicaTransportLimitsDefault,
    self: () => ({ clusterId, brokerId: id, brokerEpoch }),
    findBroker: (other) => knownBroker(quorum, other),
    events: {
      onMessage: (from, key, message) => late.host?.onMessage(from, key, message),
      onLinkLost: (broker) => late.host?.onLinkLost(broker),
      readHere: (key, from) => late.host?.readHere(key, from) ?? Promise.resolve(undefined),
    },
    onFault: onFatal,
  });
  const controller = new QuorumPartitionController({ brokerId: id, brokerEpoch, quorum, clock, requestId });
  const host = await PartitionHost.start({
    brokerId: id,
    brokerEpoch,
    directory,
    disk,
    folder: partitionsFolder,
    scrubPace: start.config.scrubPace,
    quorum,
    links: transport,
    controller,
    clock,
    eventLog,
    onFatal,
  });
  late.host = host;
  const forgetImages = quorum.onChange(() => transport.look());
  return {
    doors: host,
    peerMethods: transport.methods,
    producerIds: new ProducerIds({ brokerId: id, brokerEpoch, quorum, requestId }),
    async stop() {
      forgetImages();
      controller.stop();
      await host.stop();
      transport.close();
    },
  };
}

function knownBroker({ image }: BrokerQuorum, id: BrokerId): KnownBroker | undefined {
  const broker = image.brokers.get(id);
  return broker && { brokerEpoch: broker.brokerEpoch, peerEndpoint: broker.endpoints.peer };
}
