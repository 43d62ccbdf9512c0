/**
 * A core for tests of the driver: it decides what a script says, and the performer writes down what happens.
 *
 * An effect is a letter with a place to run; effects listed in `slow` end when the test says so.
 */
import { assert } from '../../src/base/assert.ts';
import type { StateMachine } from '../../src/base/state-machine.ts';
import { Driver, type DriverLimits, type Schedule } from '../../src/drive/driver.ts';

export interface ScriptedEvent {
  readonly name: string;
}

export interface ScriptedEffect {
  readonly name: string;
  readonly schedule: Schedule;
  /** What it answers, as the name of an event. */
  readonly answer?: string;
  /** True: it ends when the test calls `end` or `fail`. */
  readonly slow?: boolean;
}

export type Script = (event: ScriptedEvent) => readonly ScriptedEffect[];

interface Pending {
  readonly effect: ScriptedEffect;
  readonly resolve: (event: ScriptedEvent | undefined) => void;
  readonly reject: (fault: unknown) => void;
}

export class ScriptedMachine implements StateMachine<ScriptedEvent, ScriptedEffect> {
  readonly #script: Script;
  readonly #trace: string[];

  constructor(script: Script, trace: string[]) {
    this.#script = script;
    this.#trace = trace;
  }

  step(event: ScriptedEvent): readonly ScriptedEffect[] {
    this.#trace.push(`step ${event.name}`);
    return this.#script(event);
  }
}

/** A driver around a scripted machine, its trace, and the hands that end its slow effects. */
export class Stage {
  readonly trace: string[] = [];
  readonly faults: unknown[] = [];
  readonly driver: Driver<ScriptedEvent, ScriptedEffect>;
  /** Called at the start of each effect, for tests that do something from within one. */
  onPerform: (effect: ScriptedEffect) => void = () => {};
  readonly #pending = new Map<string, Pending>();
  readonly #soon: (() => void)[] = [];

  constructor(script: Script, limits: Partial<DriverLimits> = {}) {
    this.driver = new Driver({
      machine: new ScriptedMachine(script, this.trace),
      schedule: (effect) => effect.schedule,
      perform: (effect) => this.#perform(effect),
      onFatal: (fault) => this.faults.push(fault),
      clock: { callSoon: (action) => this.#soon.push(action) },
      limits: { eventsWaitingMax: 100, effectsInFlightMax: 100, stepsPerTurnMax: 100, ...limits },
    });
  }

  submit(...names: string[]): void {
    for (const name of names) {
      const submitted = this.driver.submit({ name });
      assert(submitted.ok, 'the stage has room for the events of its test', { name });
    }
  }

  /** Ends a slow effect well and lets the driver notice. */
  async end(name: string): Promise<void> {
    const { effect, resolve } = this.#take(name);
    this.trace.push(`end ${name}`);
    resolve(answerOf(effect));
    await noticed();
  }

  async fail(name: string, fault: unknown): Promise<void> {
    this.#take(name).reject(fault);
    await noticed();
  }

  /** Runs one later turn of the event loop. False when nothing waited for it. */
  turn(): boolean {
    const actions = this.#soon.splice(0);
    for (const action of actions) action();
    return actions.length > 0;
  }

  #perform(effect: ScriptedEffect): ScriptedEvent | undefined | Promise<ScriptedEvent | undefined> {
    this.trace.push(`do ${effect.name}`);
    this.onPerform(effect);
    if (effect.slow !== true) return answerOf(effect);
    return new Promise((resolve, reject) => {
      this.#pending.set(effect.name, { effect, resolve, reject });
    });
  }

  #take(name: string): Pending {
    const pending = this.#pending.get(name);
    assert(pending !== undefined, 'the effect that is to end is running', { name });
    this.#pending.delete(name);
    return pending;
  }
}

export const now = (name: string, more: Partial<ScriptedEffect> = {}): ScriptedEffect => ({
  name,
  schedule: { kind: 'now' },
  ...more,
});

export const inLane = (lane: string, name: string, more: Partial<ScriptedEffect> = {}): ScriptedEffect => ({
  name,
  schedule: { kind: 'lane', lane },
  ...more,
});

export const barrier = (name: string, more: Partial<ScriptedEffect> = {}): ScriptedEffect => ({
  name,
  schedule: { kind: 'barrier' },
  ...more,
});

/** Decides by name; events that the table does not know decide nothing. */
export function scripted(table: Readonly<Record<string, readonly ScriptedEffect[]>>): Script {
  return (event) => table[event.name] ?? [];
}

function answerOf(effect: ScriptedEffect): ScriptedEvent | undefined {
  return effect.answer === undefined ? undefined : { name: effect.answer };
}

/** Promise callbacks that are ready have run. */
export async function noticed(): Promise<void> {
  for (let tick = 0; tick < 4; tick += 1) await Promise.resolve();
}
