/**
 * One broker of a test cluster: a core, the model of its log, and what a driver does between them.
 *
 * What takes time (log calls, flushes, reads for pushes) waits in `work` until the test lets it happen, or happens at
 * once when `isFast`. A crash drops it all with the core; the log stays.
 */
import { assert } from '../../src/base/assert.ts';
import { brokerEpoch, type BrokerEpoch } from '../../src/base/epochs.ts';
import type { BrokerId } from '../../src/base/ids.ts';
import type { LeaderEpoch } from '../../src/base/offsets.ts';
import type { PartitionClusterInvariants } from '../../src/partition/partition-cluster-invariants.ts';
import type { PartitionEffect, PushEffect } from '../../src/partition/partition-effect.ts';
import type { PartitionEvent, RequestId } from '../../src/partition/partition-event.ts';
import type { PartitionMessage } from '../../src/partition/partition-message.ts';
import type { PartitionLimits, ReopenedLog } from '../../src/partition/partition-options.ts';
import type { PartitionView } from '../../src/partition/partition-view.ts';
import { Partition } from '../../src/partition/partition.ts';
import type { ModelLog } from './model-log.ts';

export type Answer = Extract<PartitionEffect, { readonly requestId: RequestId }>;

export interface ReplicaPorts {
  readonly limits: PartitionLimits;
  readonly invariants: PartitionClusterInvariants;
  readonly send: (from: TestReplica, to: BrokerId, message: PartitionMessage) => void;
  /** Proposals and stepping aside. */
  readonly askController: (from: TestReplica, effect: PartitionEffect) => void;
  readonly observe: (replica: TestReplica, event: PartitionEvent, effects: readonly PartitionEffect[]) => void;
}

const stepsMax = 100_000;

export class TestReplica {
  readonly brokerId: BrokerId;
  log: ModelLog;
  brokerEpoch: BrokerEpoch = brokerEpoch(0);
  nowMs = 0;
  isFast = true;
  /** How much of the controller's history it has applied. */
  revisionsSeen = 0;
  readonly answers: Answer[] = [];
  /** Everything that any core here asked for, oldest first. */
  readonly effects: PartitionEffect[] = [];
  /** The last epoch that it led in this life of its log. */
  lastLed: LeaderEpoch | undefined;
  /** The tick that the core wants. */
  wakeMs: number | undefined;
  readonly #ports: ReplicaPorts;
  #partition: Partition | undefined;
  #reads: PushEffect[] = [];
  readonly #events: PartitionEvent[] = [];
  #isStepping = false;

  constructor(brokerId: BrokerId, log: ModelLog, ports: ReplicaPorts) {
    this.brokerId = brokerId;
    this.log = log;
    this.#ports = ports;
  }

  get isUp(): boolean {
    return this.#partition !== undefined;
  }

  get view(): PartitionView {
    assert(this.#partition !== undefined, 'the replica is up', { broker: this.brokerId });
    return this.#partition.view;
  }

  /** The process is there and the log is open; nothing is known of the metadata yet. */
  start({ mayHaveLost = false, reopened }: { mayHaveLost?: boolean; reopened?: ReopenedLog } = {}): void {
    assert(this.#partition === undefined, 'a replica starts once', { broker: this.brokerId });
    const { brokerId, brokerEpoch: epoch, nowMs } = this;
    const { limits, invariants } = this.#ports;
    const log = this.log.open();
    this.#partition = new Partition({ brokerId, brokerEpoch: epoch, reopened, limits, log, nowMs });
    invariants.onStart(this.view, mayHaveLost);
  }

  /** The log failed, and is opened again in the same life of the broker: `lose` is what the failure left of it. */
  reopen(lose: () => void): void {
    const reopened = { ledEpoch: this.lastLed, session: this.view.session };
    this.stop();
    lose();
    this.start({ reopened });
  }

  stop(): void {
    this.#partition = undefined;
    this.#reads = [];
    this.#events.length = 0;
    this.wakeMs = undefined;
    this.log.crash();
  }

  step(event: PartitionEvent): void {
    this.#events.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      this.#drain();
    } finally {
      this.#isStepping = false;
    }
  }

  tick(ms: number): void {
    this.nowMs += ms;
    if (!this.isUp) return;
    if (this.wakeMs !== undefined && this.wakeMs <= this.nowMs) this.wakeMs = undefined;
    this.step({ type: 'tick', nowMs: this.nowMs });
  }

  get hasWork(): boolean {
    return this.log.hasCalls || this.#reads.length > 0 || this.log.mayFlush || this.log.isFlushing;
  }

  /** One thing that was asked for happens; which one is up to `choice`. */
  workOnce(choice = 0): void {
    const { log } = this;
    const ways: (() => void)[] = [];
    if (log.hasCalls) ways.push(() => this.#answer(log.doNext()));
    if (this.#reads.length > 0) ways.push(() => this.#readNext());
    if (log.isFlushing) ways.push(() => this.#answer(log.endFlush()));
    if (log.mayFlush) ways.push(() => log.startFlush());
    ways[choice % Math.max(1, ways.length)]?.();
  }

  workAll(): void {
    for (let done = 0; this.isUp && this.hasWork; done += 1) {
      assert(done < stepsMax, 'work comes to an end');
      this.workOnce();
    }
  }

  /** Lets a call of the log fail. */
  failLog(): void {
    this.log.crash();
    this.step({ type: 'log-failed' });
  }

  answerTo(requestId: RequestId): Answer | undefined {
    return this.answers.find((answer) => answer.requestId === requestId);
  }

  effectsOf<Type extends PartitionEffect['type']>(type: Type): Extract<PartitionEffect, { type: Type }>[] {
    return this.effects.filter((effect): effect is Extract<PartitionEffect, { type: Type }> => effect.type === type);
  }

  #drain(): void {
    for (let steps = 0; ; steps += 1) {
      assert(steps < stepsMax, 'steps come to an end');
      const event = this.#events.shift();
      if (event === undefined && this.isFast && this.isUp && this.hasWork) {
        this.workOnce();
        continue;
      }
      if (event === undefined || this.#partition === undefined) return;
      const effects = this.#partition.step(event);
      this.#ports.observe(this, event, effects);
      this.#ports.invariants.onStep(this.view, event, effects);
      for (const effect of effects) this.#perform(effect);
    }
  }

  #perform(effect: PartitionEffect): void {
    this.effects.push(effect);
    switch (effect.type) {
      case 'append':
      case 'cut':
      case 'reset':
      case 'write-start':
      case 'drop-below':
        this.log.ask(effect);
        return;
      case 'send':
        this.#ports.send(this, effect.to, effect.message);
        return;
      case 'push':
        this.#reads.push(effect);
        return;
      case 'propose-in-sync':
      case 'step-aside':
        this.#ports.askController(this, effect);
        return;
      case 'became-leader':
        this.lastLed = effect.leaderEpoch;
        return;
      case 'wake':
        this.wakeMs = Math.min(this.wakeMs ?? effect.atMs, effect.atMs);
        return;
      default:
        if ('requestId' in effect) this.answers.push(effect);
    }
  }

  #readNext(): void {
    const push = this.#reads.shift();
    assert(push !== undefined, 'there is something to read');
    const { to, pushId, from, watermark, startWanted, start } = push;
    const { leaderEpoch, brokerEpoch: epoch, session } = push;
    const batches = this.log.read(from, push.upTo, push.bytesMax);
    const next = batches.at(-1)?.nextOffset ?? from;
    const bytes = batches.reduce((sum, { ownedBytes }) => sum + ownedBytes.length, 0);
    const positions = { watermark, startWanted, start };
    this.#ports.send(this, to, {
      type: 'push',
      leaderEpoch,
      brokerEpoch: epoch,
      session,
      from,
      next,
      batches,
      ...positions,
    });
    this.step({ type: 'pushed', to, pushId, next, bytes });
  }

  #answer(event: PartitionEvent | undefined): void {
    if (event !== undefined) this.step(event);
  }
}
