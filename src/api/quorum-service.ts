/**
 * odradek.v1.QuorumService: the Raft group as the answering voter sees it, and changes of it, answered by any voter.
 */
import { indexZero, type LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { MetadataImage } from '../metadata/metadata-image.ts';
import type { CommittedRecords } from '../quorum/committed-records.ts';
import type { QuorumAnswer, QuorumCall } from '../quorum/quorum-calls.ts';
import type { QuorumDescription } from '../quorum/quorum-description.ts';
import { getQuorumRequestCodec, quorumReplyCodec } from '../wire/quorum-messages.ts';
import {
  addVoterReplyCodec,
  addVoterRequestCodec,
  removeVoterReplyCodec,
  removeVoterRequestCodec,
  transferLeadershipReplyCodec,
  transferLeadershipRequestCodec,
} from '../wire/voter-change-messages.ts';
import type { ApiProblem } from './api-problem.ts';
import { metadataRecordStream } from './metadata-record-stream.ts';
import { findQuorumProblem } from './quorum-problem.ts';
import type { RequestContext } from './request-context.ts';
import type { Service } from './service-table.ts';
import { snapshotStream } from './snapshot-stream.ts';
import { unaryMethod } from './unary-method.ts';

export const quorumServiceName = 'odradek.v1.QuorumService';

export interface QuorumView {
  /** Refused while the voter starts or stops. */
  describe(): Result<QuorumDescription, ApiProblem>;
  /** `deadlineAtMs` is the caller's, on the node's monotonic clock. */
  ask(call: QuorumCall, deadlineAtMs: number | undefined): Promise<Result<QuorumAnswer, ApiProblem>>;
  records(): Result<CommittedRecords, ApiProblem>;
  image(): Result<MetadataImage, ApiProblem>;
}

export function quorumService(view: QuorumView): Service {
  const change = async (
    context: RequestContext,
    call: QuorumCall,
  ): Promise<Result<{ index: LogIndex }, ApiProblem>> => {
    const answer = await view.ask(call, context.deadlineAtMs);
    if (!answer.ok) return answer;
    const problem = findQuorumProblem(answer.value);
    if (problem !== undefined) return refused(problem);
    return ok({ index: answer.value.type === 'done' ? answer.value.index : indexZero });
  };
  return {
    name: quorumServiceName,
    methods: {
      GetQuorum: unaryMethod({
        request: getQuorumRequestCodec,
        reply: quorumReplyCodec,
        answer: () => view.describe(),
      }),
      AddVoter: unaryMethod({
        request: addVoterRequestCodec,
        reply: addVoterReplyCodec,
        answer: (context, { change: addition, validateOnly }) =>
          validateOnly
            ? validated(view, ({ voters }) => voters.every(({ voterId }) => voterId !== addition.voter.voterId))
            : change(context, { type: 'change-voters', change: addition }),
      }),
      RemoveVoter: unaryMethod({
        request: removeVoterRequestCodec,
        reply: removeVoterReplyCodec,
        answer: (context, { change: removal, validateOnly }) =>
          validateOnly
            ? validated(view, ({ voters }) => voters.length > 1 && voters.some((voter) => isMeant(voter, removal)))
            : change(context, { type: 'change-voters', change: removal }),
      }),
      TransferLeadership: unaryMethod({
        request: transferLeadershipRequestCodec,
        reply: transferLeadershipReplyCodec,
        answer: async (context, { target }) => {
          const done = await change(context, { type: 'transfer', target });
          return done.ok ? ok(undefined) : done;
        },
      }),
      GetMetadataRecords: metadataRecordStream(() => view.records()),
      Snapshot: snapshotStream(() => view.image()),
    },
  };
}

/** By what the answering voter knows: the leader judges again when it is meant. */
function validated(
  view: QuorumView,
  isPossible: (quorum: QuorumDescription) => boolean,
): Result<{ index: LogIndex }, ApiProblem> {
  const quorum = view.describe();
  if (!quorum.ok) return quorum;
  if (isPossible(quorum.value)) return ok({ index: indexZero });
  return refused({
    error: 'voter-change-refused',
    message: 'the quorum as this voter knows it does not allow that change; compare it with GetQuorum',
  });
}

function isMeant(
  voter: QuorumDescription['voters'][number],
  meant: Pick<QuorumDescription['voters'][number], 'voterId' | 'directoryId'>,
): boolean {
  return voter.voterId === meant.voterId && voter.directoryId === meant.directoryId;
}
