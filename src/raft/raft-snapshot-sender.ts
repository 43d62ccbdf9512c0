/**
 * A leader's snapshot on its way to a peer whose next entry is gone from the log: chunk by chunk, each read from the
 * store and sent when the one before it is answered. A lost chunk is sent again after a while. When the peer has it
 * all, it installs the snapshot and says so with an append-reply, which ends this (raft-replication.ts).
 */
import type { RaftCore } from './raft-core.ts';
import type { SnapshotChunk } from './raft-event.ts';
import type { SnapshotChunkReply } from './raft-message.ts';
import type { Progress, SnapshotTransfer } from './raft-progress.ts';
import type { LeaderRole } from './raft-role.ts';

export function startSnapshot(core: RaftCore, progress: Progress): void {
  loadChunk(core, progress, progress.sendSnapshot(core.nowMs));
}

export function onChunkLoaded(
  core: RaftCore,
  role: LeaderRole,
  progress: Progress,
  chunk: SnapshotChunk | undefined,
): void {
  if (progress.mode.name !== 'snapshot') return;
  const { transfer } = progress.mode;
  if (!transfer.isLoading) return;
  transfer.isLoading = false;
  const isExpected =
    chunk !== undefined &&
    chunk.offset === transfer.offset &&
    (transfer.snapshot === undefined || transfer.snapshot.lastIndex === chunk.snapshot.lastIndex);
  if (!isExpected) {
    // The snapshot was replaced by a newer one: begin anew with that, at the next retry.
    transfer.snapshot = undefined;
    transfer.offset = 0;
    transfer.sentEnd = 0;
    return;
  }
  transfer.snapshot = chunk.snapshot;
  transfer.sentEnd = Math.max(transfer.sentEnd, chunk.offset + chunk.bytes.length);
  transfer.sentMs = core.nowMs;
  const { snapshot, offset, bytes, isLast } = chunk;
  const { term } = core;
  const { round } = role;
  core.send(progress.peer.voterId, { type: 'snapshot-chunk-request', term, round, snapshot, offset, bytes, isLast });
}

export function onChunkReply(core: RaftCore, progress: Progress, reply: SnapshotChunkReply): void {
  if (progress.mode.name !== 'snapshot') return;
  const { transfer } = progress.mode;
  if (transfer.snapshot?.lastIndex !== reply.snapshotIndex || transfer.isLoading) return;
  if (reply.nextOffset === transfer.offset || reply.nextOffset > transfer.sentEnd) return;
  transfer.offset = reply.nextOffset;
  loadChunk(core, progress, transfer);
}

/** With every heartbeat. */
export function retrySnapshot(core: RaftCore, progress: Progress): void {
  if (progress.mode.name !== 'snapshot') return;
  const { transfer } = progress.mode;
  if (transfer.isLoading || core.nowMs - transfer.sentMs < core.limits.electionTimeoutMsMin) return;
  loadChunk(core, progress, transfer);
}

function loadChunk(core: RaftCore, progress: Progress, transfer: SnapshotTransfer): void {
  transfer.isLoading = true;
  transfer.sentMs = core.nowMs;
  core.emit({
    type: 'load-snapshot-chunk',
    to: progress.peer.voterId,
    snapshotIndex: transfer.snapshot?.lastIndex,
    offset: transfer.offset,
    bytesMax: core.limits.snapshotChunkBytesMax,
  });
}
