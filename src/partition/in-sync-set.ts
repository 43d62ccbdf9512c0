/**
 * The in-sync set as its leader has to think of it: committed, and maximal, which is what may be committed already
 * without the leader knowing (P5).
 *
 * A proposal whose answer is lost may have been made, and may still be made when its message arrives late; so whoever
 * was ever proposed in a partition epoch counts for the watermark until a later epoch is seen, unless the proposal
 * was refused for good before anything became uncertain. One proposal is in flight at a time.
 */
import { assert } from '../base/assert.ts';
import type { PartitionEpoch } from '../base/epochs.ts';
import type { BrokerId } from '../base/ids.ts';
import type { InSyncOutcome } from './partition-event.ts';
import type { PartitionMetadata } from './partition-metadata.ts';
import { Patience } from './patience.ts';

export class InSyncSet {
  #committed: readonly BrokerId[];
  #partitionEpoch: PartitionEpoch;
  /** Proposed in this partition epoch and not committed. */
  #proposed = new Set<BrokerId>();
  #inFlight: readonly BrokerId[] | undefined;
  /** The committed set may be another one already. */
  #isUncertain = false;
  readonly #retry = new Patience();

  constructor({ inSync, partitionEpoch }: PartitionMetadata) {
    this.#committed = inSync;
    this.#partitionEpoch = partitionEpoch;
  }

  get committed(): readonly BrokerId[] {
    return this.#committed;
  }

  /** Committed and proposed. */
  get maximal(): readonly BrokerId[] {
    return this.#proposed.size === 0 ? this.#committed : [...this.#committed, ...this.#proposed];
  }

  get mayPropose(): boolean {
    return this.#inFlight === undefined && !this.#retry.isWaiting;
  }

  /** Members that count for the watermark and that no proposal in flight will bring in. */
  get hasLeftovers(): boolean {
    return this.#inFlight === undefined && this.#proposed.size > 0;
  }

  get retry(): Patience {
    return this.#retry;
  }

  isMember(broker: BrokerId): boolean {
    return this.#committed.includes(broker) || this.#proposed.has(broker);
  }

  onMetadata({ inSync, partitionEpoch }: PartitionMetadata): void {
    if (partitionEpoch === this.#partitionEpoch) return;
    assert(partitionEpoch > this.#partitionEpoch, 'P10: partition epochs do not go back', () => ({ partitionEpoch }));
    this.#committed = inSync;
    this.#partitionEpoch = partitionEpoch;
    this.#proposed.clear();
    this.#inFlight = undefined;
    this.#isUncertain = false;
    this.#retry.end();
  }

  propose(members: readonly BrokerId[]): void {
    assert(this.mayPropose, 'one proposal of in-sync members is in flight at most', () => ({ members }));
    this.#inFlight = members;
    for (const member of members) if (!this.#committed.includes(member)) this.#proposed.add(member);
  }

  onAnswered(partitionEpoch: PartitionEpoch, outcome: InSyncOutcome): void {
    if (partitionEpoch !== this.#partitionEpoch || this.#inFlight === undefined) return;
    this.#inFlight = undefined;
    if (outcome !== 'refused') this.#isUncertain = true;
    else if (!this.#isUncertain) this.#proposed.clear();
    // Accepted as well: metadata that says so is on its way, and makes an end to the wait.
    this.#retry.begin();
  }
}
