/**
 * An image as the records that make it, and back: what a snapshot holds.
 *
 * So there is one reader for logs and snapshots, and an image restored from a snapshot is the image that every other
 * node folded from the log (M1). Beside the records it says where it stands, and which requests were answered.
 */
import { assert } from '../base/assert.ts';
import { brokerId, topicId } from '../base/ids.ts';
import type { LogIndex } from '../base/raft-position.ts';
import { emptyImage, type ConfigResource, type MetadataImage } from './metadata-image.ts';
import type { AnsweredRequest, MetadataRecord } from './metadata-record.ts';
import { MetadataReplay, type RememberLimits } from './metadata-replay.ts';

export interface MetadataSnapshot {
  readonly revision: LogIndex;
  readonly batchCount: number;
  readonly records: Iterable<MetadataRecord>;
  /** Oldest first. */
  readonly requests: Iterable<AnsweredRequest & { readonly index: LogIndex }>;
}

export function snapshotOf(image: MetadataImage): MetadataSnapshot {
  const { revision, batchCount } = image;
  return { revision, batchCount, records: recordsOf(image), requests: requestsOf(image) };
}

export function imageOf(
  { revision, batchCount, records, requests }: MetadataSnapshot,
  limits?: RememberLimits,
): MetadataImage {
  const replay = new MetadataReplay(emptyImage, limits);
  replay.setPosition({ revision, batchCount });
  for (const record of records) replay.addRecord(record);
  for (const request of requests) replay.remember(request.index, request);
  return replay.finish().after;
}

function* recordsOf(image: MetadataImage): Iterable<MetadataRecord> {
  for (const [name, level] of image.features.entries()) yield { type: 'feature-level-set', name, level };
  for (const broker of image.brokers.values()) {
    const { state, replicaCount: _replicas, leaderCount: _leaders, ...registration } = broker;
    yield { type: 'broker-registered', ...registration };
    if (state !== 'fenced') yield { type: 'broker-state-changed', brokerId: broker.brokerId, state };
  }
  for (const topic of image.topics.values()) {
    const { topicId: id, name, changedRevision } = topic;
    yield { type: 'topic-created', topicId: id, name, changedRevision };
    for (const partition of topic.partitions) yield { type: 'partition-created', topicId: topic.topicId, partition };
  }
  for (const [key, values] of image.configs.entries()) {
    const resource = resourceOf(key);
    for (const [name, value] of values) yield { type: 'config-set', resource, name, value };
  }
  const { nextProducerId } = image;
  if (nextProducerId > 0) yield { type: 'producer-ids-allocated', nextProducerId };
}

function* requestsOf({ requests: { byId, idsByIndex } }: MetadataImage): MetadataSnapshot['requests'] {
  for (const requestId of idsByIndex.values()) {
    const remembered = byId.get(requestId);
    assert(remembered !== undefined, 'M10: a request is remembered by its id and by its place', { requestId });
    yield { requestId, ...remembered };
  }
}

function resourceOf(key: string): ConfigResource {
  const [scope, id] = key.split('/');
  if (id === undefined) return { scope: 'cluster' };
  return scope === 'broker'
    ? { scope: 'broker', brokerId: brokerId(Number(id)) }
    : { scope: 'topic', topicId: topicId(id) };
}
