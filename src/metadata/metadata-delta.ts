/**
 * What is different between two images that follow each other, as lists of what to look at in the newer one.
 */
import type { BrokerId, TopicId } from '../base/ids.ts';
import type { MetadataImage } from './metadata-image.ts';

export interface MetadataDelta {
  readonly before: MetadataImage;
  readonly after: MetadataImage;
  /** The image was replaced by a snapshot: everything may be different, and nothing below is listed. */
  readonly isWhole: boolean;
  /** Registered, or in another state. */
  readonly brokers: ReadonlySet<BrokerId>;
  /** New in `after`, with all their partitions. A topic that came and went within one delta is in neither list. */
  readonly topicsCreated: ReadonlySet<TopicId>;
  /** In `before` and not in `after`. */
  readonly topicsDeleted: ReadonlySet<TopicId>;
  /** Of topics in both: numbers of the partitions that are new or different. */
  readonly partitions: ReadonlyMap<TopicId, ReadonlySet<number>>;
  /** By `configKey`. */
  readonly configs: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
}
