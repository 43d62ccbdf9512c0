/**
 * The roads between machines: one link for each ordered pair, so that every fault can be one-way.
 *
 * A link that is cut or clogged holds what is sent, as TCP does; it never loses or reorders bytes. When it opens
 * again, what it held goes on its way. Whether a stream survives that long is decided in simulated-network.ts.
 */
import { assert } from '../base/assert.ts';
import type { SimulatedRandom } from './simulated-random.ts';
import type { SimulatedScheduler } from './simulated-scheduler.ts';

/** How long messages take. */
export interface LinkWeather {
  readonly delayMsMin: number;
  /** Added to the minimum: exponential with this mean. */
  readonly delayMsMean: number;
  /** How often a message takes `heavyTailFactor` times as long. */
  readonly heavyTailChance: number;
  readonly heavyTailFactor: number;
}

export const calmWeather: LinkWeather = { delayMsMin: 0.2, delayMsMean: 0.5, heavyTailChance: 0, heavyTailFactor: 1 };

/** Within one machine. */
const loopbackWeather: LinkWeather = { delayMsMin: 0.05, delayMsMean: 0.05, heavyTailChance: 0, heavyTailFactor: 1 };

/** Something that waits for a link to open. */
export interface LinkWaiter {
  onLinkOpen(): void;
}

/** One direction between two machines. */
export class SimulatedLink {
  readonly from: string;
  readonly to: string;
  weather: LinkWeather;
  readonly #random: SimulatedRandom;
  readonly #scheduler: SimulatedScheduler;
  #isCut = false;
  #cutsSoFar = 0;
  #cloggedUntilMs = 0;
  #waiters = new Set<LinkWaiter>();

  constructor(
    { from, to, weather }: { readonly from: string; readonly to: string; readonly weather: LinkWeather },
    scheduler: SimulatedScheduler,
    random: SimulatedRandom,
  ) {
    this.from = from;
    this.to = to;
    this.weather = weather;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Tells one cut from the next: 0 while the link is whole. */
  get cutNumber(): number {
    return this.#isCut ? this.#cutsSoFar : 0;
  }

  get isOpen(): boolean {
    return !this.#isCut && this.#scheduler.nowMs >= this.#cloggedUntilMs;
  }

  drawDelayMs(): number {
    const { delayMsMin, delayMsMean, heavyTailChance, heavyTailFactor } = this.weather;
    const delayMs = delayMsMin + this.#random.exponential(delayMsMean);
    return heavyTailChance > 0 && this.#random.chance(heavyTailChance) ? delayMs * heavyTailFactor : delayMs;
  }

  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#cutsSoFar += 1;
  }

  /** Holds everything for a while; nobody is told. */
  clog(forMs: number): void {
    this.#cloggedUntilMs = Math.max(this.#cloggedUntilMs, this.#scheduler.nowMs + forMs);
    this.#scheduler.after(forMs, () => this.#wakeIfOpen());
  }

  heal(): void {
    this.#isCut = false;
    this.#cloggedUntilMs = 0;
    this.#wakeIfOpen();
  }

  wait(waiter: LinkWaiter): void {
    assert(!this.isOpen, 'nothing waits for an open link', { from: this.from, to: this.to });
    this.#waiters.add(waiter);
  }

  #wakeIfOpen(): void {
    if (!this.isOpen) return;
    const woken = this.#waiters;
    this.#waiters = new Set();
    for (const waiter of woken) waiter.onLinkOpen();
  }
}

export class SimulatedLinks {
  readonly #scheduler: SimulatedScheduler;
  readonly #random: SimulatedRandom;
  readonly #links = new Map<string, SimulatedLink>();
  #weather: LinkWeather = calmWeather;

  constructor(scheduler: SimulatedScheduler, random: SimulatedRandom) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** Made on first use. */
  link(from: string, to: string): SimulatedLink {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      const weather = from === to ? loopbackWeather : this.#weather;
      link = new SimulatedLink({ from, to, weather }, this.#scheduler, this.#random.fork(key));
      this.#links.set(key, link);
    }
    return link;
  }

  /** For every link between different machines, those not yet made included. */
  setWeather(weather: LinkWeather): void {
    this.#weather = weather;
    for (const link of this.#links.values()) if (link.from !== link.to) link.weather = weather;
  }
}
