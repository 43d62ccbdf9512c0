/**
 * odradek.v1.QuorumService: the Raft group as the answering voter sees it.
 */
import type { Result } from '../base/result.ts';
import type { QuorumDescription } from '../quorum/quorum-description.ts';
import { getQuorumRequestCodec, quorumReplyCodec } from '../wire/quorum-messages.ts';
import type { ApiProblem } from './api-problem.ts';
import type { Service } from './service-table.ts';
import { unaryMethod } from './unary-method.ts';

export const quorumServiceName = 'odradek.v1.QuorumService';

export interface QuorumView {
  /** Refused while the voter starts or stops. */
  describe(): Result<QuorumDescription, ApiProblem>;
}

export function quorumService(view: QuorumView): Service {
  return {
    name: quorumServiceName,
    methods: {
      GetQuorum: unaryMethod({
        request: getQuorumRequestCodec,
        reply: quorumReplyCodec,
        answer: () => view.describe(),
      }),
    },
  };
}
