/**
 * The codecs of a voter in one hand, in the shape that quorum/quorum-codecs.ts asks for.
 */
import { assertUnreachable } from '../base/assert.ts';
import { errorCodes, type ErrorName } from '../base/error-codes.ts';
import { statusCodes, statusOf, type Status } from '../base/status.ts';
import type { HelloProblem } from '../raft/peer-hello.ts';
import { encodeErrorDetails } from './error-details.ts';
import { leaderAnswerCodec, leaderCallCodec } from './raft-leader-codec.ts';
import { entryPayloadCodec, foundingSetCodec, snapshotMetadataCodec } from './raft-log-codec.ts';
import { bootstrapAnswerCodec, bootstrapQuestionCodec, peerReplyCodec, peerSayingCodec } from './raft-peer-codec.ts';

export const raftQuorumCodecs = {
  saying: peerSayingCodec,
  reply: peerReplyCodec,
  question: bootstrapQuestionCodec,
  introduction: bootstrapAnswerCodec,
  call: leaderCallCodec,
  answer: leaderAnswerCodec,
  statusOfHelloProblem,
  payload: entryPayloadCodec,
  snapshot: snapshotMetadataCodec,
  founding: foundingSetCodec,
} as const;

function statusOfHelloProblem(problem: HelloProblem): Status {
  const { ours, named } = problem;
  const error: ErrorName = problem.type === 'other-cluster' ? 'cluster-id-mismatch' : 'invalid-voter-key';
  const message = `this is ${subjectOf(problem)} ${ours}, and ${subjectOf(problem)} ${named} is meant: ${remedyOf(problem)}`;
  const { status } = errorCodes[error];
  const details = encodeErrorDetails({
    statusCode: statusCodes[status],
    message,
    reason: error.toUpperCase().replaceAll('-', '_'),
    metadata: { ours: String(ours), named: String(named) },
    retryAfterMs: undefined,
    violations: [],
  });
  return statusOf(status, message, details);
}

function subjectOf(problem: HelloProblem): string {
  switch (problem.type) {
    case 'other-cluster':
      return 'cluster';
    case 'other-voter':
      return 'voter';
    case 'other-directory':
      return 'directory';
    default:
      return assertUnreachable(problem);
  }
}

function remedyOf(problem: HelloProblem): string {
  switch (problem.type) {
    case 'other-cluster':
    case 'other-voter':
      return 'correct the peer endpoints in the configuration';
    case 'other-directory':
      return 'if its disk was replaced, remove the voter with its old directory and add it with the new one';
    default:
      return assertUnreachable(problem);
  }
}
