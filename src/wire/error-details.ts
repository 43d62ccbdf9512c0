/**
 * google.rpc.Status with typed details: what travels beside the status code of a failed call.
 *
 * ErrorInfo carries the stable reason that programs branch on, RetryInfo when waiting helps, BadRequest which
 * fields were wrong. Generic tools (grpcurl, buf curl) print all three.
 */
import type { Result } from '../base/result.ts';
import type { Undecodable } from '../ports/codec.ts';
import { decodeMessage, mustDecode } from './decode-message.ts';
import { google } from './generated/messages.js';

/** Whose reasons these are; the same for every node of every cluster. */
export const errorDomain = 'odradek';

export interface FieldViolation {
  /** The field as the proto file writes it. */
  readonly field: string;
  readonly description: string;
}

export interface ErrorDetails {
  readonly statusCode: number;
  readonly message: string;
  /** SCREAMING_SNAKE_CASE, as in odradek.v1.ErrorCode without its prefix. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly violations: readonly FieldViolation[];
}

const typePrefix = 'type.googleapis.com/';
const errorInfoType = `${typePrefix}google.rpc.ErrorInfo`;
const retryInfoType = `${typePrefix}google.rpc.RetryInfo`;
const badRequestType = `${typePrefix}google.rpc.BadRequest`;

export function encodeErrorDetails(details: ErrorDetails): Uint8Array {
  const parts = [any(errorInfoType, encodeErrorInfo(details))];
  if (details.retryAfterMs !== undefined) parts.push(any(retryInfoType, encodeRetryInfo(details.retryAfterMs)));
  if (details.violations.length > 0) parts.push(any(badRequestType, encodeBadRequest(details.violations)));
  return google.rpc.Status.encode({ code: details.statusCode, message: details.message, details: parts }).finish();
}

/** Details that this release does not know are passed over. */
export function decodeErrorDetails(ownedBytes: Uint8Array): Result<ErrorDetails, Undecodable> {
  return decodeMessage(google.rpc.Status, ownedBytes, (status) => {
    const parts = status.details;
    const info = mustDecode('details', google.rpc.ErrorInfo, payload(parts, errorInfoType));
    const retry = mustDecode('details', google.rpc.RetryInfo, payload(parts, retryInfoType));
    const bad = mustDecode('details', google.rpc.BadRequest, payload(parts, badRequestType));
    const delay = retry.retryDelay;
    return {
      statusCode: status.code,
      message: status.message,
      reason: info.reason,
      metadata: info.metadata,
      retryAfterMs: delay ? (delay.seconds ?? 0) * 1000 + Math.round((delay.nanos ?? 0) / 1e6) : undefined,
      violations: bad.fieldViolations.map((violation) => ({
        field: violation.field ?? '',
        description: violation.description ?? '',
      })),
    };
  });
}

interface AnyShape {
  readonly type_url?: string | null;
  readonly value?: Uint8Array | null;
}

const nothing = new Uint8Array(0);

function payload(parts: readonly AnyShape[], typeUrl: string): Uint8Array {
  return parts.find((part) => part.type_url === typeUrl)?.value ?? nothing;
}

function any(typeUrl: string, value: Uint8Array): { type_url: string; value: Uint8Array } {
  return { type_url: typeUrl, value };
}

function encodeErrorInfo(details: ErrorDetails): Uint8Array {
  const info = { reason: details.reason, domain: errorDomain, metadata: { ...details.metadata } };
  return google.rpc.ErrorInfo.encode(info).finish();
}

function encodeRetryInfo(retryAfterMs: number): Uint8Array {
  const seconds = Math.floor(retryAfterMs / 1000);
  return google.rpc.RetryInfo.encode({
    retryDelay: { seconds, nanos: Math.round((retryAfterMs - seconds * 1000) * 1e6) },
  }).finish();
}

function encodeBadRequest(violations: readonly FieldViolation[]): Uint8Array {
  return google.rpc.BadRequest.encode({ fieldViolations: violations.map((violation) => ({ ...violation })) }).finish();
}
