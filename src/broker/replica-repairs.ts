/**
 * A replica and the others, when one of them is damaged: it gets back what it lost from them, and gives them what they
 * lost. Read next: log-repairer.ts (the work), peer-batches.ts (the words between brokers).
 */
import { FaultError } from '../base/fault-error.ts';
import type { BrokerId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';
import type { PartitionLimits } from '../partition/partition-options.ts';
import type { PartitionView } from '../partition/partition-view.ts';
import type { ProducerState } from '../partition/producer-sequences.ts';
import { delay, type Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { PartitionLog } from '../storage/partition-log.ts';
import type { Slots } from '../storage/slots.ts';
import { LogRepairer, type RepairPass } from './log-repairer.ts';
import { replayProducers } from './open-replica.ts';
import type { PartitionKey } from './partition-key.ts';
import type { PeerBatches } from '../partition/peer-batches.ts';
import { peerBatchesBytesMax } from './answer-batches.ts';
import type { ReplicaLinks } from './replica-links.ts';

export interface ReplicaRepairsOptions {
  readonly key: PartitionKey;
  readonly brokerId: BrokerId;
  readonly log: PartitionLog;
  readonly view: PartitionView;
  readonly limits: PartitionLimits;
  readonly links: ReplicaLinks;
  readonly clock: Clock;
  readonly eventLog: EventLog;
  /** Of all logs of this broker: repairs are no hurry, and should not be everybody else's delay. */
  readonly repairSlots: Slots;
  readonly onRepaired: (producers: readonly ProducerState[]) => void;
  readonly onNotShared: (from: Offset, leaderEpoch: LeaderEpoch) => void;
  readonly onReadFailed: (cause: unknown) => void;
  readonly onBug: (bug: unknown) => void;
}

const cutPollMs = 10;
const retryMsMin = 500;
const retryMsMax = 30_000;
const lookBytes = 256 * 1024;

export class ReplicaRepairs {
  readonly #options: ReplicaRepairsOptions;
  #running: LogRepairer | undefined;
  #isOver = false;

  constructor(options: ReplicaRepairsOptions) {
    this.#options = options;
  }

  /** One at a time: it looks at whatever is damaged by then. */
  begin(): void {
    if (this.#running !== undefined || this.#isOver) return;
    const { key, links, onBug } = this.#options;
    const repairer = new LogRepairer({
      ...this.#options,
      sources: () => this.#others(),
      read: (broker, from) => links.readBatches(broker, key, from),
    });
    this.#running = repairer;
    this.#run(repairer).catch(onBug);
  }

  end(): void {
    this.#isOver = true;
    this.#running?.stop();
  }

  /** For another replica. Undefined: this one cannot be read there either. */
  async readForPeer(from: Offset): Promise<PeerBatches | undefined> {
    const { log, view } = this.#options;
    const leaderEpoch = view.isEstablished ? view.leaderEpoch : undefined;
    if (from >= log.logEnd) return { ownedBatches: new Uint8Array(0), leaderEpoch };
    try {
      const read = await log.read({ from, bytesMax: peerBatchesBytesMax, check: 'whole' });
      return read.ok ? { ownedBatches: read.value.ownedBytes, leaderEpoch } : undefined;
    } catch (cause) {
      this.#tellReadFailed(cause);
      return undefined;
    }
  }

  /** Where the log ends now. */
  get logEnd(): Offset {
    return this.#options.log.logEnd;
  }

  /** A piece of the log is read for its own sake. What is found wrong is told as any read tells it. */
  async look(wanted: Offset | undefined): Promise<{ readonly next: Offset; readonly bytes: number } | undefined> {
    const { log } = this.#options;
    const from = wanted === undefined || wanted < log.localStart ? log.localStart : wanted;
    if (this.#isOver || this.#running !== undefined || log.failure !== undefined || from >= log.logEnd)
      return undefined;
    try {
      const read = await log.read({ from, bytesMax: lookBytes, check: 'whole' });
      if (!read.ok) return read.problem.type === 'damaged' ? { next: read.problem.range.to, bytes: 0 } : undefined;
      const { nextOffset: next, ownedBytes } = read.value;
      return next === from ? undefined : { next, bytes: ownedBytes.length };
    } catch (cause) {
      this.#tellReadFailed(cause);
      return undefined;
    }
  }

  /** A log that is being closed cannot be read, and nothing is wrong with it. */
  #tellReadFailed(cause: unknown): void {
    if (!this.#isOver) this.#options.onReadFailed(cause);
  }

  /** A slot is held for one pass at a time, so that one that nobody can help keeps no other from being helped. */
  async #run(repairer: LogRepairer): Promise<void> {
    const { clock, repairSlots, onRepaired } = this.#options;
    let waitMs = retryMsMin;
    while (this.#mayGoOn()) {
      const pass = await repairSlots.run(() => this.#pass(repairer));
      const producers = pass === 'whole' ? await this.#replay() : undefined;
      if (producers !== undefined && this.#mayGoOn()) {
        this.#running = undefined;
        return onRepaired(producers);
      }
      if (pass === 'better') waitMs = retryMsMin;
      else {
        await delay(clock, waitMs);
        waitMs = Math.min(2 * waitMs, retryMsMax);
      }
    }
    this.#running = undefined;
  }

  /** Not where there are no others to ask, and nothing waits for it. */
  #mayGoOn(): boolean {
    const { log, view } = this.#options;
    const isAlone = view.metadata?.replicas.length === 1 && view.aside === undefined;
    return !this.#isOver && log.failure === undefined && !isAlone;
  }

  /** A log that is closed or fails meanwhile says so by itself. */
  async #pass(repairer: LogRepairer): Promise<RepairPass> {
    if (!this.#mayGoOn()) return 'no-better';
    try {
      return await repairer.pass();
    } catch (cause) {
      if (cause instanceof FaultError) return 'no-better';
      throw cause;
    }
  }

  /** What its producers did; undefined when some of it cannot be read after all. */
  async #replay(): Promise<readonly ProducerState[] | undefined> {
    const { log, view, limits, clock } = this.#options;
    try {
      // What was asked of the log before is done: only then its batches say all that there is to know.
      await log.flush();
      while (view.isCutting && this.#mayGoOn()) await delay(clock, cutPollMs);
      const producers = await replayProducers(log, limits);
      return log.damaged.length === 0 ? producers : undefined;
    } catch (cause) {
      if (cause instanceof FaultError) return undefined;
      throw cause;
    }
  }

  /** The other replicas, the leader first. */
  #others(): readonly BrokerId[] {
    const { view, brokerId } = this.#options;
    const { leader, replicas = [] } = view.metadata ?? {};
    const others = replicas.map((replica) => replica.brokerId).filter((id) => id !== brokerId);
    return others.sort((left, right) => Number(right === leader) - Number(left === leader));
  }
}
