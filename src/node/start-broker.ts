/**
 * The broker of a node, beside its voter: a storage directory of its own, and its life in the cluster. What it keeps
 * in that directory comes with replication.
 */
import { assert } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import { FaultError } from '../base/fault-error.ts';
import { brokerId, incarnationId, uniqueIdFromBytes, type ClusterId } from '../base/ids.ts';
import { BrokerMember, type BrokerTiming } from '../broker/broker-member.ts';
import type { BrokerQuorum } from '../broker/broker-quorum.ts';
import { featureDefinitions } from '../metadata/feature-definitions.ts';
import type { BrokerState } from '../metadata/metadata-image.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Random } from '../ports/random.ts';
import { StorageDirectory } from '../storage/directory-identity.ts';
import { describeDirectoryProblem } from '../storage/directory-problem.ts';
import type { NodeConfig } from './node-config.ts';

/** Below the node's data folder. */
export const brokerFolder = 'broker';

export interface BrokerStart {
  readonly ports: {
    readonly clock: Clock;
    readonly random: Random;
    readonly disk: Disk;
    readonly eventLog: EventLog;
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
  /** Hands over what it leads, within bounds, and leaves its directory closed. */
  stop(): Promise<void>;
}

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
  const member = new BrokerMember({
    clock,
    eventLog: ports.eventLog.with({ component: 'broker' }),
    quorum,
    registration: {
      brokerId: brokerId(nodeId),
      clusterId,
      // Another one for each life: whoever was given leadership before is not this one (M3).
      incarnation: incarnationId(uniqueIdFromBytes(random.bytes(16))),
      directories: [directory.directoryId],
      rack,
      endpoints,
      features: featureDefinitions.map(({ name, levelMin, levelMax }) => ({ name, levelMin, levelMax })),
    },
    timing: brokerTimingDefault,
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
    async stop() {
      await member.leave();
      await directory.close();
    },
  };
}
