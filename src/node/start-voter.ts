/**
 * The voter of a node: what quorum/voter.ts needs, from the node's configuration and with the codecs of wire/.
 */
import { voterId } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { KeyValueStores } from '../ports/key-value-store.ts';
import type { Random } from '../ports/random.ts';
import type { Network } from '../ports/stream.ts';
import { FactStateMachine } from '../quorum/fact-state-machine.ts';
import { factService } from '../quorum/fact-service.ts';
import { peerStreamLimitsDefault } from '../quorum/peer-stream.ts';
import { snapshotLimitsDefault } from '../quorum/snapshot-policy.ts';
import { Voter } from '../quorum/voter.ts';
import { defaultRaftLimits } from '../raft/raft-options.ts';
import { factCommandCodec, factContentCodec, factReplyCodec } from '../wire/fact-codec.ts';
import {
  changeFactReplyCodec,
  changeFactRequestCodec,
  getFactReplyCodec,
  getFactRequestCodec,
} from '../wire/fact-service-messages.ts';
import { raftQuorumCodecs } from '../wire/raft-quorum-codecs.ts';
import type { NodeConfig } from './node-config.ts';

/** Below the node's data folder. */
export const voterFolder = 'quorum';

const factServiceCodecs = {
  command: factCommandCodec,
  reply: factReplyCodec,
  changeRequest: changeFactRequestCodec,
  changeReply: changeFactReplyCodec,
  getRequest: getFactRequestCodec,
  getReply: getFactReplyCodec,
};

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
  /** The voter cannot go on: the process must end. */
  readonly onFatal: (fault: unknown) => void;
}

export function startVoter({ ports, config, apiEndpoint, onFatal }: VoterStart): Promise<Voter> {
  const machine = new FactStateMachine({ command: factCommandCodec, reply: factReplyCodec, content: factContentCodec });
  return Voter.start({
    ports: { ...ports, eventLog: ports.eventLog.with({ component: 'quorum' }) },
    config: {
      voterId: voterId(config.nodeId),
      folder: voterFolder,
      peerListen: config.peerListen,
      peerEndpoint: config.voters.find((voter) => voter.voterId === config.nodeId)?.peerEndpoint,
      apiEndpoint,
      voters: config.voters,
      raftLimits: { ...defaultRaftLimits, ...config.electionTiming },
      snapshotLimits: snapshotLimitsDefault,
      streamLimits: peerStreamLimitsDefault,
    },
    codecs: raftQuorumCodecs,
    machine,
    onFatal,
    alsoServes: (quorum) => factService({ quorum, facts: machine.facts, codecs: factServiceCodecs, onFault: onFatal }),
  });
}
