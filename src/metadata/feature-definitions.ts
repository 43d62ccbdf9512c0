/**
 * Features of the cluster: what works only when all nodes know it, each at a level that the cluster has agreed on.
 *
 * A new cluster begins at the highest levels of the release that founds it. A node that cannot work at the agreed
 * level is refused, and a level is raised only to what all registered brokers can work at.
 */
import type { FeatureRange } from './metadata-image.ts';

export interface FeatureDefinition extends FeatureRange {
  readonly doc: string;
}

/** In the order of their names. */
export const featureDefinitions: readonly FeatureDefinition[] = [
  {
    name: 'metadata',
    levelMin: 1,
    levelMax: 1,
    doc: 'Which records the metadata log may hold. It cannot be switched off.',
  },
];

/** A feature that a node does not know is one that it can only do without. */
export function rangeOf(ranges: readonly FeatureRange[], name: string): FeatureRange {
  return ranges.find((range) => range.name === name) ?? { name, levelMin: 0, levelMax: 0 };
}

export function includesLevel({ levelMin, levelMax }: FeatureRange, level: number): boolean {
  return level >= levelMin && level <= levelMax;
}
