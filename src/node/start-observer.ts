/**
 * The quorum of a node without a vote: what other nodes say of it, its log followed from one of its voters, and a peer
 * port for the replicas of the broker here.
 */
import type { ClusterId } from '../base/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Random } from '../ports/random.ts';
import type { Network, StreamAcceptor } from '../ports/stream.ts';
import { MetadataObserver } from '../quorum/metadata-observer.ts';
import { MetadataStateMachine } from '../quorum/metadata-state-machine.ts';
import { QuorumWatch } from '../quorum/quorum-watch.ts';
import { metadataQuorumCodecs } from '../wire/metadata-quorum-codecs.ts';
import type { NodeConfig } from './node-config.ts';
import type { NodeQuorum } from './start-node.ts';

export interface ObserverStart {
  readonly ports: {
    readonly clock: Clock;
    readonly random: Random;
    readonly network: Network;
    readonly eventLog: EventLog;
  };
  readonly config: NodeConfig;
  /** What this node serves on its peer port. */
  readonly peerMethods: ReadonlyMap<string, StreamAcceptor>;
  readonly onFatal: (fault: unknown) => void;
}

export async function startObserver({ ports, config, peerMethods, onFatal }: ObserverStart): Promise<NodeQuorum> {
  const eventLog = ports.eventLog.with({ component: 'quorum' });
  const listener = await ports.network.listen({ endpoint: config.peerListen, methods: peerMethods });
  const voters = config.voters.map(({ peerEndpoint }) => peerEndpoint);
  let observer: MetadataObserver | undefined;
  const watch = new QuorumWatch({
    ...ports,
    eventLog,
    voters,
    codec: metadataQuorumCodecs.service.description,
    onVoters: (endpoints) => observer?.learnVoters(endpoints),
  });
  const follow = (clusterId: ClusterId): MetadataObserver => {
    eventLog.emit('info', 'follows the metadata of a cluster', { clusterId });
    const following = new MetadataObserver({
      ...ports,
      eventLog,
      clusterId,
      voters,
      machine: new MetadataStateMachine(metadataQuorumCodecs.log),
      codecs: metadataQuorumCodecs.service,
      follow: metadataQuorumCodecs.follow,
      onFatal,
    });
    following.start();
    return following;
  };
  watch.start();
  const followed = watch.untilKnown().then((clusterId) => {
    observer = follow(clusterId);
    return { clusterId, quorum: observer, peerEndpoint: config.peerAdvertised ?? listener.endpoint };
  });
  return {
    get metadata() {
      return observer;
    },
    calls: undefined,
    describe: () => watch.description,
    seat: () => followed,
    async stop() {
      watch.stop();
      observer?.stop();
      await listener.close(0);
    },
  };
}
