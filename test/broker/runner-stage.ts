/**
 * The replicas of one partition, each a runner with a real log on a simulated disk of its own machine, joined by links
 * that a test can cut, and led by the model of a controller. Every step of every core is checked against the
 * invariants of src/partition/README.md.
 */
import { brokerId, topicId, type BrokerId } from '../../src/base/ids.ts';
import { offset, type Offset } from '../../src/base/offsets.ts';
import type { PartitionController } from '../../src/broker/partition-controller.ts';
import type { FetchEnd, PartitionDoor, ProduceEnd } from '../../src/broker/partition-door.ts';
import type { PartitionKey } from '../../src/broker/partition-key.ts';
import { PartitionRunner, type RunnerOptions } from '../../src/broker/partition-runner.ts';
import type { PushLane, ReplicaLinks } from '../../src/broker/replica-links.ts';
import type { NewBatch } from '../../src/partition/partition-batch.ts';
import { PartitionClusterInvariants } from '../../src/partition/partition-cluster-invariants.ts';
import type { PartitionEffect } from '../../src/partition/partition-effect.ts';
import type { Acks, PartitionEvent } from '../../src/partition/partition-event.ts';
import type { PartitionMessage, PushMessage } from '../../src/partition/partition-message.ts';
import { defaultPartitionLimits, type PartitionLimits } from '../../src/partition/partition-options.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { splitBatches } from '../../src/record/split-batches.ts';
import { LogDisk } from '../../src/storage/log-disk.ts';
import { Slots } from '../../src/storage/slots.ts';
import { logSettingsDefault, type LogSettings } from '../../src/storage/log-settings.ts';
import { ModelController } from '../partition/model-controller.ts';
import { testBatch, textOf } from '../partition/test-batches.ts';
import { testDirectory } from '../partition/test-cluster.ts';
import { StorageStage } from '../storage/storage-stage.ts';

export const stageKey: PartitionKey = { topicId: topicId('ab'.repeat(16)), partition: 0 };

export interface RunnerStageOptions {
  readonly replicas: number;
  readonly seed?: number;
  readonly inSyncMin?: number;
  readonly settings?: Partial<LogSettings>;
  readonly limits?: Partial<PartitionLimits>;
}

interface Machine {
  readonly brokerId: BrokerId;
  runner: PartitionRunner | undefined;
  knownWatermark: Offset;
  isCut: boolean;
  /** Hears others, and is heard by nobody. */
  isMute: boolean;
  /** Pushes to it that wait for room; undefined while there is room. */
  held: (() => void)[] | undefined;
  readonly events: PartitionEvent[];
  readonly said: string[];
}

const linkMs = 0.2;
const settings: LogSettings = {
  ...logSettingsDefault,
  segmentBytesMax: 4000,
  indexEveryBytes: 500,
  recoverBytesMax: 2000,
  gatherBytesMax: 2000,
  removalDelayMs: 50,
};

export class RunnerStage {
  readonly stage: StorageStage;
  readonly controller: ModelController;
  readonly invariants = new PartitionClusterInvariants();
  readonly bugs: unknown[] = [];
  /** Messages between brokers, by their type. */
  readonly sent = new Map<string, number>();
  /** Timers that were asked for. */
  timersMade = 0;
  readonly #options: RunnerStageOptions;
  readonly #machines = new Map<BrokerId, Machine>();
  readonly #clock: Clock;

  constructor(options: RunnerStageOptions) {
    this.#options = options;
    this.stage = new StorageStage(options.seed ?? 1);
    const { clock } = this.stage;
    this.#clock = {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.monotonicMs(),
      callAfterMs: (delayMs, action) => {
        this.timersMade += 1;
        return clock.callAfterMs(delayMs, action);
      },
      callSoon: (action) => void setImmediate(action),
    };
    const replicas = Array.from({ length: options.replicas }, (_, at) => {
      return { brokerId: brokerId(at + 1), directory: testDirectory(at + 1, 1) };
    });
    const { inSyncMin = Math.min(2, options.replicas) } = options;
    const durability = options.settings?.flush?.type === 'never' ? 'replicated' : 'flushed';
    this.controller = new ModelController(replicas, { inSyncMin, durability });
    for (const { brokerId: id } of replicas)
      this.#machines.set(id, {
        brokerId: id,
        runner: undefined,
        knownWatermark: offset(0),
        isCut: false,
        isMute: false,
        held: undefined,
        events: [],
        said: [],
      });
  }

  /** All replicas open their logs and hear of the metadata. */
  async start(): Promise<this> {
    for (const machine of this.#machines.values()) await this.open(machine.brokerId);
    this.tell();
    return this;
  }

  machine(id: number): Machine {
    const machine = this.#machines.get(brokerId(id));
    if (machine === undefined) throw new Error(`broker ${id} has no replica`);
    return machine;
  }

  runner(id: number): PartitionRunner {
    const { runner } = this.machine(id);
    if (runner === undefined) throw new Error(`broker ${id} is down`);
    return runner;
  }

  door(id: number): PartitionDoor {
    return this.runner(id).requests;
  }

  get leader(): number {
    return this.controller.current.leader ?? -1;
  }

  async open(id: number, more: Partial<RunnerOptions> = {}): Promise<void> {
    const machine = this.machine(id);
    const { directory, brokerEpoch } = this.controller.broker(machine.brokerId);
    const opened = await this.stage.settle(
      PartitionRunner.open({
        key: stageKey,
        brokerId: machine.brokerId,
        brokerEpoch,
        directory,
        limits: { ...defaultPartitionLimits, ...this.#options.limits },
        knownWatermark: machine.knownWatermark,
        wasStoppedCleanly: true,
        on: new LogDisk(this.stage.ports.disk),
        repairSlots: new Slots(1),
        onAppended: () => {},
        held: undefined,
        path: `broker-${id}/orders-0`,
        settings: { ...settings, ...this.#options.settings },
        clock: this.#clock,
        eventLog: eventLogOf(machine.said),
        links: this.#linksOf(machine),
        controller: this.#controllerOf(machine),
        watch: this.#watchOf(machine),
        onLogFailed: () => machine.said.push('the log failed'),
        onBug: (bug) => this.bugs.push(bug),
        ...more,
      }),
    );
    if (!opened.ok) throw new Error(`the log is refused: ${JSON.stringify(opened.problem)}`);
    machine.runner = opened.value;
  }

  async stop(id: number): Promise<void> {
    const machine = this.machine(id);
    const { runner } = machine;
    if (runner === undefined) return;
    machine.knownWatermark = runner.view.watermark;
    machine.runner = undefined;
    await this.stage.settle(runner.stop());
    this.#lose(machine.brokerId);
  }

  /** It registers again, with the same disk, and takes part again. */
  async restart(id: number): Promise<void> {
    const { brokerId: broker } = this.machine(id);
    this.controller.register(broker, this.controller.broker(broker).directory, false);
    await this.open(id);
    this.controller.unfence(broker);
    this.tell();
  }

  /** Everybody hears of the newest metadata. */
  tell(): void {
    this.invariants.onController(this.controller.facts);
    for (const { runner } of this.#machines.values()) runner?.onMetadata(this.controller.current);
  }

  /** Unnoticed by the one that is cut off: nothing was on its way from there. */
  cut(id: number, isCut: boolean, isNoticed = true): void {
    const machine = this.machine(id);
    machine.isCut = isCut;
    if (isNoticed || isCut) this.#lose(machine.brokerId);
    if (!isNoticed) return;
    for (const other of this.#machines.keys()) if (other !== machine.brokerId) machine.runner?.onLinkLost(other);
  }

  /** From now on there is no room for pushes to it, or again there is. */
  hold(id: number, isHeld: boolean): void {
    const machine = this.machine(id);
    const { held } = machine;
    machine.held = isHeld ? [] : undefined;
    for (const goOn of held ?? []) goOn();
  }

  /** Time passes. */
  async pass(ms: number): Promise<void> {
    await this.stage.settle(new Promise<void>((resolve) => this.stage.clock.callAfterMs(ms, resolve)));
  }

  async produce(
    id: number,
    batch: NewBatch | string,
    { acks = 'all', waitMs = 2000 }: { acks?: Acks; waitMs?: number } = {},
  ): Promise<ProduceEnd> {
    const owned = typeof batch === 'string' ? testBatch(batch) : batch;
    const deadlineMs = this.stage.clock.monotonicMs() + waitMs;
    return this.stage.settle(
      new Promise<ProduceEnd>((resolve) => {
        const { ownedBytes: ownedBatch } = owned;
        this.door(id).produce({ acks, ownedBatch, leaderEpoch: undefined, deadlineMs }, resolve);
      }),
    );
  }

  async fetch(id: number, from: number, waitMs = 0, bytesMax = 1_000_000): Promise<FetchEnd> {
    const deadlineMs = this.stage.clock.monotonicMs() + waitMs;
    const asked = { from: offset(from), bytesMin: 1, bytesMax, mayFollow: true, leaderEpoch: undefined, deadlineMs };
    return this.stage.settle(this.door(id).fetch(asked).end);
  }

  /** What a consumer reads there, from the beginning. */
  async texts(id: number): Promise<readonly string[]> {
    const texts: string[] = [];
    for (let from = 0; ;) {
      const end = await this.fetch(id, from, 0, 300);
      if (end.type !== 'read') throw new Error(`a fetch ended ${JSON.stringify(end)}`);
      if (end.ownedBytes.length === 0) return texts;
      texts.push(...splitBatches(end.ownedBytes).map(textOf));
      from = end.next;
    }
  }

  #lose(id: BrokerId): void {
    for (const other of this.#machines.values()) if (other.brokerId !== id) other.runner?.onLinkLost(id);
  }

  #linksOf(from: Machine): ReplicaLinks {
    const deliver = (to: BrokerId, message: PartitionMessage): boolean => {
      const target = this.machine(to);
      if (from.isCut || target.isCut || target.runner === undefined) return false;
      if (from.isMute) return true;
      this.sent.set(message.type, (this.sent.get(message.type) ?? 0) + 1);
      const { runner } = target;
      this.stage.clock.callAfterMs(linkMs, () => {
        if (target.runner === runner && !from.isCut && !target.isCut) runner.onMessage(from.brokerId, message);
      });
      return true;
    };
    return {
      send: (to, _key, message) => void deliver(to, message),
      push: async (to, _key, _lane: PushLane, read: () => Promise<PushMessage | undefined>) => {
        const { held } = this.machine(to);
        if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve));
        const message = await read();
        return message === undefined || deliver(to, message);
      },
      readBatches: async (of, _key, from_) => {
        await new Promise<void>((resolve) => this.stage.clock.callAfterMs(linkMs, resolve));
        const { isCut, runner } = this.machine(of);
        return from.isCut || isCut ? undefined : runner?.repairs.readForPeer(from_);
      },
    };
  }

  #controllerOf(machine: Machine): PartitionController {
    return {
      proposeInSync: async ({ proposal }) => {
        await new Promise<void>((resolve) => this.stage.clock.callAfterMs(1, resolve));
        const outcome = this.controller.propose(machine.brokerId, proposal);
        this.tell();
        return outcome;
      },
      stepAside: ({ reason }) => {
        const { brokerEpoch } = this.controller.broker(machine.brokerId);
        this.stage.clock.callAfterMs(1, () => {
          // Of an earlier life.
          if (this.controller.broker(machine.brokerId).brokerEpoch !== brokerEpoch) return;
          if (reason === 'repaired') this.controller.repaired(machine.brokerId);
          else this.controller.stepAside(machine.brokerId, reason);
          this.tell();
        });
      },
    };
  }

  #watchOf(machine: Machine): RunnerOptions['watch'] {
    const { invariants } = this;
    return {
      onStart: (view) => invariants.onStart(view, false),
      onStep: (view, event, effects: readonly PartitionEffect[]) => {
        machine.events.push(event);
        invariants.onStep(view, event, effects);
      },
    };
  }
}

function eventLogOf(said: string[]): EventLog {
  const eventLog: EventLog = { emit: (_level, sentence) => void said.push(sentence), with: () => eventLog };
  return eventLog;
}
