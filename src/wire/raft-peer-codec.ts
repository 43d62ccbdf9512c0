/**
 * What travels on the conversations between voters and in the question that comes before them.
 */
import { assertUnreachable } from '../base/assert.ts';
import { clusterIdFromOutside, directoryIdFromOutside, voterIdFromOutside, type VoterId } from '../base/ids.ts';
import type { Codec } from '../ports/codec.ts';
import type { BootstrapAnswer, BootstrapQuestion } from '../raft/bootstrap-messages.ts';
import type { PeerHello, PeerSaying } from '../raft/peer-hello.ts';
import type { RaftMessage } from '../raft/raft-message.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { foundingSetToWire, foundingSetFromWire } from './raft-log-codec.ts';
import { raftMessageFromWire, raftMessageToWire } from './raft-message-codec.ts';

const wire = odradek.internal.v1;

/** From the opener of a conversation. */
export const peerSayingCodec: Codec<PeerSaying> = {
  encode: (saying) =>
    wire.ConverseRequest.encode(
      saying.type === 'hello' ? { hello: helloToWire(saying.hello) } : { raft: raftMessageToWire(saying.message) },
    ).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ConverseRequest, ownedBytes, (message): PeerSaying => {
      if (message.hello) return { type: 'hello', hello: helloFromWire(message.hello) };
      return { type: 'raft', message: raftMessageFromWire(message.raft) };
    }),
};

/** From the acceptor of a conversation; undefined only says that it hears the opener. */
export const peerReplyCodec: Codec<RaftMessage | undefined> = {
  encode: (message) =>
    wire.ConverseResponse.encode(message === undefined ? {} : { raft: raftMessageToWire(message) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ConverseResponse, ownedBytes, ({ raft }) => (raft ? raftMessageFromWire(raft) : undefined)),
};

export const bootstrapQuestionCodec: Codec<BootstrapQuestion> = {
  encode: ({ voterId, directoryId, listed }) =>
    wire.IntroduceRequest.encode({ voterId, directoryId, listedVoterIds: [...listed] }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.IntroduceRequest, ownedBytes, (message) => ({
      voterId: must('voter_id', voterIdFromOutside(message.voterId)),
      directoryId: must('directory_id', directoryIdFromOutside(message.directoryId)),
      listed: listedFromWire(message.listedVoterIds),
    })),
};

export const bootstrapAnswerCodec: Codec<BootstrapAnswer> = {
  encode: (answer) => wire.IntroduceResponse.encode(answerToWire(answer)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.IntroduceResponse, ownedBytes, answerFromWire),
};

function helloToWire(hello: PeerHello): odradek.internal.v1.PeerHello.$Properties {
  return {
    clusterId: hello.clusterId,
    fromVoterId: hello.from,
    fromDirectoryId: hello.fromDirectory,
    toVoterId: hello.to,
    toDirectoryId: hello.toDirectory,
  };
}

function helloFromWire(message: odradek.internal.v1.PeerHello.$Properties): PeerHello {
  return {
    clusterId: must('cluster_id', clusterIdFromOutside(message.clusterId ?? '')),
    from: must('from_voter_id', voterIdFromOutside(message.fromVoterId)),
    fromDirectory: must('from_directory_id', directoryIdFromOutside(message.fromDirectoryId ?? '')),
    to: must('to_voter_id', voterIdFromOutside(message.toVoterId)),
    toDirectory: must('to_directory_id', directoryIdFromOutside(message.toDirectoryId ?? '')),
  };
}

function answerToWire(answer: BootstrapAnswer): odradek.internal.v1.IntroduceResponse.$Properties {
  switch (answer.type) {
    case 'fresh':
      return { fresh: { directoryId: answer.directoryId, apiEndpoint: answer.apiEndpoint } };
    case 'member':
      return { member: foundingSetToWire(answer.founding) };
    case 'wait':
      return { wait: {} };
    case 'lists-differ':
      return { listsDiffer: { listedVoterIds: [...answer.listed] } };
    default:
      return assertUnreachable(answer);
  }
}

function answerFromWire(message: odradek.internal.v1.IntroduceResponse.$Properties): BootstrapAnswer {
  if (message.fresh)
    return {
      type: 'fresh',
      directoryId: must('directory_id', directoryIdFromOutside(message.fresh.directoryId ?? '')),
      apiEndpoint: message.fresh.apiEndpoint ?? '',
    };
  if (message.member) return { type: 'member', founding: foundingSetFromWire(message.member) };
  if (message.wait) return { type: 'wait' };
  if (message.listsDiffer)
    return { type: 'lists-differ', listed: listedFromWire(message.listsDiffer.listedVoterIds ?? []) };
  return unreadable('answer', undefined, 'an answer that this release knows');
}

function listedFromWire(ids: readonly number[]): readonly VoterId[] {
  return ids.map((id) => must('listed_voter_ids', voterIdFromOutside(id)));
}
