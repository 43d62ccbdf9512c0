/**
 * Makes a fault plan happen: draws the moments and the victims, and ends what ends by itself.
 *
 * Also the supervisor that starts processes again. At the end of the safety phase `freezeExcept` heals a core and
 * leaves everything else as it is, for ever. Read next: storage-faults.ts for what happens to disks.
 */
import { assert, assertUnreachable } from '../base/assert.ts';
import { faultCounter, type FaultKind, type FaultPlan, type FaultScope } from './fault-plan.ts';
import { drawPartition, partitionShapes } from './partition-shapes.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { SimulatedRandom } from './simulated-random.ts';
import type { Simulation } from './simulation.ts';
import { StorageFaults } from './storage-faults.ts';

export interface FaultInjectorOptions {
  readonly simulation: Simulation;
  readonly plan: FaultPlan;
  readonly scope: FaultScope;
  readonly random: SimulatedRandom;
}

/** Half of all crashes fall at a moment, half in the middle of a step, at most so many operations ahead. */
const doomOperationsMax = 30;
/** A core that gives up is started again by its supervisor without much ado. */
const coreDownMs = 20;
const wallJumpMsMax = 10 * 365 * 86_400_000;

export class FaultInjector {
  readonly #simulation: Simulation;
  readonly #plan: FaultPlan;
  readonly #scope: FaultScope;
  readonly #random: SimulatedRandom;
  readonly #storage: StorageFaults;
  #isFrozen = false;

  constructor({ simulation, plan, scope, random }: FaultInjectorOptions) {
    this.#simulation = simulation;
    this.#plan = plan;
    this.#scope = scope;
    this.#random = random;
    this.#storage = new StorageFaults({
      machines: scope.storageMachines.map((name) => simulation.mustFindProcess(name)),
      plan,
      random: random.fork('storage'),
      later: (delayMs, action) => this.#later(delayMs, action),
    });
  }

  /** Machines on which data that was stored well has been damaged. */
  get damaged(): ReadonlySet<string> {
    return this.#storage.damaged;
  }

  start(): void {
    const { network } = this.#simulation;
    network.habits = this.#plan.habits;
    network.links.setWeather(this.#plan.weather);
    this.#storage.start();
    for (const machine of this.#processes()) this.#supervise(machine);
    for (const [kind, meanMs] of this.#plan.intervalMsMean) this.#repeat(kind, meanMs);
  }

  /** No more faults. These machines are healed, their processes run; all else stays as it is. */
  freezeExcept(core: readonly string[]): void {
    this.#isFrozen = true;
    const { network } = this.#simulation;
    network.healAmong(new Set(core));
    network.links.setWeather(this.#plan.weather);
    for (const name of core) {
      const machine = this.#simulation.mustFindProcess(name);
      machine.spare();
      this.#storage.heal(machine);
      if (machine.state === 'paused') machine.resume();
      if (machine.state === 'down') machine.start();
      machine.onEnd = () => {
        this.#simulation.world.scheduler.after(coreDownMs, () => startIfDown(machine));
      };
    }
  }

  #repeat(kind: FaultKind, meanMs: number): void {
    this.#later(this.#random.exponential(meanMs), () => {
      if (this.#strike(kind)) this.#simulation.world.reached.count(faultCounter(kind));
      this.#repeat(kind, meanMs);
    });
  }

  /** True when it did something. */
  #strike(kind: FaultKind): boolean {
    switch (kind) {
      case 'rough weather':
        return this.#roughWeather();
      case 'link clogged':
      case 'link cut':
      case 'link cut one way':
      case 'partition':
        return this.#cut(kind);
      case 'stream reset':
        return this.#simulation.network.resetOne(this.#random);
      case 'stream stalled':
        return this.#simulation.network.stallOne(this.#random);
      case 'crash':
        return this.#crash();
      case 'power cut':
        return this.#powerCut();
      case 'pause':
        return this.#pause();
      case 'clock jump':
      case 'clock drift':
        return this.#disturbClock(kind);
      case 'disk stuck':
      case 'disk full':
      case 'disk error':
      case 'sync failure':
      case 'bit rot':
        return this.#storage.strike(kind);
      default:
        return assertUnreachable(kind);
    }
  }

  #roughWeather(): boolean {
    const { links } = this.#simulation.network;
    links.setWeather(this.#plan.roughWeather);
    this.#later(this.#lastsMs(), () => links.setWeather(this.#plan.weather));
    return true;
  }

  #cut(kind: 'link clogged' | 'link cut' | 'link cut one way' | 'partition'): boolean {
    const { network, world } = this.#simulation;
    const { machines } = this.#scope;
    if (machines.length < 2) return false;
    const [from, to] = this.#random.shuffled(machines);
    assert(from !== undefined && to !== undefined, 'there are two machines');
    switch (kind) {
      case 'link clogged':
        network.links.link(from, to).clog(this.#lastsMs());
        return true;
      case 'link cut':
        this.#cutFor([
          { from, to },
          { from: to, to: from },
        ]);
        return true;
      case 'link cut one way':
        this.#cutFor([{ from, to }]);
        return true;
      case 'partition': {
        const { shape, cuts } = drawPartition(this.#random.pick(partitionShapes), machines, this.#random);
        world.trace.record('network', `partition: ${shape}`);
        world.reached.count(`partition: ${shape}`);
        this.#cutFor(cuts);
        return true;
      }
      default:
        return assertUnreachable(kind);
    }
  }

  #cutFor(cuts: readonly { readonly from: string; readonly to: string }[]): void {
    const { network } = this.#simulation;
    for (const { from, to } of cuts) network.cut(from, to);
    this.#later(this.#lastsMs(), () => {
      for (const { from, to } of cuts) network.heal(from, to);
    });
  }

  #crash(): boolean {
    const victim = this.#pickRunning();
    if (victim === undefined) return false;
    if (this.#random.chance(0.5)) victim.crash();
    else victim.dieAtOperation(this.#random.integerBetween(1, doomOperationsMax), 'crash');
    return true;
  }

  /** One machine, at a moment or in the middle of a step, and sometimes the whole house. */
  #powerCut(): boolean {
    const doomed = this.#random.chance(0.5) ? this.#pickRunning() : undefined;
    if (doomed !== undefined) {
      doomed.dieAtOperation(this.#random.integerBetween(1, doomOperationsMax), 'power-cut');
      return true;
    }
    const running = this.#processes().filter(({ state }) => state !== 'down');
    const victims = this.#random.chance(0.2) || running.length === 0 ? running : [this.#random.pick(running)];
    for (const victim of victims) victim.powerCut();
    return victims.length > 0;
  }

  #pause(): boolean {
    const victim = this.#pickRunning();
    if (victim === undefined) return false;
    victim.pause();
    const { starts } = victim;
    this.#later(this.#lastsMs(), () => {
      if (victim.starts === starts && victim.state === 'paused') victim.resume();
    });
    return true;
  }

  #disturbClock(kind: 'clock jump' | 'clock drift'): boolean {
    const victim = this.#random.pick(this.#processes());
    const sign = this.#random.chance(0.5) ? 1 : -1;
    if (kind === 'clock jump') victim.jumpWallClock(sign * Math.floor(this.#random.acrossMagnitudes(1, wallJumpMsMax)));
    else victim.driftWallClock((sign * this.#random.integerBelow(1_000)) / 10_000);
    return true;
  }

  #supervise(machine: SimulatedProcess): void {
    machine.onEnd = () => {
      this.#later(this.#random.exponential(this.#plan.downMsMean), () => startIfDown(machine));
    };
  }

  /** Unless everything is frozen by then. */
  #later(delayMs: number, action: () => void): void {
    this.#simulation.world.scheduler.after(delayMs, () => {
      if (!this.#isFrozen) action();
    });
  }

  #lastsMs(): number {
    return this.#random.exponential(this.#plan.lastsMsMean);
  }

  #processes(): readonly SimulatedProcess[] {
    return this.#scope.machines.map((name) => this.#simulation.mustFindProcess(name));
  }

  #pickRunning(): SimulatedProcess | undefined {
    const running = this.#processes().filter(({ state }) => state === 'running');
    return running.length === 0 ? undefined : this.#random.pick(running);
  }
}

function startIfDown(machine: SimulatedProcess): void {
  if (machine.state === 'down') machine.start();
}
