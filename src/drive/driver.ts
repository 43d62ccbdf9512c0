/**
 * The driver: owns one core, feeds it one event at a time and performs what it decides, in the order given.
 *
 * It knows no protocol. Which effects may overlap is the core's to say, through `schedule`; what an effect means
 * is the owner's, through `perform`. Everything is synchronous until `perform` returns a promise, so that a
 * core whose effects cost nothing costs no await either.
 * Promises: test/drive/driver.test.ts, one test each. Read next: base/state-machine.ts, base/ring-queue.ts.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { RingQueue } from '../base/ring-queue.ts';
import type { StateMachine } from '../base/state-machine.ts';
import type { Clock } from '../ports/clock.ts';

/** When an effect runs, relative to the effects before and after it. Return constants: this is asked for every effect. */
export type Schedule =
  /** Started at once, in order. If it takes time, it overlaps everything except a barrier. */
  | { readonly kind: 'now' }
  /** After the earlier effects of the same lane have ended. Lanes overlap each other. */
  | { readonly kind: 'lane'; readonly lane: string }
  /** Alone: after everything before it has ended; nothing after it starts, and no event is stepped, until it ends. */
  | { readonly kind: 'barrier' };

export interface DriverLimits {
  /** Submitted events that wait for their step. At the limit `submit` refuses, and the owner decides. */
  readonly eventsWaitingMax: number;
  /**
   * Effects that are running or wait in a lane. At the limit submitted events wait; answers of effects are still
   * stepped, and their effects may take up to as much again. A core that needs more than that is broken.
   */
  readonly effectsInFlightMax: number;
  /** Steps before other work of the process gets its turn. */
  readonly stepsPerTurnMax: number;
}

export const driverLimitsDefault: DriverLimits = {
  eventsWaitingMax: 4096,
  effectsInFlightMax: 1024,
  stepsPerTurnMax: 256,
};

/** What an effect answers: an event for its core, or nothing; now or later. */
export type Outcome<Event> = Event | undefined | Promise<Event | undefined>;

export interface DriverOptions<Event extends object, Effect extends object> {
  readonly machine: StateMachine<Event, Effect>;
  readonly schedule: (effect: Effect) => Schedule;
  readonly perform: (effect: Effect) => Outcome<Event>;
  /** Called at most once, with what a step or an effect threw or rejected with. The owner stops. */
  readonly onFatal: (fault: unknown) => void;
  readonly clock: Pick<Clock, 'callSoon'>;
  readonly limits: DriverLimits;
}

export type SubmitProblem = 'queue-full' | 'stopped';

/** A lane with a running effect. Idle lanes are not kept, so names may come and go. */
interface Lane<Effect> {
  readonly name: string;
  waiting: RingQueue<Effect> | undefined;
}

const accepted = ok(undefined);

export class Driver<Event extends object, Effect extends object> {
  readonly #options: DriverOptions<Event, Effect>;
  readonly #effectsMax: number;
  readonly #submitted: RingQueue<Event>;
  readonly #answers: RingQueue<Event>;
  readonly #lanes = new Map<string, Lane<Effect>>();
  /** What the last step decided; those from `#effectAt` on have not been started. */
  #effects: readonly Effect[] = [];
  #effectAt = 0;
  #effectsRunning = 0;
  #effectsInLanes = 0;
  #barrierRunning = false;
  #state: 'open' | 'stopped' | 'failed' = 'open';
  /** True while a step or an effect is on the stack: an event submitted then waits for its turn. */
  #busy = false;
  #resumesSoon = false;
  #onSettled: (() => void)[] = [];

  constructor(options: DriverOptions<Event, Effect>) {
    assert(options.limits.effectsInFlightMax >= 1, 'a driver may have an effect in flight');
    assert(options.limits.stepsPerTurnMax >= 1, 'a driver steps at least once per turn');
    this.#options = options;
    this.#submitted = new RingQueue(options.limits.eventsWaitingMax);
    this.#effectsMax = 2 * options.limits.effectsInFlightMax;
    this.#answers = new RingQueue(this.#effectsMax);
  }

  get eventsWaiting(): number {
    return this.#submitted.length;
  }

  get effectsInFlight(): number {
    return this.#effectsRunning + this.#effectsInLanes;
  }

  /** Steps the event before it returns, unless the driver is in the middle of something: then in its turn. */
  submit(event: Event): Result<void, SubmitProblem> {
    if (this.#state !== 'open') return refused('stopped');
    const queued = this.#submitted.push(event);
    if (!queued.ok) return queued;
    if (!this.#busy) this.#drain();
    return accepted;
  }

  /**
   * Steps and starts nothing more; what waits is dropped. Resolves when the effects that are running have ended,
   * however they end. Also after a fault. An effect that awaits this waits for itself.
   */
  stop(): Promise<void> {
    if (this.#state === 'open') this.#close('stopped');
    if (this.#effectsRunning === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSettled.push(resolve);
    });
  }

  #drain(): void {
    if (this.#resumesSoon || this.#state !== 'open') return;
    this.#busy = true;
    try {
      let steps = 0;
      while (this.#startEffects()) {
        if (steps === this.#options.limits.stepsPerTurnMax) {
          this.#resumeSoon();
          return;
        }
        const event = this.#nextEvent();
        if (event === undefined) return;
        this.#effects = this.#options.machine.step(event);
        this.#effectAt = 0;
        steps += 1;
      }
    } catch (fault) {
      this.#fail(fault);
    } finally {
      this.#busy = false;
    }
  }

  /** Answers first: they free what the core holds, and with them the work that a refused submitter waits for. */
  #nextEvent(): Event | undefined {
    const answer = this.#answers.shift();
    if (answer !== undefined) return answer;
    if (this.effectsInFlight >= this.#options.limits.effectsInFlightMax) return undefined;
    return this.#submitted.shift();
  }

  #resumeSoon(): void {
    this.#resumesSoon = true;
    this.#options.clock.callSoon(() => {
      this.#resumesSoon = false;
      this.#drain();
    });
  }

  /** Starts the effects of the last step up to a barrier that must wait. True when all are started. */
  #startEffects(): boolean {
    while (this.#effectAt < this.#effects.length) {
      if (this.#barrierRunning) return false;
      const effect = this.#effects[this.#effectAt] as Effect;
      const schedule = this.#options.schedule(effect);
      switch (schedule.kind) {
        case 'now':
          this.#effectAt += 1;
          this.#start(effect, undefined);
          break;
        case 'lane':
          this.#effectAt += 1;
          this.#enterLane(schedule.lane, effect);
          break;
        case 'barrier':
          if (this.#effectsRunning > 0) return false;
          this.#effectAt += 1;
          this.#barrierRunning = this.#start(effect, undefined);
          break;
        default:
          assertUnreachable(schedule);
      }
    }
    return !this.#barrierRunning && this.#state === 'open';
  }

  #enterLane(name: string, effect: Effect): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined) {
      const opened: Lane<Effect> = { name, waiting: undefined };
      if (this.#start(effect, opened)) this.#lanes.set(name, opened);
      return;
    }
    lane.waiting ??= new RingQueue(this.#effectsMax);
    this.#effectsInLanes += 1;
    assert(this.effectsInFlight <= this.#effectsMax, 'a core keeps within its effects in flight', { lane: name });
    const queued = lane.waiting.push(effect);
    assert(queued.ok, 'a lane has room for every effect that may be in flight', { lane: name });
  }

  /** Performs one effect. True when it goes on after this returns. */
  #start(effect: Effect, lane: Lane<Effect> | undefined): boolean {
    const outcome = this.#options.perform(effect);
    if (!(outcome instanceof Promise)) {
      this.#answer(outcome);
      return false;
    }
    this.#effectsRunning += 1;
    assert(this.effectsInFlight <= this.#effectsMax, 'a core keeps within its effects in flight');
    outcome.then(
      (event) => {
        this.#ended(lane, event);
      },
      (fault: unknown) => {
        this.#effectsRunning -= 1;
        this.#fail(fault);
        this.#settleWhenIdle();
      },
    );
    return true;
  }

  #answer(event: Event | undefined): void {
    if (event === undefined || this.#state !== 'open') return;
    const queued = this.#answers.push(event);
    assert(queued.ok, 'the answers that wait stay within the effects in flight', { waiting: this.#answers.length });
  }

  /** An effect that took time has ended well. Always called from the event loop, never from within a step. */
  #ended(lane: Lane<Effect> | undefined, event: Event | undefined): void {
    this.#effectsRunning -= 1;
    if (this.#state !== 'open') {
      this.#settleWhenIdle();
      return;
    }
    this.#busy = true;
    try {
      this.#answer(event);
      // A running barrier is alone, so whatever ends while one runs is the barrier.
      this.#barrierRunning = false;
      if (lane !== undefined) this.#continueLane(lane);
    } catch (fault) {
      this.#fail(fault);
    } finally {
      this.#busy = false;
    }
    this.#drain();
  }

  #continueLane(lane: Lane<Effect>): void {
    for (let effect = lane.waiting?.shift(); effect !== undefined; effect = lane.waiting?.shift()) {
      this.#effectsInLanes -= 1;
      if (this.#start(effect, lane)) return;
    }
    if (this.#state === 'open') assert(this.#lanes.delete(lane.name), 'a lane that ends was open', { lane: lane.name });
  }

  #fail(fault: unknown): void {
    if (this.#state !== 'open') return;
    this.#close('failed');
    this.#options.onFatal(fault);
  }

  #close(state: 'stopped' | 'failed'): void {
    this.#state = state;
    this.#effects = [];
    this.#effectAt = 0;
    this.#effectsInLanes = 0;
    this.#submitted.clear();
    this.#answers.clear();
    for (const lane of this.#lanes.values()) lane.waiting?.clear();
    this.#lanes.clear();
  }

  #settleWhenIdle(): void {
    if (this.#effectsRunning > 0) return;
    for (const settled of this.#onSettled.splice(0)) settled();
  }
}
