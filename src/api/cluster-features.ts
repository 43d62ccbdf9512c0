/**
 * The features of odradek.v1.ClusterService: levels in force, and moves to others.
 */
import { ok } from '../base/result.ts';
import { featureDefinitions } from '../metadata/feature-definitions.ts';
import {
  listFeaturesReplyCodec,
  listFeaturesRequestCodec,
  updateFeaturesRequestCodec,
} from '../wire/feature-messages.ts';
import { updateFeaturesReplyCodec } from '../wire/revision-reply.ts';
import { pageOfFixed } from './list-page.ts';
import type { MetadataDoor } from './metadata-door.ts';
import type { Method } from './service-table.ts';
import { updatePaths } from './topic-service.ts';
import { unaryMethod } from './unary-method.ts';

export function listFeatures(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: listFeaturesRequestCodec,
    reply: listFeaturesReplyCodec,
    answer: async (context, { page, consistency }) => {
      const image = await metadata.read(context, consistency);
      if (!image.ok) return image;
      const { features, revision } = image.value;
      const { rows, nextPageToken } = pageOfFixed(featureDefinitions, page);
      const shown = rows.map((feature) => ({ ...feature, level: features.get(feature.name) ?? 0 }));
      return ok({ features: shown, nextPageToken, revision });
    },
  });
}

export function updateFeatures(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: updateFeaturesRequestCodec,
    reply: updateFeaturesReplyCodec,
    answer: async (context, { updates, validateOnly, requestId }) => {
      const command = { type: 'update-features', updates, validateOnly } as const;
      const made = await metadata.change(context, 'features-updated', { command, requestId, paths: updatePaths });
      return made.ok ? ok({ revision: made.value.revision }) : made;
    },
  });
}
