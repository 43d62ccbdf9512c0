/**
 * Runs the controller core on a voter: calls and time in, proposals and answers out. It decides nothing of its own.
 *
 * Read next: metadata/controller-event.ts (the contract), metadata/metadata-controller.ts (the core).
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import { uniqueIdFromBytes } from '../base/ids.ts';
import { Driver, driverLimitsDefault, type DriverLimits, type Outcome } from '../drive/driver.ts';
import type { ControlCall, ControlReply } from '../metadata/control-call.ts';
import type {
  BatchEnd,
  ControllerEffect,
  ControllerEvent,
  ElectionCounts,
  HeartbeatEnd,
  RequestEnd,
} from '../metadata/controller-event.ts';
import { featureDefinitions } from '../metadata/feature-definitions.ts';
import { MetadataController } from '../metadata/metadata-controller.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Codec } from '../ports/codec.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Random } from '../ports/random.ts';
import type { LeaderAnswer } from '../raft/leader-call.ts';
import { notServing, type ControllerPart, type ControllerQuorum } from './controller-part.ts';
import { voidReply, type MetadataLogCodecs, type MetadataStateMachine } from './metadata-state-machine.ts';
import { refusedCall } from './pending-calls.ts';

export interface ControlCodecs {
  readonly call: Codec<ControlCall>;
  readonly reply: Codec<ControlReply>;
}

export interface ControllerRunnerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly eventLog: EventLog;
  readonly machine: MetadataStateMachine;
  readonly batchCodec: MetadataLogCodecs['batch'];
  readonly codecs: ControlCodecs;
  readonly quorum: ControllerQuorum;
  /** How long a broker may be silent before it is fenced. */
  readonly sessionMs: number;
  readonly onFatal: (fault: unknown) => void;
}

export const brokerSessionMsDefault = 1500;

const tickMs = 100;
const pendingMax = 8192;
/** Every pending call has an effect in flight, and losing leadership must not wait for them. */
const limits: DriverLimits = { ...driverLimitsDefault, eventsWaitingMax: 16_384, effectsInFlightMax: 4 * pendingMax };
const now = { kind: 'now' } as const;

type EventOf<Event> = Event extends unknown ? Omit<Event, 'nowMs' | 'committed'> : never;
type UntimedEvent = EventOf<ControllerEvent>;

export class ControllerRunner implements ControllerPart {
  readonly #options: ControllerRunnerOptions;
  readonly #driver: Driver<UntimedEvent, ControllerEffect>;
  readonly #waiting = new Map<number, (answer: LeaderAnswer) => void>();
  #lastCallId = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: ControllerRunnerOptions) {
    const { clock, random, machine, quorum, sessionMs, onFatal } = options;
    this.#options = options;
    const controller = new MetadataController({
      clusterId: quorum.clusterId,
      uniqueId: () => uniqueIdFromBytes(random.bytes(16)),
      integerBelow: (bound) => random.integerBelow(bound),
      features: featureDefinitions,
      sessionMs,
      pendingMax,
      remember: machine.remember,
    });
    this.#driver = new Driver<UntimedEvent, ControllerEffect>({
      // Stamped when it is stepped: what waited in a queue is judged by the time and the image of then.
      machine: {
        step: (event) => controller.step({ ...event, nowMs: clock.monotonicMs(), committed: machine.image }),
      },
      schedule: () => now,
      perform: (effect) => this.#perform(effect),
      onFatal,
      clock,
      limits,
    });
  }

  leads(): void {
    if (this.#isStopped) return;
    this.#mustSubmit({ type: 'leads' });
    this.#tick();
  }

  lost(): void {
    this.#timer?.cancel();
    if (!this.#isStopped) this.#mustSubmit({ type: 'lost' });
  }

  ask(ownedRequest: Uint8Array): Promise<LeaderAnswer> {
    const call = this.#options.codecs.call.decode(ownedRequest);
    if (this.#isStopped) return Promise.resolve(notServing);
    // Voters of another release may know calls that this one does not.
    if (!call.ok) return Promise.resolve(notServing);
    const callId = (this.#lastCallId += 1);
    return new Promise((resolve) => {
      this.#waiting.set(callId, resolve);
      const { value } = call;
      const event: UntimedEvent =
        value.type === 'request'
          ? { type: 'request', callId, request: value.request }
          : { type: 'heartbeat', callId, heartbeat: value.heartbeat };
      if (!this.#driver.submit(event).ok) this.#resolve(callId, overloaded('eventsWaitingMax'));
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const callId of this.#waiting.keys()) this.#resolve(callId, { type: 'outcome-unknown' });
    await this.#driver.stop();
  }

  #tick(): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.callAfterMs(tickMs, () => {
      if (this.#isStopped) return;
      this.#driver.submit({ type: 'tick' });
      this.#tick();
    });
  }

  #mustSubmit(event: UntimedEvent): void {
    const submitted = this.#driver.submit(event);
    assert(submitted.ok || submitted.problem === 'stopped', 'a controller hears whether it leads', {
      type: event.type,
    });
  }

  #perform(effect: ControllerEffect): Outcome<UntimedEvent> {
    const { quorum, batchCodec, eventLog } = this.#options;
    switch (effect.type) {
      case 'propose': {
        const { batchId } = effect;
        return quorum.propose(batchCodec.encode(effect.batch)).then((answer) => {
          return { type: 'batch-ended', batchId, end: endOf(answer) };
        });
      }
      case 'confirm':
        return quorum.readIndex().then(({ type }) => {
          return { type: 'confirmed', callId: effect.callId, isLeader: type === 'done' };
        });
      case 'answer':
        this.#resolve(effect.callId, this.#answerOfRequest(effect.end));
        return undefined;
      case 'answer-heartbeat':
        this.#resolve(effect.callId, this.#answerOfHeartbeat(effect.end));
        return undefined;
      case 'broker-fenced':
        eventLog.emit('info', 'fences a broker', { broker: effect.brokerId, epoch: effect.brokerEpoch });
        return undefined;
      case 'broker-active':
        eventLog.emit('info', 'lets a broker take part', { broker: effect.brokerId, epoch: effect.brokerEpoch });
        return undefined;
      case 'leaders-elected':
        this.#tellElections(effect);
        return undefined;
      default:
        return assertUnreachable(effect);
    }
  }

  #tellElections({ preferred, unclean }: ElectionCounts): void {
    const { eventLog } = this.#options;
    if (preferred > 0)
      eventLog.emit('info', 'moves leaders back to their preferred brokers', { partitions: preferred });
    if (unclean > 0)
      eventLog.emit('warn', 'elects leaders that may lack acknowledged records, as their topics allow', {
        partitions: unclean,
      });
  }

  #resolve(callId: number, answer: LeaderAnswer): void {
    const resolve = this.#waiting.get(callId);
    this.#waiting.delete(callId);
    resolve?.(answer);
  }

  #answerOfRequest(end: RequestEnd): LeaderAnswer {
    switch (end.type) {
      case 'done': {
        const { revision } = end;
        return this.#done({ type: 'decided', outcome: { type: 'done', answer: end.answer }, revision });
      }
      case 'refused': {
        const { revision } = end;
        return this.#done({ type: 'decided', outcome: { type: 'refused', problem: end.problem }, revision });
      }
      case 'not-leading':
        return notLeading;
      case 'overloaded':
        return overloaded(end.limit);
      case 'outcome-unknown':
        return end;
      default:
        return assertUnreachable(end);
    }
  }

  #answerOfHeartbeat(end: HeartbeatEnd): LeaderAnswer {
    switch (end.type) {
      case 'heard':
        return this.#done({ type: 'heard', state: end.state, revision: end.revision });
      case 'not-registered':
        return this.#done({ type: 'heard', state: undefined, revision: this.#options.machine.image.revision });
      case 'not-leading':
        return notLeading;
      default:
        return assertUnreachable(end);
    }
  }

  #done(reply: ControlReply): LeaderAnswer {
    return { type: 'done', index: reply.revision, reply: this.#options.codecs.reply.encode(reply) };
  }
}

const notLeading = refusedCall({ type: 'not-leader', leader: undefined });

function overloaded(limit: string): LeaderAnswer {
  return refusedCall({ type: 'limit-reached', limit });
}

function endOf(answer: LeaderAnswer): BatchEnd {
  switch (answer.type) {
    case 'done':
      return { type: 'committed', index: answer.index, isVoid: answer.reply[0] === voidReply[0] };
    case 'refused': {
      const { problem } = answer;
      if (problem.type === 'limit-reached') return { type: 'refused', limit: problem.limit };
      return { type: 'refused', limit: problem.type === 'command-too-large' ? 'commandBytesMax' : undefined };
    }
    case 'outcome-unknown':
      return { type: 'unknown' };
    default:
      return assertUnreachable(answer);
  }
}
