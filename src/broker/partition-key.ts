/** Names one partition of the cluster, in maps and in logs. */
import type { TopicId } from '../base/ids.ts';

export interface PartitionKey {
  readonly topicId: TopicId;
  readonly partition: number;
}
