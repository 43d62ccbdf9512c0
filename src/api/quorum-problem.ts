/**
 * Why the quorum refused a call, in the words of the error table.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { QuorumAnswer, QuorumRefusal } from '../quorum/quorum-calls.ts';
import type { ApiProblem } from './api-problem.ts';

export const soonMs = 200;

export const notFounded: ApiProblem = {
  error: 'node-starting',
  message: 'the voters have not found each other yet, so there is no cluster; start the others',
  retryAfterMs: soonMs,
};

/** Undefined when it was done. */
export function findQuorumProblem(answer: QuorumAnswer): ApiProblem | undefined {
  switch (answer.type) {
    case 'done':
      return undefined;
    case 'outcome-unknown':
      return {
        error: 'outcome-unknown',
        message: 'the leader was lost before it answered, and the change may still be committed; ask GetQuorum',
      };
    case 'refused':
      return problemOfRefusal(answer.problem);
    default:
      return assertUnreachable(answer);
  }
}

export function problemOfRefusal(problem: QuorumRefusal): ApiProblem {
  switch (problem.type) {
    case 'not-leader':
      return { error: 'not-controller', message: 'the quorum has no leader now; try again', retryAfterMs: soonMs };
    case 'not-serving':
      return { error: 'node-starting', message: 'the voter is starting or stopping; try again', retryAfterMs: soonMs };
    case 'transfer-in-progress':
      return notNow('leadership is being handed over; try again');
    case 'term-not-committed':
      return notNow('the new leader has not committed anything yet; try again');
    case 'change-in-progress':
      return notNow('another change of voters is under way, and they change one at a time; try again when it is done');
    case 'last-voter':
      return notNow('it is the only voter, and a quorum without one could never be changed again; add another first');
    case 'catch-up-timed-out':
      return notNow('the node did not catch up with the log in time; see that it runs and can be reached, then retry');
    case 'limit-reached':
      return {
        error: 'limit-reached',
        message: `the leader is at its limit ${problem.limit}; try again`,
        retryAfterMs: soonMs,
      };
    case 'command-too-large':
      return { error: 'invalid-request', message: `the command is larger than ${problem.bytesMax} bytes` };
    case 'already-a-voter':
      return {
        error: 'duplicate-voter',
        message: 'the quorum has a voter with that number; if its disk was replaced, remove the old directory first',
      };
    case 'not-a-voter':
      return {
        error: 'voter-not-found',
        message: 'the quorum has no voter with that number and directory; GetQuorum lists them',
      };
    case 'transfer-timed-out':
      return { error: 'transfer-failed', message: 'the target did not take over in time; the old leader goes on' };
    default:
      return assertUnreachable(problem);
  }
}

function notNow(message: string): ApiProblem {
  return { error: 'voter-change-refused', message, retryAfterMs: soonMs };
}
