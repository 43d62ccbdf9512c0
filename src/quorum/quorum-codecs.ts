/**
 * Everything that a voter turns into bytes or back, handed to it by node/ so that nothing here knows a wire format.
 */
import type { Status } from '../base/status.ts';
import type { Codec } from '../ports/codec.ts';
import type { BootstrapAnswer, BootstrapQuestion } from '../raft/bootstrap-messages.ts';
import type { FoundingSet } from '../raft/founding-set.ts';
import type { AddressedCall, LeaderAnswer } from '../raft/leader-call.ts';
import type { HelloProblem, PeerSaying } from '../raft/peer-hello.ts';
import type { EntryPayload, SnapshotMetadata } from '../raft/raft-entry.ts';
import type { RaftMessage } from '../raft/raft-message.ts';

export interface QuorumCodecs {
  // Between voters
  readonly saying: Codec<PeerSaying>;
  /** Undefined: only a sign that the opener is heard. */
  readonly reply: Codec<RaftMessage | undefined>;
  readonly question: Codec<BootstrapQuestion>;
  readonly introduction: Codec<BootstrapAnswer>;
  readonly call: Codec<AddressedCall>;
  readonly answer: Codec<LeaderAnswer>;
  /** How a conversation ends that means somebody else. */
  readonly statusOfHelloProblem: (problem: HelloProblem) => Status;
  // On the disk
  readonly payload: Codec<EntryPayload>;
  readonly snapshot: Codec<SnapshotMetadata>;
  readonly founding: Codec<FoundingSet>;
}

/** Methods of the peer port. */
export const peerMethods = {
  converse: 'odradek.internal.v1.PeerService/Converse',
  introduce: 'odradek.internal.v1.PeerService/Introduce',
  askLeader: 'odradek.internal.v1.PeerService/AskLeader',
} as const;
