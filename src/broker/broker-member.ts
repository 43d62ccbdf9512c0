/**
 * Drives one life of a broker in its cluster: feeds broker-life.ts with images, time and answers, and asks the
 * controller what it decides to ask.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import { FaultError } from '../base/fault-error.ts';
import type { BrokerId } from '../base/ids.ts';
import { indexZero, type LogIndex } from '../base/raft-position.ts';
import { Driver, driverLimitsDefault, type Outcome, type Schedule } from '../drive/driver.ts';
import type { RegisterBroker } from '../metadata/metadata-command.ts';
import type { BrokerState } from '../metadata/metadata-image.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import { BrokerLife, type BrokerLifeEffect, type BrokerLifeEvent, type GiveUpReason } from './broker-life.ts';
import type { BrokerQuorum, ControllerReply } from './broker-quorum.ts';
import { describeRegistrationRefusal } from './registration-refusal.ts';

export interface BrokerTiming {
  readonly heartbeatMs: number;
  /** Between two attempts to be registered, or to hand over. */
  readonly retryMs: number;
  /** How long a shutdown waits for the controller to hand over what this broker leads. */
  readonly handoverMsMax: number;
}

export interface BrokerMemberOptions {
  readonly clock: Clock;
  readonly eventLog: EventLog;
  readonly quorum: BrokerQuorum;
  readonly registration: Omit<RegisterBroker, 'type'>;
  readonly timing: BrokerTiming;
  /** Once, when the image shows this life's registration. */
  readonly onRegistered: (brokerEpoch: BrokerEpoch) => void;
  /** The broker cannot go on: refused, replaced, removed, or a broken invariant. */
  readonly onFatal: (fault: unknown) => void;
}

const atOnce: Schedule = { kind: 'now' };
const ticksPerHeartbeat = 5;
/** Below a session, so that a lost one leaves time for the next. */
const heartbeatWaitMs = 1_000;
const requestWaitMs = 5_000;

export class BrokerMember {
  readonly #options: BrokerMemberOptions;
  readonly #life: BrokerLife;
  readonly #driver: Driver<BrokerLifeEvent, BrokerLifeEffect>;
  readonly #onLeft: (() => void)[] = [];
  #timer: Timer | undefined;
  #forgetImages: () => void = () => {};
  #isOver = false;

  constructor(options: BrokerMemberOptions) {
    const { registration, timing, clock, onFatal } = options;
    const { brokerId, incarnation } = registration;
    this.#options = options;
    this.#life = new BrokerLife({ brokerId, incarnation, ...timing, nowMs: clock.monotonicMs() });
    this.#driver = new Driver({
      machine: this.#life,
      schedule: () => atOnce,
      perform: (effect) => this.#perform(effect),
      onFatal,
      clock,
      limits: driverLimitsDefault,
    });
  }

  /** Of this life's registration; undefined while the broker may not serve. */
  get epoch(): BrokerEpoch | undefined {
    return this.#life.epoch;
  }

  get state(): BrokerState | undefined {
    return this.#life.state;
  }

  start(): void {
    this.#forgetImages = this.#options.quorum.onChange(() => this.#look());
    this.#look();
    this.#tick();
  }

  /** Hands over, says goodbye, and resolves when that is done or has taken too long. */
  async leave(): Promise<void> {
    if (!this.#isOver) {
      const left = new Promise<void>((resolve) => {
        this.#onLeft.push(resolve);
      });
      this.#driver.submit({ type: 'shut-down' });
      await left;
    }
    await this.#driver.stop();
  }

  /** Nothing more is asked, and nobody is told. */
  async stop(): Promise<void> {
    this.#end();
    await this.#driver.stop();
  }

  /** An image of nothing is that of a process which has not heard of its cluster yet. */
  #look(): void {
    const { image } = this.#options.quorum;
    if (this.#isOver || image.revision === indexZero) return;
    const registration = image.brokers.get(this.#options.registration.brokerId);
    this.#driver.submit({ type: 'image', revision: image.revision, registration });
  }

  #tick(): void {
    if (this.#isOver) return;
    const { clock, timing } = this.#options;
    this.#timer = clock.callAfterMs(Math.ceil(timing.heartbeatMs / ticksPerHeartbeat), () => this.#tick());
    this.#driver.submit({ type: 'tick', nowMs: clock.monotonicMs() });
  }

  #perform(effect: BrokerLifeEffect): Outcome<BrokerLifeEvent> {
    const { quorum, registration, eventLog } = this.#options;
    switch (effect.type) {
      case 'register':
        return this.#register(effect.requestId);
      case 'heartbeat':
        return quorum
          .heartbeat(effect.heartbeat, heartbeatWaitMs)
          .then((): BrokerLifeEvent => ({ type: 'heartbeat-ended' }));
      case 'hand-over':
        return this.#handOver(effect.requestId, effect.brokerEpoch);
      case 'left':
        this.#end();
        return undefined;
      case 'give-up':
        this.#end();
        this.#options.onFatal(faultOf(registration, effect.why));
        return undefined;
      case 'registered':
        eventLog.emit('info', 'registered with the cluster', { brokerEpoch: effect.brokerEpoch });
        this.#options.onRegistered(effect.brokerEpoch);
        return undefined;
      case 'state-changed':
        eventLog.emit('info', sentenceOfState[effect.state], { brokerEpoch: effect.brokerEpoch });
        return undefined;
      case 'not-registered-yet':
        eventLog.emit('info', 'waits to be registered', { why: describeRegistrationRefusal(effect.refusal) });
        return undefined;
      default:
        return assertUnreachable(effect);
    }
  }

  async #register(requestId: string): Promise<BrokerLifeEvent> {
    const { quorum, registration } = this.#options;
    const command = { type: 'register-broker', ...registration } as const;
    const reply = await quorum.request({ requestId, command }, requestWaitMs);
    return { type: 'register-ended', refusal: reply.type === 'refused' ? reply.problem : undefined };
  }

  async #handOver(requestId: string, brokerEpoch: BrokerEpoch): Promise<BrokerLifeEvent> {
    const { quorum, registration } = this.#options;
    const command = { type: 'shut-down-broker', brokerId: registration.brokerId, brokerEpoch } as const;
    const reply = await quorum.request({ requestId, command }, requestWaitMs);
    return { type: 'handover-ended', revision: revisionOf(reply) };
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#forgetImages();
    for (const left of this.#onLeft.splice(0)) left();
  }
}

const sentenceOfState: Readonly<Record<BrokerState, string>> = {
  fenced: 'fenced: the controller does not hear this broker, and gave what it led to others',
  active: 'active: may lead partitions',
  'shutting-down': 'shutting down: hands over what it leads',
};

/** Refused: whatever the broker meant to hand over is no longer its own. */
function revisionOf(reply: ControllerReply): LogIndex | undefined {
  return reply.type === 'done' || reply.type === 'refused' ? reply.revision : undefined;
}

function faultOf({ brokerId }: { brokerId: BrokerId }, why: GiveUpReason): FaultError {
  switch (why.type) {
    case 'refused':
      return new FaultError(describeRegistrationRefusal(why.refusal), { brokerId, refusal: why.refusal });
    case 'replaced':
      return new FaultError(`another process has registered as broker ${brokerId}, so this one ends`, {
        incarnation: why.incarnation,
        brokerEpoch: why.brokerEpoch,
      });
    case 'removed':
      return new FaultError(`broker ${brokerId} was taken out of the cluster, so this process ends`, { brokerId });
    default:
      return assertUnreachable(why);
  }
}
