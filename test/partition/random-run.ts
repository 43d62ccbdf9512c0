/**
 * One random life of a partition, drawn from a seed: crashes and power cuts, slow disks, failing logs, lost, repeated
 * and overtaken messages, brokers that hear of the metadata late, proposals whose answers are lost, fencing, handovers,
 * unclean elections, replaced disks, deleted records. Which of these a run has, and how often, is drawn as well.
 *
 * After every step partition-cluster-invariants.ts checks the promises of src/partition/README.md. At the end the faults
 * stop: then all replicas must come to the same log and be in sync (PL3), everybody must be answered (PL1), and each
 * idempotent producer must find its batches once and in order (I1, P18).
 */
import { offset } from '../../src/base/offsets.ts';
import type { PartitionEffect } from '../../src/partition/partition-effect.ts';
import type { PartitionEvent } from '../../src/partition/partition-event.ts';
import type { PartitionLimits } from '../../src/partition/partition-options.ts';
import { randomBelow } from '../raft/random-run.ts';
import { checkNothingLost, checkPeace } from './random-peace.ts';
import { RandomProducers } from './random-producers.ts';
import { TestCluster, farMs, type TestClusterOptions } from './test-cluster.ts';
import type { TestReplica } from './test-replica.ts';

/** Small, so that every limit is reached within a few steps. */
const tightLimits: Partial<PartitionLimits> = {
  pushBytesMax: 300,
  followerWindowBytes: 600,
  nudgeMs: 100,
  attachRetryMs: 150,
  lagMsMax: 400,
  inSyncRetryMs: 120,
  recoveryWaitMs: 200,
  producesWaitingMax: 12,
  fetchesWaitingMax: 6,
  deletesWaitingMax: 2,
  unwrittenBytesMax: 1500,
  producersMax: 6,
  producerQuietMsMin: farMs,
};

export interface RandomRunResult {
  readonly steps: number;
  /** How often each thing happened: a run in which it never does shows nothing about it. */
  readonly reached: ReadonlyMap<string, number>;
}

/** `observe` is for whoever wants to see what happened. */
export function runRandomly(seed: number, actionsMax: number, observe?: Observe): RandomRunResult {
  const run = new RandomRun(seed, observe);
  for (let action = 0; action < actionsMax; action += 1) run.act();
  run.endInPeace();
  return { steps: run.steps, reached: run.reached };
}

type Action = () => void;
type Observe = TestClusterOptions['observe'];

class RandomRun {
  readonly reached = new Map<string, number>();
  steps = 0;
  readonly #below: (bound: number) => number;
  readonly #cluster: TestCluster;
  readonly #producers: RandomProducers;
  readonly #actions: readonly (readonly [number, Action])[];
  readonly #weightSum: number;
  readonly #isReordering: boolean;
  readonly #isReplicated: boolean;
  /** Power was cut where nothing need have been flushed: what the topic promises does not cover that. */
  readonly #unclean = new Set<TestReplica>();
  #hasGivenUp = false;
  #plain = 0;

  constructor(seed: number, observe: Observe) {
    this.#below = randomBelow(seed);
    const below = this.#below;
    this.#isReplicated = below(4) === 0;
    const replicas = 1 + below(5);
    this.#cluster = new TestCluster({
      replicas,
      inSyncMin: 1 + below(Math.min(replicas, 3)),
      durability: this.#isReplicated ? 'replicated' : 'flushed',
      limits: tightLimits,
      observe: (replica, event, effects) => {
        observe?.(replica, event, effects);
        this.#observe(event, effects);
      },
    });
    this.#cluster.isPrompt = false;
    this.#producers = new RandomProducers(3, below);
    this.#isReordering = below(2) === 0;
    for (const replica of this.#cluster.replicas) replica.isFast = below(3) === 0;
    const perhaps = (weight: number): number => (below(2) === 0 ? 0 : 1 + below(weight));
    this.#actions = [
      [400, () => this.#deliver()],
      [200, () => this.#work()],
      [60, () => this.#tickOne()],
      [20, () => this.#tickAll()],
      [80, () => this.#spread()],
      [30, () => this.#decide()],
      [40, () => this.#produce()],
      [50, () => this.#produceAgain()],
      [20, () => this.#fetch()],
      [perhaps(10), () => this.#delete()],
      [perhaps(40), () => this.#drop()],
      [perhaps(40), () => this.#repeat()],
      [perhaps(8), () => this.#loseLink()],
      [perhaps(6), () => this.#crash()],
      [14, () => this.#restart()],
      [perhaps(5), () => this.#fence()],
      [12, () => this.#unfence()],
      [perhaps(5), () => this.#moveLeader()],
      [perhaps(3), () => this.#damage()],
      [perhaps(2), () => this.#failLog()],
      [6, () => this.#repair()],
      [perhaps(2), () => this.#electUnclean()],
      [perhaps(2), () => this.#changeInSyncMin()],
      [perhaps(1), () => this.#replaceDisk()],
      [20, () => this.#keepWatermark()],
    ];
    this.#weightSum = this.#actions.reduce((sum, [weight]) => sum + weight, 0);
  }

  act(): void {
    let drawn = this.#below(this.#weightSum);
    for (const [weight, action] of this.#actions) {
      drawn -= weight;
      if (drawn >= 0) continue;
      action();
      return;
    }
  }

  endInPeace(): void {
    const cluster = this.#cluster;
    const { controller } = cluster;
    cluster.isPrompt = true;
    for (const replica of cluster.replicas) {
      replica.isFast = true;
      if (replica.isUp && replica.view.aside === 'log-failed') this.#reopen(replica);
      if (!replica.isUp) this.#restartNow(replica);
      if (replica.view.aside === 'damaged') this.#repairNow(replica);
      controller.unfence(replica.brokerId);
      replica.workAll();
    }
    for (const proposal of cluster.proposals) cluster.decide(proposal);
    cluster.changed();
    cluster.run(4000);
    if (controller.leader === undefined) this.#choose(cluster.replicas[this.#below(cluster.replicas.length)]);
    cluster.run(4000);
    const leader = cluster.leader();
    // The room for those who wait is small.
    for (let round = 0; round < 4; round += 1) {
      this.#producers.finish(cluster, leader);
      cluster.run(1000);
    }
    checkPeace(cluster, leader);
    if (this.#hasGivenUp) return;
    checkNothingLost(cluster, leader);
    this.#producers.check(cluster.invariants.committed);
  }

  #observe(event: PartitionEvent, effects: readonly PartitionEffect[]): void {
    this.steps += 1;
    this.#reach(event.type === 'message' ? event.message.type : event.type);
    for (const effect of effects) {
      this.#producers.onEffect(effect);
      if (effect.type === 'send') continue;
      this.#reach('problem' in effect ? `${effect.type}: ${effect.problem.type}` : effect.type);
    }
  }

  #reach(what: string): void {
    this.reached.set(what, (this.reached.get(what) ?? 0) + 1);
  }

  #pick(wanted: (replica: TestReplica) => boolean = ({ isUp }) => isUp): TestReplica | undefined {
    const found = this.#cluster.replicas.filter(wanted);
    return found[this.#below(Math.max(1, found.length))];
  }

  /** Mostly whoever believes to lead. */
  #pickLeader(): TestReplica | undefined {
    if (this.#below(10) === 0) return this.#pick();
    return this.#pick((replica) => replica.isUp && replica.view.role === 'leader');
  }

  #deliver(): void {
    const { letters } = this.#cluster;
    const letter = letters[this.#isReordering ? this.#below(Math.min(3, letters.length || 1)) : 0];
    if (letter !== undefined) this.#cluster.deliver(letter);
  }

  #work(): void {
    this.#pick((replica) => replica.isUp && replica.hasWork)?.workOnce(this.#below(4));
  }

  #tickOne(): void {
    this.#pick()?.tick(this.#below(60));
  }

  #tickAll(): void {
    for (const replica of this.#cluster.replicas) replica.tick(this.#below(120));
  }

  #spread(): void {
    const replica = this.#pick();
    if (replica !== undefined) this.#cluster.spread(replica, replica.revisionsSeen + 1 + this.#below(3));
  }

  #decide(): void {
    const { proposals } = this.#cluster;
    const proposal = proposals[this.#below(Math.max(1, proposals.length))];
    if (proposal === undefined) return;
    const kind = this.#below(6);
    if (kind === 0 && !proposal.isGivenUp) this.#cluster.giveUp(proposal);
    else this.#cluster.decide(proposal, kind !== 1);
  }

  #produce(): void {
    const leader = this.#pickLeader();
    if (leader === undefined) return;
    this.#plain += 1;
    const acks = (['none', 'leader', 'all', 'all'] as const)[this.#below(4)] ?? 'all';
    this.#cluster.produce(leader, `plain-${this.#plain}`, { acks, deadlineMs: leader.nowMs + this.#below(2000) });
  }

  #produceAgain(): void {
    const leader = this.#pickLeader();
    if (leader === undefined) return;
    this.#producers.send(this.#cluster, leader, leader.nowMs + this.#below(2000));
  }

  #fetch(): void {
    const replica = this.#pick();
    if (replica === undefined) return;
    const from = offset(Math.max(0, replica.view.watermark - 3 + this.#below(6)));
    const deadlineMs = replica.nowMs + this.#below(300);
    this.#cluster.fetch(replica, from, { mayFollow: this.#below(2) === 0, deadlineMs, bytesMin: 1 + this.#below(200) });
  }

  #delete(): void {
    const leader = this.#pickLeader();
    if (leader === undefined) return;
    const before = offset(this.#below(leader.view.watermark + 2));
    if (this.#below(2) === 0) this.#cluster.deleteRecords(leader, before, leader.nowMs + this.#below(500));
    else leader.step({ type: 'retention', before });
  }

  #drop(): void {
    const { letters } = this.#cluster;
    const letter = letters[this.#below(Math.max(1, letters.length))];
    this.#cluster.drop((other) => other === letter);
  }

  #repeat(): void {
    const { letters } = this.#cluster;
    const letter = letters[this.#below(Math.max(1, letters.length))];
    if (letter !== undefined) letters.push({ ...letter });
  }

  #loseLink(): void {
    const one = this.#pick();
    const other = this.#pick();
    if (one === undefined || other === undefined || one === other) return;
    this.#cluster.drop(
      ({ from, to }) => [one.brokerId, other.brokerId].includes(from) && [one.brokerId, other.brokerId].includes(to),
    );
    one.step({ type: 'link-lost', broker: other.brokerId });
    other.step({ type: 'link-lost', broker: one.brokerId });
  }

  #crash(): void {
    const replica = this.#pick();
    if (replica === undefined) return;
    const isPower = this.#below(2) === 0;
    if (isPower && this.#isReplicated) this.#unclean.add(replica);
    this.#cluster.crash(replica, isPower ? 'power' : 'process', this.#below);
    this.#reach(isPower ? 'power cut' : 'crash');
  }

  #restart(): void {
    const replica = this.#pick(({ isUp }) => !isUp);
    if (replica !== undefined) this.#restartNow(replica);
  }

  #restartNow(replica: TestReplica): void {
    const hasLost = this.#unclean.delete(replica);
    // What it remembers of the metadata is from before: some of it comes again.
    replica.revisionsSeen = this.#below(replica.revisionsSeen + 1);
    this.#cluster.restart(replica, { hasLost, isUnfenced: this.#below(2) === 0 });
  }

  #fence(): void {
    const replica = this.#pick(() => true);
    if (replica !== undefined) this.#cluster.fence(replica);
  }

  #unfence(): void {
    const replica = this.#pick();
    if (replica === undefined) return;
    this.#cluster.controller.unfence(replica.brokerId);
    this.#cluster.changed();
  }

  #moveLeader(): void {
    const replica = this.#pick();
    if (replica !== undefined && this.#cluster.controller.moveLeader(replica.brokerId)) this.#cluster.changed();
  }

  #damage(): void {
    const replica = this.#pick(({ isUp, log }) => isUp && log.written > 0);
    if (replica?.view.aside !== undefined) return;
    replica?.step({ type: 'damage-found', from: offset(0), to: replica.log.written });
  }

  #failLog(): void {
    const replica = this.#pick();
    if (replica?.view.aside === undefined) replica?.failLog();
  }

  #repair(): void {
    const replica = this.#pick((found) => found.isUp && found.view.aside !== undefined);
    if (replica?.view.aside === 'log-failed') this.#reopen(replica);
    else if (replica?.view.aside === 'damaged') this.#repairNow(replica);
  }

  #repairNow(replica: TestReplica): void {
    if (replica.log.hasCalls) return;
    replica.step(replica.log.repaired());
    this.#cluster.controller.repaired(replica.brokerId);
    this.#cluster.changed();
  }

  /** The log is opened again in the same life of the broker; what was not durable may be gone. */
  #reopen(replica: TestReplica): void {
    // Where written offsets count, a log that lost any of that is not opened again in the same life.
    replica.reopen(() => (this.#isReplicated ? undefined : replica.log.powerCut(this.#below)));
    replica.revisionsSeen = Math.max(0, replica.revisionsSeen - 1);
    this.#cluster.controller.repaired(replica.brokerId);
    this.#cluster.changed();
    this.#reach('reopened');
  }

  #electUnclean(): void {
    if (this.#cluster.controller.leader !== undefined) return;
    const replica = this.#pick((found) => found.isUp && found.view.aside === undefined);
    if (replica !== undefined && this.#cluster.controller.broker(replica.brokerId).isActive) this.#choose(replica);
  }

  #choose(replica: TestReplica | undefined): void {
    if (replica === undefined) return;
    this.#hasGivenUp = true;
    this.#cluster.controller.electUnclean(replica.brokerId);
    this.#cluster.changed();
    this.#reach('unclean election');
  }

  #changeInSyncMin(): void {
    const { controller, replicas } = this.#cluster;
    controller.changeInSyncMin(1 + this.#below(replicas.length));
    this.#cluster.changed();
  }

  #replaceDisk(): void {
    const replica = this.#pick();
    if (replica === undefined) return;
    this.#cluster.crash(replica);
    this.#cluster.replaceDisk(replica);
    this.#unclean.add(replica);
    this.#reach('replaced disk');
  }

  #keepWatermark(): void {
    const replica = this.#pick();
    if (replica !== undefined) replica.log.keptWatermark = replica.view.watermark;
  }
}
