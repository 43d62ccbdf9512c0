/**
 * A call to the controller, wherever it is, from a voter: encoded, passed on, and its answer read.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { ControlCall, ControlReply } from '../metadata/control-call.ts';
import type { LeaderAnswer, LeaderCall, LeaderRefusal } from '../raft/leader-call.ts';
import type { ControlCodecs } from './controller-runner.ts';

export type ControlOutcome =
  | ControlReply
  /** No controller took it. It had no effect. */
  | { readonly type: 'not-served'; readonly problem: LeaderRefusal }
  | { readonly type: 'outcome-unknown' };

export interface ControllerCaller {
  ask(call: LeaderCall, waitMs: number): Promise<LeaderAnswer>;
}

export async function askController(
  { ask, codecs }: { ask: ControllerCaller['ask']; codecs: ControlCodecs },
  call: ControlCall,
  waitMs: number,
): Promise<ControlOutcome> {
  const answer = await ask({ type: 'control', request: codecs.call.encode(call) }, waitMs);
  switch (answer.type) {
    case 'done': {
      const reply = codecs.reply.decode(answer.reply);
      // A controller of a newer release may answer in words that are not known here.
      if (!reply.ok) return { type: 'outcome-unknown' };
      return answer.isAfterUnknown === true && isRefusal(reply.value) ? { type: 'outcome-unknown' } : reply.value;
    }
    case 'refused':
      return { type: 'not-served', problem: answer.problem };
    case 'outcome-unknown':
      return answer;
    default:
      return assertUnreachable(answer);
  }
}

/** Of this attempt: one that is still on its way may meet another image. */
function isRefusal(reply: ControlOutcome): boolean {
  return reply.type === 'decided' && reply.outcome.type === 'refused';
}
