/**
 * odradek.internal.v1.FactService: the register of facts as peers are asked for it.
 */
import { logIndexFromOutside, type LogIndex } from '../base/raft-position.ts';
import type { FactCommand, FactReply } from '../metadata/cluster-facts.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must } from './decode-message.ts';
import { commandFromWire, commandToWire, replyFromWire, replyToWire } from './fact-codec.ts';
import { odradek } from './generated/messages.js';

const wire = odradek.internal.v1;

export interface FactChanged {
  readonly reply: FactReply;
  readonly index: LogIndex;
}

export interface FactFound {
  readonly value: string | undefined;
  readonly counter: number;
}

export const changeFactRequestCodec: Codec<FactCommand> = {
  encode: (command) => wire.ChangeFactRequest.encode({ command: commandToWire(command) }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ChangeFactRequest, ownedBytes, ({ command }) => commandFromWire(command ?? {})),
};

export const changeFactReplyCodec: Codec<FactChanged> = {
  encode: ({ reply, index }) => wire.ChangeFactResponse.encode({ reply: replyToWire(reply), index }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.ChangeFactResponse, ownedBytes, ({ reply, index }) => ({
      reply: replyFromWire(reply ?? {}),
      index: must('index', logIndexFromOutside(index)),
    })),
};

export const getFactRequestCodec: Codec<string> = {
  encode: (name) => wire.GetFactRequest.encode({ name }).finish(),
  decode: (ownedBytes) => decodeMessage(wire.GetFactRequest, ownedBytes, ({ name }) => name),
};

export const getFactReplyCodec: Codec<FactFound> = {
  encode: ({ value, counter }) => wire.GetFactResponse.encode({ value: value ?? null, counter }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.GetFactResponse, ownedBytes, ({ value, counter }) => ({ value: value ?? undefined, counter })),
};
