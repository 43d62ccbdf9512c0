/**
 * What deciding a command takes besides the image: chance, this cluster's identity, and who is alive now.
 */
import type { BrokerId, ClusterId } from '../base/ids.ts';
import type { Result } from '../base/result.ts';
import type { FeatureDefinition } from './feature-definitions.ts';
import type { MetadataAnswer, MetadataRefusal } from './metadata-command.ts';
import type { MetadataRecord } from './metadata-record.ts';

export interface DecideContext {
  readonly clusterId: ClusterId;
  /** 32 hex digits that were never drawn before. */
  readonly uniqueId: () => string;
  /** A whole number from 0 to bound - 1. */
  readonly integerBelow: (bound: number) => number;
  /** The controller has heard from the broker's present incarnation within its session. */
  readonly hasSession: (brokerId: BrokerId) => boolean;
  /** What this release knows. */
  readonly features: readonly FeatureDefinition[];
}

/** Without records there is nothing to commit: what was asked for is so already, or was only to be checked. */
export interface Decision {
  readonly answer: MetadataAnswer;
  readonly records: readonly MetadataRecord[];
}

export type Decided = Result<Decision, MetadataRefusal>;
