/**
 * Changes of configs, wherever they are set: which are allowed, and what they say.
 */
import { ok, refused, type Result } from '../base/result.ts';
import { checkConfigValue, findConfigDefinition } from './config-definitions.ts';
import type { Decided } from './decide-context.ts';
import { ownConfigs } from './effective-configs.ts';
import type { ConfigChange, MetadataRefusal, UpdateConfigs } from './metadata-command.ts';
import type { ConfigResource, ConfigScope, MetadataImage } from './metadata-image.ts';
import type { MetadataRecord } from './metadata-record.ts';
import { clearedEligible } from './partition-changes.ts';

export function decideUpdateConfigs(image: MetadataImage, { resource, configs }: UpdateConfigs): Decided {
  if (resource.scope === 'broker' && !image.brokers.has(resource.brokerId))
    return refused({ type: 'broker-not-found', brokerId: resource.brokerId });
  if (configs.length === 0) return refused({ type: 'invalid', field: 'configs', why: 'is empty' });
  const checked = checkConfigChanges(configs, resource.scope);
  if (!checked.ok) return checked;
  const records = configRecords(image, resource, configs);
  const cleared = changesInSyncMin(records) ? clearedEligible(image, () => true) : [];
  return ok({ answer: { type: 'configs-updated' }, records: [...records, ...cleared] });
}

export function checkConfigChanges(
  changes: readonly ConfigChange[],
  scope: ConfigScope,
): Result<void, MetadataRefusal> {
  const names = new Set<string>();
  for (const { name, value } of changes) {
    if (names.has(name)) return refused({ type: 'invalid', field: 'configs', why: `names ${name} twice` });
    names.add(name);
    const definition = findConfigDefinition(name);
    if (definition === undefined) return refused({ type: 'unknown-config', name });
    const { scopes } = definition;
    if (!scopes.includes(scope)) return refused({ type: 'config-not-settable', name, scopes });
    const fits = value === undefined ? ok(undefined) : checkConfigValue(definition, value);
    if (!fits.ok) return refused({ type: 'invalid-config', name, value: value ?? '', why: `must be ${fits.problem}` });
  }
  return ok(undefined);
}

export function changesInSyncMin(records: readonly MetadataRecord[]): boolean {
  return records.some((record) => record.type === 'config-set' && record.name === 'min.insync.replicas');
}

/** Of checked changes, those that change anything. */
export function configRecords(
  image: MetadataImage,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
): readonly MetadataRecord[] {
  const own = ownConfigs(image, resource);
  return changes
    .filter(({ name, value }) => own.get(name) !== value)
    .map(({ name, value }) => ({ type: 'config-set', resource, name, value }));
}
