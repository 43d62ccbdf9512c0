/**
 * grpc.health.v1: the health check that load balancers, orchestrators and grpcurl already speak.
 */
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, unreadable } from './decode-message.ts';
import { grpc } from './generated/messages.js';

export type HealthStatus = 'serving' | 'not-serving' | 'service-unknown';

export interface HealthRequest {
  /** Full name of a service; empty asks for the node as a whole. */
  readonly service: string;
}

const wireStatus = grpc.health.v1.HealthCheckResponse.ServingStatus;

const wireOf = {
  serving: wireStatus.SERVING,
  'not-serving': wireStatus.NOT_SERVING,
  'service-unknown': wireStatus.SERVICE_UNKNOWN,
} as const satisfies Record<HealthStatus, number>;

export const healthRequestCodec: Codec<HealthRequest> = {
  encode: (request) => grpc.health.v1.HealthCheckRequest.encode({ service: request.service }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(grpc.health.v1.HealthCheckRequest, ownedBytes, (wire) => ({ service: wire.service })),
};

export const healthReplyCodec: Codec<HealthStatus> = {
  encode: (status) => grpc.health.v1.HealthCheckResponse.encode({ status: wireOf[status] }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(grpc.health.v1.HealthCheckResponse, ownedBytes, (wire) => {
      const found = (Object.keys(wireOf) as HealthStatus[]).find((status) => wireOf[status] === wire.status);
      return found ?? unreadable('status', wire.status, 'a status that this release knows');
    }),
};
