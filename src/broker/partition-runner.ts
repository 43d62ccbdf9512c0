/**
 * Runs one replica: feeds its core with requests, messages, metadata and time, and does what it decides with its log
 * and its peers. It decides nothing of its own; the contract is partition/partition-effect.ts.
 *
 * Nothing here costs anything per record, and little per batch: appends are handed over without waiting for them, and
 * who produced is called back, not promised to. An idle partition has no timer.
 * Read next: partition-requests.ts (who waits for what), partition-pushes.ts, sure-events.ts, open-replica.ts.
 */
import { assert, InvariantError } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import type { FaultError } from '../base/fault-error.ts';
import type { BrokerId } from '../base/ids.ts';
import { leaderEpoch, type Offset } from '../base/offsets.ts';
import { ok, type Result } from '../base/result.ts';
import { Driver, driverLimitsDefault, type Outcome, type Schedule, type SubmitProblem } from '../drive/driver.ts';
import type { InSyncProposal, PartitionEffect, ResetEffect } from '../partition/partition-effect.ts';
import type { InSyncOutcome, PartitionEvent } from '../partition/partition-event.ts';
import type { PartitionMessage } from '../partition/partition-message.ts';
import type { PartitionMetadata } from '../partition/partition-metadata.ts';
import type { PartitionView } from '../partition/partition-view.ts';
import { Partition } from '../partition/partition.ts';
import type { ProducerState } from '../partition/producer-sequences.ts';
import { encodeProducers } from '../partition/producer-snapshot.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { LogDisk } from '../storage/log-disk.ts';
import type { OpenProblem } from '../storage/log-problem.ts';
import type { LogSettings } from '../storage/log-settings.ts';
import type { PartitionLog } from '../storage/partition-log.ts';
import type { Slots } from '../storage/slots.ts';
import { openReplica, replayProducers, type HeldLog, type ReplicaOptions } from './open-replica.ts';
import type { PartitionController } from './partition-controller.ts';
import type { PartitionKey } from './partition-key.ts';
import { PartitionPushes } from './partition-pushes.ts';
import { PartitionRequests, type RunnerEnd } from './partition-requests.ts';
import { noteFact, type PartitionFact } from './partition-facts.ts';
import type { ReplicaLinks } from './replica-links.ts';
import { ReplicaRepairs } from './replica-repairs.ts';
import { SureEvents } from './sure-events.ts';

/** Sees what the core decides and changes nothing: the checks of a simulation. */
export interface PartitionWatch {
  onStart(view: PartitionView): void;
  onStep(view: PartitionView, event: PartitionEvent, effects: readonly PartitionEffect[]): void;
}

export interface RunnerOptions extends ReplicaOptions {
  readonly key: PartitionKey;
  readonly brokerId: BrokerId;
  /** Of this life of the broker. */
  readonly brokerEpoch: BrokerEpoch;
  readonly on: LogDisk;
  readonly path: string;
  readonly settings: LogSettings;
  readonly clock: Clock;
  readonly eventLog: EventLog;
  readonly links: ReplicaLinks;
  readonly controller: PartitionController;
  /** Of all logs of this broker: repairs are no hurry, and nobody else's delay. */
  readonly repairSlots: Slots;
  readonly onAppended: (bytes: number) => void;
  readonly watch?: PartitionWatch | undefined;
  /** The log failed, once: this replica takes no part any more. */
  readonly onLogFailed: () => void;
  /** A broken promise of the code. */
  readonly onBug: (bug: unknown) => void;
}

const now: Schedule = { kind: 'now' };
/** That a replica is back is so in any leadership. */
const leaderEpochZero = leaderEpoch(0);
/** Calls of the log end in the order in which they were made, and so do their answers. */
const logLane: Schedule = { kind: 'lane', lane: 'log' };
/** What a start has to read again is little more than this. */
const producersEveryBytes = 256 * 1024 * 1024;

export class PartitionRunner {
  readonly key: PartitionKey;
  readonly requests: PartitionRequests;
  readonly #options: RunnerOptions;
  readonly #partition: Partition;
  readonly #driver: Driver<PartitionEvent, PartitionEffect>;
  readonly #sure: SureEvents;
  readonly #pushes: PartitionPushes;
  /** What it and the others do for each other when one of them is damaged. */
  readonly repairs: ReplicaRepairs;
  readonly #log: PartitionLog;
  #timer: { readonly timer: Timer; readonly atMs: number } | undefined;
  /** A reset may take two steps of the log where the core knows of one. */
  #generationGap = 0;
  #appendedBytes = 0;
  #hasFailed = false;
  #isOver = false;

  private constructor(options: RunnerOptions, partition: Partition, log: PartitionLog) {
    this.key = options.key;
    this.#options = options;
    this.#partition = partition;
    this.#log = log;
    const { clock, onBug } = options;
    this.#driver = new Driver({
      machine: watched(partition, options.watch),
      schedule: scheduleOf,
      perform: (effect) => this.#perform(effect),
      onFatal: onBug,
      clock,
      limits: driverLimitsDefault,
    });
    this.#sure = new SureEvents(clock, (event) => this.#submit(event));
    const reading = {
      log,
      onDamage: (from: Offset, to: Offset) => this.onDamage(from, to),
      onReadFailed: (cause: unknown) => this.#readFailed(cause),
    };
    this.requests = new PartitionRequests({
      ...reading,
      view: partition.view,
      submit: (event) => this.#submit(event).ok,
    });
    this.#pushes = new PartitionPushes({ ...reading, view: partition.view, key: options.key, links: options.links });
    this.repairs = new ReplicaRepairs({
      ...options,
      log,
      view: partition.view,
      onNotShared: (from, leaderEpoch) => this.#submit({ type: 'damage-not-shared', from, leaderEpoch }),
      onRepaired: (producers) => this.#sure.tell({ type: 'repaired', epochs: log.epochs, producers }),
      onReadFailed: reading.onReadFailed,
    });
  }

  static async open(options: RunnerOptions): Promise<Result<PartitionRunner, OpenProblem>> {
    const { on, path, clock, settings, brokerId, brokerEpoch, limits } = options;
    // Nothing moves before the runner is there: what the log holds when it is opened is durable.
    const late: { runner: PartitionRunner | undefined } = { runner: undefined };
    const replica = await openReplica(options, {
      on,
      path,
      clock,
      settings,
      onProgress: () => late.runner?.onLogMoved(),
      onFault: (fault) => late.runner?.onFault(fault),
      onDamage: ({ from, to }) => late.runner?.onDamage(from, to),
    });
    if (!replica.ok) return replica;
    const { log, opened } = replica.value;
    const nowMs = clock.monotonicMs();
    const partition = new Partition({
      brokerId,
      brokerEpoch,
      reopened: options.held?.reopened,
      limits,
      log: opened,
      nowMs,
    });
    const runner = new PartitionRunner(options, partition, log);
    late.runner = runner;
    return ok(runner);
  }

  get view(): PartitionView {
    return this.#partition.view;
  }

  /** For whoever opens this log again in this life of the broker, after it ran out of space. */
  get held(): HeldLog {
    const { reopening: reopened, watermark } = this.view;
    return { reopened, written: this.#log.position.written, watermark };
  }

  get log(): PartitionLog {
    return this.#log;
  }

  onMetadata(metadata: PartitionMetadata): void {
    this.#sure.tell({ type: 'metadata', metadata });
  }

  /** The transport has checked who sent it, and its batches. One that finds no room is lost, as messages may be. */
  onMessage(from: BrokerId, message: PartitionMessage): void {
    this.#submit({ type: 'message', from, message });
  }

  onLinkLost(broker: BrokerId): void {
    this.#submit({ type: 'link-lost', broker });
  }

  onRetention(before: Offset): void {
    this.#submit({ type: 'retention', before });
  }

  onDamage(from: Offset, to: Offset): void {
    this.#sure.tell({ type: 'damage-found', from, to });
  }

  changeSettings(settings: LogSettings): void {
    this.#log.changeSettings(settings);
  }

  /** What was set aside and cannot be removed is no part of the log, and found again by the next start. */
  onFault(fault: FaultError): void {
    if (this.#log.failure !== undefined) this.logFailed();
    else this.#options.eventLog.emit('warn', 'files of a log cannot be removed', { ...this.key, ...fault.facts });
  }

  logFailed(): void {
    if (this.#hasFailed || this.#isOver) return;
    this.#hasFailed = true;
    this.#sure.tell({ type: 'log-failed' });
    this.#options.onLogFailed();
  }

  /** A bad sector of one log is no reason to lose the other logs of this broker, nor what this one can still append. */
  #readFailed(cause: unknown): void {
    if (cause instanceof InvariantError) return this.#options.onBug(cause);
    this.#options.eventLog.emit('error', 'a log cannot be read where somebody asks for it', {
      ...this.key,
      cause: String(cause),
    });
    this.#sure.tell({ type: 'read-failed' });
  }

  /** Answers everybody, and leaves the log as a start finds it soonest. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#timer?.timer.cancel();
    this.#pushes.end();
    this.repairs.end();
    await this.#driver.stop();
    this.requests.end();
    try {
      if (this.#log.failure === undefined) await this.#log.saveProducers(() => this.#encodeProducers());
      await this.#log.close();
    } catch (cause) {
      if (cause instanceof InvariantError) throw cause;
      this.#options.eventLog.emit('warn', 'a log was not closed in order', { ...this.key, cause: String(cause) });
    }
  }

  #submit(event: PartitionEvent): Result<void, SubmitProblem> {
    return this.#driver.submit(event);
  }

  onLogMoved(): void {
    if (this.#isOver || this.#hasFailed) return;
    const { generation, written, durable } = this.#log.position;
    this.#sure.tell({ type: 'log-moved', generation: generation + this.#generationGap, written, durable });
  }

  #perform(effect: PartitionEffect): Outcome<PartitionEvent> {
    const { links, key, eventLog, controller } = this.#options;
    switch (effect.type) {
      case 'append':
        this.#append(effect);
        return undefined;
      case 'cut':
        return this.#logCall(() => this.#cut(effect));
      case 'reset':
        return this.#logCall(() => this.#reset(effect));
      case 'write-start':
        return this.#logCall(async () => {
          await this.#log.movePartitionStart(effect.start);
          return { type: 'start-written', start: effect.start };
        });
      case 'drop-below':
        return this.#logCall(async () => {
          const generation = this.#log.position.generation + this.#generationGap;
          await this.#log.moveLocalStart(effect.start);
          return { type: 'dropped', generation, localStart: this.#log.localStart };
        });
      case 'send':
        if (effect.message.type !== 'push') links.send(effect.to, key, effect.message);
        else return this.#pushes.sendPositions(effect.to, effect.message);
        return undefined;
      case 'push':
        return this.#pushes.push(effect);
      case 'propose-in-sync':
        return this.#propose(effect.proposal);
      case 'step-aside': {
        const { leaderEpoch } = this.view.metadata ?? {};
        if (leaderEpoch !== undefined) controller.stepAside({ key, leaderEpoch, reason: effect.reason });
        return noteFact(eventLog, key, effect);
      }
      case 'come-back':
        this.#comeBack();
        return undefined;
      case 'repair':
        this.repairs.begin();
        return undefined;
      case 'wake':
        this.#wake(effect.atMs);
        return undefined;
      default:
        return isEnd(effect) ? this.requests.onEnd(effect) : noteFact(eventLog, key, effect);
    }
  }

  /** Where it ends is told by the log, and its failure by `onFault`. */
  #append({ batches }: Extract<PartitionEffect, { type: 'append' }>): void {
    this.#log.append(batches).catch(() => {});
    const bytes = batches.reduce((sum, { ownedBytes }) => sum + ownedBytes.length, 0);
    this.#options.onAppended(bytes);
    this.#appendedBytes += bytes;
    if (this.#appendedBytes < producersEveryBytes) return;
    this.#appendedBytes = 0;
    this.#log.saveProducers(() => this.#encodeProducers()).catch(() => {});
  }

  /** Nothing while the log is being cut: what is known of producers is of what there was. */
  #encodeProducers(): Uint8Array | undefined {
    const { view } = this;
    if (view.isCutting || view.assigned !== this.#log.logEnd) return undefined;
    return encodeProducers(view.producers);
  }

  /** A call that fails ends the log, which says so once. */
  async #logCall(call: () => Promise<PartitionEvent>): Promise<PartitionEvent | undefined> {
    try {
      return await call();
    } catch (cause) {
      if (cause instanceof InvariantError) throw cause;
      this.logFailed();
      return undefined;
    }
  }

  async #cut({ generation, end }: Extract<PartitionEffect, { type: 'cut' }>): Promise<PartitionEvent> {
    const cutAt = await this.#log.truncate(end);
    assert(cutAt === end, 'epochs begin and end with batches, so a log is cut between two', { end, cutAt });
    return this.#cutEnded(generation, await replayProducers(this.#log, this.#options.limits));
  }

  async #reset({ generation, start, producers }: ResetEffect): Promise<PartitionEvent> {
    const log = this.#log;
    // What is given up lies beyond, or before, where it begins again.
    if (start < log.logEnd) await log.truncate(log.localStart);
    await log.restartAt(start, encodeProducers(producers));
    return this.#cutEnded(generation, producers);
  }

  #cutEnded(generation: number, producers: readonly ProducerState[]): PartitionEvent {
    this.#generationGap = generation - this.#log.position.generation;
    return { type: 'log-cut', generation, producers };
  }

  #comeBack(): void {
    const { controller, key } = this.#options;
    const { leaderEpoch = leaderEpochZero } = this.view.metadata ?? {};
    controller.stepAside({ key, leaderEpoch, reason: 'repaired' });
  }

  async #propose(proposal: InSyncProposal): Promise<PartitionEvent> {
    const outcome: InSyncOutcome = await this.#options.controller.proposeInSync({ key: this.key, proposal });
    return { type: 'in-sync-answered', partitionEpoch: proposal.partitionEpoch, outcome };
  }

  #wake(atMs: number): void {
    if (this.#isOver || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return;
    const { clock } = this.#options;
    this.#timer?.timer.cancel();
    const timer = clock.callAfterMs(Math.max(0, Math.ceil(atMs - clock.monotonicMs())), () => {
      this.#timer = undefined;
      const ticked = this.#submit({ type: 'tick', nowMs: clock.monotonicMs() });
      // No room is no reason to lose the time.
      if (!ticked.ok && ticked.problem === 'queue-full') this.#wake(atMs + 1);
    });
    this.#timer = { timer, atMs };
  }
}

function watched(partition: Partition, watch: PartitionWatch | undefined): Pick<Partition, 'step'> {
  if (watch === undefined) return partition;
  watch.onStart(partition.view);
  return {
    step(event) {
      const effects = partition.step(event);
      watch.onStep(partition.view, event, effects);
      return effects;
    },
  };
}

function scheduleOf({ type }: PartitionEffect): Schedule {
  return type === 'cut' || type === 'reset' || type === 'write-start' || type === 'drop-below' ? logLane : now;
}

const ends: ReadonlySet<PartitionEffect['type']> = new Set<RunnerEnd['type']>([
  'produce-done',
  'produce-refused',
  'produce-outcome-unknown',
  'fetch-ready',
  'fetch-refused',
  'records-deleted',
  'delete-refused',
  'delete-outcome-unknown',
]);

function isEnd(effect: PartitionFact | RunnerEnd): effect is RunnerEnd {
  return ends.has(effect.type);
}
