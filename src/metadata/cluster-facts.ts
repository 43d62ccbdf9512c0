/**
 * The cluster's register of facts: names with values, and counters. A core: same commands, same state, same replies.
 *
 * A command carries a request id and is applied once, however often a retry gets it committed: the latest
 * `rememberedRequestsMax` ids are kept, with their replies. A retry that comes later than that many other requests
 * would be applied again, so whoever retries gives up long before (calls end within a minute).
 */
import { assert, assertUnreachable } from '../base/assert.ts';

export type FactCommand =
  | { readonly type: 'set-fact'; readonly requestId: string; readonly name: string; readonly value: string }
  | { readonly type: 'add-to-counter'; readonly requestId: string; readonly name: string; readonly amount: number };

export type FactReply =
  | { readonly type: 'fact-set' }
  | { readonly type: 'counted'; readonly counter: number }
  | { readonly type: 'refused'; readonly why: FactRefusalName };

export type FactRefusalName = 'unreadable' | 'counter-out-of-range' | 'too-many-names';

export interface ClusterFactsContent {
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly counters: readonly (readonly [name: string, counter: number])[];
  /** Oldest first. */
  readonly requests: readonly (readonly [requestId: string, reply: FactReply])[];
}

export interface ClusterFactsLimits {
  readonly namesMax: number;
  readonly rememberedRequestsMax: number;
}

export const clusterFactsLimitsDefault: ClusterFactsLimits = { namesMax: 100_000, rememberedRequestsMax: 16_384 };

export class ClusterFacts {
  readonly #limits: ClusterFactsLimits;
  #facts = new Map<string, string>();
  #counters = new Map<string, number>();
  /** In the order of applying, so that the first is the next to be forgotten. */
  #requests = new Map<string, FactReply>();

  constructor(limits: ClusterFactsLimits) {
    assert(limits.rememberedRequestsMax >= 1, 'a register remembers at least one request', { ...limits });
    this.#limits = limits;
  }

  fact(name: string): string | undefined {
    return this.#facts.get(name);
  }

  counter(name: string): number {
    return this.#counters.get(name) ?? 0;
  }

  apply(command: FactCommand): FactReply {
    const remembered = this.#requests.get(command.requestId);
    if (remembered !== undefined) return remembered;
    const reply = this.#change(command);
    this.#requests.set(command.requestId, reply);
    if (this.#requests.size > this.#limits.rememberedRequestsMax) {
      const [oldest] = this.#requests.keys();
      assert(oldest !== undefined && this.#requests.delete(oldest), 'a full memory has an oldest request');
    }
    assert(this.#requests.size <= this.#limits.rememberedRequestsMax, 'the memory of requests keeps its bound');
    return reply;
  }

  content(): ClusterFactsContent {
    return { facts: [...this.#facts], counters: [...this.#counters], requests: [...this.#requests] };
  }

  restore(content: ClusterFactsContent): void {
    this.#facts = new Map(content.facts);
    this.#counters = new Map(content.counters);
    this.#requests = new Map(content.requests);
    assert(this.#requests.size === content.requests.length, 'a request is remembered once');
  }

  #change(command: FactCommand): FactReply {
    switch (command.type) {
      case 'set-fact':
        if (!this.#hasRoomFor(this.#facts, command.name)) return { type: 'refused', why: 'too-many-names' };
        this.#facts.set(command.name, command.value);
        return { type: 'fact-set' };
      case 'add-to-counter': {
        const counter = this.counter(command.name) + command.amount;
        if (!Number.isSafeInteger(counter)) return { type: 'refused', why: 'counter-out-of-range' };
        if (!this.#hasRoomFor(this.#counters, command.name)) return { type: 'refused', why: 'too-many-names' };
        this.#counters.set(command.name, counter);
        return { type: 'counted', counter };
      }
      default:
        return assertUnreachable(command);
    }
  }

  #hasRoomFor(names: ReadonlyMap<string, unknown>, name: string): boolean {
    return names.has(name) || names.size < this.#limits.namesMax;
  }
}
