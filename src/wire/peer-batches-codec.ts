/**
 * Batches that one broker reads out of another's log, as odradek.internal.v1.ReadBatchesRequest and its response.
 */
import { positionFromOutside } from '../base/brand.ts';
import { clusterIdFromOutside, topicIdFromOutside } from '../base/ids.ts';
import { leaderEpochFromOutside, offsetFromOutside } from '../base/offsets.ts';
import type { BatchesAsked, PeerBatches } from '../partition/peer-batches.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { uniqueIdFromBytes, uniqueIdToBytes } from './unique-id-bytes.ts';

const wire = odradek.internal.v1;

const batchesAsked: Codec<BatchesAsked> = {
  encode: ({ clusterId, key, from }) =>
    wire.ReadBatchesRequest.encode({
      clusterId,
      topicId: uniqueIdToBytes(key.topicId),
      partition: key.partition,
      from,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ReadBatchesRequest, ownedBytes, ({ clusterId, topicId, partition, from }) => ({
      clusterId: must('cluster_id', clusterIdFromOutside(clusterId)),
      key: {
        topicId: uniqueIdFromBytes('topic_id', topicId, topicIdFromOutside),
        partition: must('partition', positionFromOutside<number>('partition', partition)),
      },
      from: must('from', offsetFromOutside(from)),
    })),
};

const peerBatches: Codec<PeerBatches> = {
  encode: ({ ownedBatches, leaderEpoch }) =>
    wire.ReadBatchesResponse.encode({ batches: ownedBatches, leaderEpoch: leaderEpoch ?? null }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ReadBatchesResponse, ownedBytes, ({ batches, leaderEpoch }) => ({
      ownedBatches: batches,
      leaderEpoch:
        typeof leaderEpoch === 'number' ? must('leader_epoch', leaderEpochFromOutside(leaderEpoch)) : undefined,
    })),
};

export const peerBatchesCodecs = { batchesAsked, peerBatches } as const;
