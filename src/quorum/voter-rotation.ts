/**
 * The voters as a node without a vote knows them: one that it asks, and the next when that one does not answer well.
 *
 * Every voter passes calls on to whoever leads, so any will do; which one comes first is drawn, so that many nodes
 * spread over the voters.
 */
import { assert } from '../base/assert.ts';
import type { Random } from '../ports/random.ts';
import type { Channel, Network } from '../ports/stream.ts';

const endpointsMax = 64;

export class VoterRotation {
  readonly #network: Network;
  readonly #endpoints: string[];
  readonly #channels = new Map<string, Channel>();
  #at: number;

  constructor({ network, random, endpoints }: { network: Network; random: Random; endpoints: readonly string[] }) {
    assert(endpoints.length > 0, 'there is a voter to ask');
    this.#network = network;
    this.#endpoints = [...endpoints];
    this.#at = random.integerBelow(endpoints.length);
  }

  get current(): Channel {
    const endpoint = this.#endpoints[this.#at];
    assert(endpoint !== undefined, 'the rotation stays within its voters', { at: this.#at });
    const open = this.#channels.get(endpoint);
    if (open !== undefined) return open;
    const channel = this.#network.channel(endpoint);
    this.#channels.set(endpoint, channel);
    return channel;
  }

  /** Somebody said that these are voters as well. Those that are none any more do not answer, and cost a try. */
  learn(endpoints: readonly string[]): void {
    for (const endpoint of endpoints) {
      const isNews = endpoint !== '' && !this.#endpoints.includes(endpoint);
      if (isNews && this.#endpoints.length < endpointsMax) this.#endpoints.push(endpoint);
    }
  }

  /** `failed` did not answer well: the next one is asked, unless somebody has moved on already. */
  moveOnFrom(failed: Channel): void {
    if (this.#endpoints[this.#at] !== failed.endpoint) return;
    this.#at = (this.#at + 1) % this.#endpoints.length;
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}
