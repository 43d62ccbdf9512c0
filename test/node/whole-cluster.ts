/**
 * Whole nodes on simulated machines n1 to nN, stub brokers beside them, and a caller who knows only the public API.
 */
import { expect } from 'vitest';
import { assert } from '../../src/base/assert.ts';
import { nodeId, voterId } from '../../src/base/ids.ts';
import type { Result } from '../../src/base/result.ts';
import type { Status } from '../../src/base/status.ts';
import type { NodeConfig } from '../../src/node/node-config.ts';
import { startBroker } from '../../src/node/start-broker.ts';
import { startObserver } from '../../src/node/start-observer.ts';
import { startNode, type NodeQuorum, type RunningNode } from '../../src/node/start-node.ts';
import { startVoter } from '../../src/node/start-voter.ts';
import type { Codec } from '../../src/ports/codec.ts';
import type { Channel, Network, OpenedStream, StreamHandlers } from '../../src/ports/stream.ts';
import { callUnary } from '../../src/ports/unary.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { ProcessPorts, SimulatedProcess } from '../../src/simulation/simulated-process.ts';
import { StubBroker } from './stub-broker.ts';

export class WholeCluster {
  readonly simulation: Simulation;
  readonly nodes: SimulatedProcess[];
  /** Of the current lives, once they have started. */
  readonly voters: (NodeQuorum | undefined)[] = [];
  /** Of the current lives, once they serve. */
  readonly running: (RunningNode | undefined)[] = [];
  readonly #caller: SimulatedProcess;
  readonly #channels = new Map<string, Channel>();
  #callerNetwork: Network | undefined;

  /** `count` voters, and after them nodes that are brokers alone and know the first voter. */
  constructor(count: number, seed: number, roles: NodeConfig['roles'] = ['quorum'], brokersAlone = 0) {
    this.simulation = new Simulation({ seed });
    const voters = Array.from({ length: count }, (_, at) => ({
      voterId: voterId(at + 1),
      peerEndpoint: `n${at + 1}:7181`,
    }));
    this.nodes = voters.map(({ voterId: id }) =>
      this.simulation.addProcess(`n${id}`, (ports) => this.#boot(ports, { ...configOf(id, voters), roles })),
    );
    for (let id = count + 1; id <= count + brokersAlone; id += 1) {
      const config: NodeConfig = { ...configOf(id, voters), roles: ['broker'], voters: voters.slice(0, 1) };
      this.nodes.push(this.simulation.addProcess(`n${id}`, (ports) => this.#boot(ports, config)));
    }
    this.#caller = this.simulation.addProcess('caller', ({ network }) => {
      this.#callerNetwork = network;
    });
    this.#caller.start();
    for (const node of this.nodes) node.start();
  }

  /** Runs until each of them may keep partitions. */
  async addBrokers(count: number): Promise<void> {
    const stubs: StubBroker[] = [];
    const names = this.nodes.map((_, at) => `n${at + 1}`);
    for (let number = 1; number <= count; number += 1) {
      this.simulation
        .addProcess(`b${number}`, (ports) => {
          const voterApis = names.map((name) => `${name}:7081`);
          const voterPeers = names.map((name) => `${name}:7181`);
          const stub = new StubBroker(ports, { number, voterApis, voterPeers });
          stubs.push(stub);
          void stub.live();
        })
        .start();
    }
    await this.run(20_000, () => stubs.length === count && stubs.every(({ state }) => state === 'active'));
    expect(stubs.map(({ state }) => state)).toEqual(new Array(count).fill('active'));
  }

  async run(forMs: number, until?: () => boolean): Promise<void> {
    const untilMs = this.simulation.world.nowMs + forMs;
    await this.simulation.run(until === undefined ? { untilMs } : { untilMs, until });
    const { problem } = this.simulation.world;
    if (problem !== undefined) throw new Error(problem.what, { cause: problem.cause ?? problem.facts });
  }

  /** A unary call to node `id`, to its end. */
  async ask(id: number, method: string, request: Uint8Array, deadlineMs = 5000): Promise<Result<Uint8Array, Status>> {
    const [outcome] = await this.askAtOnce([id], method, request, deadlineMs);
    assert(outcome !== undefined, 'one call has one outcome', { method });
    return outcome;
  }

  /** The same call to several nodes at the same time. */
  async askAtOnce(
    ids: readonly number[],
    method: string,
    request: Uint8Array,
    deadlineMs = 5000,
  ): Promise<readonly Result<Uint8Array, Status>[]> {
    const outcomes: Result<Uint8Array, Status>[] = [];
    for (const id of ids) this.begin({ id, method, request, deadlineMs }, (outcome) => outcomes.push(outcome));
    await this.run(deadlineMs + 1000, () => outcomes.length === ids.length);
    assert(outcomes.length === ids.length, 'a call with a deadline ends', { method });
    return outcomes;
  }

  /** A call that goes on while others are made. */
  begin(
    { id, method, request, deadlineMs }: { id: number; method: string; request: Uint8Array; deadlineMs: number },
    onOutcome: (outcome: Result<Uint8Array, Status>) => void,
  ): void {
    this.#caller.run(() => {
      const options = { deadlineMs, headers: {} };
      void callUnary(this.#channel(id), { method, request: [request], options }).then(onOutcome);
    });
  }

  /** The reply to a call that must succeed. `method` is Service/Method of odradek.v1. */
  async call<Request, Reply>(
    id: number,
    method: string,
    [requestCodec, replyCodec]: readonly [Codec<Request>, Codec<Reply>],
    request: Request,
  ): Promise<Reply> {
    const answer = await this.ask(id, `odradek.v1.${method}`, requestCodec.encode(request));
    assert(answer.ok, 'the call succeeds', () => ({ method, problem: answer }));
    const reply = replyCodec.decode(answer.value);
    assert(reply.ok, 'the reply can be read', { method, reply });
    return reply.value;
  }

  /** A stream from node `id`, for at most `forMs`; what was sent until then, and how it ended, if it did. */
  async stream(
    id: number,
    method: string,
    request: Uint8Array,
    forMs: number,
  ): Promise<{ readonly replies: readonly Uint8Array[]; readonly status: Status | undefined }> {
    const replies: Uint8Array[] = [];
    let status: Status | undefined;
    this.#caller.run(() => {
      const handlers: StreamHandlers = {
        onMessage(ownedMessage) {
          replies.push(ownedMessage);
          stream.release(ownedMessage.length);
        },
        onCredit() {},
        onEnd() {},
        onClose: (closed) => (status = closed),
      };
      const stream = this.#channel(id).open(method, { deadlineMs: undefined, headers: {} }, handlers);
      stream.send([request]);
      stream.end();
    });
    await this.run(forMs, () => status !== undefined);
    return { replies, status };
  }

  /** A stream to node `id` in both directions, which the test reads as it likes. */
  open(id: number, method: string): CallerStream {
    return new CallerStream((handlers) => {
      let opened: OpenedStream | undefined;
      this.#caller.run(() => {
        opened = this.#channel(id).open(method, { deadlineMs: undefined, headers: {} }, handlers);
      });
      assert(opened !== undefined, 'the caller runs');
      return opened;
    });
  }

  #channel(id: number): Channel {
    assert(this.#callerNetwork !== undefined, 'the caller runs');
    const endpoint = `n${id}:7081`;
    const channel = this.#channels.get(endpoint) ?? this.#callerNetwork.channel(endpoint);
    this.#channels.set(endpoint, channel);
    return channel;
  }

  async #boot(ports: ProcessPorts, config: NodeConfig): Promise<void> {
    const onFatal = (fault: unknown): never => {
      throw fault;
    };
    this.running[config.nodeId - 1] = undefined;
    this.running[config.nodeId - 1] = await startNode({
      ports,
      config,
      descriptorSet: () => new Uint8Array(0),
      onFatal,
      startQuorum: async (apiEndpoint, peerMethods) => {
        if (!config.roles.includes('quorum')) return startObserver({ ports, config, peerMethods, onFatal });
        const voter = await startVoter({ ports, config, apiEndpoint, peerMethods, onFatal });
        this.voters[config.nodeId - 1] = voter;
        return voter;
      },
      startBroker: (place) => startBroker({ ports, config, onFatal, ...place }),
    });
  }
}

export class CallerStream {
  readonly messages: Uint8Array[] = [];
  status: Status | undefined;
  /** Off: whatever comes keeps its credit, as with a reader that is stuck. */
  isReading = true;
  readonly stream: OpenedStream;

  constructor(open: (handlers: StreamHandlers) => OpenedStream) {
    this.stream = open({
      onMessage: (ownedMessage) => {
        this.messages.push(ownedMessage);
        if (this.isReading) this.stream.release(ownedMessage.length);
      },
      onCredit() {},
      onEnd() {},
      onClose: (status) => (this.status = status),
    });
  }

  /** Everything that came, and what comes from now on. */
  readOn(): void {
    this.isReading = true;
    for (const message of this.messages) this.stream.release(message.length);
  }
}

/** As a node of `voters` configures itself. Simulated machines have names, which are no loopback. */
export function configOf(id: number, voters: NodeConfig['voters']): NodeConfig {
  return {
    nodeId: nodeId(id),
    roles: ['quorum'],
    rack: undefined,
    catchUpBytesPerSecondMin: 32_000_000,
    scrubPace: { bytesPerSecond: 4_000_000, roundMs: 3_000 },
    version: '0.1.0',
    apiListen: `n${id}:7081`,
    peerListen: `n${id}:7181`,
    apiAdvertised: undefined,
    peerAdvertised: undefined,
    voters: voters.length === 1 ? [] : voters,
    electionTiming: { heartbeatMs: 100, electionTimeoutMsMin: 300, electionTimeoutMsMax: 600 },
    topicsOnFirstUse: false,
    messageBytesMax: 8 * 1024 * 1024,
    callsOpenMax: 64,
    stopGraceMs: 1000,
    insecureNetworkAllowed: true,
  };
}
