/**
 * All metadata in pieces: odradek.v1.QuorumService/Snapshot.
 */
import type { LogIndex } from '../base/raft-position.ts';
import type { Codec } from '../ports/codec.ts';
import { decodeMessage } from './decode-message.ts';
import { emptyMessageCodec } from './empty-message.ts';
import { odradek } from './generated/messages.js';
import { count, revisionFrom } from './request-fields.ts';

const wire = odradek.v1;

export interface SnapshotPiece {
  readonly revision: LogIndex;
  readonly piece: Uint8Array;
  readonly totalBytes: number;
  /** CRC-32C of the whole, with the last piece. */
  readonly checksum: number | undefined;
}

export const snapshotRequestCodec = emptyMessageCodec(wire.SnapshotRequest);

export const snapshotReplyCodec: Codec<SnapshotPiece> = {
  encode: ({ revision, piece, totalBytes, checksum }) =>
    wire.SnapshotResponse.encode({
      metadataRevision: revision,
      piece,
      totalBytes,
      checksum: checksum ?? null,
    }).finish(),
  decode: (ownedBytes) =>
    decodeMessage(wire.SnapshotResponse, ownedBytes, (message) => ({
      revision: revisionFrom(message),
      piece: message.piece,
      totalBytes: count('total_bytes', message.totalBytes),
      checksum: message.checksum ?? undefined,
    })),
};
