/**
 * Batches that one replica reads out of another's log, to put back what is damaged in its own. Whoever asks looks at
 * every byte of the answer.
 */
import type { ClusterId, TopicId } from '../base/ids.ts';
import type { LeaderEpoch, Offset } from '../base/offsets.ts';

export interface BatchesAsked {
  readonly clusterId: ClusterId;
  readonly key: { readonly topicId: TopicId; readonly partition: number };
  readonly from: Offset;
}

export interface PeerBatches {
  /** The first holds the offset, or is the first after it. Empty: the log ends there or before. */
  readonly ownedBatches: Uint8Array;
  /** Of whoever leads and answers for all that is committed; undefined: this replica only follows. */
  readonly leaderEpoch: LeaderEpoch | undefined;
}
