/**
 * Voters with the controller, stub brokers that register, live and die, and clients that create, change and delete the
 * same few topics at once, through voters and through observers, with retries by request id.
 *
 * Every node's state machine is compared with one fold of the log, entry by entry, and every answer with the log
 * (reference-log.ts, quorum/request-history.ts). Voters do not change, but their set is written into the log again now and
 * then, so that entries come where the controller did not expect them.
 */
import { brokerId } from '../../../src/base/ids.ts';
import type { MetadataCommand, TopicRef } from '../../../src/metadata/metadata-command.ts';
import type { MetadataImage, PartitionImage } from '../../../src/metadata/metadata-image.ts';
import type { MetadataQuorum } from '../../../src/quorum/metadata-quorum.ts';
import { defaultRaftLimits, type RaftLimits } from '../../../src/raft/raft-options.ts';
import { faultCounter, type FaultScope } from '../../../src/simulation/fault-plan.ts';
import { sentenceCounter } from '../../../src/simulation/reach-counters.ts';
import type { Finding, Scenario, ScenarioRun } from '../../../src/simulation/scenario.ts';
import type { SimulatedProcess } from '../../../src/simulation/simulated-process.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import { RequestHistory, type AskedRequest } from '../../quorum/request-history.ts';
import { RaftSightings } from '../raft/raft-sightings.ts';
import { VoterUnderTest } from '../raft/voter-under-test.ts';
import { metadataSightings } from './metadata-sightings.ts';
import { ReferenceLog } from './reference-log.ts';

import { StubBroker } from './stub-broker.ts';

const faults = ['crash', 'power cut', 'partition', 'pause', 'disk error', 'sync failure'] as const;

export const metadataScenario: Scenario = {
  name: 'metadata',
  mustReach: [
    ...metadataSightings,
    ...faults.map(faultCounter),
    sentenceCounter('fences a broker'),
    sentenceCounter('lets a broker take part'),
    'metadata: request done',
    'metadata: request refused',
    'metadata: request asked again',
    'metadata: outcome unknown',
    'metadata: not served',
    'metadata: read confirmed',
    'metadata: voters written between',
    'metadata: snapshot restored',
  ],
  mustReachWithinSeeds: 100,
  planLimits: { safetyMsMin: 1_000, safetyMsMax: 8_000 },
  build: (simulation, random) => new MetadataRun(simulation, random),
};

const topicNames = ['a', 'b', 'c'];
const requestsMax = 100;
const openRequestsMax = 12;
const coreRequests = 6;
const waitMs = 2_000;

/** Somewhere to ask, in one life of its process. */
interface Door {
  readonly process: SimulatedProcess;
  readonly metadata: MetadataQuorum;
}

class MetadataRun implements ScenarioRun {
  readonly scope: FaultScope;
  readonly stepMsMean: number;
  readonly convergenceMsMax = 60_000;
  readonly #simulation: Simulation;
  readonly #random: SimulatedRandom;
  readonly #voters: readonly VoterUnderTest[];
  readonly #brokers: readonly StubBroker[];
  readonly #log: ReferenceLog;
  readonly #history: RequestHistory;
  /** Where a request is being asked, and in which life. */
  readonly #asking = new Map<AskedRequest, { readonly process: SimulatedProcess; readonly start: number }>();
  readonly #joined = new Set<number>();
  #core: ReadonlySet<string> | undefined;
  #coreRequestsLeft = coreRequests;

  constructor(simulation: Simulation, random: SimulatedRandom) {
    this.#simulation = simulation;
    this.#random = random;
    this.stepMsMean = random.acrossMagnitudes(15, 100);
    this.#log = new ReferenceLog(simulation.world);
    this.#history = new RequestHistory(this.#log.folded);
    const founders = random.pick([1, 3, 3, 3]);
    const shared = {
      simulation,
      founders,
      raftLimits: drawLimits(random),
      snapshotLimits: {
        entriesBetweenSnapshots: random.pick([5, 20, 1000]),
        bytesBetweenSnapshots: 1_000_000,
        keptEntries: random.pick([0, 3]),
      },
      watch: new RaftSightings(simulation.world),
    };
    this.#voters = Array.from({ length: founders }, (_, at) => {
      const number = at + 1;
      return new VoterUnderTest({ ...shared, number, makeMachine: () => this.#log.makeMachine(`v${number}`) });
    });
    const voters = this.#voters.map(({ peerEndpoint }) => peerEndpoint);
    this.#brokers = Array.from({ length: random.integerBetween(2, 4) }, (_, at) => {
      const rack = random.pick(['', 'r1', 'r2']) || undefined;
      const clusterId = () => this.#voters.find(({ description }) => description?.clusterId)?.description?.clusterId;
      return new StubBroker({ simulation, number: at + 1, rack, voters, clusterId, log: this.#log });
    });
    const voterNames = this.#voters.map(({ process }) => process.name);
    this.scope = {
      machines: [...voterNames, ...this.#brokers.map(({ process }) => process.name)],
      storageMachines: voterNames,
      damagedMachinesMax: Math.floor((founders - 1) / 2),
    };
  }

  step(): void {
    this.#noteJoined();
    const share = this.#random.fraction();
    if (share < 0.5) this.#ask(this.#pickDoor());
    else if (share < 0.6) this.#askMany();
    else if (share < 0.75) this.#askAgain();
    else if (share < 0.88) this.#read();
    else if (this.#core !== undefined) return;
    else if (share < 0.91) this.#transfer();
    else if (share < 0.94) this.#writeVoters();
    else if (share < 0.97) this.#random.pick(this.#brokers).shutDown();
    else this.#endBroker();
  }

  check(): Finding | undefined {
    return this.#history.flaw;
  }

  checkDeeply(): Finding | undefined {
    this.#history.checkLog();
    return this.#history.flaw;
  }

  chooseCore(random: SimulatedRandom, damaged: ReadonlySet<string>): readonly string[] {
    this.#noteJoined();
    const voters = this.#voters.map(({ process }) => process.name).filter((name) => !damaged.has(name));
    const majority = Math.floor(this.#voters.length / 2) + 1;
    const isFounded = this.#joined.size === this.#voters.length;
    const chosen = isFounded
      ? random.shuffled(voters).slice(0, random.integerBetween(majority, voters.length))
      : voters;
    const brokers = this.#brokers.map(({ process }) => process.name);
    return [...chosen, ...random.shuffled(brokers).slice(0, random.integerBetween(1, brokers.length))];
  }

  onCoreHealed(core: readonly string[]): void {
    this.#core = new Set(core);
    for (const broker of this.#brokers) if (core.includes(broker.process.name)) broker.startAnewIfLeaving();
  }

  /** All is answered, every broker of the core takes part, and every node of the core knows. */
  hasConverged(): boolean {
    const core = this.#core;
    if (core === undefined) return false;
    const voters = this.#voters.filter(({ process }) => core.has(process.name));
    // Founding takes every listed voter, and one whose disk is damaged never comes.
    if (this.#joined.size < this.#voters.length && voters.length < this.#voters.length) return true;
    if (this.#coreRequestsLeft > 0 || this.#history.open.length > 0) return false;
    // A voter outside the core may be well enough to lead a majority of it, and deaf to the rest: that is service.
    const leader = voters.find(({ description }) => description?.leaderId !== undefined)?.description?.leaderId;
    if (leader !== undefined && voters.every(({ id }) => id !== leader)) return true;
    const brokers = this.#brokers.filter(({ process }) => core.has(process.name));
    const images = [
      ...voters.map(({ life }) => life?.machine.image),
      ...brokers.map(({ observer }) => observer?.image),
    ];
    return images.every((image) => {
      if (image === undefined || image.revision < this.#history.told) return false;
      const areActive = brokers.every(({ id }) => image.brokers.get(id)?.state === 'active');
      return areActive && [...image.topics.values()].every(({ partitions }) => partitions.every(isLedIfItCanBe(image)));
    });
  }

  #noteJoined(): void {
    for (const { id, description } of this.#voters) if (description?.clusterId !== undefined) this.#joined.add(id);
  }

  #pickDoor(): Door | undefined {
    const open = this.#doors();
    return open.length === 0 ? undefined : this.#random.pick(open);
  }

  #doors(): readonly Door[] {
    const voters = this.#voters.flatMap(({ process, life }) =>
      life === undefined ? [] : [{ process, metadata: life.metadata }],
    );
    const brokers = this.#brokers.flatMap(({ process, observer }) =>
      observer === undefined ? [] : [{ process, metadata: observer }],
    );
    return [...voters, ...brokers].filter(({ process }) => {
      return process.state === 'running' && (this.#core?.has(process.name) ?? true);
    });
  }

  /** In one turn, where the controller is if it can be asked, so that limits are met in the middle of a run. */
  #askMany(): void {
    const doors = this.#doors();
    const leader = doors.find(({ process }) =>
      this.#voters.some((voter) => voter.process === process && voter.description?.role === 'leader'),
    );
    const door = leader ?? doors[0];
    for (let left = this.#random.integerBetween(2, 6); left > 0; left -= 1) this.#ask(door);
  }

  #ask(door: Door | undefined): void {
    const { count, open } = this.#history;
    if (this.#core === undefined && (open.length >= openRequestsMax || count >= requestsMax)) return;
    if (this.#core !== undefined && this.#coreRequestsLeft === 0) return;
    if (door === undefined) return;
    if (this.#core !== undefined) this.#coreRequestsLeft -= 1;
    this.#askAt(door, this.#history.add({ requestId: `request ${count + 1}`, command: this.#drawCommand() }));
  }

  /** One that ended without an answer, or whose door is gone. */
  #askAgain(): void {
    const lost = this.#history.open.filter((asked) => {
      const asking = this.#asking.get(asked);
      return (
        asking === undefined ||
        asking.process.starts !== asking.start ||
        asking.process.state === 'down' ||
        this.#core?.has(asking.process.name) === false
      );
    });
    const door = this.#pickDoor();
    if (lost.length === 0 || door === undefined) return;
    this.#simulation.world.reached.count('metadata: request asked again');
    this.#askAt(door, this.#random.pick(lost));
  }

  #askAt({ process, metadata }: Door, asked: AskedRequest): void {
    const { reached } = this.#simulation.world;
    const asking = { process, start: process.starts };
    this.#asking.set(asked, asking);
    asked.mayBeDone += 1;
    process.run(() => {
      void metadata.request(asked.request, waitMs).then((reply) => {
        if (this.#asking.get(asked) === asking) this.#asking.delete(asked);
        reached.count(counterOf[reply.type]);
        this.#history.onReply(asked, reply);
      });
    });
  }

  #read(): void {
    const door = this.#pickDoor();
    if (door === undefined) return;
    const floor = this.#history.told;
    door.process.run(() => {
      void readAt(door.metadata).then((revision) => {
        if (revision === undefined) return;
        this.#simulation.world.reached.count('metadata: read confirmed');
        this.#history.onRead(revision, floor);
      });
    });
  }

  #transfer(): void {
    const voter = this.#random.pick(this.#voters);
    voter.ask({ type: 'transfer', target: this.#random.pick(this.#voters).id }, waitMs, () => {});
  }

  /** An entry that the controller did not expect: the same voters again. */
  #writeVoters(): void {
    const voter = this.#random.pick(this.#voters);
    const [listed] = voter.description?.voters ?? [];
    if (listed?.directoryId === undefined) return;
    const { voterId, directoryId, peerEndpoint, apiEndpoint } = listed;
    const change = { type: 'update', voter: { voterId, directoryId, peerEndpoint, apiEndpoint } } as const;
    voter.ask({ type: 'change-voters', change }, waitMs, ({ type }) => {
      if (type === 'done') this.#simulation.world.reached.count('metadata: voters written between');
    });
  }

  /** After its goodbye or without one; it is started again like whatever dies. */
  #endBroker(): void {
    const { process } = this.#random.pick(this.#brokers);
    if (process.state !== 'down') process.crash();
  }

  #drawCommand(): MetadataCommand {
    const random = this.#random;
    const name = random.pick(topicNames);
    const topic: TopicRef = { by: 'name', name, topicId: undefined };
    const validateOnly = random.chance(0.05);
    const configs = random.chance(0.3) ? [{ name: 'retention.ms', value: String(random.integerBetween(1, 3)) }] : [];
    const share = random.fraction();
    if (share < 0.4) {
      const partitionCount = random.integerBetween(1, 4);
      const replicationFactor = random.pick([0, 1, 2, 3]) || undefined;
      const ifNotExists = random.chance(0.3);
      return {
        type: 'create-topic',
        name,
        partitionCount,
        replicationFactor,
        assignments: [],
        configs,
        ifNotExists,
        validateOnly,
      };
    }
    if (share < 0.65) {
      const partitionCount = random.pick([0, 2, 3, 5]) || undefined;
      return {
        type: 'update-topic',
        topic,
        partitionCount,
        assignments: [],
        configs,
        expectedRevision: undefined,
        validateOnly,
      };
    }
    if (share < 0.9)
      return { type: 'delete-topic', topic, ifExists: random.chance(0.3), expectedRevision: undefined, validateOnly };
    const resource = random.chance(0.5)
      ? ({ scope: 'cluster' } as const)
      : ({ scope: 'broker', brokerId: brokerId(101) } as const);
    const value = random.pick(['', '1', '2']) || undefined;
    return { type: 'update-configs', resource, configs: [{ name: 'retention.ms', value }], validateOnly };
  }
}

const counterOf = {
  done: 'metadata: request done',
  refused: 'metadata: request refused',
  'not-served': 'metadata: not served',
  'outcome-unknown': 'metadata: outcome unknown',
} as const;

async function readAt(metadata: MetadataQuorum): Promise<number | undefined> {
  const current = await metadata.currentRevision(waitMs);
  if (!current.ok) return undefined;
  const image = await metadata.untilRevision(current.value, waitMs);
  return image.ok ? image.value.revision : undefined;
}

function isLedIfItCanBe(image: MetadataImage): (partition: PartitionImage) => boolean {
  return ({ leader, inSync }) =>
    leader !== undefined || inSync.every((member) => image.brokers.get(member)?.state !== 'active');
}

/** Sometimes as in production, sometimes so tight that proposals are refused in the middle of a run. */
function drawLimits(random: SimulatedRandom): RaftLimits {
  if (random.chance(0.5)) return defaultRaftLimits;
  return {
    ...defaultRaftLimits,
    appendEntriesMax: random.integerBetween(1, 4),
    inFlightAppendsMax: random.integerBetween(1, 3),
    recentBytesMax: random.integerBetween(1, 300),
    snapshotChunkBytesMax: random.integerBetween(20, 300),
    ...(random.chance(0.3)
      ? { uncommittedEntriesMax: random.integerBetween(1, 5) }
      : { uncommittedBytesMax: random.integerBetween(120, 500) }),
  };
}
