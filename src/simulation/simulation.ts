/**
 * A world of machines in one thread, on virtual time: the entry to everything in this folder.
 *
 * Each turn takes the next action out of the scheduler, runs it, and lets every promise callback finish. Between
 * turns nothing of the real world happens, so one seed always gives one history.
 * Read next: simulated-process.ts (what a program gets), scenario.ts (what a campaign runs), fault-plan.ts.
 */
import { assert } from '../base/assert.ts';
import type { StreamLimits } from '../ports/stream.ts';
import { setAmbientTrap } from './ambient-trap.ts';
import { catchRejections } from './rejection-listener.ts';
import { SimulatedNetwork } from './simulated-network.ts';
import { SimulatedProcess, type Boot } from './simulated-process.ts';
import { SimulatedWorld, type WorldOptions } from './simulated-world.ts';
import { runTurns } from './turn-loop.ts';

export interface RunLimits {
  /** Stops when it is this late. Infinity: never. */
  readonly untilMs: number;
  /** Looked at after every turn; true stops. */
  readonly until?: () => boolean;
}

/** Why a run stopped. */
export type RunEnd = 'condition-holds' | 'time-is-up' | 'nothing-left-to-do' | 'problem';

export interface SimulationOptions extends WorldOptions {
  readonly streamLimits?: StreamLimits;
}

export class Simulation {
  readonly world: SimulatedWorld;
  readonly network: SimulatedNetwork;
  readonly #processes = new Map<string, SimulatedProcess>();
  #isRunning = false;

  constructor(options: SimulationOptions) {
    this.world = new SimulatedWorld(options);
    this.network = new SimulatedNetwork(this.world, options.streamLimits);
  }

  get processes(): readonly SimulatedProcess[] {
    return [...this.#processes.values()];
  }

  /** A machine of that name with one process; it is down until it is started. */
  addProcess(name: string, boot: Boot): SimulatedProcess {
    assert(!this.#processes.has(name), 'each machine has its own name', { name });
    const process = new SimulatedProcess({ name, world: this.world, network: this.network, boot });
    this.#processes.set(name, process);
    return process;
  }

  mustFindProcess(name: string): SimulatedProcess {
    const process = this.#processes.get(name);
    assert(process !== undefined, 'a machine that is named exists', { name });
    return process;
  }

  /** May be called again and again; time goes on where it stopped. */
  async run({ untilMs, until }: RunLimits): Promise<RunEnd> {
    assert(!this.#isRunning, 'a simulation runs once at a time');
    this.#isRunning = true;
    const { world } = this;
    const { scheduler } = world;
    let end: RunEnd = 'condition-holds';
    const trap = setAmbientTrap((what) => {
      world.fail({ what: 'simulated code takes time, chance and timers from its ports', facts: { touched: what } });
    });
    const stopListening = catchRejections((reason) => {
      if (world.enteredLast === undefined)
        world.fail({ what: 'no promise is rejected unheard', facts: { reason: String(reason) }, cause: reason });
      else world.enteredLast.onUncaught(reason);
    });
    const stopAs = (why: RunEnd): boolean => {
      end = why;
      return false;
    };
    try {
      await runTurns({
        turn: () => {
          if (world.problem !== undefined) return stopAs('problem');
          if (until?.() === true) return stopAs('condition-holds');
          const nextMs = scheduler.nextMs;
          if (nextMs === undefined || nextMs > untilMs) {
            if (untilMs < Infinity) scheduler.passUntil(untilMs);
            return stopAs(nextMs === undefined ? 'nothing-left-to-do' : 'time-is-up');
          }
          world.trace.foldNumber(nextMs * 1024);
          return scheduler.runNext();
        },
        onBatchStart: () => {
          trap.armed = true;
        },
        onBatchEnd: () => {
          trap.armed = false;
        },
      });
    } finally {
      stopListening();
      trap.remove();
      this.#isRunning = false;
    }
    return end;
  }
}
