/**
 * Voters as processes of a simulated world, with everything real but the outside: store, driver, codecs, protocol.
 */
import { assert } from '../../src/base/assert.ts';
import { FaultError } from '../../src/base/fault-error.ts';
import { voterId, type VoterId } from '../../src/base/ids.ts';
import { brokerEpoch, type BrokerEpoch } from '../../src/base/epochs.ts';
import type { ControlReply } from '../../src/metadata/control-call.ts';
import type { MetadataRequest } from '../../src/metadata/metadata-command.ts';
import { brokerSessionMsDefault } from '../../src/quorum/controller-runner.ts';
import { startMetadataVoter, type MetadataVoter } from '../../src/quorum/metadata-voter.ts';
import { peerStreamLimitsDefault } from '../../src/quorum/peer-stream.ts';
import { snapshotLimitsDefault, type SnapshotLimits } from '../../src/quorum/snapshot-policy.ts';
import type { Voter, VoterConfig } from '../../src/quorum/voter.ts';
import type { LeaderAnswer, LeaderCall } from '../../src/raft/leader-call.ts';
import { defaultRaftLimits, type RaftLimits } from '../../src/raft/raft-options.ts';
import type { SimulatedProcess } from '../../src/simulation/simulated-process.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { metadataQuorumCodecs } from '../../src/wire/metadata-quorum-codecs.ts';
import { raftQuorumCodecs } from '../../src/wire/raft-quorum-codecs.ts';

import {
  controlCall,
  controlReply,
  countOf,
  countOne,
  countReply,
  registerCounter,
  type CountReply,
} from './producer-id-counter.ts';

const peerPort = 7181;

export interface QuorumOptions {
  readonly voters: number;
  readonly seed?: number;
  readonly snapshotLimits?: Partial<SnapshotLimits>;
  readonly raftLimits?: Partial<RaftLimits>;
}

/** One voter through all lives of its process. */
export interface SimulatedVoter {
  readonly id: VoterId;
  readonly process: SimulatedProcess;
  /** Of the current life, once it has started. */
  voter: Voter | undefined;
  machine: MetadataVoter['machine'] | undefined;
  metadata: MetadataVoter['metadata'] | undefined;
  /** Why the latest life ended by itself. */
  fault: unknown;
}

export class SimulatedQuorum {
  readonly simulation: Simulation;
  readonly voters: SimulatedVoter[] = [];
  readonly #options: QuorumOptions;
  #counterEpoch: BrokerEpoch | undefined;

  constructor(options: QuorumOptions) {
    this.#options = options;
    this.simulation = new Simulation({ seed: options.seed ?? 1 });
    for (let number = 1; number <= options.voters; number += 1) this.addVoter(number);
  }

  /** Listed like the first ones, and not started. */
  addVoter(number: number): SimulatedVoter {
    const id = voterId(number);
    const node: SimulatedVoter = {
      id,
      voter: undefined,
      machine: undefined,
      metadata: undefined,
      fault: undefined,
      process: this.simulation.addProcess(hostOf(id), async (ports) => {
        node.voter = undefined;
        const end = (fault: unknown): void => {
          node.fault = fault;
          ports.exit(fault instanceof FaultError ? fault : new FaultError('the voter ended', {}, fault));
        };
        try {
          const started = await startMetadataVoter({
            ports,
            config: this.configOf(id),
            codecs: raftQuorumCodecs,
            metadataCodecs: metadataQuorumCodecs,
            sessionMs: brokerSessionMsDefault,
            onFatal: end,
          });
          node.voter = started.voter;
          node.machine = started.machine;
          node.metadata = started.metadata;
        } catch (fault) {
          end(fault);
        }
      }),
    };
    node.process.onEnd = () => {
      node.voter = undefined;
    };
    this.voters.push(node);
    return node;
  }

  configOf(id: VoterId): VoterConfig {
    const listed = Array.from({ length: this.#options.voters }, (_, at) => voterId(at + 1));
    return {
      voterId: id,
      folder: 'data',
      peerListen: `0.0.0.0:${peerPort}`,
      peerEndpoint: endpointOf(id),
      apiEndpoint: `${hostOf(id)}:7081`,
      voters: listed.map((each) => ({ voterId: each, peerEndpoint: endpointOf(each) })),
      raftLimits: { ...defaultRaftLimits, ...this.#options.raftLimits },
      snapshotLimits: { ...snapshotLimitsDefault, ...this.#options.snapshotLimits },
      streamLimits: peerStreamLimitsDefault,
    };
  }

  start(): void {
    for (const { process } of this.voters) process.start();
  }

  node(number: number): SimulatedVoter {
    const found = this.voters.find(({ id }) => id === voterId(number));
    assert(found !== undefined, 'the voter exists', { number });
    return found;
  }

  /** Runs until the condition holds; fails when it takes longer than `withinMs` of virtual time. */
  async until(condition: () => boolean, withinMs = 20_000): Promise<void> {
    const untilMs = this.simulation.world.nowMs + withinMs;
    const end = await this.simulation.run({ untilMs, until: condition });
    const { problem } = this.simulation.world;
    if (problem !== undefined) throw new Error(problem.what, { cause: problem.cause ?? problem.facts });
    if (end !== 'condition-holds') throw new Error(`${end} after ${withinMs} ms\n${this.lines().join('\n')}`);
  }

  async pass(ms: number): Promise<void> {
    await this.simulation.run({ untilMs: this.simulation.world.nowMs + ms });
    const { problem } = this.simulation.world;
    if (problem !== undefined) throw new Error(problem.what, { cause: problem.cause ?? problem.facts });
  }

  lines(): readonly string[] {
    return this.simulation.world.trace.lastLines();
  }

  /** The voter that leads and has committed in its term, as most of the running voters see it. */
  leader(): SimulatedVoter | undefined {
    const running = this.voters.filter(({ voter, process }) => voter !== undefined && process.state === 'running');
    return running.find(
      ({ id, voter }) =>
        voter?.describe().role === 'leader' &&
        running.filter((other) => other.voter?.describe().leaderId === id).length * 2 > this.#options.voters,
    );
  }

  async untilLeader(): Promise<SimulatedVoter> {
    await this.until(() => this.leader() !== undefined);
    const leader = this.leader();
    assert(leader !== undefined, 'the condition held');
    return leader;
  }

  async ask(node: SimulatedVoter, call: LeaderCall, waitMs = 10_000): Promise<LeaderAnswer> {
    let answer: LeaderAnswer | undefined;
    node.process.run(() => {
      void node.voter?.ask(call, waitMs).then((outcome) => {
        answer = outcome;
      });
    });
    await this.until(() => answer !== undefined, waitMs + 70_000);
    assert(answer !== undefined, 'the condition held');
    return answer;
  }

  async control(node: SimulatedVoter, request: MetadataRequest): Promise<ControlReply> {
    const answer = await this.ask(node, controlCall(request));
    if (answer.type !== 'done') throw new Error(`the command ended as ${JSON.stringify(answer)}`);
    return controlReply(answer.reply);
  }

  /** Adds one to the counter. */
  async count(node: SimulatedVoter, requestId: string): Promise<CountReply> {
    this.#counterEpoch ??= await this.#registerCounter(node);
    return countReply(await this.control(node, countOne(requestId, this.#counterEpoch)));
  }

  /** Once something was counted. */
  countCall(requestId: string): LeaderCall {
    assert(this.#counterEpoch !== undefined, 'something was counted before');
    return controlCall(countOne(requestId, this.#counterEpoch));
  }

  /** As each voter has it. */
  counts(): readonly (number | undefined)[] {
    return this.voters.map((node) => this.countOn(node));
  }

  countOn({ machine }: SimulatedVoter): number | undefined {
    return machine === undefined ? undefined : countOf(machine.image);
  }

  async #registerCounter(node: SimulatedVoter): Promise<BrokerEpoch> {
    const { clusterId } = node.voter?.describe() ?? {};
    assert(clusterId !== undefined, 'a voter that is asked belongs to a cluster');
    const { revision } = await this.control(node, registerCounter(clusterId));
    return brokerEpoch(revision);
  }

  /** All running voters have applied what the leader has in its log, and the same. */
  async untilAgreed(): Promise<void> {
    await this.until(() => {
      const leader = this.leader()?.voter?.describe();
      if (leader === undefined || leader.commitIndex !== leader.lastIndex) return false;
      return this.voters
        .filter(({ process }) => process.state === 'running')
        .map(({ voter }) => voter?.describe())
        .every((told) => told?.commitIndex === leader.commitIndex && told.committedChain === leader.committedChain);
    });
  }
}

export function hostOf(id: VoterId): string {
  return `v${id}`;
}

export function endpointOf(id: VoterId): string {
  return `${hostOf(id)}:${peerPort}`;
}
