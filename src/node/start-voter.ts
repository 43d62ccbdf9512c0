/**
 * The voter of a node: what quorum/voter.ts needs, from the node's configuration and with the codecs of wire/.
 */
import { assert } from '../base/assert.ts';
import { voterId } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { KeyValueStores } from '../ports/key-value-store.ts';
import type { Random } from '../ports/random.ts';
import type { Network, StreamAcceptor } from '../ports/stream.ts';
import { brokerSessionMsDefault } from '../quorum/controller-runner.ts';
import { startMetadataVoter } from '../quorum/metadata-voter.ts';
import { peerStreamLimitsDefault } from '../quorum/peer-stream.ts';
import { snapshotLimitsDefault } from '../quorum/snapshot-policy.ts';
import { defaultRaftLimits } from '../raft/raft-options.ts';
import { metadataQuorumCodecs } from '../wire/metadata-quorum-codecs.ts';
import { raftQuorumCodecs } from '../wire/raft-quorum-codecs.ts';
import type { NodeConfig } from './node-config.ts';
import type { NodeQuorum } from './start-node.ts';

/** Below the node's data folder. */
export const voterFolder = 'quorum';

export interface VoterPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly stores: KeyValueStores;
  readonly network: Network;
  readonly eventLog: EventLog;
}

export interface VoterStart {
  readonly ports: VoterPorts;
  readonly config: NodeConfig;
  /** Where clients reach this node, once it listens. */
  readonly apiEndpoint: string;
  /** What else this node serves on its peer port. */
  readonly peerMethods: ReadonlyMap<string, StreamAcceptor>;
  /** The voter cannot go on: the process must end. */
  readonly onFatal: (fault: unknown) => void;
}

export async function startVoter({
  ports,
  config,
  apiEndpoint,
  peerMethods,
  onFatal,
}: VoterStart): Promise<NodeQuorum> {
  const { voter, metadata, stop } = await startMetadataVoter({
    ports: { ...ports, eventLog: ports.eventLog.with({ component: 'quorum' }) },
    config: {
      voterId: voterId(config.nodeId),
      folder: voterFolder,
      peerListen: config.peerListen,
      peerEndpoint:
        config.voters.find((other) => other.voterId === config.nodeId)?.peerEndpoint ?? config.peerAdvertised,
      apiEndpoint,
      voters: config.voters,
      raftLimits: { ...defaultRaftLimits, ...config.electionTiming },
      snapshotLimits: snapshotLimitsDefault,
      streamLimits: peerStreamLimitsDefault,
    },
    codecs: raftQuorumCodecs,
    metadataCodecs: metadataQuorumCodecs,
    sessionMs: brokerSessionMsDefault,
    peerMethods,
    onFatal,
  });
  return {
    get metadata() {
      return voter.records === undefined ? undefined : metadata;
    },
    calls: voter,
    describe: () => voter.describe(),
    async seat() {
      await voter.untilJoined();
      const { clusterId } = voter.describe();
      assert(clusterId !== undefined, 'a voter that has joined knows its cluster');
      return { clusterId, quorum: metadata, peerEndpoint: voter.peerEndpoint };
    },
    stop,
  };
}
