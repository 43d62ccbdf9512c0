/**
 * Replies that only say which metadata contains a change.
 */
import type { LogIndex } from '../base/raft-position.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage } from './decode-message.ts';
import { odradek } from './generated/messages.js';
import { revisionFrom } from './request-fields.ts';

interface RevisionMessageType {
  encode(message: { metadataRevision: number }): { finish(): Uint8Array };
  decode(bytes: Uint8Array): { metadataRevision: number };
}

export interface RevisionReply {
  readonly revision: LogIndex;
}

export const updateConfigsReplyCodec = revisionReplyCodec(odradek.v1.UpdateConfigsResponse);
export const updateFeaturesReplyCodec = revisionReplyCodec(odradek.v1.UpdateFeaturesResponse);

function revisionReplyCodec(type: RevisionMessageType): Codec<RevisionReply> {
  return {
    encode: ({ revision }) => type.encode({ metadataRevision: revision }).finish(),
    decode: (ownedBytes) => decodeMessage(type, ownedBytes, (message) => ({ revision: revisionFrom(message) })),
  };
}
