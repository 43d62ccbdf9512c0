/**
 * A topic of an image, by its name, its id, or both, which then must belong together.
 */
import type { TopicRef } from './metadata-command.ts';
import type { MetadataImage, TopicImage } from './metadata-image.ts';

export function findTopic(image: MetadataImage, topic: TopicRef): TopicImage | undefined {
  if (topic.by === 'id') return image.topics.get(topic.topicId);
  const topicId = image.topicIdsByName.get(topic.name);
  if (topicId === undefined || (topic.topicId !== undefined && topic.topicId !== topicId)) return undefined;
  return image.topics.get(topicId);
}
