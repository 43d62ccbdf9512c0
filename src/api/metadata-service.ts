/**
 * odradek.v1.MetadataService: what the cluster is made of. GetServerInfo answers from the first moment on, so that a
 * person can ask a node that does not become ready what it is.
 */
import type { TopicId } from '../base/ids.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { findTopic } from '../metadata/find-topic.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { QuorumDescription } from '../quorum/quorum-description.ts';
import {
  getMetadataReplyCodec,
  getMetadataRequestCodec,
  placesOfTopic,
  type GetMetadataRequest,
  type TopicPlaces,
} from '../wire/metadata-messages.ts';
import { getServerInfoRequestCodec, serverInfoCodec, type ServerInfo } from '../wire/server-info-messages.ts';
import type { ApiProblem } from './api-problem.ts';
import { pageOfNames } from './list-page.ts';
import type { MetadataDoor } from './metadata-door.ts';
import type { FieldPaths } from './metadata-problem.ts';
import { brokersOf } from './metadata-watch.ts';
import type { MetadataWatches } from './metadata-watches.ts';
import { notFounded } from './quorum-problem.ts';
import type { RequestContext } from './request-context.ts';
import type { Method, Service } from './service-table.ts';
import { createPaths } from './topic-service.ts';
import { unaryMethod } from './unary-method.ts';

export const metadataServiceName = 'odradek.v1.MetadataService';

export interface MetadataServiceParts {
  readonly describeNode: () => ServerInfo;
  readonly metadata: MetadataDoor;
  readonly watches: MetadataWatches;
  /** Topics that are asked for with `create_missing` are made. */
  readonly topicsOnFirstUse: boolean;
  /** Refused while the node starts or stops. */
  readonly describeQuorum: () => Result<QuorumDescription, ApiProblem>;
}

export function metadataService(parts: MetadataServiceParts): Service {
  return {
    name: metadataServiceName,
    methods: {
      GetServerInfo: unaryMethod({
        request: getServerInfoRequestCodec,
        reply: serverInfoCodec,
        answer: () => ok(parts.describeNode()),
      }),
      GetMetadata: getMetadata(parts),
      WatchMetadata: parts.watches.method,
    },
  };
}

function getMetadata({ metadata, describeQuorum, topicsOnFirstUse }: MetadataServiceParts): Method {
  return unaryMethod({
    request: getMetadataRequestCodec,
    reply: getMetadataReplyCodec,
    answer: async (context, request) => {
      const found = await metadata.read(context, request.consistency);
      const mayCreate = topicsOnFirstUse && request.createMissing;
      const image = found.ok && mayCreate ? await withTopics(metadata, context, found.value, request.topics) : found;
      if (!image.ok) return image;
      const quorum = describeQuorum();
      if (!quorum.ok) return quorum;
      const { clusterId, leaderId: controllerId } = quorum.value;
      if (clusterId === undefined) return refused(notFounded);
      const { revision } = image.value;
      const brokers = brokersOf(image.value);
      return ok({ clusterId, controllerId, brokers, ...topicsFor(image.value, request), revision });
    },
  });
}

/** An image in which all of them are, made with the defaults where they were not there. */
async function withTopics(
  metadata: MetadataDoor,
  context: RequestContext,
  image: MetadataImage,
  names: readonly string[],
): Promise<Result<MetadataImage, ApiProblem>> {
  let metadataRevision = image.revision;
  for (const name of names) {
    if (image.topicIdsByName.has(name)) continue;
    const command = { ...plainTopic, name };
    const made = await metadata.change(context, 'topic-created', { command, requestId: undefined, paths: namedPaths });
    if (!made.ok) return made;
    if (made.value.revision > metadataRevision) metadataRevision = made.value.revision;
  }
  return metadataRevision === image.revision ? ok(image) : metadata.read({ ...context, metadataRevision }, 'local');
}

const plainTopic = {
  type: 'create-topic',
  partitionCount: undefined,
  replicationFactor: undefined,
  assignments: [],
  configs: [],
  // Another client may have been first.
  ifNotExists: true,
  validateOnly: false,
} as const;

const namedPaths: FieldPaths = { ...createPaths, name: 'topics' };

function topicsFor(
  image: MetadataImage,
  { topics: names, allTopics, page }: GetMetadataRequest,
): { readonly topics: readonly TopicPlaces[]; readonly nextPageToken: string } {
  if (!allTopics) return { topics: names.map((name) => placesByName(image, name)), nextPageToken: '' };
  const partitionsOf = (topicId: TopicId): number => image.topics.get(topicId)?.partitions.length ?? 0;
  const { rows, nextPageToken } = pageOfNames(image.topicIdsByName, page, partitionsOf);
  const topics = rows.flatMap((topicId) => image.topics.get(topicId) ?? []).map(placesOfTopic);
  return { topics, nextPageToken };
}

function placesByName(image: MetadataImage, name: string): TopicPlaces {
  const topic = findTopic(image, { by: 'name', name, topicId: undefined });
  return topic === undefined ? { isKnown: false, name } : placesOfTopic(topic);
}
