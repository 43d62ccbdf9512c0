/**
 * What travels between the replicas of two brokers on one stream: many messages of many partitions at a time.
 *
 * A partition is named once per stream, by a number; afterwards the number stands for it.
 */
import type { TopicId } from '../base/ids.ts';
import type { PartitionMessage, PushMessage } from './partition-message.ts';
import type { ReplicaHello } from './replica-hello.ts';

/** Numbers are below; whoever runs out of them begins again at 0, and a number stands for what it was given last. */
export const partitionNumbersMax = 65_536;

export interface PartitionNumber {
  readonly number: number;
  readonly key: { readonly topicId: TopicId; readonly partition: number };
}

/** Everything that carries no batches. */
export type ControlMessage = Exclude<PartitionMessage, PushMessage>;

/** Batches that nobody has looked at yet: any bytes. */
export interface ArrivedPush extends Omit<PushMessage, 'batches'> {
  readonly ownedBatches: Uint8Array;
}

export interface Saying<Message> {
  readonly number: number;
  readonly message: Message;
}

export type ReplicaFrame =
  /** The first of a stream. */
  | { readonly type: 'hello'; readonly hello: ReplicaHello }
  | {
      readonly type: 'sayings';
      /** The sender wants to know whether it is heard. */
      readonly asksForSign: boolean;
      /** The stream ends behind it because there is nothing to say, and nothing is lost. */
      readonly isGoodbye: boolean;
      /** A way between the two brokers was lost, which the receiver may not have noticed. Holds before the sayings. */
      readonly hasLost: boolean;
      /** Given before the sayings. */
      readonly numbers: readonly PartitionNumber[];
      readonly sayings: readonly Saying<ControlMessage | ArrivedPush>[];
    };
