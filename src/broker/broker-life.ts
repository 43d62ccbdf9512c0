/**
 * One life of a broker, from its start to its end, as the cluster sees it: registered, fenced, active, shutting
 * down, gone. A core: it decides what to ask of the controller and when; broker-member.ts does it.
 *
 * Only the committed image says what this broker is. Answers of the controller are hints: they may be late, or come
 * from one that leads no longer, and an answer that got lost changes nothing. Hence:
 * - it is registered when the image shows its incarnation, under the epoch that the image shows;
 * - it may serve only while the image shows it (`epoch`), whatever a controller said last;
 * - it is replaced when the image shows another incarnation under its number after its own. Then it ends: two
 *   processes that believe in one number would each keep half of what the number was given.
 * Heartbeats say which revision this broker has; the controller lets it become active once that covers its own
 * registration, so that it has seen every leadership that it lost.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId, IncarnationId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import type { StateMachine } from '../base/state-machine.ts';
import type { BrokerHeartbeat } from '../metadata/controller-event.ts';
import type { MetadataRefusal } from '../metadata/metadata-command.ts';
import type { BrokerImage, BrokerState } from '../metadata/metadata-image.ts';
import { passesByItself } from './registration-refusal.ts';

export interface BrokerLifeOptions {
  readonly brokerId: BrokerId;
  readonly incarnation: IncarnationId;
  readonly heartbeatMs: number;
  /** Between two attempts to be registered, or to hand over. */
  readonly retryMs: number;
  /** How long a shutdown waits for the controller to hand over what this broker leads. */
  readonly handoverMsMax: number;
  readonly nowMs: number;
}

export type BrokerLifeEvent =
  /** The image has changed. `registration`: what it says of this broker's number. */
  | { readonly type: 'image'; readonly revision: LogIndex; readonly registration: BrokerImage | undefined }
  | { readonly type: 'tick'; readonly nowMs: number }
  /** `refusal` undefined: it was accepted, or nobody could say. */
  | { readonly type: 'register-ended'; readonly refusal: MetadataRefusal | undefined }
  | { readonly type: 'heartbeat-ended' }
  | { readonly type: 'shut-down' }
  /** `revision`: an image from there on shows what was handed over. Undefined: nobody could say. */
  | { readonly type: 'handover-ended'; readonly revision: LogIndex | undefined };

export type BrokerLifeEffect =
  | { readonly type: 'register'; readonly requestId: string }
  | { readonly type: 'heartbeat'; readonly heartbeat: BrokerHeartbeat }
  | { readonly type: 'hand-over'; readonly requestId: string; readonly brokerEpoch: BrokerEpoch }
  /** Nothing more is asked of anybody. */
  | { readonly type: 'left' }
  /** This life cannot go on. */
  | { readonly type: 'give-up'; readonly why: GiveUpReason }
  /** Facts, for logs. */
  | { readonly type: 'registered'; readonly brokerEpoch: BrokerEpoch }
  | { readonly type: 'state-changed'; readonly brokerEpoch: BrokerEpoch; readonly state: BrokerState }
  | { readonly type: 'not-registered-yet'; readonly refusal: MetadataRefusal };

export type GiveUpReason =
  | { readonly type: 'refused'; readonly refusal: MetadataRefusal }
  | { readonly type: 'replaced'; readonly incarnation: IncarnationId; readonly brokerEpoch: BrokerEpoch }
  /** Somebody took this broker out of the cluster. */
  | { readonly type: 'removed' };

type Phase =
  | { readonly name: 'joining'; isAsking: boolean; dueMs: number }
  | { readonly name: 'member' }
  /** `seenFrom`: the revision that shows the handover; undefined until the controller has said. */
  | {
      readonly name: 'handing-over';
      readonly untilMs: number;
      isAsking: boolean;
      dueMs: number;
      seenFrom: LogIndex | undefined;
    }
  | { readonly name: 'leaving'; readonly untilMs: number; hasSaidSo: boolean }
  | { readonly name: 'over' };

/** How long a broker that goes tries to say so. */
const goodbyeMsMax = 1_000;

export class BrokerLife implements StateMachine<BrokerLifeEvent, BrokerLifeEffect> {
  readonly #options: BrokerLifeOptions;
  #phase: Phase;
  #nowMs: number;
  #revision: LogIndex | undefined;
  #registration: BrokerImage | undefined;
  #heartbeatDueMs = Number.NEGATIVE_INFINITY;
  #isHeartbeatOut = false;
  #effects: BrokerLifeEffect[] = [];

  constructor(options: BrokerLifeOptions) {
    assert(options.heartbeatMs > 0 && options.retryMs > 0, 'a broker takes its time between attempts');
    this.#options = options;
    this.#nowMs = options.nowMs;
    this.#phase = { name: 'joining', isAsking: false, dueMs: options.nowMs };
  }

  /** Of the registration that the image shows for this life; undefined: whatever this broker keeps, it may not serve. */
  get epoch(): BrokerEpoch | undefined {
    return this.#phase.name === 'over' ? undefined : this.#registration?.brokerEpoch;
  }

  get state(): BrokerState | undefined {
    return this.#registration?.state;
  }

  step(event: BrokerLifeEvent): readonly BrokerLifeEffect[] {
    if (this.#phase.name !== 'over') {
      this.#take(event);
      this.#advance();
    }
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #take(event: BrokerLifeEvent): void {
    switch (event.type) {
      case 'image':
        return this.#onImage(event.revision, event.registration);
      case 'tick':
        assert(event.nowMs >= this.#nowMs, 'time does not go back', () => ({ nowMs: event.nowMs }));
        this.#nowMs = event.nowMs;
        return undefined;
      case 'register-ended':
        return this.#onRegisterEnded(event.refusal);
      case 'heartbeat-ended':
        this.#isHeartbeatOut = false;
        // Answered or not: whoever does not hear it waits for the end of the session.
        if (this.#phase.name === 'leaving' && this.#phase.hasSaidSo) this.#leave();
        return undefined;
      case 'shut-down':
        return this.#onShutDown();
      case 'handover-ended':
        return this.#onHandoverEnded(event.revision);
      default:
        return assertUnreachable(event);
    }
  }

  #onImage(revision: LogIndex, shown: BrokerImage | undefined): void {
    assert(this.#revision === undefined || revision >= this.#revision, 'M1: images do not go back', () => ({
      revision,
    }));
    this.#revision = revision;
    const before = this.#registration;
    const isOurs = shown?.incarnation === this.#options.incarnation;
    if (before !== undefined && shown === undefined) return this.#giveUp({ type: 'removed' });
    if (before !== undefined && shown !== undefined && !isOurs) {
      const { incarnation, brokerEpoch } = shown;
      assert(brokerEpoch > before.brokerEpoch, 'M5: a later registration has a later epoch', () => ({ brokerEpoch }));
      return this.#giveUp({ type: 'replaced', incarnation, brokerEpoch });
    }
    this.#registration = isOurs ? shown : undefined;
    if (!isOurs) return undefined;
    const { brokerEpoch, state } = shown;
    assert(before === undefined || before.brokerEpoch === brokerEpoch, 'M5: one life is registered once');
    if (before === undefined) this.#effects.push({ type: 'registered', brokerEpoch });
    if (before !== undefined && before.state !== state)
      this.#effects.push({ type: 'state-changed', brokerEpoch, state });
    if (this.#phase.name === 'joining') this.#phase = { name: 'member' };
    return undefined;
  }

  #onRegisterEnded(refusal: MetadataRefusal | undefined): void {
    const phase = this.#phase;
    if (phase.name !== 'joining') return;
    phase.isAsking = false;
    phase.dueMs = this.#nowMs + this.#options.retryMs;
    if (refusal === undefined) return;
    if (passesByItself(refusal)) this.#effects.push({ type: 'not-registered-yet', refusal });
    else this.#giveUp({ type: 'refused', refusal });
  }

  /** Who is no member has nothing to hand over. A second wish changes nothing. */
  #onShutDown(): void {
    const phase = this.#phase;
    if (phase.name === 'joining') this.#leave();
    if (phase.name !== 'member') return;
    const untilMs = this.#nowMs + this.#options.handoverMsMax;
    this.#phase = { name: 'handing-over', untilMs, isAsking: false, dueMs: this.#nowMs, seenFrom: undefined };
  }

  #onHandoverEnded(revision: LogIndex | undefined): void {
    const phase = this.#phase;
    if (phase.name !== 'handing-over') return;
    phase.isAsking = false;
    phase.dueMs = this.#nowMs + this.#options.retryMs;
    phase.seenFrom = revision;
  }

  /** Whatever is due now. */
  #advance(): void {
    const phase = this.#phase;
    switch (phase.name) {
      case 'joining':
        return this.#registerWhenDue(phase);
      case 'member':
        return this.#heartbeatWhenDue(false);
      case 'handing-over':
        return this.#handOver(phase);
      case 'leaving':
        return this.#sayGoodbye(phase);
      case 'over':
        return undefined;
      default:
        return assertUnreachable(phase);
    }
  }

  /** Not before there is an image: whoever shows this incarnation already needs no registration. */
  #registerWhenDue(phase: Extract<Phase, { name: 'joining' }>): void {
    if (this.#revision === undefined || phase.isAsking || this.#nowMs < phase.dueMs) return;
    phase.isAsking = true;
    // One request for the whole life: whether an attempt that got no answer was carried out is the controller's to know.
    this.#effects.push({ type: 'register', requestId: `${this.#options.incarnation}-register` });
  }

  #handOver(phase: Extract<Phase, { name: 'handing-over' }>): void {
    const { seenFrom, untilMs } = phase;
    const isSeen = seenFrom !== undefined && this.#revision !== undefined && this.#revision >= seenFrom;
    const isOver = isSeen || this.#nowMs >= untilMs || this.#registration === undefined;
    if (isOver) {
      this.#phase = { name: 'leaving', untilMs: this.#nowMs + goodbyeMsMax, hasSaidSo: false };
      return this.#sayGoodbye(this.#phase);
    }
    if (!phase.isAsking && seenFrom === undefined && this.#nowMs >= phase.dueMs) {
      phase.isAsking = true;
      const { brokerEpoch } = this.#mustBeRegistered();
      this.#effects.push({ type: 'hand-over', requestId: `${this.#options.incarnation}-hand-over`, brokerEpoch });
    }
    return this.#heartbeatWhenDue(false);
  }

  /** So that nobody waits for the end of the session. An earlier heartbeat has to end first, and that may take long. */
  #sayGoodbye(phase: Extract<Phase, { name: 'leaving' }>): void {
    if (this.#nowMs >= phase.untilMs || this.#registration === undefined) return this.#leave();
    if (this.#isHeartbeatOut) return undefined;
    this.#heartbeatDueMs = this.#nowMs;
    phase.hasSaidSo = true;
    return this.#heartbeatWhenDue(true);
  }

  /** One at a time: a controller that is slow to answer is not asked more often for it. */
  #heartbeatWhenDue(isLeaving: boolean): void {
    if (this.#isHeartbeatOut || this.#nowMs < this.#heartbeatDueMs || this.#registration === undefined) return;
    this.#isHeartbeatOut = true;
    this.#heartbeatDueMs = this.#nowMs + this.#options.heartbeatMs;
    const { brokerEpoch } = this.#registration;
    assert(this.#revision !== undefined, 'a registration is seen in an image');
    const heartbeat = { brokerId: this.#options.brokerId, brokerEpoch, revision: this.#revision, isLeaving };
    this.#effects.push({ type: 'heartbeat', heartbeat });
  }

  #mustBeRegistered(): BrokerImage {
    assert(this.#registration !== undefined, 'who hands over is registered');
    return this.#registration;
  }

  #leave(): void {
    this.#phase = { name: 'over' };
    this.#effects.push({ type: 'left' });
  }

  #giveUp(why: GiveUpReason): void {
    this.#phase = { name: 'over' };
    this.#registration = undefined;
    this.#effects.push({ type: 'give-up', why });
  }
}
