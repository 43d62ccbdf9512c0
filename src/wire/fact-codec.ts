/**
 * Commands, replies and snapshots of the register of facts. A disk format: what is in a log stays readable.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { OutOfRange } from '../base/brand.ts';
import { ok, refused, type Result } from '../base/result.ts';
import type { ClusterFactsContent, FactCommand, FactRefusalName, FactReply } from '../metadata/cluster-facts.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { odradek } from './generated/messages.js';

const wire = odradek.internal.v1;
const { FactRefusal } = wire;
type WireReply = odradek.internal.v1.FactReply.$Properties;

export const factCommandCodec: Codec<FactCommand> = {
  encode: (command) => wire.FactCommand.encode(commandToWire(command)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.FactCommand, ownedBytes, commandFromWire),
};

export const factReplyCodec: Codec<FactReply> = {
  encode: (reply) => wire.FactReply.encode(replyToWire(reply)).finish(),
  decode: (ownedBytes) => decodeMessage(wire.FactReply, ownedBytes, replyFromWire),
};

export const factContentCodec: Codec<ClusterFactsContent> = {
  encode: (content) =>
    wire.ClusterFactsSnapshot.encode({
      facts: content.facts.map(([name, value]) => ({ name, value })),
      counters: content.counters.map(([name, amount]) => ({ name, amount })),
      requests: content.requests.map(([requestId, reply]) => ({ requestId, reply: replyToWire(reply) })),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ClusterFactsSnapshot, ownedBytes, (message) => ({
      facts: message.facts.map(({ name, value }) => [name ?? '', value ?? ''] as const),
      counters: message.counters.map(({ name, amount }) => [name ?? '', count('counter', amount)] as const),
      requests: message.requests.map(({ requestId, reply }) => [requestId ?? '', replyFromWire(reply ?? {})] as const),
    })),
};

export function commandToWire(command: FactCommand): odradek.internal.v1.FactCommand.$Properties {
  const { requestId, name } = command;
  switch (command.type) {
    case 'set-fact':
      return { requestId, setFact: { name, value: command.value } };
    case 'add-to-counter':
      return { requestId, addToCounter: { name, amount: command.amount } };
    default:
      return assertUnreachable(command);
  }
}

export function commandFromWire(message: odradek.internal.v1.FactCommand.$Properties): FactCommand {
  const requestId = message.requestId ?? '';
  if (requestId === '') return unreadable('request_id', requestId, 'an id');
  if (message.setFact)
    return { type: 'set-fact', requestId, name: message.setFact.name ?? '', value: message.setFact.value ?? '' };
  if (message.addToCounter) {
    const { name, amount } = message.addToCounter;
    return { type: 'add-to-counter', requestId, name: name ?? '', amount: count('amount', amount) };
  }
  return unreadable('change', undefined, 'a change that this release knows');
}

export function replyToWire(reply: FactReply): WireReply {
  switch (reply.type) {
    case 'fact-set':
      return {};
    case 'counted':
      return { counter: reply.counter };
    case 'refused':
      return { refusal: refusals[reply.why] };
    default:
      return assertUnreachable(reply);
  }
}

export function replyFromWire(message: WireReply): FactReply {
  const refusal = message.refusal ?? FactRefusal.FACT_REFUSAL_UNSPECIFIED;
  if (refusal !== FactRefusal.FACT_REFUSAL_UNSPECIFIED) {
    const why = refusalNames.get(refusal);
    return why === undefined
      ? unreadable('refusal', refusal, 'a reason that this release knows')
      : { type: 'refused', why };
  }
  return typeof message.counter === 'number'
    ? { type: 'counted', counter: count('counter', message.counter) }
    : { type: 'fact-set' };
}

const refusals = {
  unreadable: FactRefusal.FACT_REFUSAL_UNREADABLE,
  'counter-out-of-range': FactRefusal.FACT_REFUSAL_COUNTER_OUT_OF_RANGE,
  'too-many-names': FactRefusal.FACT_REFUSAL_TOO_MANY_NAMES,
} as const satisfies Record<FactRefusalName, odradek.internal.v1.FactRefusal>;

const refusalNames = new Map<number, FactRefusalName>(
  Object.entries(refusals).map(([why, refusal]) => [refusal, why as FactRefusalName]),
);

function count(field: string, value: number | null | undefined): number {
  return must(field, wholeNumber(value ?? 0));
}

function wholeNumber(value: number): Result<number, OutOfRange> {
  return Number.isSafeInteger(value) ? ok(value) : refused({ type: 'out-of-range', what: 'whole number', value });
}
