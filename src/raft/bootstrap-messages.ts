/**
 * What voters ask each other before there is a cluster, and what the bootstrap core (raft-bootstrap.ts) takes in
 * and gives out.
 */
import type { DirectoryId, VoterId } from '../base/ids.ts';
import type { FoundingSet } from './founding-set.ts';

/** A voter as the configuration of a node lists it. */
export interface ListedVoter {
  readonly voterId: VoterId;
  readonly peerEndpoint: string;
}

/** "Who are you, and do you know a cluster?" The asker says who it is, because being asked tells something too. */
export interface BootstrapQuestion {
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId;
  /** Ascending. Voters that list different ones must not found a cluster together. */
  readonly listed: readonly VoterId[];
}

export type BootstrapAnswer =
  /** I belong to no cluster. To a founder also a promise: I will adopt no set of an earlier founder. */
  | { readonly type: 'fresh'; readonly directoryId: DirectoryId; readonly apiEndpoint: string }
  /** There is a cluster, durable here. */
  | { readonly type: 'member'; readonly founding: FoundingSet }
  /** Not to be said yet; ask again. */
  | { readonly type: 'wait' }
  | { readonly type: 'lists-differ'; readonly listed: readonly VoterId[] };

export type BootstrapEvent =
  /** Comes around every `bootstrapAskIntervalMs` of the driver until the voter has joined. */
  | { readonly type: 'ask-time' }
  | { readonly type: 'asked'; readonly callId: number; readonly question: BootstrapQuestion }
  /** `round` as in the `ask` that this answers. A call that failed is no event. */
  | {
      readonly type: 'answered';
      readonly from: VoterId;
      readonly round: number;
      readonly answer: BootstrapAnswer;
    }
  | { readonly type: 'persisted' };

export type BootstrapEffect =
  | { readonly type: 'ask'; readonly to: VoterId; readonly round: number; readonly question: BootstrapQuestion }
  | { readonly type: 'answer'; readonly callId: number; readonly answer: BootstrapAnswer }
  /** Must be durable before `persisted` comes back. At most one in the life of a directory. */
  | { readonly type: 'persist'; readonly founding: FoundingSet }
  /** The end of the beginning: Raft starts on this set. */
  | { readonly type: 'joined'; readonly founding: FoundingSet; readonly standing: FoundingStanding }
  /** Something that only a person can mend; told once per problem and voter. */
  | { readonly type: 'report'; readonly problem: BootstrapProblem };

/**
 * `founder`: this directory is in the set and votes. `outsider`: it is not, because the disk was replaced or the
 * node is new; it follows the log and votes only after AddVoter named this directory.
 */
export type FoundingStanding = 'founder' | 'outsider';

export type BootstrapProblem =
  /** Somebody answers with a set that nobody can have founded. */
  | { readonly type: 'unsound-set'; readonly from: VoterId; readonly why: string }
  | {
      readonly type: 'lists-differ';
      readonly with: VoterId;
      readonly ours: readonly VoterId[];
      readonly theirs: readonly VoterId[];
    }
  /** The cluster knows this voter under another directory. */
  | {
      readonly type: 'directory-replaced';
      readonly founding: FoundingSet;
      readonly known: DirectoryId;
      readonly ours: DirectoryId;
    }
  /** The cluster does not know this voter. */
  | { readonly type: 'not-a-founder'; readonly founding: FoundingSet; readonly ours: DirectoryId }
  /** The set names this directory as its founder, yet the directory does not hold it: a synced write was lost. */
  | { readonly type: 'founding-lost'; readonly founding: FoundingSet };
