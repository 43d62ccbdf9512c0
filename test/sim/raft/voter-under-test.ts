/**
 * A voter as a simulated process: the real thing from directory to codecs, watched, through all its lives.
 */
import { InvariantError } from '../../../src/base/assert.ts';
import { FaultError } from '../../../src/base/fault-error.ts';
import { voterId, type VoterId } from '../../../src/base/ids.ts';
import { delay } from '../../../src/ports/clock.ts';
import { brokerSessionMsDefault } from '../../../src/quorum/controller-runner.ts';
import type { MetadataStateMachine } from '../../../src/quorum/metadata-state-machine.ts';
import type { VoterMetadata } from '../../../src/quorum/voter-metadata.ts';
import { startMetadataVoter } from '../../../src/quorum/metadata-voter.ts';
import { peerStreamLimitsDefault } from '../../../src/quorum/peer-stream.ts';
import type { QuorumDescription } from '../../../src/quorum/quorum-description.ts';
import type { SnapshotLimits } from '../../../src/quorum/snapshot-policy.ts';
import type { Voter, VoterAddress, VoterConfig } from '../../../src/quorum/voter.ts';
import type { RaftWatch } from '../../../src/quorum/raft-runner.ts';
import type { LeaderAnswer, LeaderCall } from '../../../src/raft/leader-call.ts';
import type { RaftLimits } from '../../../src/raft/raft-options.ts';
import type { ProcessPorts, SimulatedProcess } from '../../../src/simulation/simulated-process.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import { RaftDamageError } from '../../../src/storage/raft-damage.ts';
import { metadataQuorumCodecs } from '../../../src/wire/metadata-quorum-codecs.ts';
import { raftQuorumCodecs } from '../../../src/wire/raft-quorum-codecs.ts';
import { countOf } from '../../quorum/producer-id-counter.ts';

export const damageSentence = 'a voter refuses to start from a damaged store';
const peerPort = 7181;
const readPollMs = 5;

export interface VoterUnderTestOptions {
  readonly simulation: Simulation;
  readonly number: number;
  readonly founders: number;
  readonly raftLimits: RaftLimits;
  readonly snapshotLimits: SnapshotLimits;
  readonly watch: RaftWatch;
  /** Absent: one that nobody watches. */
  readonly makeMachine?: () => MetadataStateMachine;
}

interface Life {
  readonly start: number;
  readonly ports: ProcessPorts;
  readonly voter: Voter;
  readonly machine: MetadataStateMachine;
  readonly metadata: VoterMetadata;
}

export class VoterUnderTest {
  readonly id: VoterId;
  readonly process: SimulatedProcess;
  readonly #options: VoterUnderTestOptions;
  #life: Life | undefined;

  constructor(options: VoterUnderTestOptions) {
    this.#options = options;
    this.id = voterId(options.number);
    this.process = options.simulation.addProcess(machineName(options.number), (ports) => this.#boot(ports));
    this.process.start();
  }

  /** Of the life that runs now; undefined while it starts, is down, or has refused its store. */
  get life(): Life | undefined {
    return this.process.state !== 'down' && this.#life?.start === this.process.starts ? this.#life : undefined;
  }

  get description(): QuorumDescription | undefined {
    return this.life?.voter.describe();
  }

  get peerEndpoint(): string {
    return peerEndpoint(this.#options.number);
  }

  /** `onAnswer` is not called when the process dies first. */
  ask(call: LeaderCall, waitMs: number, onAnswer: (answer: LeaderAnswer) => void): void {
    const { life } = this;
    if (life === undefined) return;
    this.process.run(() => {
      void life.voter.ask(call, waitMs).then(onAnswer);
    });
  }

  /** A read that sees what was acknowledged before: by the read index, then the own state. */
  readCounter(waitMs: number, onValue: (value: number) => void): void {
    const { life } = this;
    if (life === undefined) return;
    this.ask({ type: 'read-index' }, waitMs, (answer) => {
      if (answer.type !== 'done') return;
      void this.#untilApplied(life, answer.index).then(() => {
        onValue(countOf(life.machine.image));
      });
    });
  }

  async #untilApplied({ voter, ports }: Life, index: number): Promise<void> {
    while (voter.describe().commitIndex < index) await delay(ports.clock, readPollMs);
  }

  async #boot(ports: ProcessPorts): Promise<void> {
    const { world } = this.#options.simulation;
    const start = this.process.starts;
    const end = (fault: unknown): void => {
      if (fault instanceof InvariantError) world.fail({ what: fault.message, facts: fault.facts, cause: fault });
      else if (fault instanceof FaultError) {
        // It may only be a disk that fails to read at the moment: a later start tells.
        if (fault instanceof RaftDamageError) ports.eventLog.emit('error', damageSentence, fault.facts);
        ports.exit(fault);
      } else throw fault;
    };
    try {
      const { watch, makeMachine } = this.#options;
      const config = this.#config();
      const { voter, machine, metadata } = await startMetadataVoter({
        ports,
        config,
        codecs: raftQuorumCodecs,
        metadataCodecs: metadataQuorumCodecs,
        sessionMs: brokerSessionMsDefault,
        onFatal: end,
        watch,
        ...(makeMachine === undefined ? {} : { machine: makeMachine() }),
      });
      this.#life = { start, ports, voter, machine, metadata };
    } catch (fault) {
      end(fault);
    }
  }

  #config(): VoterConfig {
    const { number, founders, raftLimits, snapshotLimits } = this.#options;
    const voters = Array.from({ length: founders }, (_, at): VoterAddress => ({
      voterId: voterId(at + 1),
      peerEndpoint: peerEndpoint(at + 1),
    }));
    return {
      voterId: this.id,
      folder: 'data',
      peerListen: `0.0.0.0:${peerPort}`,
      peerEndpoint: peerEndpoint(number),
      apiEndpoint: `${machineName(number)}:7081`,
      voters,
      raftLimits,
      snapshotLimits,
      streamLimits: peerStreamLimitsDefault,
    };
  }
}

export function machineName(number: number): string {
  return `v${number}`;
}

function peerEndpoint(number: number): string {
  return `${machineName(number)}:${peerPort}`;
}
