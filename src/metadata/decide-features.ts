/**
 * Feature levels: which ones a new cluster begins with, and how they are moved.
 */
import { ok, refused, type Result } from '../base/result.ts';
import type { Decided, DecideContext } from './decide-context.ts';
import { includesLevel, rangeOf, type FeatureDefinition } from './feature-definitions.ts';
import type { FeatureUpdate, MetadataRefusal, UpdateFeatures } from './metadata-command.ts';
import type { BrokerImage, FeatureRange, MetadataImage } from './metadata-image.ts';
import type { MetadataRecord } from './metadata-record.ts';

/** The records of the first batch of all. */
export function decideFirstFeatures(features: readonly FeatureDefinition[]): readonly MetadataRecord[] {
  return features.map(({ name, levelMax }) => ({ type: 'feature-level-set', name, level: levelMax }));
}

export function decideUpdateFeatures(image: MetadataImage, command: UpdateFeatures, context: DecideContext): Decided {
  const records: MetadataRecord[] = [];
  const names = new Set<string>();
  for (const update of command.updates) {
    if (names.has(update.name))
      return refused({ type: 'invalid', field: 'updates', why: `names ${update.name} twice` });
    names.add(update.name);
    const problem = findProblem(image, update, context.features);
    if (problem !== undefined) return refused(problem);
    const { name, level } = update;
    if (levelOf(image, name) !== level) records.push({ type: 'feature-level-set', name, level });
  }
  if (names.size === 0) return refused({ type: 'invalid', field: 'updates', why: 'is empty' });
  return ok({ answer: { type: 'features-updated' }, records });
}

/** Whether a broker that knows these can take part at the levels that are in force. */
export function checkBrokerFeatures(
  image: MetadataImage,
  { brokerId, features }: Pick<BrokerImage, 'brokerId' | 'features'>,
): Result<void, MetadataRefusal> {
  for (const [name, level] of image.features.entries()) {
    const range = rangeOf(features, name);
    if (!includesLevel(range, level)) return refused(unsupported(range, { level, brokerId }));
  }
  return ok(undefined);
}

function findProblem(
  image: MetadataImage,
  { name, level, allowDowngrade }: FeatureUpdate,
  definitions: readonly FeatureDefinition[],
): MetadataRefusal | undefined {
  const definition = definitions.find((candidate) => candidate.name === name);
  if (definition === undefined) return { type: 'unknown-feature', name };
  if (!includesLevel(definition, level)) return unsupported(definition, { level, brokerId: undefined });
  const current = levelOf(image, name);
  if (level < current && !allowDowngrade) return { type: 'downgrade-not-allowed', name, level, current };
  for (const { brokerId, features } of image.brokers.values()) {
    const range = rangeOf(features, name);
    if (!includesLevel(range, level)) return unsupported(range, { level, brokerId });
  }
  return undefined;
}

function unsupported(
  { name, levelMin, levelMax }: FeatureRange,
  { level, brokerId }: { level: number; brokerId: BrokerImage['brokerId'] | undefined },
): MetadataRefusal {
  return { type: 'unsupported-feature-level', name, level, levelMin, levelMax, brokerId };
}

function levelOf(image: MetadataImage, name: string): number {
  return image.features.get(name) ?? 0;
}
