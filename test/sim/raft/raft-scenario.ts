/**
 * Three or five voters with everything real but the outside, under every kind of fault: one counter that clients add
 * to and read, leadership handed around, voters added, removed and wiped.
 *
 * Data is damaged on a minority at most, or one disk is wiped, or voters come and go (whoever asks for a change may
 * know an older set than the leader, and make it smaller than it meant), never two of these in one seed.
 * Where voters change, the healed core is every machine that is whole, because which set is in force is not for
 * the scenario to guess; otherwise it is any majority.
 */
import { brokerEpoch, type BrokerEpoch } from '../../../src/base/epochs.ts';
import { snapshotOf } from '../../../src/metadata/metadata-snapshot.ts';
import { defaultRaftLimits, type RaftLimits } from '../../../src/raft/raft-options.ts';
import { faultCounter, faultKinds, type FaultScope } from '../../../src/simulation/fault-plan.ts';
import { sentenceCounter } from '../../../src/simulation/reach-counters.ts';
import type { Finding, Scenario, ScenarioRun } from '../../../src/simulation/scenario.ts';
import { diskFaults } from '../../../src/simulation/simulated-disk-knobs.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import { storeFaults } from '../../../src/simulation/simulated-store-knobs.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import { metadataSnapshotCodec } from '../../../src/wire/metadata-log-codec.ts';
import {
  controlCall,
  controlReply,
  countOf,
  countOne,
  countReply,
  registerCounter,
} from '../../quorum/producer-id-counter.ts';
import { CounterHistory } from './counter-history.ts';
import { raftSightings, RaftSightings } from './raft-sightings.ts';
import { drawVoterChange } from './voter-changer.ts';
import { damageSentence, VoterUnderTest } from './voter-under-test.ts';

export const raftScenario: Scenario = {
  name: 'raft',
  mustReach: [
    ...raftSightings,
    ...faultKinds.map(faultCounter),
    ...diskFaults,
    ...storeFaults,
    sentenceCounter(damageSentence),
    sentenceCounter('the cluster knows this voter under another directory, so it does not vote'),
    sentenceCounter('this node is no founding voter of the cluster; it votes once it has been added'),
    'raft: command asked again',
    'raft: disk wiped',
  ],
  mustReachWithinSeeds: 500,
  planLimits: { safetyMsMin: 500, safetyMsMax: 6_000 },
  build: (simulation, random) => new RaftRun(simulation, random),
};

interface Command {
  readonly requestId: string;
  /** Who was asked last, in which life; undefined once it ended without a result. */
  asked: { readonly voter: VoterUnderTest; readonly start: number } | undefined;
  /** How often it was asked for without being refused: zero means that it was not, and will not be, applied. */
  mayBeApplied: number;
  isDone: boolean;
}

const commandsMax = 120;
const coreCommands = 6;
const openCommandsMax = 12;
const waitMs = 2_000;

class RaftRun implements ScenarioRun {
  readonly scope: FaultScope;
  readonly stepMsMean: number;
  readonly convergenceMsMax = 60_000;
  readonly #simulation: Simulation;
  readonly #random: SimulatedRandom;
  readonly #founders: number;
  readonly #voters: readonly VoterUnderTest[];
  readonly #style: 'steady' | 'changing' | 'wiping';
  readonly #history = new CounterHistory();
  readonly #commands: Command[] = [];
  #counterEpoch: BrokerEpoch | undefined;
  readonly #joined = new Set<number>();
  #isWiped = false;
  #core: readonly VoterUnderTest[] | undefined;
  #coreCommandsLeft = coreCommands;

  constructor(simulation: Simulation, random: SimulatedRandom) {
    this.#simulation = simulation;
    this.#random = random;
    this.#founders = random.pick([3, 3, 3, 5]);
    this.#style = random.pick(['steady', 'steady', 'changing', 'wiping']);
    this.stepMsMean = random.acrossMagnitudes(10, 100);
    const watch = new RaftSightings(simulation.world);
    const raftLimits = drawLimits(random);
    const snapshotLimits = {
      entriesBetweenSnapshots: random.pick([4, 20, 1000]),
      bytesBetweenSnapshots: 1_000_000,
      keptEntries: random.pick([0, 3]),
    };
    const machines = this.#style === 'steady' ? this.#founders : this.#founders + 1;
    this.#voters = Array.from({ length: machines }, (_, at) => {
      const number = at + 1;
      return new VoterUnderTest({ simulation, number, founders: this.#founders, raftLimits, snapshotLimits, watch });
    });
    const names = this.#voters.map(({ process }) => process.name);
    this.scope = {
      machines: names,
      storageMachines: names,
      damagedMachinesMax: this.#style === 'steady' ? Math.floor((this.#founders - 1) / 2) : 0,
    };
  }

  step(): void {
    this.#noteJoined();
    const share = this.#random.fraction();
    if (share < 0.55) this.#add();
    else if (share < 0.7) this.#addAgain();
    else if (share < 0.85) this.#read();
    else if (share < 0.9) this.#transfer();
    else if (share < 0.97) this.#changeVoters();
    else this.#wipe();
  }

  check(): Finding | undefined {
    return this.#history.flaw;
  }

  /** R5: voters at one index have one state; R17: the counter is the number of requests that were applied. */
  checkDeeply(): Finding | undefined {
    const states = new Map<number, { readonly of: string; readonly state: string }>();
    for (const { process, life } of this.#voters) {
      if (life === undefined) continue;
      const { commitIndex, committedChain } = life.voter.describe();
      const { image } = life.machine;
      const { byId: applied } = image.requests;
      const counter = countOf(image);
      const facts = { voter: process.name, commitIndex, counter };
      // The registration of the counter's broker is a request as well.
      if (counter !== applied.size - image.brokers.size) return { what: 'R17: every request is applied once', facts };
      const lie = this.#commands.find(({ requestId, mayBeApplied }) => mayBeApplied === 0 && applied.has(requestId));
      if (lie !== undefined) return { what: 'R17: what was refused is not applied', facts: { ...facts, ...lie } };
      const state = `${committedChain} ${Buffer.from(metadataSnapshotCodec.encode(snapshotOf(image))).toString('base64')}`;
      const known = states.get(commitIndex);
      if (known === undefined) states.set(commitIndex, { of: process.name, state });
      else if (known.state !== state)
        return { what: 'R5: equal indexes have equal states', facts: { ...facts, other: known.of } };
    }
    return undefined;
  }

  chooseCore(random: SimulatedRandom, damaged: ReadonlySet<string>): readonly string[] {
    this.#noteJoined();
    const whole = this.scope.machines.filter((name) => !damaged.has(name));
    if (this.#style !== 'steady' || !this.#isFounded) return whole;
    const majority = Math.floor(this.#founders / 2) + 1;
    return random.shuffled(whole).slice(0, random.integerBetween(majority, whole.length));
  }

  onCoreHealed(core: readonly string[]): void {
    this.#core = this.#voters.filter(({ process }) => core.includes(process.name));
  }

  hasConverged(): boolean {
    if (this.#core === undefined) return false;
    // Founding takes every listed voter, and one whose disk is damaged never comes.
    if (!this.#isFounded && this.#core.length < this.#voters.length) return true;
    if (this.#coreCommandsLeft > 0 || !this.#commands.every(({ isDone }) => isDone)) return false;
    const told = this.#core.flatMap(({ life }) => (life === undefined ? [] : [{ life, ...life.voter.describe() }]));
    const first = told.find(({ leaderId }) => leaderId !== undefined);
    if (first === undefined) return false;
    // A voter outside the core may be well enough to lead a majority of it, and deaf to the rest: that is service.
    if (this.#core.every(({ id }) => id !== first.leaderId)) return true;
    if (told.length < this.#core.length) return false;
    return told.every(({ life, voterId, leaderId, lastIndex, commitIndex, committedChain }) => {
      const isMember = first.voters.some((voter) => {
        return voter.voterId === voterId && voter.directoryId === life.voter.directoryId;
      });
      const isSame = leaderId === first.leaderId && committedChain === first.committedChain;
      return !isMember || (isSame && commitIndex === lastIndex);
    });
  }

  /** Every founder holds the founding set by now, so any majority of them can do without the rest. */
  get #isFounded(): boolean {
    return this.#voters.slice(0, this.#founders).every(({ id }) => this.#joined.has(id));
  }

  #noteJoined(): void {
    for (const { id, description } of this.#voters) if (description?.clusterId !== undefined) this.#joined.add(id);
  }

  /** Somebody who can be asked now; in the second phase of the core alone. */
  #pickVoter(): VoterUnderTest | undefined {
    const ready = (this.#core ?? this.#voters).filter(({ process, life }) => {
      return process.state === 'running' && life !== undefined;
    });
    return ready.length === 0 ? undefined : this.#random.pick(ready);
  }

  #add(): void {
    const open = this.#commands.filter(({ isDone }) => !isDone).length;
    if (this.#core === undefined && (open >= openCommandsMax || this.#commands.length >= commandsMax)) return;
    if (this.#core !== undefined && this.#coreCommandsLeft === 0) return;
    const voter = this.#pickVoter();
    if (voter === undefined) return;
    if (this.#counterEpoch === undefined) return this.#registerCounter(voter);
    if (this.#core !== undefined) this.#coreCommandsLeft -= 1;
    const requestId = `request ${this.#commands.length + 1}`;
    const command: Command = { requestId, asked: undefined, mayBeApplied: 0, isDone: false };
    this.#commands.push(command);
    this.#history.onAsked(command.requestId);
    this.#ask(command, voter);
  }

  /** A command that ended without a result, or whose voter died with it. */
  #addAgain(): void {
    const lost = this.#commands.filter(({ isDone, asked }) => {
      if (isDone || asked === undefined) return !isDone;
      return asked.voter.life?.start !== asked.start || this.#core?.includes(asked.voter) === false;
    });
    const voter = this.#pickVoter();
    if (lost.length === 0 || voter === undefined) return;
    this.#simulation.world.reached.count('raft: command asked again');
    this.#ask(this.#random.pick(lost), voter);
  }

  /** Asked until it is answered, always as the same request. */
  #registerCounter(voter: VoterUnderTest): void {
    const clusterId = voter.description?.clusterId;
    if (clusterId === undefined) return;
    voter.ask(controlCall(registerCounter(clusterId)), waitMs, (answer) => {
      if (answer.type === 'done') this.#counterEpoch ??= brokerEpoch(answer.index);
    });
  }

  #ask(command: Command, voter: VoterUnderTest): void {
    const asked = { voter, start: voter.process.starts };
    command.asked = asked;
    command.mayBeApplied += 1;
    if (this.#counterEpoch === undefined) return;
    voter.ask(controlCall(countOne(command.requestId, this.#counterEpoch)), waitMs, (answer) => {
      if (command.asked === asked) command.asked = undefined;
      if (answer.type === 'refused') command.mayBeApplied -= 1;
      if (answer.type !== 'done') return;
      const reply = countReply(controlReply(answer.reply));
      command.isDone = true;
      this.#history.onAdded(command.requestId, reply.type === 'counted' ? reply.counter : Number.NaN);
    });
  }

  #read(): void {
    const floor = this.#history.highest;
    this.#pickVoter()?.readCounter(waitMs, (value) => {
      this.#history.onRead(value, floor);
    });
  }

  #transfer(): void {
    if (this.#core !== undefined) return;
    const target = this.#random.pick(this.#voters).id;
    this.#pickVoter()?.ask({ type: 'transfer', target }, waitMs, () => {});
  }

  #changeVoters(): void {
    if (this.#style === 'steady') return;
    const voter = this.#pickVoter();
    if (voter === undefined || this.#core !== undefined) return;
    const all = this.#voters;
    const removesWhole = this.#style === 'changing';
    const change = drawVoterChange(voter, { all, founders: this.#founders, removesWhole, random: this.#random });
    if (change === undefined) return;
    voter.ask({ type: 'change-voters', change }, waitMs, () => {});
  }

  /** Once in a seed somebody replaces a disk, of a voter that has joined. */
  #wipe(): void {
    if (this.#style !== 'wiping' || this.#isWiped || this.#core !== undefined) return;
    const victim = this.#random.pick(this.#voters);
    if (victim.description?.clusterId === undefined || !this.#voters.every(({ life }) => life !== undefined)) return;
    this.#isWiped = true;
    this.#simulation.world.reached.count('raft: disk wiped');
    victim.process.powerCut();
    victim.process.disk.replace();
    victim.process.stores.replace();
  }
}

/** Sometimes as in production, sometimes so tight that every limit is met. */
function drawLimits(random: SimulatedRandom): RaftLimits {
  const common = { ...defaultRaftLimits, catchUpMsMax: 3_000 };
  if (random.chance(0.5)) return common;
  return {
    ...common,
    appendEntriesMax: random.integerBetween(1, 4),
    appendBytesMax: random.integerBetween(1, 200),
    inFlightAppendsMax: random.integerBetween(1, 3),
    recentBytesMax: random.integerBetween(1, 300),
    loadBytesMax: random.integerBetween(1, 200),
    snapshotChunkBytesMax: random.integerBetween(1, 300),
    uncommittedEntriesMax: random.integerBetween(2, 20),
  };
}
