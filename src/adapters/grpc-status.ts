/**
 * Between the port's statuses and gRPC's trailers.
 *
 * grpc-js hands an error status to the caller ahead of messages that arrived before it, so the last answers
 * of a stream that ends with an error would be lost at random. A caller of ours therefore asks (lateStatusHeader)
 * for the status in trailers of its own, beside a gRPC status that says ok, which grpc-js keeps in order. Other
 * callers get plain gRPC.
 */
import { Metadata, status as grpcCodes, type StatusObject } from '@grpc/grpc-js';
import { type Status, statusCodes, statusNameOf, statusOk } from '../base/status.ts';

const detailsKey = 'grpc-status-details-bin';
const lateStatusHeader = 'odradek-late-status';
const lateCodeKey = 'odradek-status';
const lateMessageKey = 'odradek-message-bin';

/** Trailers share 64 KiB with everything else that is in them. */
const messageCharsMax = 4096;
const detailsBytesMax = 16_384;

/** What a listener hands to grpc-js. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

export function askForLateStatus(metadata: Metadata): void {
  metadata.set(lateStatusHeader, '1');
}

export function wantsLateStatus(metadata: Metadata): boolean {
  return metadata.get(lateStatusHeader).length > 0;
}

/** An unpaired surrogate has no percent-encoding; grpc-js would throw on it. */
function sendable(message: string): string {
  return message.slice(0, messageCharsMax).replaceAll(/\p{Surrogate}/gu, '\uFFFD');
}

export function toGrpcStatus(status: Status, late: boolean): GrpcStatus {
  const metadata = new Metadata();
  const message = sendable(status.message);
  if (status.details !== undefined && status.details.length <= detailsBytesMax)
    metadata.set(detailsKey, Buffer.from(status.details));
  if (!late || status.name === 'ok') return { code: statusCodes[status.name], details: message, metadata };
  metadata.set(lateCodeKey, String(statusCodes[status.name]));
  metadata.set(lateMessageKey, Buffer.from(message));
  return { code: statusCodes.ok, details: '', metadata };
}

function firstBytes(metadata: Metadata, key: string): Uint8Array | undefined {
  const [value] = metadata.get(key);
  return value === undefined || typeof value === 'string' ? undefined : value;
}

export function fromGrpcStatus({ code, details, metadata }: StatusObject): Status {
  const [lateCode] = metadata.get(lateCodeKey);
  const isLate = code === grpcCodes.OK && lateCode !== undefined;
  const name = statusNameOf(isLate ? Number(lateCode) : code);
  if (name === 'ok') return statusOk;
  const message = isLate ? Buffer.from(firstBytes(metadata, lateMessageKey) ?? []).toString() : details;
  // The message comes from the other side, which may have none to give.
  return {
    name,
    message: message === '' ? `the other side says ${name}` : message,
    details: firstBytes(metadata, detailsKey),
  };
}
