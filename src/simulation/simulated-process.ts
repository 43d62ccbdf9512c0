/**
 * A machine with one process on it, through all its lives.
 *
 * `boot` is the program: it gets fresh ports at every start and builds everything from them, exactly as main.ts
 * does from the real ones. What survives is on the machine: disk, stores and the wall clock.
 * Read next: incarnation.ts (one life), simulation.ts (the world of machines).
 */
import { assert } from '../base/assert.ts';
import type { FaultError } from '../base/fault-error.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { KeyValueStores } from '../ports/key-value-store.ts';
import type { Random } from '../ports/random.ts';
import type { Network } from '../ports/stream.ts';
import { Incarnation, type Ending } from './incarnation.ts';
import { SimulatedNetworkPort } from './network-port.ts';
import { SimulatedClock, SimulatedWallClock } from './simulated-clock.ts';
import type { DeviceOptions } from './simulated-device.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedEventLog } from './simulated-event-log.ts';
import { SimulatedKeyValueStores } from './simulated-key-value-stores.ts';
import type { SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedRandom } from './simulated-random.ts';
import type { SimulatedWorld } from './simulated-world.ts';

/** Everything a process has of the outside. */
export interface ProcessPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly disk: Disk;
  readonly stores: KeyValueStores;
  readonly eventLog: EventLog;
  /** Ends the process at once, as main.ts does on a fault that nobody can mend. */
  readonly exit: (fault: FaultError) => void;
}

/** The program of a process. May return a promise; a rejection is an error that nobody caught. */
export type Boot = (ports: ProcessPorts) => void | Promise<void>;

export type ProcessState = 'running' | 'paused' | 'down';

export class SimulatedProcess {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly stores: SimulatedKeyValueStores;
  /** Called after the process has ended, in whatever way; a supervisor may start it again, later. */
  onEnd: ((ending: Ending) => void) | undefined;
  readonly #wallClock = new SimulatedWallClock(0);
  readonly #world: SimulatedWorld;
  readonly #network: SimulatedNetwork;
  readonly #boot: Boot;
  readonly #random: SimulatedRandom;
  #incarnation: Incarnation | undefined;
  #starts = 0;
  #pauses = 0;
  #lastEnding: Ending | undefined;

  constructor({
    name,
    world,
    network,
    boot,
  }: {
    name: string;
    world: SimulatedWorld;
    network: SimulatedNetwork;
    boot: Boot;
  }) {
    this.name = name;
    this.#world = world;
    this.#network = network;
    this.#boot = boot;
    this.#random = world.random.fork(`process ${name}`);
    const device = <Fault extends string>(label: string): DeviceOptions<Fault> => ({
      clock: world.clock,
      random: this.#random.fork(label),
      onFault: (fault) => {
        world.reached.count(fault);
        world.trace.record(name, fault);
      },
    });
    this.disk = new SimulatedDisk(device('disk'));
    this.stores = new SimulatedKeyValueStores(device('stores'));
  }

  get state(): ProcessState {
    if (this.#incarnation === undefined) return 'down';
    return this.#incarnation.isPaused ? 'paused' : 'running';
  }

  get starts(): number {
    return this.#starts;
  }

  /** How the life before the present one ended; undefined in the first. */
  get lastEnding(): Ending | undefined {
    return this.#lastEnding;
  }

  start(): void {
    assert(this.#incarnation === undefined, 'a running process is not started again', { process: this.name });
    this.#starts += 1;
    const number = this.#starts;
    const incarnation = new Incarnation(this.#world, this.name, number, (fault) => this.#exit(incarnation, fault));
    this.#incarnation = incarnation;
    this.#network.attach(incarnation);
    this.#world.trace.record(this.name, `start ${number}`);
    const ports = this.#portsOf(incarnation, this.#random.fork(`start ${number}`));
    this.#world.scheduler.soon(() =>
      incarnation.enter(() => {
        const booted = this.#boot(ports);
        if (booted instanceof Promise) booted.catch((fault: unknown) => incarnation.onUncaught(fault));
      }),
    );
  }

  /** kill -9. */
  crash(): void {
    this.#end('crash', 'crash');
  }

  /** Dies in the middle of what it then does: just before its nth operation from now. */
  dieAtOperation(nthOperation: number, ending: 'crash' | 'power-cut'): void {
    const incarnation = this.#mustRun();
    this.#world.trace.record(this.name, `${ending} at operation ${nthOperation}`);
    incarnation.doomAt(nthOperation, () => (ending === 'crash' ? this.crash() : this.powerCut()));
  }

  /** Takes back a death that has not come yet. */
  spare(): void {
    this.#incarnation?.spare();
  }

  powerCut(): void {
    this.#end('power-cut', 'power cut');
  }

  /** SIGSTOP: time passes, nothing runs, what arrives waits. */
  pause(): void {
    const incarnation = this.#mustRun();
    this.#world.trace.record(this.name, 'pause');
    incarnation.pause();
    this.#pauses += 1;
    const pause = this.#pauses;
    this.#network.noticePause(incarnation, () => incarnation.isPaused && this.#pauses === pause);
  }

  resume(): void {
    this.#world.trace.record(this.name, 'resume');
    this.#mustRun().resume();
  }

  /** Somebody sets the clock of the machine. */
  jumpWallClock(byMs: number): void {
    this.#world.trace.record(this.name, `wall clock jumps by ${byMs} ms`);
    this.#wallClock.jump(byMs);
  }

  driftWallClock(gainPerMs: number): void {
    this.#world.trace.record(this.name, `wall clock gains ${gainPerMs} per ms`);
    this.#wallClock.drift(this.#world.nowMs, gainPerMs);
  }

  /** Runs `action` as code of the process: now, when it is resumed, or never when it is down. */
  run(action: () => void): void {
    this.#incarnation?.enter(action);
  }

  #exit(incarnation: Incarnation, fault: FaultError): void {
    // Code that gave up may say so again on its way out.
    if (this.#incarnation !== incarnation) return;
    this.#world.reached.count('process exited on a fault');
    this.#end('exit', `exit: ${fault.message}`);
  }

  #end(ending: Ending, line: string): void {
    const incarnation = this.#mustRun();
    this.#world.trace.record(this.name, line);
    this.#incarnation = undefined;
    this.#lastEnding = ending;
    incarnation.end(ending);
    if (ending === 'power-cut') {
      this.disk.powerCut();
      this.stores.powerCut();
    }
    this.onEnd?.(ending);
  }

  #portsOf(incarnation: Incarnation, random: SimulatedRandom): ProcessPorts {
    const monotonicStartMs = random.integerBelow(2 ** 40);
    const disk = this.disk.incarnation(incarnation);
    const stores = this.stores.incarnation(incarnation);
    incarnation.onDeath(() => {
      disk.kill();
      stores.kill();
    });
    return {
      clock: new SimulatedClock(incarnation, this.#wallClock, monotonicStartMs),
      random,
      network: new SimulatedNetworkPort(this.#network, incarnation),
      disk: disk.disk,
      stores: stores.stores,
      eventLog: new SimulatedEventLog(incarnation, {}),
      exit: (fault) => this.#exit(incarnation, fault),
    };
  }

  #mustRun(): Incarnation {
    assert(this.#incarnation !== undefined, 'a process that is down cannot be harmed', { process: this.name });
    return this.#incarnation;
  }
}
