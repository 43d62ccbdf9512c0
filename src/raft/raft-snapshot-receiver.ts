/**
 * A snapshot on its way in: chunks are handed to the store in order, and the whole replaces the log in one atomic
 * write, as soon as no other write is in flight. Until then the log stays as it is and nothing new is claimed.
 *
 * A log that already holds the snapshot's last entry keeps everything and needs no snapshot. One that does not is
 * dropped to its last entry: what lies beyond belongs to another history (R14).
 */
import { assert } from '../base/assert.ts';
import type { VoterId } from '../base/ids.ts';
import { logIndex } from '../base/raft-position.ts';
import type { RaftCore } from './raft-core.ts';
import type { SnapshotMetadata } from './raft-entry.ts';
import { followLeader } from './raft-follower.ts';
import type { SnapshotChunkRequest } from './raft-message.ts';
import type { FollowerRole } from './raft-role.ts';

export function onSnapshotChunk(core: RaftCore, from: VoterId, message: SnapshotChunkRequest): void {
  const role = followLeader(core, from, message.round);
  const { snapshot, offset, bytes, isLast } = message;
  if (isHeld(core, snapshot)) {
    onSnapshotHeld(core, role, snapshot);
    return;
  }
  // One chunk is written at a time; the leader repeats what is not taken now.
  if (core.isStoringChunk || role.incoming?.isComplete === true) return;
  // A leader that begins anew, perhaps because it lost track, is followed: it takes no offset that it has not sent.
  if (offset === 0 || !isSame(role.incoming?.snapshot, snapshot)) {
    role.incoming = { snapshot, nextOffset: 0, isComplete: false };
  }
  const { incoming } = role;
  assert(incoming !== undefined, 'a snapshot is being received');
  if (offset !== incoming.nextOffset) {
    askForChunk(core, role);
    return;
  }
  core.isStoringChunk = true;
  core.emit({ type: 'store-snapshot-chunk', chunk: { snapshot, offset, bytes, isLast } });
}

export function onChunkStored(
  core: RaftCore,
  stored: { readonly snapshot: SnapshotMetadata; readonly nextOffset: number; readonly isLast: boolean },
): void {
  assert(core.isStoringChunk, 'a chunk that was stored was being stored');
  core.isStoringChunk = false;
  const { role } = core;
  // Another leader may have taken over since; it starts from the beginning.
  if (role.name !== 'follower' || !isSame(role.incoming?.snapshot, stored.snapshot)) return;
  if (role.incoming === undefined) return;
  role.incoming.nextOffset = stored.nextOffset;
  role.incoming.isComplete = stored.isLast;
  if (!stored.isLast) askForChunk(core, role);
}

/** In every step: the install waits for its turn at the disk. */
export function installWhenIdle(core: RaftCore): void {
  const { role } = core;
  if (role.name !== 'follower' || role.incoming?.isComplete !== true || !core.persistence.isIdle) return;
  const { snapshot } = role.incoming;
  role.incoming = undefined;
  if (isHeld(core, snapshot)) {
    onSnapshotHeld(core, role, snapshot);
    return;
  }
  core.installSnapshot(snapshot);
  role.verifiedIndex = logIndex(Math.max(role.verifiedIndex, snapshot.lastIndex));
}

/** All it covers is here already: either committed, or an equal entry, which means an equal log before it (R3). */
function isHeld(core: RaftCore, snapshot: SnapshotMetadata): boolean {
  if (snapshot.lastIndex <= core.commitIndex) return true;
  return core.log.holds({ index: snapshot.lastIndex, term: snapshot.lastTerm });
}

function onSnapshotHeld(core: RaftCore, role: FollowerRole, snapshot: SnapshotMetadata): void {
  role.incoming = undefined;
  role.verifiedIndex = logIndex(Math.max(role.verifiedIndex, snapshot.lastIndex));
  core.commitTo(snapshot.lastIndex);
  role.isAckDue = true;
}

function askForChunk(core: RaftCore, role: FollowerRole): void {
  const { leader, incoming } = role;
  if (leader === undefined || incoming === undefined) return;
  const { nextOffset, snapshot } = incoming;
  core.sendWhenDurable(leader, {
    type: 'snapshot-chunk-reply',
    term: core.term,
    round: role.round,
    snapshotIndex: snapshot.lastIndex,
    nextOffset,
  });
}

function isSame(one: SnapshotMetadata | undefined, other: SnapshotMetadata): boolean {
  return one?.lastIndex === other.lastIndex && one.lastTerm === other.lastTerm;
}
