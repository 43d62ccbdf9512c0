/**
 * Who speaks to whom between the replicas of two brokers, and why one may refuse to listen.
 *
 * A broker is its number and its registration: what a life of it promised is not kept by the next one, which may have lost
 * an unflushed tail. So nobody is listened to who is not, or does not mean, the life that the newest metadata knows.
 */
import type { BrokerEpoch } from '../base/epochs.ts';
import type { BrokerId, ClusterId } from '../base/ids.ts';

/** Each lane is a connection of its own, so that bytes on their way delay nothing else. */
export type ReplicaLane = 'control' | 'tail' | 'catch-up';

export interface ReplicaHello {
  readonly clusterId: ClusterId;
  readonly from: BrokerId;
  readonly fromEpoch: BrokerEpoch;
  readonly to: BrokerId;
  readonly toEpoch: BrokerEpoch;
  readonly lane: ReplicaLane;
}

export interface ReplicaSelf {
  readonly clusterId: ClusterId;
  readonly brokerId: BrokerId;
  /** Of this life. */
  readonly brokerEpoch: BrokerEpoch;
}

export type ReplicaHelloProblem =
  | { readonly type: 'other-cluster'; readonly ours: ClusterId; readonly named: ClusterId }
  | { readonly type: 'other-broker'; readonly ours: BrokerId; readonly named: BrokerId }
  /** The sender means an earlier life of this broker, or one that this process does not know to be its own yet. */
  | { readonly type: 'other-life'; readonly ours: BrokerEpoch; readonly named: BrokerEpoch }
  | { readonly type: 'unknown-sender'; readonly from: BrokerId }
  /** The sender has registered again since. */
  | { readonly type: 'former-life'; readonly from: BrokerId; readonly newest: BrokerEpoch; readonly named: BrokerEpoch }
  /** The sender's registration has not come here yet. */
  | {
      readonly type: 'life-to-come';
      readonly from: BrokerId;
      readonly newest: BrokerEpoch;
      readonly named: BrokerEpoch;
    };

/** Undefined when the hello means us, and is from whom it says. `newestOf` is of the newest metadata. */
export function findReplicaHelloProblem(
  self: ReplicaSelf,
  hello: ReplicaHello,
  newestOf: (broker: BrokerId) => BrokerEpoch | undefined,
): ReplicaHelloProblem | undefined {
  const { clusterId, from, fromEpoch: named, to, toEpoch } = hello;
  if (clusterId !== self.clusterId) return { type: 'other-cluster', ours: self.clusterId, named: clusterId };
  if (to !== self.brokerId) return { type: 'other-broker', ours: self.brokerId, named: to };
  if (toEpoch !== self.brokerEpoch) return { type: 'other-life', ours: self.brokerEpoch, named: toEpoch };
  const newest = newestOf(from);
  if (newest === undefined) return { type: 'unknown-sender', from };
  if (named < newest) return { type: 'former-life', from, newest, named };
  return named > newest ? { type: 'life-to-come', from, newest, named } : undefined;
}
