/**
 * The whole cluster: real voters and brokers with their logs on simulated disks, replicas that talk over the simulated network,
 * producers of every kind and consumers, under crashes, power cuts, pauses and partitions of the network.
 *
 * After each step of any replica the invariants of its partition are held against what was written, committed and acknowledged
 * anywhere; in the end everything is read once more, and the judge of histories looks at what the clients were told.
 */
import { assert } from '../../../src/base/assert.ts';
import type { BrokerId } from '../../../src/base/ids.ts';
import type { PartitionKey } from '../../../src/broker/partition-key.ts';
import { partitionKeyText } from '../../../src/broker/partition-key.ts';
import { findPartition, partitionMetadataOf } from '../../../src/broker/partition-facts-of.ts';
import type { PartitionWatch } from '../../../src/broker/partition-runner.ts';
import { emptyImage, type MetadataImage, type PartitionImage } from '../../../src/metadata/metadata-image.ts';
import { PartitionClusterInvariants } from '../../../src/partition/partition-cluster-invariants.ts';
import { defaultRaftLimits } from '../../../src/raft/raft-options.ts';
import { faultCounter, type FaultScope } from '../../../src/simulation/fault-plan.ts';
import type { Finding, Scenario, ScenarioRun } from '../../../src/simulation/scenario.ts';
import type { SimulatedRandom } from '../../../src/simulation/simulated-random.ts';
import type { Simulation } from '../../../src/simulation/simulation.ts';
import { LogHistoryChecker } from '../../../src/testing/log-history-checker.ts';
import { RaftSightings } from '../raft/raft-sightings.ts';
import { VoterUnderTest } from '../raft/voter-under-test.ts';
import { BrokerUnderTest } from './broker-under-test.ts';
import { ClusterConsumer, ClusterProducer, topic, type ClientWorld } from './cluster-clients.ts';

const faults = ['crash', 'power cut', 'partition', 'pause', 'stream reset'] as const;

export const clusterScenario: Scenario = {
  name: 'cluster',
  mustReach: [
    ...faults.map(faultCounter),
    'cluster: produce done',
    'cluster: produce refused',
    'cluster: produce outcome-unknown',
    'cluster: poll done',
    'cluster: read from a follower',
    'cluster: became-leader',
    'cluster: leadership-established',
    'cluster: cut',
    'cluster: catch-up push',
    'cluster: propose-in-sync',
    'cluster: preferred leader again',
    'cluster: bits flipped',
    'cluster: repair',
    'cluster: come-back',
    'said: has room for a log again',
    'cluster: judged',
  ],
  mustReachWithinSeeds: 50,
  planLimits: { safetyMsMin: 45_000, safetyMsMax: 60_000 },
  build: (simulation, random) => new ClusterRun(simulation, random),
};

const brokersCount = 3;
const sendsMax = 1_200;
const coreSends = 12;
const waitMs = 2_000;

class ClusterRun implements ScenarioRun {
  readonly scope: FaultScope;
  readonly stepMsMean: number;
  readonly convergenceMsMax = 120_000;
  readonly #simulation: Simulation;
  readonly #random: SimulatedRandom;
  readonly #voters: readonly VoterUnderTest[];
  readonly #brokers: readonly BrokerUnderTest[];
  readonly #invariants = new Map<string, PartitionClusterInvariants>();
  readonly #checker = new LogHistoryChecker({ readToTheEnd: true });
  readonly #shared: ClientWorld;
  readonly #producers: readonly ClusterProducer[];
  #consumers: readonly ClusterConsumer[] = [];
  /** They read everything once more when all has been sent. */
  #lastReaders: readonly ClusterConsumer[] = [];
  /** The newest that any node has. */
  #image: MetadataImage = emptyImage;
  #flaw: Finding | undefined;
  #isAskingForTopic = false;
  #sends = 0;
  #core: ReadonlySet<string> | undefined;
  #coreSendsLeft = coreSends;
  /** The one whose files of records lose bits; undefined: nobody's do. */
  readonly #rotting: BrokerUnderTest | undefined;
  readonly #lossy: ReadonlySet<BrokerId>;
  #isJudged = false;

  constructor(simulation: Simulation, random: SimulatedRandom) {
    this.#simulation = simulation;
    this.#random = random;
    this.stepMsMean = random.acrossMagnitudes(5, 60);
    const watch = new RaftSightings(simulation.world);
    const snapshotLimits = { entriesBetweenSnapshots: 200, bytesBetweenSnapshots: 1_000_000, keptEntries: 3 };
    this.#voters = [1, 2, 3].map(
      (number) =>
        new VoterUnderTest({ simulation, number, founders: 3, raftLimits: defaultRaftLimits, snapshotLimits, watch }),
    );
    this.#brokers = Array.from(
      { length: brokersCount },
      (_, at) =>
        new BrokerUnderTest({
          simulation,
          number: at + 1,
          voters: this.#voters.map(({ peerEndpoint }) => peerEndpoint),
          clusterId: () => this.#voters.find(({ description }) => description?.clusterId)?.description?.clusterId,
          watchOf: (key) => this.#watchOf(key),
          onImage: (image) => this.#onImage(image),
        }),
    );
    let producerIds = 0;
    this.#shared = {
      world: simulation.world,
      random,
      brokers: this.#brokers,
      write: (line) => {
        const added = this.#checker.add(line);
        assert(added.ok, 'clients write histories that can be judged', { added, line });
      },
      leaderOf: (key) => this.#leaderOf(key),
      nextProducerId: () => (producerIds += 1),
    };
    this.#producers = Array.from({ length: random.integerBetween(2, 5) }, (_, at) => {
      const acks = random.pick(['all', 'all', 'all', 'leader', 'none'] as const);
      return new ClusterProducer(this.#shared, {
        number: at + 1,
        acks,
        isIdempotent: acks === 'all' && random.chance(0.7),
      });
    });
    this.#rotting = random.chance(0.5) ? random.pick(this.#brokers) : undefined;
    this.#lossy = new Set(this.#rotting === undefined ? [] : [this.#rotting.id]);
    const machines = [...this.#voters, ...this.#brokers].map(({ process }) => process.name);
    this.scope = {
      machines,
      storageMachines: machines,
      damagedMachinesMax: 0,
      without: ['bit rot', 'disk error', 'disk full', 'sync failure'],
    };
  }

  step(): void {
    const keys = this.#keys();
    if (keys.length === 0) return this.#makeTopic();
    if (this.#consumers.length === 0)
      this.#consumers = keys.map((key, at) => new ClusterConsumer(this.#shared, 100 + at, key));
    if (this.#core === undefined && this.#random.chance(0.003)) this.#rot();
    if (this.#core === undefined && this.#random.chance(0.001)) this.#fillDisk();
    if (this.#random.chance(0.6)) this.#random.pick(this.#consumers).poll(this.#random.chance(0.3));
    else this.#send(this.#random.pick(keys));
    for (const reader of this.#lastReaders) reader.poll(false);
    return undefined;
  }

  check(): Finding | undefined {
    return this.#flaw;
  }

  checkDeeply(): Finding | undefined {
    return this.#flaw;
  }

  /** In-sync sets are of any brokers, so all are needed to serve all partitions; voters a majority. */
  chooseCore(random: SimulatedRandom): readonly string[] {
    const voters = random.shuffled(this.#voters.map(({ process }) => process.name));
    return [
      ...voters.slice(0, this.#keys().length === 0 ? 3 : random.integerBetween(2, 3)),
      ...this.#brokers.map(({ name }) => name),
    ];
  }

  onCoreHealed(core: readonly string[]): void {
    this.#core = new Set(core);
  }

  hasConverged(): boolean {
    const core = this.#core;
    if (core === undefined) return false;
    const voters = this.#voters.filter(({ process }) => core.has(process.name));
    const leader = voters.find(({ description }) => description?.leaderId !== undefined)?.description?.leaderId;
    // A voter outside of the core may be well enough to lead a majority of it, and deaf to the rest: that is service.
    if (leader !== undefined && voters.every(({ id }) => id !== leader)) return true;
    if (this.#coreSendsLeft > 0 || this.#producers.some(({ isBusy }) => isBusy)) return false;
    if (this.#lastReaders.length === 0) {
      this.#lastReaders = this.#keys().map((key, at) => new ClusterConsumer(this.#shared, 200 + at, key));
      return false;
    }
    const haveRead = this.#lastReaders.every(({ next, watermark }) => watermark !== undefined && next >= watermark);
    if (!haveRead || !this.#allAreInSync() || !this.#allAreHome()) return false;
    this.#judge();
    return true;
  }

  #judge(): void {
    if (this.#isJudged) return;
    this.#isJudged = true;
    const verdict = this.#checker.finish();
    const { reached } = this.#simulation.world;
    reached.count('cluster: judged');
    reached.count('cluster: acknowledged and judged', verdict.summary.sends.ok);
    if (!verdict.holds)
      this.#flaw = {
        what: 'clients are told nothing that cannot have been',
        facts: {
          anomalies: verdict.anomalies.filter(({ severity }) => severity !== 'noted').slice(0, 5),
          summary: verdict.summary,
        },
      };
  }

  #allAreInSync(): boolean {
    return this.#keys().every((key) => findPartition(this.#image, key)?.inSync.length === brokersCount);
  }

  /** Whoever took over has given back what it took. */
  #allAreHome(): boolean {
    return this.#keys().every((key) => {
      const partition = findPartition(this.#image, key);
      return partition?.leader === partition?.replicas[0]?.brokerId;
    });
  }

  /** Of one broker alone: what all replicas lose is lost. */
  #rot(): void {
    const { reached } = this.#simulation.world;
    const flipped =
      this.#rotting?.process.disk.flipBits(1, (path) => /partitions.*\.(log|stamps|index)$/.test(path)) ?? [];
    if (flipped.length > 0) reached.count('cluster: bits flipped');
  }

  /** One broker's disk takes nothing for a while. */
  #fillDisk(): void {
    const { disk } = this.#random.pick(this.#brokers).process;
    const { capacityBytes } = disk.knobs;
    if (capacityBytes === 0) return;
    disk.knobs = { ...disk.knobs, capacityBytes: 0 };
    this.#simulation.world.scheduler.after(this.#random.integerBetween(200, 5_000), () => {
      disk.knobs = { ...disk.knobs, capacityBytes };
    });
  }

  #send(key: PartitionKey): void {
    const producer = this.#random.pick(this.#producers);
    if (producer.isBusy || this.#lastReaders.length > 0) return;
    if (this.#core === undefined && this.#sends >= sendsMax) return;
    if (this.#core !== undefined && this.#coreSendsLeft === 0) return;
    if (this.#core !== undefined) this.#coreSendsLeft -= 1;
    this.#sends += 1;
    producer.send(key);
  }

  #keys(): readonly PartitionKey[] {
    const topicId = this.#image.topicIdsByName.get(topic);
    if (topicId === undefined) return [];
    const partitions = this.#image.topics.get(topicId)?.partitions ?? [];
    return partitions.map((_, partition) => ({ topicId, partition }));
  }

  #leaderOf(key: PartitionKey): BrokerId | undefined {
    return findPartition(this.#image, key)?.leader;
  }

  /** When three brokers may keep it. */
  #makeTopic(): void {
    const broker = this.#brokers.find(({ life }) => life !== undefined);
    const isReady = [...this.#image.brokers.values()].filter(({ state }) => state === 'active').length === brokersCount;
    if (broker?.life === undefined || !isReady || this.#isAskingForTopic) return;
    const { observer } = broker.life;
    const command = {
      type: 'create-topic',
      name: topic,
      partitionCount: this.#random.integerBetween(1, 3),
      replicationFactor: brokersCount,
      assignments: [],
      // Clocks jump by years here, and what is gone by age tells nothing of what is lost.
      configs: [{ name: 'retention.ms', value: '-1' }],
      ifNotExists: true,
      validateOnly: false,
    } as const;
    this.#isAskingForTopic = true;
    this.#simulation.world.scheduler.after(2 * waitMs, () => (this.#isAskingForTopic = false));
    broker.process.run(() => void observer.request({ requestId: 'make the topic', command }, waitMs));
  }

  #onImage(image: MetadataImage): void {
    if (image.revision <= this.#image.revision) return;
    const before = this.#image;
    this.#image = image;
    for (const key of this.#keys()) {
      this.#countReturn(findPartition(before, key), findPartition(image, key));
      const metadata = partitionMetadataOf(image, key);
      const eligible = findPartition(image, key)?.eligible ?? [];
      assert(metadata !== undefined, 'a partition that is listed is there');
      this.#invariantsOf(key).onController({ metadata, eligible, lossy: this.#lossy });
    }
  }

  #countReturn(before: PartitionImage | undefined, after: PartitionImage | undefined): void {
    const leaderBefore = before?.leader;
    if (after === undefined || leaderBefore === undefined || after.leader === leaderBefore) return;
    if (after.leader !== after.replicas[0]?.brokerId) return;
    if (after.inSync.includes(leaderBefore)) this.#simulation.world.reached.count('cluster: preferred leader again');
  }

  #invariantsOf(key: PartitionKey): PartitionClusterInvariants {
    const name = partitionKeyText(key);
    const known = this.#invariants.get(name) ?? new PartitionClusterInvariants();
    this.#invariants.set(name, known);
    return known;
  }

  #watchOf(key: PartitionKey): PartitionWatch {
    const invariants = this.#invariantsOf(key);
    const { reached } = this.#simulation.world;
    return {
      // A bit of what is durable and not marked as that yet makes a torn end of it, which is dropped, and said.
      onStart: (view) => invariants.onStart(view, this.#lossy.has(view.brokerId)),
      onStep: (view, event, effects) => {
        for (const effect of effects) {
          if (effect.type === 'push') reached.count(`cluster: ${effect.lane} push`);
          else reached.count(`cluster: ${effect.type}`);
        }
        invariants.onStep(view, event, effects);
      },
    };
  }
}
