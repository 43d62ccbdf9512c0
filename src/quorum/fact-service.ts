/**
 * odradek.internal.v1.FactService: changes and looks up facts through the quorum, on any voter.
 *
 * A door for trials of the quorum (chaos, benchmarks, tools) until the metadata has services of its own.
 */
import type { LogIndex } from '../base/raft-position.ts';
import { ok, refused, type Result } from '../base/result.ts';
import { statusOf, type Status } from '../base/status.ts';
import type { ClusterFacts, FactCommand, FactReply } from '../metadata/cluster-facts.ts';
import type { Codec } from '../ports/codec.ts';
import type { OwnedParts, StreamAcceptor } from '../ports/stream.ts';
import { acceptUnary, type UnaryCall } from '../ports/unary.ts';
import { acceptInOrder } from './accept-in-order.ts';
import type { QuorumAnswer, QuorumCalls } from './quorum-calls.ts';

export interface FactServiceCodecs {
  readonly command: Codec<FactCommand>;
  readonly reply: Codec<FactReply>;
  readonly changeRequest: Pick<Codec<FactCommand>, 'decode'>;
  readonly changeReply: Pick<Codec<{ readonly reply: FactReply; readonly index: LogIndex }>, 'encode'>;
  readonly getRequest: Pick<Codec<string>, 'decode'>;
  readonly getReply: Pick<Codec<{ readonly value: string | undefined; readonly counter: number }>, 'encode'>;
}

export interface FactServiceParts {
  readonly quorum: QuorumCalls;
  readonly facts: ClusterFacts;
  readonly codecs: FactServiceCodecs;
  readonly onFault: (fault: unknown) => void;
}

export const factMethods = {
  change: 'odradek.internal.v1.FactService/ChangeFact',
  changeMany: 'odradek.internal.v1.FactService/ChangeFacts',
  get: 'odradek.internal.v1.FactService/GetFact',
} as const;

const waitMsDefault = 5000;

export function factService(parts: FactServiceParts): ReadonlyMap<string, StreamAcceptor> {
  return new Map([
    [factMethods.change, acceptUnary((call, request) => changeFact(parts, call, request), parts.onFault)],
    [factMethods.changeMany, acceptInOrder((request) => changeOne(parts, request, waitMsDefault), parts.onFault)],
    [factMethods.get, acceptUnary((call, request) => getFact(parts, call, request), parts.onFault)],
  ]);
}

function changeFact(
  parts: FactServiceParts,
  { incoming }: UnaryCall,
  ownedRequest: Uint8Array,
): Promise<Result<OwnedParts, Status>> {
  return changeOne(parts, ownedRequest, incoming.deadlineMs ?? waitMsDefault);
}

async function changeOne(
  { quorum, codecs }: FactServiceParts,
  ownedRequest: Uint8Array,
  waitMs: number,
): Promise<Result<OwnedParts, Status>> {
  const command = codecs.changeRequest.decode(ownedRequest);
  if (!command.ok) return refused(statusOf('invalid-argument', command.problem.why));
  const call = { type: 'propose', command: codecs.command.encode(command.value) } as const;
  const answer = await quorum.ask(call, waitMs);
  if (answer.type !== 'done') return refused(statusOfAnswer(answer));
  const reply = codecs.reply.decode(answer.reply);
  if (!reply.ok)
    return refused(statusOf('internal', `the answer of the register cannot be read: ${reply.problem.why}`));
  return ok([codecs.changeReply.encode({ reply: reply.value, index: answer.index })]);
}

async function getFact(
  { quorum, facts, codecs }: FactServiceParts,
  { incoming, closed }: UnaryCall,
  ownedRequest: Uint8Array,
): Promise<Result<OwnedParts, Status>> {
  const name = codecs.getRequest.decode(ownedRequest);
  if (!name.ok) return refused(statusOf('invalid-argument', name.problem.why));
  const answer = await quorum.ask({ type: 'read-index' }, incoming.deadlineMs ?? waitMsDefault);
  if (answer.type !== 'done') return refused(statusOfAnswer(answer));
  await untilApplied(quorum, answer.index, closed);
  return ok([codecs.getReply.encode({ value: facts.fact(name.value), counter: facts.counter(name.value) })]);
}

/** Also ends when nobody waits any more. */
function untilApplied({ records }: QuorumCalls, index: LogIndex, closed: AbortSignal): Promise<void> {
  if (records === undefined || records.lastIndex >= index) return Promise.resolve();
  return new Promise((resolve) => {
    const look = (): void => {
      if (records.lastIndex < index && !closed.aborted) return;
      forget();
      resolve();
    };
    const forget = records.onMore(look);
    closed.addEventListener('abort', look, { once: true });
  });
}

function statusOfAnswer(answer: Exclude<QuorumAnswer, { type: 'done' }>): Status {
  return answer.type === 'refused'
    ? statusOf('unavailable', `refused without effect: ${answer.problem.type}`)
    : statusOf('aborted', 'the outcome is unknown; ask again with the same request id');
}
