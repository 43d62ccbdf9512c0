/** Names one partition of the cluster, in maps and in logs. */
import type { TopicId } from '../base/ids.ts';

export interface PartitionKey {
  readonly topicId: TopicId;
  readonly partition: number;
}

export function partitionKeyText({ topicId, partition }: PartitionKey): string {
  return `${topicId}-${partition}`;
}
