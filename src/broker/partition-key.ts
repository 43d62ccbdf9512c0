/** Names one partition of the cluster, in maps, in logs and on the disk. */
import { topicIdFromOutside, type TopicId } from '../base/ids.ts';

export interface PartitionKey {
  readonly topicId: TopicId;
  readonly partition: number;
}

export function partitionKeyText({ topicId, partition }: PartitionKey): string {
  return `${topicId}-${partition}`;
}

/** Undefined for any other text. */
export function findPartitionKey(text: string): PartitionKey | undefined {
  const [topic = '', number = '', ...rest] = text.split('-');
  const topicId = topicIdFromOutside(topic);
  if (!topicId.ok || !/^(0|[1-9]\d{0,8})$/.test(number) || rest.length > 0) return undefined;
  return { topicId: topicId.value, partition: Number(number) };
}
