/**
 * The side that is asked for batches of a replica (partition/peer-batches.ts). Whoever asks is replica-transport.ts.
 */
import type { ClusterId } from '../base/ids.ts';
import type { Offset } from '../base/offsets.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { BatchesAsked, PeerBatches } from '../partition/peer-batches.ts';
import type { Codec } from '../ports/codec.ts';
import type { OwnedParts, StreamAcceptor } from '../ports/stream.ts';
import { acceptUnary } from '../ports/unary.ts';
import type { PartitionKey } from './partition-key.ts';

export const readBatchesMethod = 'odradek.internal.v1.ReplicaService/ReadBatches';

export interface PeerBatchesCodecs {
  readonly batchesAsked: Codec<BatchesAsked>;
  readonly peerBatches: Codec<PeerBatches>;
}

/** At least one batch is given, however large; and no more than a message takes beside it. */
export const peerBatchesBytesMax = 1024 * 1024;

export interface BatchesAnswering {
  /** Undefined while this broker is not registered. */
  readonly clusterId: () => ClusterId | undefined;
  /** Undefined: it is not here, or cannot be read there. */
  readonly read: (key: PartitionKey, from: Offset) => Promise<PeerBatches | undefined>;
  readonly codecs: PeerBatchesCodecs;
  readonly onFault: (fault: unknown) => void;
}

export function answerBatches(answering: BatchesAnswering): StreamAcceptor {
  return acceptUnary((_call, ownedRequest) => answer(answering, ownedRequest), answering.onFault);
}

async function answer(
  { clusterId, read, codecs }: BatchesAnswering,
  ownedRequest: Uint8Array,
): Promise<Result<OwnedParts, Status>> {
  const asked = codecs.batchesAsked.decode(ownedRequest);
  if (!asked.ok) return refused(statusOf('invalid-argument', asked.problem.why));
  if (asked.value.clusterId !== clusterId()) return refused(otherCluster);
  const batches = await read(asked.value.key, asked.value.from);
  return batches === undefined ? refused(nothingThere) : ok([codecs.peerBatches.encode(batches)]);
}

const otherCluster = statusOf('failed-precondition', 'this broker belongs to another cluster, or to none yet');
const nothingThere = statusOf('not-found', 'this broker has no whole batch there');
