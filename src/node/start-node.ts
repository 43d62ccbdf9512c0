/**
 * Assembles a process from its parts, starts them in order, and stops them in the opposite order.
 *
 * The API listener opens first and answers NODE_STARTING until the quorum's part is up: a caller then learns that the node
 * lives, and a port that is taken is noticed before anything on disk is touched. Health says NOT_SERVING outside
 * the serving phase, so load balancers leave before open calls are cut.
 */
import { assert } from '../base/assert.ts';
import { brokerId, type ClusterId } from '../base/ids.ts';
import { statusOf } from '../base/status.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { allowAll } from '../api/call-hooks.ts';
import type { ApiProblem } from '../api/api-problem.ts';
import { HealthBoard } from '../api/health-board.ts';
import { OpenStreams } from '../api/open-streams.ts';
import type { LogHost } from '../api/partition-calls.ts';
import { waitMsUntil } from '../api/call-wait.ts';
import { MetadataDoor } from '../api/metadata-door.ts';
import { MetadataWatches } from '../api/metadata-watches.ts';
import type { BrokerQuorum } from '../broker/broker-quorum.ts';
import { readBatchesMethod } from '../broker/answer-batches.ts';
import { replicateMethod } from '../broker/replica-codec.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Random } from '../ports/random.ts';
import type { Listener, Network, StreamAcceptor, StreamHandlers } from '../ports/stream.ts';
import type { CommittedRecords } from '../quorum/committed-records.ts';
import type { MetadataQuorum } from '../quorum/metadata-quorum.ts';
import type { QuorumAnswer, QuorumCall, QuorumCalls } from '../quorum/quorum-calls.ts';
import type { QuorumDescription } from '../quorum/quorum-description.ts';
import { checkNodeConfig, type NodeConfig } from './node-config.ts';
import type { BrokerStart, NodeBroker } from './start-broker.ts';
import {
  brokerStarting,
  clusterUnknown,
  noBroker,
  NodeLife,
  nodeStarting,
  nodeStopping,
  noVote,
} from './node-phase.ts';
import { healthCheckedServices, nodeServices } from './node-services.ts';

export interface NodePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly eventLog: EventLog;
}

/** The quorum as a node has it: by the voter that it is (start-voter.ts), or by what voters say (start-observer.ts). */
export interface NodeQuorum {
  /** Undefined until the node knows its cluster. */
  readonly metadata: MetadataQuorum | undefined;
  /** What only a voter can do; undefined on a node without a vote. */
  readonly calls: QuorumCalls | undefined;
  /** Undefined until somebody has said something of it. */
  describe(): QuorumDescription | undefined;
  /** What a broker of this node needs; resolves once the node knows its cluster. */
  seat?(): Promise<BrokerSeat>;
  stop(): Promise<void>;
}

export interface BrokerSeat {
  readonly clusterId: ClusterId;
  readonly quorum: BrokerQuorum;
  /** Where other nodes reach this one. */
  readonly peerEndpoint: string;
}

export interface NodeStart {
  readonly ports: NodePorts;
  readonly config: NodeConfig;
  readonly descriptorSet: () => Uint8Array;
  /** A part cannot go on, or an invariant is broken: the process must end. */
  readonly onFatal: (fault: unknown) => void;
  /** Called once the node listens, with where clients reach it, and what it serves on its peer port besides. */
  readonly startQuorum: (apiEndpoint: string, peerMethods: ReadonlyMap<string, StreamAcceptor>) => Promise<NodeQuorum>;
  /** Called for a node that is a broker, once it knows its cluster. */
  readonly startBroker?: (place: BrokerPlace) => Promise<NodeBroker>;
}

export type BrokerPlace = Pick<BrokerStart, 'clusterId' | 'quorum' | 'endpoints'>;

export interface RunningNode {
  /** With the port that was picked. */
  readonly apiEndpoint: string;
  /** Its broker is registered, heard, and serves the partitions that it is given. */
  readonly takesPart: boolean;
  describeQuorum(): Result<QuorumDescription, ApiProblem>;
  /** Lets open calls end for up to `graceMs`, then stops. */
  stop(graceMs: number): Promise<void>;
}

export async function startNode(start: NodeStart): Promise<RunningNode> {
  const rules = checkNodeConfig(start.config);
  assert(rules.ok, 'a node starts with a configuration that was checked', () => ({ rules }));
  const node = new Node(start);
  await node.open();
  return node;
}

const ignored: StreamHandlers = { onMessage() {}, onCredit() {}, onEnd() {}, onClose() {} };

class Node implements RunningNode {
  readonly #start: NodeStart;
  readonly #life = new NodeLife();
  readonly #health = new HealthBoard(healthCheckedServices);
  readonly #startedAtWallMs: number;
  readonly #metadata: MetadataDoor;
  readonly #watches: MetadataWatches;
  readonly #streams = new OpenStreams();
  #listener: Listener | undefined;
  #quorum: NodeQuorum | undefined;
  #broker: Promise<NodeBroker> | undefined;
  #running: NodeBroker | undefined;

  constructor(start: NodeStart) {
    this.#start = start;
    this.#startedAtWallMs = start.ports.clock.wallMs();
    this.#metadata = new MetadataDoor({ ...start.ports, find: () => this.#findMetadata() });
    this.#watches = new MetadataWatches(this.#metadata);
  }

  get apiEndpoint(): string {
    assert(this.#listener !== undefined, 'an open node listens');
    return this.#listener.endpoint;
  }

  /** Where others are told that clients reach it. */
  get #advertised(): string {
    return this.#start.config.apiAdvertised ?? this.apiEndpoint;
  }

  get takesPart(): boolean {
    return this.#running?.seat !== undefined && this.#running.state === 'active';
  }

  async open(): Promise<void> {
    this.#listener = await this.#listen();
    try {
      this.#quorum = await this.#start.startQuorum(this.#advertised, this.#peerMethods());
    } catch (fault) {
      await this.#listener.close(0);
      throw fault;
    }
    this.#life.moveTo('serving');
    this.#health.setAll('serving');
    if (this.#start.config.roles.includes('broker')) this.#joinAsBroker(this.#quorum).catch(this.#start.onFatal);
  }

  /** Beside everything else: a cluster that is not founded yet may take its time. */
  async #joinAsBroker(quorumOfNode: NodeQuorum): Promise<void> {
    const { startBroker } = this.#start;
    assert(quorumOfNode.seat !== undefined && startBroker !== undefined, 'a node that is to be a broker can start one');
    const { clusterId, quorum, peerEndpoint } = await quorumOfNode.seat();
    if (this.#life.phase !== 'serving') return;
    this.#broker = startBroker({ clusterId, quorum, endpoints: { api: this.#advertised, peer: peerEndpoint } });
    this.#running = await this.#broker;
  }

  describeQuorum(): Result<QuorumDescription, ApiProblem> {
    const quorum = this.#servingQuorum();
    if (!quorum.ok) return quorum;
    const description = quorum.value.describe();
    return description === undefined ? refused(clusterUnknown) : ok(description);
  }

  async #ask(call: QuorumCall, deadlineAtMs: number | undefined): Promise<Result<QuorumAnswer, ApiProblem>> {
    const calls = this.#findCalls();
    if (!calls.ok) return calls;
    return ok(await calls.value.ask(call, waitMsUntil(deadlineAtMs, this.#start.ports.clock)));
  }

  #records(): Result<CommittedRecords, ApiProblem> {
    const calls = this.#findCalls();
    if (!calls.ok) return calls;
    return calls.value.records === undefined ? refused(nodeStarting) : ok(calls.value.records);
  }

  #findCalls(): Result<QuorumCalls, ApiProblem> {
    const quorum = this.#servingQuorum();
    if (!quorum.ok) return quorum;
    const { calls } = quorum.value;
    return calls === undefined ? refused(noVote(quorum.value.describe())) : ok(calls);
  }

  #findMetadata(): Result<MetadataQuorum, ApiProblem> {
    const quorum = this.#servingQuorum();
    if (!quorum.ok) return quorum;
    return quorum.value.metadata === undefined ? refused(clusterUnknown) : ok(quorum.value.metadata);
  }

  /** The peer port opens before there is a broker that could answer on it. */
  #peerMethods(): ReadonlyMap<string, StreamAcceptor> {
    const acceptLater =
      (method: string): StreamAcceptor =>
      (incoming, stream) => {
        const accept = this.#running?.seat?.peerMethods.get(method);
        if (accept !== undefined) return accept(incoming, stream);
        stream.close(statusOf('unavailable', 'the broker of this node is not registered yet'));
        return ignored;
      };
    const methods = this.#start.config.roles.includes('broker') ? [replicateMethod, readBatchesMethod] : [];
    return new Map(methods.map((method) => [method, acceptLater(method)]));
  }

  #findLog(): Result<LogHost, ApiProblem> {
    const metadata = this.#findMetadata();
    if (!metadata.ok) return metadata;
    if (!this.#start.config.roles.includes('broker')) return refused(noBroker);
    const seat = this.#running?.seat;
    if (seat === undefined) return refused(brokerStarting);
    return ok({ ...seat, brokerId: brokerId(this.#start.config.nodeId), image: metadata.value.image });
  }

  #servingQuorum(): Result<NodeQuorum, ApiProblem> {
    if (this.#life.phase === 'stopping') return refused(nodeStopping);
    return this.#quorum === undefined ? refused(nodeStarting) : ok(this.#quorum);
  }

  async stop(graceMs: number): Promise<void> {
    this.#life.moveTo('stopping');
    this.#health.setAll('not-serving');
    // While everything else still runs: what it leads goes to others, and clients follow.
    await (await this.#broker)?.stop();
    this.#quorum?.calls?.records?.close();
    this.#watches.close();
    this.#streams.close();
    await this.#listener?.close(graceMs);
    await this.#quorum?.stop();
  }

  #listen(): Promise<Listener> {
    const { ports, config, descriptorSet, onFatal } = this.#start;
    const host = {
      clock: ports.clock,
      eventLog: ports.eventLog.with({ component: 'api' }),
      hooks: allowAll,
      listener: 'api',
      onBug: onFatal,
      callsOpenMax: config.callsOpenMax,
    };
    const facts = {
      quorum: {
        describe: () => this.describeQuorum(),
        ask: (call: QuorumCall, deadlineAtMs: number | undefined) => this.#ask(call, deadlineAtMs),
        records: () => this.#records(),
        image: () => {
          const metadata = this.#findMetadata();
          return metadata.ok ? ok(metadata.value.image) : metadata;
        },
      },
      metadata: this.#metadata,
      topicsOnFirstUse: config.topicsOnFirstUse,
      log: {
        find: () => this.#findLog(),
        clock: ports.clock,
        messageBytesMax: config.messageBytesMax,
        streams: this.#streams,
      },
      watches: this.#watches,
      health: this.#health,
      descriptorSet,
      describeNode: () => ({
        version: config.version,
        clusterId: this.#clusterId(),
        nodeId: config.nodeId,
        roles: config.roles,
        apiPackages: ['odradek.v1'],
        messageBytesMax: config.messageBytesMax,
        startedAtWallMs: this.#startedAtWallMs,
      }),
    };
    return ports.network.listen({ endpoint: config.apiListen, methods: nodeServices(facts, host) });
  }

  #clusterId(): ClusterId | undefined {
    return this.#quorum?.describe()?.clusterId;
  }
}
