/**
 * Which configs are in force for the cluster, a broker or a topic, and who set them. Pure lookups in an image.
 *
 * A topic inherits from the cluster, and so does a broker; where nobody set anything the definition's default holds.
 */
import { assert } from '../base/assert.ts';
import { configDefinitions, findConfigDefinition, type ConfigDefinition } from './config-definitions.ts';
import {
  configKey,
  type ConfigResource,
  type ConfigScope,
  type ConfigValues,
  type MetadataImage,
} from './metadata-image.ts';

export interface EffectiveConfig {
  readonly definition: ConfigDefinition;
  readonly value: string;
  readonly source: ConfigScope | 'default';
}

/** All that mean something there, in the order of their names. */
export function effectiveConfigs(image: MetadataImage, resource: ConfigResource): readonly EffectiveConfig[] {
  return configDefinitions
    .filter(({ scopes }) => scopes.includes(resource.scope))
    .map((definition) => effectiveConfig(image, resource, definition));
}

export function effectiveConfig(
  image: MetadataImage,
  resource: ConfigResource,
  definition: ConfigDefinition,
): EffectiveConfig {
  const own = image.configs.get(configKey(resource))?.get(definition.name);
  if (own !== undefined) return { definition, value: own, source: resource.scope };
  const inherited = image.configs.get(configKey({ scope: 'cluster' }))?.get(definition.name);
  if (inherited !== undefined) return { definition, value: inherited, source: 'cluster' };
  return { definition, value: definition.defaultValue, source: 'default' };
}

/** For code that needs one by its name; the name must be in the table. */
export function configValue(image: MetadataImage, resource: ConfigResource, name: string): string {
  const definition = findConfigDefinition(name);
  assert(definition !== undefined, 'code asks only for configs that exist', { name });
  return effectiveConfig(image, resource, definition).value;
}

/** What was set there, inherited values left out. */
export function ownConfigs(image: MetadataImage, resource: ConfigResource): ConfigValues {
  return image.configs.get(configKey(resource)) ?? none;
}

const none: ConfigValues = new Map();
