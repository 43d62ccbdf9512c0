/**
 * A topic of an image, by whatever it is called.
 */
import type { TopicRef } from './metadata-command.ts';
import type { MetadataImage, TopicImage } from './metadata-image.ts';

export function findTopic(image: MetadataImage, topic: TopicRef): TopicImage | undefined {
  const topicId = topic.by === 'id' ? topic.topicId : image.topicIdsByName.get(topic.name);
  return topicId === undefined ? undefined : image.topics.get(topicId);
}
