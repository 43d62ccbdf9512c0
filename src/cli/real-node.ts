/**
 * A node on the adapters of the real world: this machine's clock and disk, LevelDB, gRPC, pino.
 */
import { readFileSync } from 'node:fs';
import { grpcNetwork } from '../adapters/grpc-network.ts';
import { listenerLimitsDefault } from '../adapters/grpc-options.ts';
import { LevelKeyValueStores } from '../adapters/level-key-value-stores.ts';
import { NodeClock } from '../adapters/node-clock.ts';
import { NodeDisk } from '../adapters/node-disk.ts';
import { NodeRandom } from '../adapters/node-random.ts';
import { openPinoEventLog } from '../adapters/pino-event-log.ts';
import type { NodeConfig } from '../node/node-config.ts';
import { startBroker } from '../node/start-broker.ts';
import { startNode, type RunningNode } from '../node/start-node.ts';
import { startObserver } from '../node/start-observer.ts';
import { startVoter, type VoterPorts } from '../node/start-voter.ts';
import type { EventLevel, EventLog } from '../ports/event-log.ts';
import { streamLimitsDefault } from '../ports/stream.ts';
import { prettyLogLine } from './pretty-log.ts';
import type { Terminal } from './terminal.ts';

export interface RealNode {
  readonly config: NodeConfig;
  /** Absolute. */
  readonly dataFolder: string;
  readonly logLevel: EventLevel;
  readonly terminal: Terminal;
  readonly asPretty: boolean;
  /** Runs once the node serves; when it resolves, the node has stopped. */
  readonly whileServing: (node: RunningNode, emit: EmitInfo) => Promise<void>;
}

export type EmitInfo = (sentence: string, facts: Readonly<Record<string, unknown>>) => void;

/** Rejects with the fault or bug that ends the node, whichever part meets it. */
export async function openRealNode(options: RealNode): Promise<void> {
  const { config, terminal, asPretty, logLevel } = options;
  const eventLog = openPinoEventLog({
    level: logLevel,
    destination: { write: (line) => terminal.out(asPretty ? prettyLogLine(line, terminal) : line) },
  }).with({ node: config.nodeId });

  let onFatal: (fault: unknown) => void = () => {};
  const ended = new Promise<never>((_, reject) => {
    onFatal = (fault) => {
      eventLog.emit('error', 'the node ends because a part of it cannot go on', { fault });
      reject(fault instanceof Error ? fault : new Error(String(fault)));
    };
  });
  const ports = realPorts(options, eventLog, onFatal);
  const run = async (): Promise<void> => {
    const node = await startNode({
      ports,
      config,
      descriptorSet,
      onFatal,
      startQuorum: (apiEndpoint, peerMethods) =>
        config.roles.includes('quorum')
          ? startVoter({ ports, config, apiEndpoint, peerMethods, onFatal })
          : startObserver({ ports, config, peerMethods, onFatal }),
      startBroker: (place) => startBroker({ ports, config, onFatal, ...place }),
    });
    const emit: EmitInfo = (sentence, facts) => eventLog.emit('info', sentence, facts);
    emit('the node serves', { version: config.version, api: node.apiEndpoint, data: options.dataFolder });
    await options.whileServing(node, emit);
  };
  await Promise.race([run(), ended]);
}

function realPorts({ config, dataFolder }: RealNode, eventLog: EventLog, onFatal: (bug: unknown) => void): VoterPorts {
  return {
    clock: new NodeClock(),
    random: new NodeRandom(),
    disk: new NodeDisk(dataFolder),
    stores: new LevelKeyValueStores(dataFolder),
    eventLog,
    network: grpcNetwork({
      limits: { ...streamLimitsDefault, messageBytesMax: config.messageBytesMax },
      listenerLimits: listenerLimitsDefault,
      eventLog: eventLog.with({ component: 'network' }),
      onFatal,
      listenerTls: undefined,
      channelTls: undefined,
      insecureNetworkAllowed: config.insecureNetworkAllowed,
    }),
  };
}

/** Made by the build, beside the generated code. */
function descriptorSet(): Uint8Array {
  return readFileSync(new URL('../wire/generated/descriptors.binpb', import.meta.url));
}
