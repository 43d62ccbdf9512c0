/**
 * Which replica a reader should turn to that says where it stands (KIP-392): one in its own rack, if any can serve.
 */
import type { BrokerId } from '../base/ids.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { NearReply, PlaceAsked } from '../wire/produce-fetch-values.ts';

/** Undefined when it asks the right one, or none is nearer. Leaders first: they know of records sooner. */
export function nearestReplica(
  image: MetadataImage,
  { topicId, partition }: PlaceAsked,
  { asked, rack }: { readonly asked: BrokerId; readonly rack: string },
): NearReply | undefined {
  if (image.brokers.get(asked)?.rack === rack) return undefined;
  const found = image.topics.get(topicId)?.partitions[partition];
  if (found === undefined) return undefined;
  const { leader, inSync } = found;
  const near = (leader === undefined ? inSync : [leader, ...inSync])
    .map((member) => image.brokers.get(member))
    .find((broker) => broker?.rack === rack && broker.state === 'active');
  return near && { brokerId: near.brokerId, endpoint: near.endpoints.api };
}
