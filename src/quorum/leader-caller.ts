/**
 * Gets a call to whoever leads: answered here when this voter leads, else passed on over the peer port.
 *
 * A refusal had no effect, so a call that met no leader is tried again until its time is over; so is a command whose
 * outcome got lost, because its request id is carried out once. Changes of voters and transfers are
 * not: whoever asked decides.
 */
import { assertUnreachable } from '../base/assert.ts';
import { refused, ok, type Result } from '../base/result.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { ClusterId, VoterId } from '../base/ids.ts';
import { delay, type Clock, type Timer } from '../ports/clock.ts';
import type { Channel, OwnedParts } from '../ports/stream.ts';
import { callUnary, type UnaryHandler } from '../ports/unary.ts';
import type { LeaderAnswer, LeaderCall } from '../raft/leader-call.ts';
import { refusedCall } from './pending-calls.ts';
import { peerMethods, type QuorumCodecs } from './quorum-codecs.ts';

export interface LeaderCallerOptions {
  readonly clock: Clock;
  readonly codecs: QuorumCodecs;
  readonly voterId: VoterId;
  /** Undefined until the voter has joined and once it stops. */
  readonly clusterId: () => ClusterId | undefined;
  readonly leader: () => VoterId | undefined;
  readonly askSelf: (call: LeaderCall) => Promise<LeaderAnswer>;
  readonly channelTo: (voter: VoterId) => Channel | undefined;
}

/** Between attempts, while there is no leader or it has just changed. */
const retryMs = 50;

export class LeaderCaller {
  readonly #options: LeaderCallerOptions;

  constructor(options: LeaderCallerOptions) {
    this.#options = options;
  }

  /** Resolves within about `waitMs`; voter changes and transfers are begun within that time and then end in theirs. */
  async ask(call: LeaderCall, waitMs: number): Promise<LeaderAnswer> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + waitMs;
    let isUnknown = false;
    for (;;) {
      const answer = await this.#attempt(call, endMs - clock.monotonicMs());
      if (answer.type === 'outcome-unknown') isUnknown = true;
      const isOver = clock.monotonicMs() + retryMs >= endMs || this.#options.clusterId() === undefined;
      if (isOver || !isWorthRetrying(call, answer)) return isUnknown ? afterUnknown(answer) : answer;
      await delay(clock, retryMs);
    }
  }

  /** For the peer port: answered by this voter or not at all. */
  readonly answer: UnaryHandler = async (_call, ownedRequest): Promise<Result<OwnedParts, Status>> => {
    const { codecs, clusterId, askSelf } = this.#options;
    const request = codecs.call.decode(ownedRequest);
    if (!request.ok) return refused(statusOf('invalid-argument', request.problem.why));
    const ours = clusterId();
    if (ours === undefined) return ok([codecs.answer.encode(refusedCall({ type: 'not-serving' }))]);
    const named = request.value.clusterId;
    if (named !== ours) return refused(codecs.statusOfHelloProblem({ type: 'other-cluster', ours, named }));
    return ok([codecs.answer.encode(await askSelf(request.value.call))]);
  };

  #attempt(call: LeaderCall, waitMs: number): Promise<LeaderAnswer> {
    const { leader, voterId, askSelf } = this.#options;
    const to = leader();
    if (to === undefined) return Promise.resolve(noLeader);
    return to === voterId ? askSelf(call) : this.#passOn(to, call, waitMs);
  }

  async #passOn(to: VoterId, call: LeaderCall, waitMs: number): Promise<LeaderAnswer> {
    const { codecs, channelTo, clusterId } = this.#options;
    const channel = channelTo(to);
    const cluster = clusterId();
    if (channel === undefined || cluster === undefined) return noLeader;
    const reply = await this.#whileLeading(
      to,
      callUnary(channel, {
        method: peerMethods.askLeader,
        request: [codecs.call.encode({ clusterId: cluster, call })],
        options: { deadlineMs: Math.max(1, waitMs), headers: {} },
      }),
    );
    if (reply?.ok !== true) return unknown;
    const answer = codecs.answer.decode(reply.value);
    return answer.ok ? answer.value : unknown;
  }

  /** Undefined as soon as somebody else leads: a leader that died may not tell. */
  #whileLeading<Reply>(leader: VoterId, reply: Promise<Reply>): Promise<Reply | undefined> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const look = (): void => {
        const current = this.#options.leader();
        if (current !== undefined && current !== leader) resolve(undefined);
        else timer = this.#options.clock.callAfterMs(retryMs, look);
      };
      look();
      void reply.then((outcome) => {
        timer?.cancel();
        resolve(outcome);
      });
    });
  }
}

const unknown: LeaderAnswer = { type: 'outcome-unknown' };
const noLeader = refusedCall({ type: 'not-leader', leader: undefined });

/** An attempt before may yet have its effect: this one's refusal says nothing about it. */
function afterUnknown(answer: LeaderAnswer): LeaderAnswer {
  switch (answer.type) {
    case 'done':
      return { ...answer, isAfterUnknown: true };
    case 'refused':
    case 'outcome-unknown':
      return unknown;
    default:
      return assertUnreachable(answer);
  }
}

function isWorthRetrying(call: LeaderCall, answer: LeaderAnswer): boolean {
  switch (answer.type) {
    case 'done':
      return false;
    case 'outcome-unknown':
      return call.type === 'control' || call.type === 'read-index';
    case 'refused':
      return (
        answer.problem.type === 'not-leader' ||
        answer.problem.type === 'transfer-in-progress' ||
        answer.problem.type === 'term-not-committed'
      );
    default:
      return assertUnreachable(answer);
  }
}
