/**
 * The replicas of one partition on a table: messages lie there until the test delivers, drops or repeats them, brokers
 * hear of the metadata when the test lets them, clocks move when the test moves them. Every step is checked against
 * the invariants of src/partition/README.md; a broken one throws from wherever the test is.
 */
import { assert } from '../../src/base/assert.ts';
import { brokerId, directoryId, type BrokerId, type DirectoryId } from '../../src/base/ids.ts';
import type { LeaderEpoch, Offset } from '../../src/base/offsets.ts';
import type { NewBatch } from '../../src/partition/partition-batch.ts';
import { PartitionClusterInvariants } from '../../src/partition/partition-cluster-invariants.ts';
import type { InSyncProposal, PartitionEffect } from '../../src/partition/partition-effect.ts';
import type { Acks, FetchEvent, PartitionEvent, RequestId } from '../../src/partition/partition-event.ts';
import type { PartitionMessage } from '../../src/partition/partition-message.ts';
import type { PartitionMetadata } from '../../src/partition/partition-metadata.ts';
import { defaultPartitionLimits, type PartitionLimits } from '../../src/partition/partition-options.ts';
import { ModelController } from './model-controller.ts';
import { ModelLog } from './model-log.ts';
import { testBatch } from './test-batches.ts';
import { TestReplica, type Answer } from './test-replica.ts';

export interface Letter {
  readonly from: BrokerId;
  readonly to: BrokerId;
  readonly message: PartitionMessage;
}

/** What a leader asks of the controller, on its way there. */
export interface Proposal {
  readonly from: BrokerId;
  readonly proposal: InSyncProposal;
  /** Nobody waits for the answer any more. */
  isGivenUp: boolean;
}

export interface TestClusterOptions {
  /** Brokers 1 to this, a replica each. */
  readonly replicas: number;
  readonly inSyncMin?: number;
  readonly durability?: PartitionMetadata['durability'];
  readonly limits?: Partial<PartitionLimits>;
  readonly observe?: (replica: TestReplica, event: PartitionEvent, effects: readonly PartitionEffect[]) => void;
}

const lettersMax = 50_000;
export const farMs = 1_000_000_000;

export function testDirectory(broker: number, disk: number): DirectoryId {
  return directoryId(`${disk}`.padStart(16, '0') + `${broker}`.padStart(16, '0'));
}

export class TestCluster {
  readonly invariants = new PartitionClusterInvariants();
  readonly limits: PartitionLimits;
  readonly controller: ModelController;
  /** Sent, not delivered, oldest first. */
  letters: Letter[] = [];
  proposals: Proposal[] = [];
  /** Brokers hear of every change at once, and proposals reach the controller at once. */
  isPrompt = true;
  readonly #replicas = new Map<BrokerId, TestReplica>();
  readonly #cut = new Set<string>();
  #nextRequest = 0;
  #disks = 1;

  constructor({
    replicas,
    inSyncMin = 2,
    durability = 'flushed',
    limits,
    observe = () => undefined,
  }: TestClusterOptions) {
    this.limits = { ...defaultPartitionLimits, ...limits };
    const all = Array.from({ length: replicas }, (_, at) => ({
      brokerId: brokerId(at + 1),
      directory: testDirectory(at + 1, 1),
    }));
    this.controller = new ModelController(all, { inSyncMin, durability });
    for (const { brokerId: id, directory } of all) {
      const replica = new TestReplica(id, new ModelLog(directory, this.limits), {
        limits: this.limits,
        invariants: this.invariants,
        send: (from, to, message) => this.#post(from, to, message),
        askController: (from, effect) => this.#onControllerEffect(from, effect),
        observe,
      });
      replica.brokerEpoch = this.controller.broker(id).brokerEpoch;
      this.#replicas.set(id, replica);
      replica.start();
    }
  }

  /** All have attached, and the leader is established. */
  static settled(options: TestClusterOptions): TestCluster {
    const cluster = new TestCluster(options);
    cluster.spreadAll();
    cluster.deliverAll();
    return cluster;
  }

  get replicas(): readonly TestReplica[] {
    return [...this.#replicas.values()];
  }

  replica(id: number): TestReplica {
    const replica = this.#replicas.get(brokerId(id));
    assert(replica !== undefined, 'the cluster has that replica', { id });
    return replica;
  }

  /** Who leads by the latest metadata. */
  leader(): TestReplica {
    const { leader } = this.controller.current;
    assert(leader !== undefined, 'the partition has a leader');
    return this.replica(leader);
  }

  // The metadata

  /** One broker applies what it has not seen. */
  spread(replica: TestReplica, upTo = this.controller.history.length): void {
    // A step may bring about a change that is spread within it.
    for (let metadata = this.controller.history[replica.revisionsSeen]; metadata !== undefined && replica.isUp;) {
      if (replica.revisionsSeen >= upTo) return;
      replica.revisionsSeen += 1;
      replica.step({ type: 'metadata', metadata });
      metadata = this.controller.history[replica.revisionsSeen];
    }
  }

  spreadAll(): void {
    this.invariants.onController(this.controller.facts);
    for (const replica of this.replicas) this.spread(replica);
  }

  /** The controller did something. */
  changed(): void {
    this.invariants.onController(this.controller.facts);
    if (this.isPrompt) this.spreadAll();
  }

  /** Lets a proposal arrive; its answer goes to whoever still waits for it. */
  decide(proposal: Proposal, isAnswered = true): void {
    this.proposals = this.proposals.filter((other) => other !== proposal);
    const outcome = this.controller.propose(proposal.from, proposal.proposal);
    this.invariants.onController(this.controller.facts);
    if (!proposal.isGivenUp) this.#answerProposal(proposal, isAnswered ? outcome : 'unknown');
    if (this.isPrompt) this.spreadAll();
  }

  /** The leader stops waiting; the proposal may arrive all the same. */
  giveUp(proposal: Proposal): void {
    proposal.isGivenUp = true;
    this.#answerProposal(proposal, 'unknown');
  }

  #answerProposal({ from, proposal }: Proposal, outcome: 'accepted' | 'refused' | 'unknown'): void {
    const replica = this.replica(from);
    const { partitionEpoch } = proposal;
    if (replica.isUp) replica.step({ type: 'in-sync-answered', partitionEpoch, outcome });
  }

  // Crashes

  crash(
    replica: TestReplica,
    kind: 'process' | 'power' = 'process',
    integerBelow: (bound: number) => number = () => 0,
  ): void {
    replica.stop();
    if (kind === 'power') replica.log.powerCut(integerBelow);
    this.letters = this.letters.filter(({ from, to }) => from !== replica.brokerId && to !== replica.brokerId);
    this.proposals = this.proposals.filter(({ from }) => from !== replica.brokerId);
    for (const other of this.replicas) if (other.isUp) other.step({ type: 'link-lost', broker: replica.brokerId });
  }

  /** Registers, starts, and is unfenced. It has applied the metadata up to before its registration by then. */
  restart(replica: TestReplica, { hasLost = false, isUnfenced = true } = {}): void {
    replica.brokerEpoch = this.controller.register(replica.brokerId, replica.log.directory, hasLost);
    this.invariants.onController(this.controller.facts);
    replica.start({ mayHaveLost: hasLost });
    if (isUnfenced) this.controller.unfence(replica.brokerId);
    this.changed();
  }

  /** The same broker on an empty disk. */
  replaceDisk(replica: TestReplica): void {
    assert(!replica.isUp, 'a disk is replaced while the broker is down');
    this.#disks += 1;
    replica.log = new ModelLog(testDirectory(replica.brokerId, this.#disks), this.limits);
    replica.revisionsSeen = 0;
  }

  fence(replica: TestReplica): void {
    this.controller.fence(replica.brokerId);
    this.changed();
  }

  moveLeader(to: number): TestReplica {
    assert(this.controller.moveLeader(brokerId(to)), 'leadership can go there', { to });
    this.changed();
    return this.replica(to);
  }

  // Messages

  deliver(letter: Letter): void {
    const at = this.letters.indexOf(letter);
    if (at >= 0) this.letters.splice(at, 1);
    const { from, to, message } = letter;
    if (this.#cut.has(`${from}>${to}`)) return;
    const replica = this.replica(to);
    if (replica.isUp) replica.step({ type: 'message', from, message });
  }

  deliverAll(wanted: (letter: Letter) => boolean = () => true): void {
    for (let delivered = 0; ; delivered += 1) {
      assert(delivered < lettersMax, 'a conversation comes to an end');
      const letter = this.letters.find(wanted);
      if (letter === undefined) return;
      this.deliver(letter);
    }
  }

  /** Takes letters off the table. */
  drop(unwanted: (letter: Letter) => boolean = () => true): readonly Letter[] {
    const dropped = this.letters.filter(unwanted);
    this.letters = this.letters.filter((letter) => !unwanted(letter));
    return dropped;
  }

  /** Cuts one off from all others, in both directions. */
  isolate(id: number): void {
    for (const { brokerId: other } of this.replicas) {
      if (other === id) continue;
      this.#cut.add(`${id}>${other}`);
      this.#cut.add(`${other}>${id}`);
    }
  }

  cutLink(from: number, to: number): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  /** All clocks, everything delivered in between. */
  run(ms: number, stepMs = 50): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      for (const replica of this.replicas) replica.tick(stepMs);
      this.deliverAll();
    }
  }

  // Clients

  produce(
    replica: TestReplica,
    batch: NewBatch | string,
    {
      acks = 'all',
      leaderEpoch,
      deadlineMs = farMs,
    }: { acks?: Acks; leaderEpoch?: LeaderEpoch; deadlineMs?: number } = {},
  ): RequestId {
    const requestId = this.#takeRequest();
    const produced = typeof batch === 'string' ? testBatch(batch) : batch;
    replica.step({ type: 'produce', requestId, leaderEpoch, deadlineMs, acks, batch: produced });
    return requestId;
  }

  fetch(
    replica: TestReplica,
    from: Offset,
    options: Partial<Pick<FetchEvent, 'bytesMin' | 'mayFollow' | 'deadlineMs' | 'leaderEpoch'>> = {},
  ): RequestId {
    const requestId = this.#takeRequest();
    const { bytesMin = 1, mayFollow = false, deadlineMs = replica.nowMs, leaderEpoch } = options;
    replica.step({ type: 'fetch', requestId, leaderEpoch, deadlineMs, from, bytesMin, mayFollow });
    return requestId;
  }

  deleteRecords(replica: TestReplica, before: Offset | undefined, deadlineMs = farMs): RequestId {
    const requestId = this.#takeRequest();
    replica.step({ type: 'delete-records', requestId, leaderEpoch: undefined, deadlineMs, before });
    return requestId;
  }

  /** Produced, replicated, answered. */
  write(text: string): Answer | undefined {
    const leader = this.leader();
    const requestId = this.produce(leader, text);
    this.deliverAll();
    return leader.answerTo(requestId);
  }

  #post(from: TestReplica, to: BrokerId, message: PartitionMessage): void {
    assert(this.letters.length < lettersMax, 'the table has room');
    this.letters.push({ from: from.brokerId, to, message });
  }

  #onControllerEffect(from: TestReplica, effect: PartitionEffect): void {
    if (effect.type === 'step-aside') {
      this.controller.stepAside(from.brokerId, effect.reason);
      this.changed();
      return;
    }
    if (effect.type !== 'propose-in-sync') return;
    const proposal = { from: from.brokerId, proposal: effect.proposal, isGivenUp: false };
    this.proposals.push(proposal);
    if (this.isPrompt) this.decide(proposal);
  }

  /** Of the next request. */
  get nextRequestId(): RequestId {
    return (this.#nextRequest + 1) as RequestId;
  }

  #takeRequest(): RequestId {
    this.#nextRequest += 1;
    return this.#nextRequest as RequestId;
  }
}
