/**
 * The configs of odradek.v1.ClusterService: in force, where each comes from, and changes of them.
 */
import { ok, refused, type Result } from '../base/result.ts';
import {
  configDefinitions,
  findConfigDefinition,
  type ConfigDefinition,
  type ConfigType,
} from '../metadata/config-definitions.ts';
import { effectiveConfig, effectiveConfigs, type EffectiveConfig } from '../metadata/effective-configs.ts';
import { findTopic } from '../metadata/find-topic.ts';
import type { MetadataCommand } from '../metadata/metadata-command.ts';
import type { ConfigResource, MetadataImage } from '../metadata/metadata-image.ts';
import {
  getConfigsReplyCodec,
  getConfigsRequestCodec,
  listConfigDefinitionsReplyCodec,
  listConfigDefinitionsRequestCodec,
  updateConfigsRequestCodec,
  type ConfigEntry,
  type NamedResource,
  type ShownConfigDefinition,
  type UpdateConfigsRequest,
} from '../wire/config-messages.ts';
import { updateConfigsReplyCodec } from '../wire/revision-reply.ts';
import type { ApiProblem } from './api-problem.ts';
import { pageOfFixed } from './list-page.ts';
import type { MetadataDoor } from './metadata-door.ts';
import { unknownBroker, unknownConfig, unknownTopic } from './metadata-problem.ts';
import type { Method } from './service-table.ts';
import { updatePaths } from './topic-service.ts';
import { unaryMethod } from './unary-method.ts';

export function getConfigs(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: getConfigsRequestCodec,
    reply: getConfigsReplyCodec,
    answer: async (context, { resource: named, names, consistency }) => {
      const image = await metadata.read(context, consistency);
      if (!image.ok) return image;
      const resource = findResource(image.value, named);
      if (!resource.ok) return resource;
      const configs = configsOf(image.value, resource.value, names);
      return configs.ok ? ok({ configs: configs.value.map(entryOf), revision: image.value.revision }) : configs;
    },
  });
}

export function updateConfigs(metadata: MetadataDoor): Method {
  return unaryMethod({
    request: updateConfigsRequestCodec,
    reply: updateConfigsReplyCodec,
    answer: async (context, request) => {
      const { requestId } = request;
      const type = request.resource.scope === 'topic' ? 'topic-updated' : 'configs-updated';
      const wanted = { command: commandOf(request), requestId, paths: { ...updatePaths, name: 'resource.name' } };
      const made = await metadata.change(context, type, wanted);
      return made.ok ? ok({ revision: made.value.revision }) : made;
    },
  });
}

export function listConfigDefinitions(): Method {
  return unaryMethod({
    request: listConfigDefinitionsRequestCodec,
    reply: listConfigDefinitionsReplyCodec,
    answer: (_context, { scope, page }) => {
      const fitting = configDefinitions.filter(({ scopes }) => scope === undefined || scopes.includes(scope));
      const { rows, nextPageToken } = pageOfFixed(fitting, page);
      return ok({ definitions: rows.map(shown), nextPageToken });
    },
  });
}

/** A topic's configs are part of the topic, and changed with it. */
function commandOf({ resource, configs, validateOnly }: UpdateConfigsRequest): MetadataCommand {
  if (resource.scope !== 'topic') return { type: 'update-configs', resource, configs, validateOnly };
  return {
    type: 'update-topic',
    topic: { by: 'name', name: resource.name, topicId: undefined },
    partitionCount: undefined,
    assignments: [],
    configs,
    expectedRevision: undefined,
    validateOnly,
  };
}

function findResource(image: MetadataImage, named: NamedResource): Result<ConfigResource, ApiProblem> {
  if (named.scope === 'cluster') return ok(named);
  if (named.scope === 'broker')
    return image.brokers.has(named.brokerId) ? ok(named) : refused(unknownBroker(named.brokerId));
  const ref = { by: 'name', name: named.name, topicId: undefined } as const;
  const topic = findTopic(image, ref);
  return topic === undefined ? refused(unknownTopic(ref)) : ok({ scope: 'topic', topicId: topic.topicId });
}

function configsOf(
  image: MetadataImage,
  resource: ConfigResource,
  names: readonly string[],
): Result<readonly EffectiveConfig[], ApiProblem> {
  if (names.length === 0) return ok(effectiveConfigs(image, resource));
  const configs: EffectiveConfig[] = [];
  for (const name of [...names].sort()) {
    const definition = findConfigDefinition(name);
    if (definition?.scopes.includes(resource.scope) !== true) return refused(unknownConfig(name, 'names'));
    configs.push(effectiveConfig(image, resource, definition));
  }
  return ok(configs);
}

function entryOf({ definition, value, source }: EffectiveConfig): ConfigEntry {
  const { name, doc, isDynamic } = definition;
  return { name, value, source, doc, isDynamic };
}

function shown({ name, type, words, defaultValue, doc, scopes, isDynamic }: ConfigDefinition): ShownConfigDefinition {
  return {
    name,
    type: type.type,
    defaultValue,
    doc,
    scopes,
    isDynamic,
    choices: [...(type.type === 'choice' ? type.choices : []), ...words],
    ...boundsOf(type),
  };
}

function boundsOf(type: ConfigType): { minimum: string; maximum: string } {
  return 'min' in type ? { minimum: String(type.min), maximum: String(type.max) } : { minimum: '', maximum: '' };
}
