/** What a replica asks of the controller, as its runner sees it. Whoever answers gathers what many partitions ask. */
import type { LeaderEpoch } from '../base/offsets.ts';
import type { AsideReason, InSyncProposal } from '../partition/partition-effect.ts';
import type { InSyncOutcome } from '../partition/partition-event.ts';
import type { PartitionKey } from './partition-key.ts';

export interface InSyncAsked {
  readonly key: PartitionKey;
  readonly proposal: InSyncProposal;
}

export interface AsideAsked {
  readonly key: PartitionKey;
  readonly leaderEpoch: LeaderEpoch;
  /** `repaired`: it is aside no longer. */
  readonly reason: AsideReason | 'repaired';
}

export interface PartitionController {
  /** Never rejects: a call without an answer is `unknown`. */
  proposeInSync(asked: InSyncAsked): Promise<InSyncOutcome>;
  /** Asked again until the controller has heard it, or another leader epoch makes it pointless. */
  stepAside(asked: AsideAsked): void;
}
