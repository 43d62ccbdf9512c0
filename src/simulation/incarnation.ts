/**
 * One life of a process: from a start to the crash, power cut or exit that ends it.
 *
 * Everything from outside (timers, messages, disk completions) enters through `enter`, which runs it now, after
 * the pause, or never. Everything that the process does to the outside asks `mayAct` first. So nothing of a dead
 * incarnation can touch shared state: within the turn in which it died its remaining code simply runs into the
 * void; any later attempt means that something kept it alive behind our back, and fails the run.
 */
import { assert } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import type { SimulatedWorld } from './simulated-world.ts';

/** How a process can end. */
export type Ending =
  | 'crash' // killed: the machine stays up, so its kernel tells the peers and refuses connections
  | 'exit' // the same, but the process itself gave up
  | 'power-cut'; // the machine is gone: silence, and what was not synced may be lost

/** A paused process that is sent more than this is not being simulated sensibly. */
const heldWhilePausedMax = 1_000_000;

export class Incarnation {
  readonly processName: string;
  /** 1 for the first life of the process. */
  readonly number: number;
  readonly world: SimulatedWorld;
  readonly #onExit: (fault: FaultError) => void;
  readonly #onDeath: ((ending: Ending) => void)[] = [];
  #state: 'running' | 'paused' | 'dead' = 'running';
  #changedAtAction = -1;
  #held: (() => void)[] = [];
  #doom: { operationsLeft: number; readonly strike: () => void } | undefined;

  constructor(world: SimulatedWorld, processName: string, number: number, onExit: (fault: FaultError) => void) {
    this.world = world;
    this.processName = processName;
    this.number = number;
    this.#onExit = onExit;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }

  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  /** Runs `action` as code of this incarnation: now, when it is resumed, or never. */
  enter(action: () => void): void {
    if (this.#state === 'dead') return;
    if (this.#state === 'paused') {
      assert(this.#held.length < heldWhilePausedMax, 'what waits for a paused process is bounded', {
        heldWhilePausedMax,
      });
      this.#held.push(action);
      return;
    }
    this.world.enteredLast = this;
    try {
      action();
    } catch (fault) {
      this.onUncaught(fault);
    }
  }

  /** Asked before anything shared changes. When false, do nothing and settle nothing. */
  mayAct(operation: string): boolean {
    if (this.#doom !== undefined) this.#approachDoom(this.#doom);
    if (this.#state === 'running' || this.#changedAtAction === this.world.scheduler.actionsRun)
      return this.#state !== 'dead';
    this.world.fail({
      what: 'nothing of a dead or paused incarnation touches shared state',
      facts: { process: this.processName, incarnation: this.number, state: this.#state, operation },
    });
    return false;
  }

  /**
   * Calls `strike`, which ends this life, in the middle of what the process then does: just before its nth operation
   * from now. So crashes also fall between two steps that always come in one turn.
   */
  doomAt(nthOperation: number, strike: () => void): void {
    assert(nthOperation >= 1, 'doom lies ahead', { nthOperation });
    this.#doom = { operationsLeft: nthOperation, strike };
  }

  spare(): void {
    this.#doom = undefined;
  }

  /** Called once, in the order of registration, when this life ends. */
  onDeath(cleanUp: (ending: Ending) => void): void {
    assert(this.isAlive, 'only the living make arrangements', { process: this.processName });
    this.#onDeath.push(cleanUp);
  }

  /** What main.ts would do with an error that nobody caught: stop on a fault; a bug is what we are looking for. */
  onUncaught(thrown: unknown): void {
    if (!this.isAlive) return;
    if (thrown instanceof FaultError) {
      this.#onExit(thrown);
      return;
    }
    this.world.fail({
      what: 'no process throws anything but faults',
      facts: { process: this.processName, incarnation: this.number, thrown: String(thrown), ...factsOf(thrown) },
      cause: thrown,
    });
  }

  pause(): void {
    assert(this.#state === 'running', 'only a running process can be paused', { state: this.#state });
    this.#become('paused');
  }

  /** What was held comes in the order in which it came, each in a turn of its own. */
  resume(): void {
    assert(this.#state === 'paused', 'only a paused process can be resumed', { state: this.#state });
    this.#become('running');
    const held = this.#held;
    this.#held = [];
    for (const action of held) this.world.scheduler.soon(() => this.enter(action));
  }

  end(ending: Ending): void {
    assert(this.isAlive, 'a process dies once', { process: this.processName });
    this.#become('dead');
    this.#held = [];
    for (const cleanUp of this.#onDeath) cleanUp(ending);
  }

  #approachDoom(doom: { operationsLeft: number; readonly strike: () => void }): void {
    doom.operationsLeft -= 1;
    if (doom.operationsLeft > 0) return;
    this.#doom = undefined;
    if (this.#state === 'running') doom.strike();
  }

  #become(state: 'running' | 'paused' | 'dead'): void {
    this.#state = state;
    this.#changedAtAction = this.world.scheduler.actionsRun;
  }
}

function factsOf(thrown: unknown): object {
  const facts: unknown = thrown instanceof Error && 'facts' in thrown ? thrown.facts : undefined;
  return typeof facts === 'object' && facts !== null ? { facts } : {};
}
