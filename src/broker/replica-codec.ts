/**
 * What the transport between replicas needs of its wire format. wire/replica-frame-codec.ts is the one there is.
 */
import type { Result } from '../base/result.ts';
import type { Status } from '../base/status.ts';
import type { PushMessage } from '../partition/partition-message.ts';
import type { ControlMessage, PartitionNumber, ReplicaFrame, Saying } from '../partition/replica-frame.ts';
import type { ReplicaHello, ReplicaHelloProblem } from '../partition/replica-hello.ts';
import type { Undecodable } from '../ports/codec.ts';
import type { OwnedParts } from '../ports/stream.ts';
import type { PeerBatchesCodecs } from './answer-batches.ts';

export const replicateMethod = 'odradek.internal.v1.ReplicaService/Replicate';

export interface ReplicaCodec extends PeerBatchesCodecs {
  encodeHello(hello: ReplicaHello): OwnedParts;
  encodeControl(numbers: readonly PartitionNumber[], sayings: readonly Saying<ControlMessage>[]): OwnedParts;
  /** The batches are parts of the message as they are: nothing is copied. */
  encodePush(numbers: readonly PartitionNumber[], saying: Saying<PushMessage>): OwnedParts;
  /** Does the other side hear? */
  encodeQuestion(): OwnedParts;
  /** A way between the two brokers was lost. */
  encodeLoss(): OwnedParts;
  /** There is nothing more to say for now. */
  encodeGoodbye(): OwnedParts;
  /** Answers a question. */
  encodeSign(): OwnedParts;
  /** Keeps views into the bytes. */
  decode(ownedBytes: Uint8Array): Result<ReplicaFrame, Undecodable>;
  statusOfHelloProblem(problem: ReplicaHelloProblem): Status;
}
