/**
 * The quorum as one voter sees it, for people and tools. Plain data; api/ turns it into replies.
 */
import type { ClusterId, DirectoryId, VoterId } from '../base/ids.ts';
import type { LogIndex, Term } from '../base/raft-position.ts';

export interface QuorumDescription {
  /** Undefined until the voters have agreed on it. */
  readonly clusterId: ClusterId | undefined;
  readonly voterId: VoterId;
  readonly leaderId: VoterId | undefined;
  readonly term: Term;
  readonly role: 'follower' | 'candidate' | 'leader';
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly commitIndex: LogIndex;
  /** CRC-32C chain over the committed entries: equal on all voters at equal commit indexes. */
  readonly committedChain: number;
  readonly voters: readonly VoterDescription[];
}

export interface VoterDescription {
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId | undefined;
  readonly peerEndpoint: string;
  readonly apiEndpoint: string;
  /** Known to the leader only. */
  readonly matchedIndex: LogIndex | undefined;
  readonly lastContactMs: number | undefined;
}
