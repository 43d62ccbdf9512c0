/**
 * The features of odradek.v1.ClusterService: what works only when every node knows it.
 */
import type { LogIndex } from '../base/raft-position.ts';
import type { FeatureUpdate } from '../metadata/metadata-command.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import {
  consistencyFromWire,
  consistencyToWire,
  count,
  namesFromWire,
  pageFromWire,
  pageToWire,
  requestIdFromWire,
  revisionFrom,
  type ListRequest,
} from './request-fields.ts';

const wire = odradek.v1;

export interface ShownFeature {
  readonly name: string;
  readonly doc: string;
  /** In force; 0: off. */
  readonly level: number;
  /** What the answering node can work at. */
  readonly levelMin: number;
  readonly levelMax: number;
}

export interface ListFeaturesReply {
  readonly features: readonly ShownFeature[];
  readonly nextPageToken: string;
  readonly revision: LogIndex;
}

export interface UpdateFeaturesRequest {
  readonly updates: readonly FeatureUpdate[];
  readonly validateOnly: boolean;
  readonly requestId: string | undefined;
}

export const listFeaturesRequestCodec: Codec<ListRequest> = {
  encode: ({ page, consistency }) =>
    wire.ListFeaturesRequest.encode({ ...pageToWire(page), consistency: consistencyToWire(consistency) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ListFeaturesRequest, ownedBytes, (message) => ({
      page: pageFromWire(message),
      consistency: consistencyFromWire(message.consistency),
    })),
};

export const listFeaturesReplyCodec: Codec<ListFeaturesReply> = {
  encode: ({ features, nextPageToken, revision }) =>
    wire.ListFeaturesResponse.encode({
      features: features.map((feature) => ({ ...feature })),
      nextPageToken,
      metadataRevision: revision,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ListFeaturesResponse, ownedBytes, (message) => ({
      features: message.features.map((feature) => ({
        name: feature.name ?? '',
        doc: feature.doc ?? '',
        level: count('features.level', feature.level),
        levelMin: count('features.level_min', feature.levelMin),
        levelMax: count('features.level_max', feature.levelMax),
      })),
      nextPageToken: message.nextPageToken,
      revision: revisionFrom(message),
    })),
};

export const updateFeaturesRequestCodec: Codec<UpdateFeaturesRequest> = {
  encode: ({ updates, validateOnly, requestId }) =>
    wire.UpdateFeaturesRequest.encode({
      updates: updates.map((update) => ({ ...update })),
      validateOnly,
      requestId: requestId ?? '',
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.UpdateFeaturesRequest, ownedBytes, (message) => {
      namesFromWire(
        'updates.name',
        message.updates.map(({ name }) => name ?? ''),
      );
      return {
        updates: message.updates.map(updateFromWire),
        validateOnly: message.validateOnly,
        requestId: requestIdFromWire(message.requestId),
      };
    }),
};

function updateFromWire(message: odradek.v1.FeatureUpdate.$Properties, at: number): FeatureUpdate {
  const level = message.level ?? 0;
  if (level < 0) return unreadable(`updates[${at}].level`, level, 'a level; 0 is off');
  return { name: message.name ?? '', level, allowDowngrade: message.allowDowngrade ?? false };
}
