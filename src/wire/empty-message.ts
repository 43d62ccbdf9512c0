/**
 * Requests without fields. They still decode, so that bytes which are no message are refused.
 */
import type { Codec } from '../ports/codec.ts';
import { decodeMessage } from './decode-message.ts';

interface EmptyMessageType {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

/** Fields that a newer caller sends are passed over. */
export function emptyMessageCodec(type: EmptyMessageType): Codec<undefined> {
  return {
    encode: () => type.encode({}).finish(),
    decode: (ownedBytes) => decodeMessage(type, ownedBytes, () => undefined),
  };
}
