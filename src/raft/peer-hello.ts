/**
 * Who speaks to whom between voters, and why one may refuse to listen.
 *
 * A voter is its number and its storage. Listening to a wrong cluster, or to a number whose disk was replaced,
 * would let what a directory has promised be broken by another that never promised it.
 */
import type { ClusterId, DirectoryId, VoterId } from '../base/ids.ts';
import type { RaftMessage } from './raft-message.ts';

export interface PeerHello {
  readonly clusterId: ClusterId;
  readonly from: VoterId;
  readonly fromDirectory: DirectoryId;
  readonly to: VoterId;
  readonly toDirectory: DirectoryId;
}

/** What an opener sends: the hello first, then only Raft. */
export type PeerSaying =
  | { readonly type: 'hello'; readonly hello: PeerHello }
  | { readonly type: 'raft'; readonly message: RaftMessage };

export type HelloProblem =
  | { readonly type: 'other-cluster'; readonly ours: ClusterId; readonly named: ClusterId }
  | { readonly type: 'other-voter'; readonly ours: VoterId; readonly named: VoterId }
  | { readonly type: 'other-directory'; readonly ours: DirectoryId; readonly named: DirectoryId };

export interface PeerSelf {
  readonly clusterId: ClusterId;
  readonly voterId: VoterId;
  readonly directoryId: DirectoryId;
}

/** Undefined when the hello means us. */
export function findHelloProblem(self: PeerSelf, hello: PeerHello): HelloProblem | undefined {
  if (hello.clusterId !== self.clusterId)
    return { type: 'other-cluster', ours: self.clusterId, named: hello.clusterId };
  if (hello.to !== self.voterId) return { type: 'other-voter', ours: self.voterId, named: hello.to };
  if (hello.toDirectory !== self.directoryId)
    return { type: 'other-directory', ours: self.directoryId, named: hello.toDirectory };
  return undefined;
}
