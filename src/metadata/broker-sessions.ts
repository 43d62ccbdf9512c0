/**
 * Which brokers the controller hears from. Not in the log: a new controller knows nobody's heartbeats, and gives every
 * broker that is not fenced a whole session to be heard in. Pure but for what it remembers; time is handed in.
 */
import { assert } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { MetadataImage } from './metadata-image.ts';

export interface BrokerSession {
  readonly brokerId: BrokerId;
  /** Of the registration that the session belongs to. */
  readonly brokerEpoch: BrokerEpoch;
  readonly endMs: number;
}

export class BrokerSessions {
  readonly #sessionMs: number;
  readonly #sessions = new Map<BrokerId, BrokerSession>();

  constructor(sessionMs: number) {
    assert(sessionMs > 0, 'a session lasts');
    this.#sessionMs = sessionMs;
  }

  /** Of a controller that begins now. */
  startAll(image: MetadataImage, nowMs: number): void {
    for (const { brokerId, brokerEpoch, state } of image.brokers.values())
      if (state !== 'fenced') this.extend(brokerId, brokerEpoch, nowMs);
  }

  extend(brokerId: BrokerId, brokerEpoch: BrokerEpoch, nowMs: number): void {
    const before = this.#sessions.get(brokerId);
    assert(before === undefined || before.brokerEpoch <= brokerEpoch, 'M5: broker epochs grow', { brokerId });
    this.#sessions.set(brokerId, { brokerId, brokerEpoch, endMs: nowMs + this.#sessionMs });
  }

  /** It said that it goes: there is nothing to wait for. */
  endNow(brokerId: BrokerId, nowMs: number): void {
    const session = this.#sessions.get(brokerId);
    if (session !== undefined) this.#sessions.set(brokerId, { ...session, endMs: nowMs });
  }

  forget(brokerId: BrokerId): void {
    this.#sessions.delete(brokerId);
  }

  has(brokerId: BrokerId, nowMs: number): boolean {
    const session = this.#sessions.get(brokerId);
    return session !== undefined && session.endMs > nowMs;
  }

  /** The controller itself did not run for so long, and heard nobody: that is not the brokers' fault. */
  extendAllBy(pauseMs: number): void {
    for (const session of this.#sessions.values())
      this.#sessions.set(session.brokerId, { ...session, endMs: session.endMs + pauseMs });
  }

  /** In the order of the brokers' numbers. Kept until the broker is fenced, because the fencing may be refused. */
  ended(nowMs: number): readonly BrokerSession[] {
    const ended = [...this.#sessions.values()].filter(({ endMs }) => endMs <= nowMs);
    return ended.sort((a, b) => a.brokerId - b.brokerId);
  }
}
