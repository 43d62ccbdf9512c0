/**
 * odradek.v1.MetadataService/GetServerInfo and the values that services and clients use instead.
 */
import { assertUnreachable } from '../base/assert.ts';
import { positionFromOutside } from '../base/brand.ts';
import { clusterIdFromOutside, nodeIdFromOutside, type ClusterId, type NodeId } from '../base/ids.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage, must, unreadable } from './decode-message.ts';
import { emptyMessageCodec } from './empty-message.ts';
import { odradek } from './generated/messages.js';

export type NodeRoleName = 'quorum' | 'broker';

export interface ServerInfo {
  readonly version: string;
  /** Undefined until the quorum has chosen it. */
  readonly clusterId: ClusterId | undefined;
  readonly nodeId: NodeId;
  readonly roles: readonly NodeRoleName[];
  readonly apiPackages: readonly string[];
  readonly messageBytesMax: number;
  readonly startedAtWallMs: number;
}

export const getServerInfoRequestCodec = emptyMessageCodec(odradek.v1.GetServerInfoRequest);

export const serverInfoCodec: Codec<ServerInfo> = {
  encode: (info) =>
    odradek.v1.GetServerInfoResponse.encode({
      version: info.version,
      clusterId: info.clusterId ?? '',
      nodeId: info.nodeId,
      roles: info.roles.map(roleToWire),
      apiPackages: [...info.apiPackages],
      messageBytesMax: info.messageBytesMax,
      startedAt: timestampToWire(info.startedAtWallMs),
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(odradek.v1.GetServerInfoResponse, ownedBytes, (wire) => ({
      version: wire.version,
      clusterId: wire.clusterId === '' ? undefined : must('cluster_id', clusterIdFromOutside(wire.clusterId)),
      nodeId: must('node_id', nodeIdFromOutside(wire.nodeId)),
      roles: wire.roles.map(roleFromWire),
      apiPackages: wire.apiPackages,
      messageBytesMax: must('message_bytes_max', positionFromOutside('size', wire.messageBytesMax)),
      startedAtWallMs: must('started_at', positionFromOutside('moment', timestampFromWire(wire.startedAt))),
    })),
};

function roleToWire(role: NodeRoleName): odradek.v1.NodeRole {
  switch (role) {
    case 'quorum':
      return odradek.v1.NodeRole.NODE_ROLE_QUORUM;
    case 'broker':
      return odradek.v1.NodeRole.NODE_ROLE_BROKER;
    default:
      return assertUnreachable(role);
  }
}

function roleFromWire(wire: odradek.v1.NodeRole): NodeRoleName {
  if (wire === odradek.v1.NodeRole.NODE_ROLE_QUORUM) return 'quorum';
  if (wire === odradek.v1.NodeRole.NODE_ROLE_BROKER) return 'broker';
  return unreadable('roles', wire, 'a role that this release knows');
}

interface WireTimestamp {
  readonly seconds?: number | null;
  readonly nanos?: number | null;
}

function timestampToWire(wallMs: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(wallMs / 1000);
  return { seconds, nanos: Math.round(wallMs - seconds * 1000) * 1_000_000 };
}

function timestampFromWire(wire: WireTimestamp | null | undefined): number {
  return (wire?.seconds ?? 0) * 1000 + Math.floor((wire?.nanos ?? 0) / 1_000_000);
}
