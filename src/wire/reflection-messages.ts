/**
 * grpc.reflection.v1 and v1alpha: how generic tools learn what a node serves. Both versions have the same messages
 * under two package names, so one translator serves both.
 */
import { assertUnreachable } from '../base/assert.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage } from './decode-message.ts';
import { grpc } from './generated/messages.js';

export type ReflectionQuestion =
  | { readonly type: 'file-by-name'; readonly name: string }
  | { readonly type: 'file-by-symbol'; readonly symbol: string }
  | { readonly type: 'file-by-extension'; readonly extendee: string; readonly number: number }
  | { readonly type: 'extension-numbers'; readonly extendee: string }
  | { readonly type: 'list-services' }
  /** A question from a newer release, or none at all. */
  | { readonly type: 'unknown' };

export interface ReflectionRequest {
  readonly host: string;
  readonly question: ReflectionQuestion;
  /** As it came, for the echo that the protocol asks for. */
  readonly ownedBytes: Uint8Array;
}

export type ReflectionAnswer =
  | { readonly type: 'files'; readonly files: readonly Uint8Array[] }
  | { readonly type: 'extension-numbers'; readonly extendee: string; readonly numbers: readonly number[] }
  | { readonly type: 'services'; readonly names: readonly string[] }
  | { readonly type: 'problem'; readonly statusCode: number; readonly message: string };

export interface ReflectionReply {
  readonly request: ReflectionRequest;
  readonly answer: ReflectionAnswer;
}

type WireRequest = grpc.reflection.v1.ServerReflectionRequest;
type WireReply = grpc.reflection.v1.ServerReflectionResponse.$Properties;
const wire = grpc.reflection.v1;

export const reflectionRequestCodec: Codec<ReflectionRequest> = {
  encode: (request) => request.ownedBytes,
  decode: (ownedBytes) =>
    decodeMessage(wire.ServerReflectionRequest, ownedBytes, (message) => ({
      host: message.host,
      question: questionFromWire(message),
      ownedBytes,
    })),
};

export function encodeReflectionReply(reply: ReflectionReply): Uint8Array {
  return wire.ServerReflectionResponse.encode({
    validHost: reply.request.host,
    originalRequest: wire.ServerReflectionRequest.decode(reply.request.ownedBytes),
    ...answerToWire(reply.answer),
  }).finish();
}

function questionFromWire(message: WireRequest): ReflectionQuestion {
  switch (message.messageRequest) {
    case 'fileByFilename':
      return { type: 'file-by-name', name: message.fileByFilename ?? '' };
    case 'fileContainingSymbol':
      return { type: 'file-by-symbol', symbol: message.fileContainingSymbol ?? '' };
    case 'fileContainingExtension':
      return {
        type: 'file-by-extension',
        extendee: message.fileContainingExtension?.containingType ?? '',
        number: message.fileContainingExtension?.extensionNumber ?? 0,
      };
    case 'allExtensionNumbersOfType':
      return { type: 'extension-numbers', extendee: message.allExtensionNumbersOfType ?? '' };
    case 'listServices':
      return { type: 'list-services' };
    case undefined:
      return { type: 'unknown' };
    default:
      return assertUnreachable(message.messageRequest);
  }
}

function answerToWire(answer: ReflectionAnswer): WireReply {
  switch (answer.type) {
    case 'files':
      return { fileDescriptorResponse: { fileDescriptorProto: [...answer.files] } };
    case 'extension-numbers':
      return {
        allExtensionNumbersResponse: { baseTypeName: answer.extendee, extensionNumber: [...answer.numbers] },
      };
    case 'services':
      return { listServicesResponse: { service: answer.names.map((name) => ({ name })) } };
    case 'problem':
      return { errorResponse: { errorCode: answer.statusCode, errorMessage: answer.message } };
    default:
      return assertUnreachable(answer);
  }
}
