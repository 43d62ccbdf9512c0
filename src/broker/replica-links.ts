/**
 * How the replicas on this broker talk to those on others, as partition runners see it.
 *
 * Nothing here is promised to arrive: the core repeats what matters. What arrives came from the broker that it names, in the life
 * that it names, and every batch in it was looked at (form and checksum). Messages of one lane keep their order.
 */
import type { BrokerId } from '../base/ids.ts';
import type { Offset } from '../base/offsets.ts';
import type { PartitionMessage, PushMessage } from '../partition/partition-message.ts';
import type { PartitionKey } from './partition-key.ts';
import type { PeerBatches } from '../partition/peer-batches.ts';

/** Each has a connection of its own, so that bytes on their way delay nobody's acknowledgements. */
export type PushLane = 'tail' | 'catch-up';

export interface ReplicaLinks {
  /** Everything that carries no batches: small, and never behind those. Dropped when there is no way, or no room. */
  send(to: BrokerId, key: PartitionKey, message: Exclude<PartitionMessage, PushMessage>): void;
  /**
   * Calls `read` when the lane has room for more bytes, and sends what it returns; so bytes that wait are few, however
   * many partitions push. Resolves with false when there is no way to that broker (any more), else when what was read is on its
   * way, or `read` had nothing.
   */
  push(to: BrokerId, key: PartitionKey, lane: PushLane, read: () => Promise<PushMessage | undefined>): Promise<boolean>;
  /** Batches of that broker's replica; undefined when it does not answer, or has none there. */
  readBatches(of: BrokerId, key: PartitionKey, from: Offset): Promise<PeerBatches | undefined>;
}

/** What the transport tells. */
export interface ReplicaLinkEvents {
  onMessage(from: BrokerId, key: PartitionKey, message: PartitionMessage): void;
  /** A connection to that broker ended or was made anew. For all partitions that are shared with it. */
  onLinkLost(broker: BrokerId): void;
  /** Another broker wants batches of the replica here. */
  readHere(key: PartitionKey, from: Offset): Promise<PeerBatches | undefined>;
}
